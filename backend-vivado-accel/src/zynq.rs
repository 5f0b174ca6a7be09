//! Projects for Zynq-7000 and Zynq UltraScale+.

use netlathe_codegen_hls::wrapper::{self, Beats, Bus, Closes, Element, Interface, PortName, Wrapper};
use netlathe_codegen_hls::{Kernel, PortTensor, SourceTree};
use netlathe_ir::Validated;
use netlathe_overlay::{
    Dma, Flow, Handshake, Host, IpCore, Manifest, RegisterMap, Tensor, Transfer, VERSION, axi_lite_windows,
    axi_master_registers, bytes_per_sample,
};

use crate::board::{Board, InterfaceKind, Zynq};
use crate::elements;
use crate::error::Error;
use crate::options::Options;
use crate::project::{Project, io_type, no_hashes};
use crate::scripts::{self, DmaView, PortView, View};

/// What SmartConnect takes on each side (PG247, "Number of Slave Interfaces").
const BUS_PORTS: usize = 16;
/// The least range that Vivado assigns.
const LEAST_RANGE: u64 = 0x1000;

/// Makes the project of a network for a board with a processing system.
pub(crate) fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let board = &options.board;
    let kind = board.interface(options.interface)?;
    let Some(zynq) = &board.zynq else {
        return Err(Error::BoardFields(vec![format!("zynq: {} has no such section", board.name)]));
    };
    if options.platform.is_some() {
        return Err(Error::Option {
            option: "--platform",
            board: board.name.clone(),
            why: "Vitis platforms are of PCIe cards; leave it out",
        });
    }
    if options.legacy_hls && kernel.streams.is_some() && branches(network) {
        return Err(Error::Option {
            option: "--legacy-hls",
            board: board.name.clone(),
            why: "Vivado HLS has no loop pipelines that drain, without which a network that branches and joins may stand still in \
                  io_stream; use io_parallel, or Vitis HLS without this option",
        });
    }
    let clock = board.clock.actual(&board.name, options.clock_period_ns)?;
    let uncertainty = options.uncertainty()?;
    let project = options.name()?;

    let side = |name, asked: Option<Element>, tensors: &[PortTensor]| {
        let element = asked.unwrap_or(Element::Float32);
        tensors
            .iter()
            .map(|t| {
                elements::beats(&format!("{name} `{}`", t.layer), element, beat_bits(kind, zynq, element))
            })
            .collect::<Result<Vec<Beats>, Error>>()
    };
    for port in &kernel.inputs.tensors {
        let who = format!("input `{}`", port.layer);
        elements::convertible(&who, options.input.unwrap_or(Element::Float32), port.ty)?;
    }
    let inputs = side("input", options.input, &kernel.inputs.tensors)?;
    let outputs = side("output", options.output, &kernel.outputs.tensors)?;
    let tensors = |ports: &[PortTensor], beats: &[Beats]| -> Vec<Tensor> {
        ports.iter().zip(beats).map(|(p, b)| elements::tensor(p, *b, Transfer::Batch)).collect()
    };
    let (given, wanted) =
        (tensors(&kernel.inputs.tensors, &inputs), tensors(&kernel.outputs.tensors, &outputs));
    let core = format!("hier_0/{project}_axi_0");
    let (host, registers, core_bytes) = host(kind, board, zynq, core, &given, &wanted)?;

    let interface = Interface {
        top: format!("{project}_axi"),
        header_extension: "h",
        bus: match kind {
            InterfaceKind::AxiStream => Bus::Stream(Closes::Batch),
            InterfaceKind::AxiMaster => Bus::Memory { chain: false },
            InterfaceKind::AxiLite => Bus::Lite,
        },
        inputs,
        outputs,
        one_unit: false,
    };
    let outside = wrapper::emit(network, kernel, &interface)?;
    let view = View {
        project,
        board: &board.name,
        title: &board.title,
        part: &board.part,
        family: board.family,
        kind,
        legacy: options.legacy_hls,
        sources: &outside.sources,
        period_ns: clock.period_ns,
        mhz: clock.mhz,
        uncertainty,
        zynq,
        inputs: ports(&given, &interface.inputs, &outside.inputs),
        outputs: ports(&wanted, &interface.outputs, &outside.outputs),
        dmas: dmas(&host, &interface, &outside),
        core_bytes,
        host: &host,
        registers: &registers.0,
        cpp: &kernel.cpp,
    };
    let mut tree = SourceTree::new();
    scripts::add(&mut tree, &view)?;
    let bench = outside.bench_in("firmware", "tb");
    tree.merge_under("firmware", outside.firmware);
    tree.merge_under("tb", outside.bench);
    let manifest = Manifest {
        version: VERSION,
        project: project.to_owned(),
        flow: Flow::VivadoAccelerator,
        board: board.name.clone(),
        platform: None,
        part: board.part.clone(),
        clock_period_ns: clock.period_ns,
        io_type: io_type(network),
        inputs: given,
        outputs: wanted,
        registers,
        host,
        hashes: no_hashes(),
    };
    Ok(Project { tree, manifest, wrapper: bench })
}

/// The width of a beat: hls4ml's drivers send one float or double a beat; fixed-point elements share one as wide as the board
/// takes. A master of memory always uses the whole width of its port; registers have 32 bits, or 64 where an element needs them.
fn beat_bits(kind: InterfaceKind, zynq: &Zynq, element: Element) -> u32 {
    match (kind, element) {
        (InterfaceKind::AxiStream, Element::Float32) => 32,
        (InterfaceKind::AxiStream, Element::Float64) => 64,
        (InterfaceKind::AxiStream, Element::Fixed(_)) => zynq.dma.stream_bits,
        (InterfaceKind::AxiMaster, _) => zynq.memory.port_bits,
        (InterfaceKind::AxiLite, element) => {
            if element.bits() > 32 {
                64
            } else {
                32
            }
        }
    }
}

/// How software reaches the tensors, the core's registers, and the bytes of its address range.
fn host(
    kind: InterfaceKind,
    board: &Board,
    zynq: &Zynq,
    name: String,
    inputs: &[Tensor],
    outputs: &[Tensor],
) -> Result<(Host, RegisterMap, u64), Error> {
    let control = &zynq.control;
    let beyond = |what: String, remedy| {
        Err(Error::Capacity { board: board.name.clone(), interface: kind.name(), what, remedy })
    };
    let tensors = inputs.len() + outputs.len();
    let several = "join tensors in the model (Concatenate), or split the model";
    if kind != InterfaceKind::AxiLite && tensors > BUS_PORTS {
        return beyond(
            format!(
                "{tensors} inputs and outputs are more than the {BUS_PORTS} masters that a memory port takes"
            ),
            several,
        );
    }
    let packed = |tensor: &Tensor| {
        bytes_per_sample(tensor).map_err(|why| Error::Element {
            tensor: format!("`{}`", tensor.name),
            element: tensor.packing.element.to_string(),
            why: why.to_string(),
        })
    };
    for tensor in inputs.iter().chain(outputs) {
        packed(tensor)?;
    }
    match kind {
        InterfaceKind::AxiStream => {
            if tensors > zynq.interrupts as usize {
                return beyond(
                    format!(
                        "{tensors} DMA channels have more interrupts than the {} there are",
                        zynq.interrupts
                    ),
                    several,
                );
            }
            let count = inputs.len().max(outputs.len());
            let dmas: Vec<Dma> = (0..count)
                .map(|index| Dma {
                    name: format!("hier_0/axi_dma_{index}"),
                    base: control.base + index as u64 * control.dma_bytes,
                    bytes: control.dma_bytes,
                    length_bits: zynq.dma.length_bits,
                    input: inputs.get(index).map(|t| t.name.clone()),
                    output: outputs.get(index).map(|t| t.name.clone()),
                })
                .collect();
            if control.base + count as u64 * control.dma_bytes > control.end {
                return beyond(
                    format!("{count} DMAs need more addresses than there are up to {:#x}", control.end),
                    several,
                );
            }
            let limit = (1u64 << zynq.dma.length_bits) - 1;
            for tensor in inputs.iter().chain(outputs) {
                let bytes = packed(tensor)? as u64;
                if bytes > limit {
                    return beyond(
                        format!(
                            "a sample of `{}` has {bytes} bytes, a DMA transfer at most {limit}",
                            tensor.name
                        ),
                        "choose narrower elements with --input-type or --output-type, or axi_master",
                    );
                }
            }
            Ok((Host::AxiStream { dmas }, RegisterMap::default(), 0))
        }
        InterfaceKind::AxiMaster => {
            let registers = axi_master_registers(Handshake::Hs, inputs.len(), outputs.len());
            let core = IpCore { name, base: control.base, bytes: control.dma_bytes };
            Ok((Host::AxiMaster { core }, registers, control.dma_bytes))
        }
        InterfaceKind::AxiLite => {
            let (port, windows) = axi_lite_windows(inputs, outputs).map_err(|why| Error::Element {
                tensor: "a tensor".into(),
                element: "an array of registers".into(),
                why: why.to_string(),
            })?;
            let bytes = port.end.next_power_of_two().max(LEAST_RANGE);
            if bytes > control.lite_bytes {
                return beyond(
                    format!(
                        "a sample's inputs and outputs need {bytes} bytes of addresses, the board gives a core {}",
                        control.lite_bytes
                    ),
                    "choose axi_stream or axi_master with --interface, or narrower elements with --input-type",
                );
            }
            let core = IpCore { name, base: control.base, bytes };
            Ok((Host::AxiLite { core, windows }, port.registers, bytes))
        }
    }
}

fn ports<'a>(tensors: &[Tensor], beats: &[Beats], names: &'a [PortName]) -> Vec<PortView<'a>> {
    tensors
        .iter()
        .zip(beats)
        .zip(names)
        .map(|((tensor, beats), name)| PortView {
            layer: &name.name,
            ident: &name.ident,
            shape: tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
            ty: tensor.ty.cpp(),
            element: beats.element.to_string(),
            beat_bits: beats.beat_bits,
            per_beat: beats.per_beat,
        })
        .collect()
}

/// The DMAs with the core's ports that they are connected to; none where the core needs none.
fn dmas(host: &Host, interface: &Interface, outside: &Wrapper) -> Vec<DmaView> {
    let Host::AxiStream { dmas } = host else { return Vec::new() };
    let port = |index: usize, names: &[PortName], beats: &[Beats]| match (names.get(index), beats.get(index))
    {
        (Some(name), Some(beats)) => (name.ident.clone(), beats.beat_bits),
        _ => ("-".to_owned(), 0),
    };
    dmas.iter()
        .enumerate()
        .map(|(index, dma)| {
            let (input_port, input_bits) = port(index, &outside.inputs, &interface.inputs);
            let (output_port, output_bits) = port(index, &outside.outputs, &interface.outputs);
            DmaView { base: dma.base, input_port, input_bits, output_port, output_bits }
        })
        .collect()
}

/// Whether a tensor is read twice or a layer reads two: only then does a process wait for what another one holds back.
fn branches(network: &Validated) -> bool {
    let graph = network.graph();
    network.order().iter().any(|&id| graph.uses(id) > 1 || graph.node(id).inputs.len() > 1)
}
