//! From a kernel and an interface to the wrapper's files.

use crate::bench::SIM;
use crate::kernel::Kernel;
use crate::layer::comment;
use crate::layout::Side;
use crate::nnet;
use crate::tree::SourceTree;
use crate::wrapper::code::Outside;
use crate::wrapper::interface::{Beats, Bus, Closes, Element, Interface, PortName, Wrapper};
use crate::wrapper::outermost::COSIM_SAMPLES;
use crate::wrapper::tensor::{Tensor, converter};
use crate::wrapper::{AP_AXI_SDATA, Fault, no_clash, render};
use askama::Template;
use netlathe_ir::Validated;

/// Widest bus there is: AXI4 ends here, and so does the default width of the HLS types.
const MAX_BEAT_BITS: u32 = 1024;

#[derive(Template)]
#[template(path = "wrapper.h")]
struct Header<'a> {
    network: &'a str,
    guard: String,
    kernel_header: &'a str,
    is_stream: bool,
    tensors: Vec<&'a View>,
    /// What the ports want and give, as comment lines.
    rules: String,
    linkage: &'a str,
    top: &'a str,
    parameters: &'a str,
}

#[derive(Template)]
#[template(path = "wrapper.cpp")]
struct Source<'a> {
    one_unit: bool,
    header: &'a str,
    kernel_source: &'a str,
    functions: Vec<String>,
    linkage: &'a str,
    top: &'a str,
    parameters: &'a str,
    body: String,
}

#[derive(Template)]
#[template(path = "wrapper_bench.cpp")]
struct Bench<'a> {
    header: &'a str,
    top: &'a str,
    inputs: &'a [View],
    outputs: &'a [View],
    arguments: String,
    arrays: String,
    is_stream: bool,
    is_memory: bool,
    closes_sample: bool,
    cosim_samples: usize,
}

/// A tensor as templates read it.
struct View {
    ident: String,
    name: String,
    layer: String,
    shape: String,
    size: usize,
    ty: String,
    converter: String,
    element: String,
    lane: String,
    lanes: u32,
    lane_bits: u32,
    beats: usize,
    bits: u32,
    token: Option<(usize, usize)>,
    /// The number of its first beat among all beats of its side.
    first: usize,
}

/// The kernel with its outside.
///
/// # Errors
/// [`Fault::Kernel`] when the kernel is not of this network, [`Fault::Interface`] for beats that cannot be, [`Fault::Clash`] when
/// the kernel has one of the wrapper's names, [`Fault::Template`].
pub fn emit(network: &Validated, kernel: &Kernel, interface: &Interface) -> Result<Wrapper, Fault> {
    same_network("inputs", network.inputs().map(|node| node.name.as_str()), &kernel.inputs)?;
    same_network("outputs", network.outputs().map(|node| node.name.as_str()), &kernel.outputs)?;
    check_beats("inputs", &kernel.inputs, &interface.inputs, interface.bus)?;
    check_beats("outputs", &kernel.outputs, &interface.outputs, interface.bus)?;
    let top = interface.top.as_str();
    let header = format!("{top}.{}", interface.header_extension);
    let source = format!("{top}.cpp");
    no_clash(kernel, &[source.clone(), header.clone()], &[top, "wrapper"])?;

    let streams = kernel.streams.as_ref();
    let outside = Outside {
        kernel,
        interface,
        inputs: Tensor::all(&kernel.inputs, streams.map(|s| &s.inputs[..]), &interface.inputs, true),
        outputs: Tensor::all(&kernel.outputs, streams.map(|s| &s.outputs[..]), &interface.outputs, false),
    };
    for (side, tensors) in [("inputs", &outside.inputs), ("outputs", &outside.outputs)] {
        if let Some(t) = tensors.iter().find(|t| t.size == 0 || t.packed() != t.size) {
            let (layer, size, packed) = (&t.port.layer, t.size, t.packed());
            return Err(Fault::Kernel(format!(
                "{side}: {layer} has {size} elements, {packed} of them in words"
            )));
        }
    }

    let (inputs, outputs) = (views(&outside.inputs), views(&outside.outputs));
    let parameters = &outside.parameters();
    let linkage = outside.linkage();
    let is_stream = matches!(interface.bus, Bus::Stream(_));
    let mut firmware = kernel.tree.clone();
    let header_text = Header {
        network: &comment(&network.graph().name),
        guard: format!("{}_WRAPPER_H_", top.to_uppercase()),
        kernel_header: &kernel.header,
        is_stream,
        tensors: inputs.iter().chain(&outputs).collect(),
        rules: rules(interface.bus)
            .into_iter()
            .map(|line| format!("// {line}").trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n"),
        linkage,
        top,
        parameters,
    };
    let source_text = Source {
        one_unit: interface.one_unit,
        header: &header,
        kernel_source: &kernel.cpp,
        functions: outside.functions(),
        linkage,
        top,
        parameters,
        body: outside.body(),
    };
    firmware.insert(&header, render(&header_text)?);
    firmware.insert(&source, render(&source_text)?);
    nnet::add(&mut firmware, ["nnet_beats.h", "nnet_bench.h"].into_iter());

    let names = |form: fn(&View) -> String| -> String {
        inputs.iter().chain(&outputs).map(form).collect::<Vec<_>>().join(", ")
    };
    let bench_text = Bench {
        header: &header,
        top,
        inputs: &inputs,
        outputs: &outputs,
        arguments: names(|t| t.ident.clone()),
        arrays: names(|t| format!("{}.data()", t.ident)),
        is_stream,
        is_memory: matches!(interface.bus, Bus::Memory { .. }),
        closes_sample: interface.bus == Bus::Stream(Closes::Sample),
        cosim_samples: COSIM_SAMPLES,
    };
    let mut bench = SourceTree::new();
    bench.insert("tb_wrapper.cpp", render(&bench_text)?);
    if is_stream {
        bench.insert("include/ap_axi_sdata.h", AP_AXI_SDATA);
    }
    for (path, text) in SIM {
        bench.insert(format!("include/{}", path.trim_start_matches("sim/")), *text);
    }
    let names = |tensors: &[Tensor<'_>]| -> Vec<PortName> {
        let port = |t: &Tensor<'_>| PortName { name: t.port.layer.clone(), ident: t.ident.clone() };
        tensors.iter().map(port).collect()
    };
    let own = [source].into_iter();
    Ok(Wrapper {
        firmware,
        bench,
        inputs: names(&outside.inputs),
        outputs: names(&outside.outputs),
        sources: own.chain((!interface.one_unit).then(|| kernel.cpp.clone())).collect(),
    })
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

fn check_beats(side: &str, ports: &Side, packings: &[Beats], bus: Bus) -> Result<(), Fault> {
    if packings.len() != ports.tensors.len() {
        let (tensors, packings) = (ports.tensors.len(), packings.len());
        return Err(Fault::Interface(format!("{side}: {tensors} tensors and {packings} packings for them")));
    }
    for (tensor, beats) in ports.tensors.iter().zip(packings) {
        if let Some(why) = problem(beats, bus) {
            return Err(Fault::Interface(format!("the beats of {:?} cannot be: {why}", tensor.layer)));
        }
    }
    Ok(())
}

fn problem(beats: &Beats, bus: Bus) -> Option<String> {
    let Beats { element, beat_bits, per_beat } = *beats;
    let is_width = match bus {
        // AXI4-Stream: whole bytes.
        Bus::Stream(_) => beat_bits > 0 && beat_bits % 8 == 0,
        // AXI4, "Data bus": 8, 16, 32, ..., 1024 bits.
        Bus::Memory { .. } => beat_bits >= 8 && beat_bits.is_power_of_two(),
        // The control port has words of 32 bits; a wider number lies in two of them.
        Bus::Lite => beat_bits == 32 || beat_bits == 64,
    };
    if !is_width || beat_bits > MAX_BEAT_BITS {
        let widths = match bus {
            Bus::Stream(_) => "a multiple of 8 up to 1024",
            Bus::Memory { .. } => "a power of two from 8 to 1024",
            Bus::Lite => "32 or 64",
        };
        return Some(format!("{beat_bits} bits; this interface takes {widths}"));
    }
    if let Element::Fixed(ty) = element
        && (ty.width == 0 || ty.width > 64)
    {
        return Some(format!("{element} has {} bits; give an element of 1 to 64 bits", ty.width));
    }
    if per_beat == 0 {
        return Some(format!("a beat of {beat_bits} bits holds no {element}; give a narrower element"));
    }
    if u64::from(per_beat) * u64::from(element.bits()) > u64::from(beat_bits) {
        return Some(format!("{per_beat} {element} do not fit in {beat_bits} bits"));
    }
    None
}

fn views(tensors: &[Tensor<'_>]) -> Vec<View> {
    let mut first = 0;
    let view = |t: &Tensor<'_>| {
        first += t.beats;
        View {
            ident: t.ident.clone(),
            name: t.name(),
            layer: comment(&t.port.layer),
            shape: t.port.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
            size: t.size,
            ty: t.port.ty.cpp(),
            converter: converter(t.port.ty).cpp(),
            element: t.packing.element.to_string(),
            lane: t.lane(),
            lanes: t.packing.per_beat,
            lane_bits: t.packing.element.bits(),
            beats: t.beats,
            bits: t.packing.beat_bits,
            token: t.token(),
            first: first - t.beats,
        }
    };
    tensors.iter().map(view).collect()
}

/// What a user of the outermost function must know.
fn rules(bus: Bus) -> Vec<&'static str> {
    match bus {
        Bus::Stream(Closes::Sample) => vec![
            "A stream a tensor. One call takes a sample from every input and gives one to every output; in hardware it runs freely.",
            "",
            "Inputs:  a packet a sample. TLAST before a sample's last beat cuts it short: the rest is zeros, and it is answered.",
            "         Beats after a last beat without TLAST are dropped, up to and with the one that has it: one packet, one answer.",
            "         TKEEP is ignored.",
            "Outputs: TLAST on the last beat of every sample; TKEEP all ones.",
        ],
        Bus::Stream(Closes::Batch) => vec![
            "A stream a tensor. One call takes a sample from every input and gives one to every output; in hardware it runs freely.",
            "",
            "Inputs:  samples one after another; a batch is one transfer of a DMA, closed by TLAST on any of the inputs. TLAST",
            "         before a sample's last beat cuts it short: the rest is zeros, it is answered and closes the batch, and the",
            "         next beat starts a new sample. TKEEP is ignored.",
            "Outputs: TLAST on the last beat of the sample that closed the batch, and nowhere else; TKEEP all ones.",
        ],
        Bus::Memory { .. } => vec![
            "A pointer a tensor: beats in memory, a bus for each. One start computes `batch` samples, which lie one behind the other.",
            "Nothing else is written.",
        ],
        Bus::Lite => vec![
            "The beats of one sample in the control port. One start computes it; nothing is lost until the next start.",
        ],
    }
}
