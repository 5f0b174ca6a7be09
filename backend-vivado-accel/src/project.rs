//! The project: what is emitted, and what it says of itself.

use askama::Template;
use camino::Utf8PathBuf;
use netlathe_apfixed::{Class, FixedType};
use netlathe_codegen_hls::{Kernel, PortTensor, Side, SourceTree, Word};
use netlathe_ir::Validated;
use netlathe_ir::config::IoType;
use netlathe_overlay::{Flow, Hashes, Manifest, Packing, RegisterMap, Tensor, VERSION};

use crate::board::{self, Family};
use crate::error::Error;

/// What a project is made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The project's name: letters, digits and underscores, starting with a letter.
    pub project: String,
    /// A name of [`crate::boards`].
    pub board: String,
    /// The period asked for; the board's own clock if `None`. The board divides a PLL: the next longer period is used.
    pub clock_period_ns: Option<f64>,
    /// Share of the period that HLS leaves free, in percent; hls4ml's 12.5 if `None`.
    pub clock_uncertainty_percent: Option<f64>,
}

/// An emitted project.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// Its files.
    pub tree: SourceTree,
    /// What a host must know. The hashes are empty, and the manifest is refused when written, until
    /// [`Project::with_hashes`] has set them.
    pub manifest: Manifest,
    /// How to compile and run the test bench of the wrapper.
    pub wrapper: Bench,
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

impl Project {
    /// Sets the hashes of what the project was made from.
    #[must_use]
    pub fn with_hashes(mut self, hashes: Hashes) -> Self {
        self.manifest.hashes = hashes;
        self
    }
}

#[derive(Template)]
#[template(path = "wrapper.h", escape = "none")]
struct Header<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "wrapper.cpp", escape = "none")]
struct Wrapper<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "tb_wrapper.cpp", escape = "none")]
struct TestBench<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "project.tcl", escape = "none")]
struct ProjectTcl<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "build_hls.tcl", escape = "none")]
struct BuildHls<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "hls_config.cfg", escape = "none")]
struct HlsConfig<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "zynq7000_design.tcl", escape = "none")]
struct Zynq7000<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "README.md", escape = "none")]
struct Readme<'a> {
    v: &'a View<'a>,
}

/// What the templates read.
struct View<'a> {
    project: &'a str,
    top: &'a str,
    header: &'a str,
    cpp: &'a str,
    /// Initiation interval of the top function.
    ii: u32,
    input: Port<'a>,
    output: Port<'a>,
    board: &'a str,
    part: &'a str,
    board_part: &'a str,
    mhz: f64,
    period_ns: f64,
    uncertainty: f64,
    memory_port: &'a str,
    memory_port_bits: u32,
    memory_base: String,
    memory_bytes: String,
    dma_base: String,
    dma_bytes: String,
}

/// The one tensor of a side, as templates read it.
struct Port<'a> {
    layer: &'a str,
    shape: String,
    /// The network's type of an element.
    ty: String,
    /// The C++ type that converts elements from and to float32, see [`converter`].
    converter: String,
    /// Bits of an element.
    width: u32,
    /// Elements.
    size: usize,
    words: &'a [Word],
}

impl<'a> Port<'a> {
    fn new(side: &'static str, ports: &'a Side) -> Result<Self, Error> {
        let [tensor] = &ports.tensors[..] else {
            let names = ports.tensors.iter().map(|t| t.layer.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Error::Tensors { side, count: ports.tensors.len(), names });
        };
        let size: usize = tensor.shape.iter().product();
        let packed: usize = ports.words.iter().flat_map(|word| &word.slots).map(|slot| slot.count).sum();
        if size == 0 || packed != size {
            return Err(Error::Kernel(format!("{side}: {size} elements, {packed} of them in words")));
        }
        let shape = tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        Ok(Self {
            layer: &tensor.layer,
            shape,
            ty: tensor.ty.cpp(),
            converter: converter(tensor.ty).cpp(),
            width: tensor.ty.width,
            size,
            words: &ports.words,
        })
    }
}

/// Makes the Vivado project of a network and its kernel, which must be of the same network.
///
/// # Errors
/// Any [`Error`]: an unknown board, a clock out of range, a name that cannot be used, several inputs or outputs.
pub fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let board = board::find(&options.board)?;
    let clock = board.clock.actual(&board.name, options.clock_period_ns)?;
    let uncertainty = options.clock_uncertainty_percent.unwrap_or(12.5);
    if !(0.0..=90.0).contains(&uncertainty) {
        return Err(Error::Uncertainty(uncertainty));
    }
    let project = project_name(&options.project)?;
    let wrapper = format!("{project}_axi");
    for taken in [format!("{wrapper}.cpp"), format!("{wrapper}.h")] {
        if kernel.tree.get(&taken).is_some() {
            return Err(Error::Clash(taken));
        }
    }
    if kernel.top == wrapper || kernel.top == "wrapper" {
        return Err(Error::Clash(kernel.top.clone()));
    }
    same_network("inputs", network.inputs().map(|node| node.name.as_str()), &kernel.inputs)?;
    same_network("outputs", network.outputs().map(|node| node.name.as_str()), &kernel.outputs)?;
    let v = &View {
        project,
        top: &kernel.top,
        header: &kernel.header,
        cpp: &kernel.cpp,
        ii: kernel.pipeline_ii,
        input: Port::new("inputs", &kernel.inputs)?,
        output: Port::new("outputs", &kernel.outputs)?,
        board: &board.name,
        part: &board.part,
        board_part: &board.board_part,
        mhz: clock.mhz,
        period_ns: clock.period_ns,
        uncertainty,
        memory_port: &board.memory.port,
        memory_port_bits: board.memory.port_bits,
        memory_base: format!("{:#010x}", board.memory.base),
        memory_bytes: format!("{:#010x}", board.memory.bytes),
        dma_base: format!("{:#010x}", board.control.dma_base),
        dma_bytes: format!("{:#010x}", board.control.dma_bytes),
    };

    let mut firmware = kernel.tree.clone();
    firmware.insert(format!("{wrapper}.h"), render(&Header { v })?);
    firmware.insert(format!("{wrapper}.cpp"), render(&Wrapper { v })?);

    let mut tree = SourceTree::new();
    tree.merge_under("firmware", firmware);
    tree.insert("tb/tb_wrapper.cpp", render(&TestBench { v })?);
    tree.insert("tb/include/ap_axi_sdata.h", include_str!("../templates/ap_axi_sdata.h"));
    tree.insert("project.tcl", render(&ProjectTcl { v })?);
    tree.insert("build_hls.tcl", render(&BuildHls { v })?);
    tree.insert("hls_config.cfg", render(&HlsConfig { v })?);
    let design = match board.family {
        Family::Zynq7000 => render(&Zynq7000 { v })?,
    };
    tree.insert("design.tcl", design);
    tree.insert("README.md", render(&Readme { v })?);

    let manifest = Manifest {
        version: VERSION,
        project: project.to_owned(),
        flow: Flow::VivadoAccelerator,
        board: board.name.clone(),
        part: board.part.clone(),
        clock_period_ns: clock.period_ns,
        io_type: match network.graph().io_type {
            IoType::Parallel => netlathe_overlay::IoType::IoParallel,
            IoType::Stream => netlathe_overlay::IoType::IoStream,
        },
        inputs: kernel.inputs.tensors.iter().map(tensor).collect(),
        outputs: kernel.outputs.tensors.iter().map(tensor).collect(),
        registers: RegisterMap::default(),
        hashes: Hashes {
            model: String::new(),
            configuration: String::new(),
            tree: String::new(),
            bitstream: None,
        },
    };
    let bench = Bench {
        include_dirs: vec!["tb/include".into(), "firmware".into()],
        sources: vec![
            "tb/tb_wrapper.cpp".into(),
            format!("firmware/{wrapper}.cpp").into(),
            format!("firmware/{}", kernel.cpp).into(),
        ],
        data_dir: "tb_data".into(),
    };
    Ok(Project { tree, manifest, wrapper: bench })
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

fn tensor(port: &PortTensor) -> Tensor {
    Tensor {
        name: port.layer.clone(),
        shape: port.shape.clone(),
        ty: port.ty,
        packing: Packing::vivado_float32(),
    }
}

fn render(template: &impl Template) -> Result<String, Error> {
    let mut text = template.render().map_err(|why| Error::Template(why.to_string()))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn project_name(name: &str) -> Result<&str, Error> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Ok(name)
    } else {
        Err(Error::ProjectName(name.to_owned()))
    }
}

fn same_network<'a>(side: &str, layers: impl Iterator<Item = &'a str>, ports: &Side) -> Result<(), Error> {
    let layers: Vec<_> = layers.collect();
    let ports: Vec<_> = ports.tensors.iter().map(|tensor| tensor.layer.as_str()).collect();
    if layers == ports {
        Ok(())
    } else {
        Err(Error::Kernel(format!("{side}: the network has {layers:?}, the kernel {ports:?}")))
    }
}
