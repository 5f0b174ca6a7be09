//! What the wrappers of all flows share: the top function behind streams of float32.
//!
//! A wrapper is three functions that run side by side: `read_beats` takes a sample from beats into words, `compute` calls the
//! top function, `write_beats` sends what it answers. Beats, and the mark of one bit that goes along with each sample, are the
//! flow's own; [`Code`] is the C++ in between.

mod interface;

use crate::kernel::Kernel;
use crate::layout::{Side, Word};
use crate::nnet;
use crate::stream;
use crate::tree::SourceTree;
use askama::Template;
use camino::Utf8PathBuf;
use netlathe_apfixed::{Class, FixedType};
use netlathe_ir::Validated;
use thiserror::Error;

pub use interface::{Beats, Bus, Closes, Element, Interface, PortName, Wrapper};

/// The AXI4-Stream beat for compilers without the vendor's header. A folder of its own keeps it from the vendor's tools.
pub const AP_AXI_SDATA: &str = include_str!("../sim/ap_axi_sdata.h");

/// What a project is made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The project's name: letters, digits and underscores, starting with a letter.
    pub project: String,
    /// The name of a board of the flow.
    pub board: String,
    /// The period asked for; the board's own clock if `None`. The next longer one that the board can make is used.
    pub clock_period_ns: Option<f64>,
    /// Share of the period that HLS leaves free, in percent; the flow's own if `None`.
    pub clock_uncertainty_percent: Option<f64>,
}

/// What compiles the test bench of the wrapper, beside the `ap_types` headers. Paths are relative to the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bench {
    /// Folders for `-I`, in this order, before the one of `ap_types`.
    pub include_dirs: Vec<Utf8PathBuf>,
    /// Files to compile and link.
    pub sources: Vec<Utf8PathBuf>,
    /// The folder of `wrapper_inputs.hex` and `wrapper_outputs.hex`, where it puts `wrapper_results.hex`; its first argument.
    pub data_dir: Utf8PathBuf,
}

/// Why no project was made. A flow puts its own stable code before each.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Fault {
    /// No board of that name.
    #[error("there is no {flow} board {name:?}; there are: {known}")]
    UnknownBoard {
        /// The flow's name.
        flow: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// An embedded board file does not read: a fault of this program.
    #[error("this program's board file {file} is malformed, please report it: {why}")]
    BoardFile {
        /// The file.
        file: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The clock is out of the board's range.
    #[error(
        "board {board} cannot be clocked with a period of {period_ns} ns; \
         give ClockPeriod from {shortest_ns:.3} to {longest_ns:.3} ns"
    )]
    Clock {
        /// The period asked for.
        period_ns: f64,
        /// The board.
        board: String,
        /// The shortest period it takes.
        shortest_ns: f64,
        /// The longest period it takes.
        longest_ns: f64,
    },
    /// The HLS clock uncertainty is no percentage.
    #[error("a clock uncertainty of {0} % makes no sense; give 0 to 90 %")]
    Uncertainty(f64),
    /// The project's name cannot be used in scripts and file names.
    #[error(
        "{0:?} cannot name a project: use 1 to 64 letters, digits and underscores, starting with a letter"
    )]
    ProjectName(String),
    /// Several inputs or outputs.
    #[error(
        "the network has {count} {side} ({names}); {streams}, \
         and several tensors on one are not supported; join them in the model (Concatenate) or split the model"
    )]
    Tensors {
        /// "inputs" or "outputs".
        side: &'static str,
        /// How many.
        count: usize,
        /// Their layers.
        names: String,
        /// What there is instead, as a clause.
        streams: &'static str,
    },
    /// Beats or names that no wrapper can be made of.
    #[error("{0}")]
    Interface(String),
    /// The kernel has a file or function that the wrapper has, too.
    #[error("the kernel already has {0:?}, which the wrapper needs; choose another project name")]
    Clash(String),
    /// A kernel whose ports do not describe its network.
    #[error("the kernel's ports are inconsistent, please report it: {0}")]
    Kernel(String),
    /// A template failed.
    #[error("a template of this program failed, please report it: {0}")]
    Template(String),
}

/// The one tensor of a side, as templates read it.
#[derive(Clone, Debug)]
pub struct Port<'a> {
    /// The layer's name as hls4ml has it.
    pub layer: &'a str,
    /// Without the batch: `2 x 3`.
    pub shape: String,
    /// The network's type of an element.
    pub ty: String,
    /// The C++ type that converts elements from and to float32: of the same bits as `ty`.
    pub converter: String,
    /// Bits of an element.
    pub width: u32,
    /// Elements.
    pub size: usize,
    words: &'a [Word],
    /// In `io_stream`, instead of words.
    stream: Option<&'a stream::Port>,
}

/// The C++ that lies between a flow's beats and the top function, to be put into its templates.
#[derive(Clone, Debug)]
pub struct Code {
    /// Parameters of `read_beats` that follow its stream of beats, but for the marks.
    pub read_parameters: String,
    /// From `sample`, an array of the input's converter, to the streams of words.
    pub pack: String,
    /// The function `compute`.
    pub compute: String,
    /// The first parameters of `write_beats`; the marks and the stream of beats follow.
    pub write_parameters: String,
    /// From the streams of words to `result`, an array of the output's converter.
    pub unpack: String,
    /// The body of the outermost function, whose parameters are `data_in` and `data_out`.
    pub body: String,
    /// Whether the tensors travel through streams: samples lie in memory then, not in registers, and `nnet_stream.h` is needed.
    pub has_streams: bool,
}

#[derive(Template)]
#[template(path = "wrapper_pack.cpp")]
struct Pack<'a> {
    port: &'a Port<'a>,
}

#[derive(Template)]
#[template(path = "wrapper_unpack.cpp")]
struct Unpack<'a> {
    port: &'a Port<'a>,
}

#[derive(Template)]
#[template(path = "wrapper_compute.cpp")]
struct Compute<'a> {
    top: &'a str,
    ii: u32,
    inputs: &'a [Word],
    outputs: &'a [Word],
}

#[derive(Template)]
#[template(path = "wrapper_body.cpp")]
struct Body<'a> {
    inputs: &'a [Word],
    outputs: &'a [Word],
}

/// The kernel with its outside.
///
/// # Errors
/// [`Fault::Interface`], [`Fault::Clash`], [`Fault::Kernel`], [`Fault::Template`].
pub fn emit(network: &Validated, kernel: &Kernel, interface: &Interface) -> Result<Wrapper, Fault> {
    same_network("inputs", network.inputs().map(|node| node.name.as_str()), &kernel.inputs)?;
    same_network("outputs", network.outputs().map(|node| node.name.as_str()), &kernel.outputs)?;
    Err(Fault::Interface(format!("no wrapper {} yet", interface.top)))
}

/// Input and output of a kernel of this network; `streams` says what the flow has, for [`Fault::Tensors`].
///
/// # Errors
/// [`Fault::Kernel`] when the kernel is not of this network, [`Fault::Tensors`].
pub fn ports<'a>(
    network: &Validated,
    kernel: &'a Kernel,
    streams: &'static str,
) -> Result<(Port<'a>, Port<'a>), Fault> {
    same_network("inputs", network.inputs().map(|node| node.name.as_str()), &kernel.inputs)?;
    same_network("outputs", network.outputs().map(|node| node.name.as_str()), &kernel.outputs)?;
    let own = kernel.streams.as_ref();
    let input = port("inputs", &kernel.inputs, own.and_then(|s| s.inputs.first()), streams)?;
    Ok((input, port("outputs", &kernel.outputs, own.and_then(|s| s.outputs.first()), streams)?))
}

fn same_network<'a>(side: &str, layers: impl Iterator<Item = &'a str>, ports: &Side) -> Result<(), Fault> {
    let layers: Vec<_> = layers.collect();
    let ports: Vec<_> = ports.tensors.iter().map(|tensor| tensor.layer.as_str()).collect();
    if layers == ports {
        Ok(())
    } else {
        Err(Fault::Kernel(format!("{side}: the network has {layers:?}, the kernel {ports:?}")))
    }
}

fn port<'a>(
    side: &'static str,
    ports: &'a Side,
    stream: Option<&'a stream::Port>,
    streams: &'static str,
) -> Result<Port<'a>, Fault> {
    let [tensor] = &ports.tensors[..] else {
        let names = ports.tensors.iter().map(|t| t.layer.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Fault::Tensors { side, count: ports.tensors.len(), names, streams });
    };
    let size = tensor.len();
    let packed = match stream {
        Some(port) => port.channel.tokens * port.channel.len,
        None => ports.words.iter().flat_map(|word| &word.slots).map(|slot| slot.count).sum(),
    };
    if size == 0 || packed != size {
        return Err(Fault::Kernel(format!("{side}: {size} elements, {packed} of them in words")));
    }
    Ok(Port {
        layer: &tensor.layer,
        shape: tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
        ty: tensor.ty.cpp(),
        converter: converter(tensor.ty).cpp(),
        width: tensor.ty.width,
        size,
        words: &ports.words,
        stream,
    })
}

/// The type whose constructor converts a float to `ty`.
///
/// That is `ty`, except for integers: the constructor of `ap_int` makes 1 of small negative numbers such as -0.1. The fixed-point
/// type of the same bits truncates them to 0, as `docs/numerics.md` wants.
fn converter(ty: FixedType) -> FixedType {
    match ty.class {
        Class::Fixed => ty,
        Class::Int if ty.signed => FixedType::fixed(ty.width, ty.integer),
        Class::Int => FixedType::ufixed(ty.width, ty.integer),
    }
    .with_modes(ty.effective_rounding(), ty.effective_overflow())
}

/// The C++ between a kernel's ports, from [`ports`].
///
/// # Errors
/// [`Fault::Template`].
pub fn code(kernel: &Kernel, input: &Port<'_>, output: &Port<'_>) -> Result<Code, Fault> {
    if let (Some(x), Some(y)) = (input.stream, output.stream) {
        return Ok(stream_code(kernel, x, y));
    }
    let (inputs, outputs) = (input.words, output.words);
    let parameters = |words: &[Word]| {
        let line = |w: &Word| format!("    hls::stream<ap_uint<{}> > &{}_words,", w.bits, w.name);
        words.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    // Without the newlines at both ends: a template puts each on a line of its own.
    let text = |rendered: String| rendered.trim_matches('\n').to_owned();
    Ok(Code {
        read_parameters: parameters(inputs),
        pack: text(render(&Pack { port: input })?),
        compute: text(render(&Compute { top: &kernel.top, ii: kernel.pipeline_ii, inputs, outputs })?),
        write_parameters: parameters(outputs),
        unpack: text(render(&Unpack { port: output })?),
        body: text(render(&Body { inputs, outputs })?),
        has_streams: false,
    })
}

/// The same around a top function with streams: a process among the others, which needs no function around it.
fn stream_code(kernel: &Kernel, x: &stream::Port, y: &stream::Port) -> Code {
    let parameter =
        |p: &stream::Port| format!("    hls::stream<ap_uint<{}> > &{}_words,", p.channel.bits(), p.name);
    let move_all = |call: &str, p: &stream::Port, array: &str| {
        let c = p.channel;
        format!("    nnet::{call}<{}, {}, {}>({}_words, {array});", c.per_word, c.len, c.tokens, p.name)
    };
    let declare =
        |p: &stream::Port| format!("    hls::stream<ap_uint<{}> > {}_words;", p.channel.bits(), p.name);
    let body = [
        "    NNET_INTERFACE_AXIS(data_in)".to_owned(),
        "    NNET_INTERFACE_AXIS(data_out)".to_owned(),
        "    NNET_INTERFACE_FREE".to_owned(),
        "    NNET_DATAFLOW".to_owned(),
        declare(x),
        declare(y),
        "    hls::stream<ap_uint<1> > marks;".to_owned(),
        String::new(),
        format!("    wrapper::read_beats(data_in, {}_words, marks);", x.name),
        format!("    {}({}_words, {}_words);", kernel.top, x.name, y.name),
        format!("    wrapper::write_beats({}_words, marks, data_out);", y.name),
    ];
    Code {
        read_parameters: parameter(x),
        pack: move_all("write_tensor", x, "sample"),
        compute: "// The network is a process of its own: it reads and writes the streams of tokens itself."
            .into(),
        write_parameters: parameter(y),
        unpack: move_all("read_tensor", y, "result"),
        body: body.join("\n"),
        has_streams: true,
    }
}

/// The kernel's folder with the headers that a wrapper and its test bench need.
pub fn folder(kernel: &Kernel) -> SourceTree {
    let mut folder = kernel.tree.clone();
    nnet::add(&mut folder, ["nnet_bench.h", "nnet_common.h", "nnet_float.h"].into_iter());
    folder
}

/// Renders a template, with the newline that every text file ends with.
///
/// # Errors
/// [`Fault::Template`].
pub fn render(template: &impl Template) -> Result<String, Fault> {
    let mut text = template.render().map_err(|why| Fault::Template(why.to_string()))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// The number of the board called `name` among those of a flow.
///
/// # Errors
/// [`Fault::UnknownBoard`], listing what there is.
pub fn board(flow: &'static str, known: &[&str], name: &str) -> Result<usize, Fault> {
    let unknown = || Fault::UnknownBoard { flow, name: name.to_owned(), known: known.join(", ") };
    known.iter().position(|board| *board == name).ok_or_else(unknown)
}

/// Refuses a kernel that has one of the wrapper's files, or a top function called as one of its names.
///
/// # Errors
/// [`Fault::Clash`].
pub fn no_clash(kernel: &Kernel, files: &[String], names: &[&str]) -> Result<(), Fault> {
    let file = files.iter().find(|file| kernel.tree.get(file).is_some()).map(String::as_str);
    match file.or_else(|| names.iter().copied().find(|name| *name == kernel.top)) {
        Some(taken) => Err(Fault::Clash(taken.to_owned())),
        None => Ok(()),
    }
}

impl Options {
    /// The project's name, if it fits scripts and file names.
    ///
    /// # Errors
    /// [`Fault::ProjectName`].
    pub fn name(&self) -> Result<&str, Fault> {
        let name = self.project.as_str();
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            Ok(name)
        } else {
            Err(Fault::ProjectName(name.to_owned()))
        }
    }

    /// The clock uncertainty in percent, `usual` if none was asked for.
    ///
    /// # Errors
    /// [`Fault::Uncertainty`].
    pub fn uncertainty(&self, usual: f64) -> Result<f64, Fault> {
        let percent = self.clock_uncertainty_percent.unwrap_or(usual);
        if (0.0..=90.0).contains(&percent) { Ok(percent) } else { Err(Fault::Uncertainty(percent)) }
    }
}
