//! Projects for PCIe cards: the network as a kernel of XRT, compiled and linked by Vitis.
//!
//! The kernel is HLS code with an AXI master a tensor, as wide as the board file says, a control port under `ap_ctrl_chain`, and
//! the number of samples as an argument. `build_xclbin.sh` compiles it (`v++ -c`), links it (`v++ -l`) to a platform of the card
//! and does not give out an xclbin that runs slower than was asked.
//!
//! The files use only what `v++` documents from 2020.2 to 2025.2: `v++ -c -k` (the compiler of kernels in all of them; `--mode
//! hls`, which came in 2023.2, has other keys under `[hls]` and no place for a kernel's name) and `kernel_frequency` for the
//! clock. `--clock.freqHz` and, from 2023.2, `--freqhz` would do, too, but take the platform's fixed clocks: kernels that are
//! clocked so hung on a U200 (Xilinx/Vitis_Accel_Examples, issue 58), while clock 0 is what XRT sets from the xclbin (UG1393,
//! "Identifying Platform Clocks", scalable clocks).

mod banks;
mod platform;

use askama::Template;
use netlathe_codegen_hls::wrapper::{self, Beats, Bus, Element, Fault, Interface, PortName, render};
use netlathe_codegen_hls::{Kernel, PortTensor, SourceTree};
use netlathe_ir::Validated;
use netlathe_overlay::{
    BATCH, Bank, Flow, Handshake, Host, Manifest, Tensor, Transfer, VERSION, axi_master_registers,
    bytes_per_sample,
};

use crate::board::{Board, InterfaceKind};
use crate::driver::DRIVER;
use crate::elements;
use crate::error::Error;
use crate::options::Options;
use crate::project::{Project, io_type, no_hashes};

/// XRT sets the clock in steps of so many MHz, never above what the xclbin says (XRT, xocl/subdev/clock_wiz.c,
/// `frequency_table` and `find_matching_freq_config`).
const STEP_MHZ: u32 = 5;

#[derive(Template)]
#[template(path = "alveo/compile.cfg", escape = "none")]
struct CompileCfg<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "alveo/hls_pre.tcl", escape = "none")]
struct HlsPre<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "alveo/link.cfg", escape = "none")]
struct LinkCfg<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "alveo/build_xclbin.sh", escape = "none")]
struct BuildXclbin<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "alveo/README.md", escape = "none")]
struct Readme<'a> {
    v: &'a View<'a>,
}

/// What the templates read.
struct View<'a> {
    project: &'a str,
    /// The kernel, the name of the outermost function.
    top: &'a str,
    /// Its sources in `firmware/`.
    sources: &'a [String],
    title: &'a str,
    board: &'a str,
    part: &'a str,
    /// The card's word in names of platforms: `u250`.
    card: &'a str,
    known: &'a [String],
    /// The platform that was asked for, or nothing.
    named: &'a str,
    /// What the manifest says.
    platform: &'a str,
    mhz: u32,
    hz: u64,
    period_ns: f64,
    uncertainty: f64,
    slr: u32,
    slrs: u32,
    port_bits: u32,
    ports: Vec<Port>,
    bench_sources: String,
    /// Samples that fit in the smallest of the buffers.
    most_samples: u64,
}

/// A tensor as a port of the kernel.
struct Port {
    direction: &'static str,
    layer: String,
    /// The parameter.
    ident: String,
    shape: String,
    ty: String,
    element: String,
    per_beat: u32,
    sample_bytes: u64,
    memory: String,
}

/// Makes the Vitis project of a network for a card.
///
/// # Errors
/// [`Error::Interface`], [`Error::Option`], [`Error::Platform`], [`Error::Element`], [`Error::Capacity`], and what every flow
/// refuses alike: a clock out of range, a name that cannot be used.
pub(crate) fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let board = &options.board;
    board.interface(options.interface)?;
    let card = board.alveo.as_ref().ok_or_else(|| option("--board", board, "it is no PCIe card"))?;
    if options.legacy_hls {
        let why = "v++ brings its own HLS compiler, Vitis HLS; leave it out and use Vitis 2020.2 or newer";
        return Err(option("--legacy-hls", board, why));
    }
    let named = platform::checked(board, card, options.platform.as_deref())?;
    let clock = board.clock.actual(&board.name, options.clock_period_ns)?;
    let mhz = (clock.mhz.floor() as u32) / STEP_MHZ * STEP_MHZ;
    let uncertainty = options.uncertainty()?;
    let project = options.name()?;
    let top = format!("{project}_axi");

    let side = |direction, asked: Option<Element>, ports: &[PortTensor]| {
        let element = asked.unwrap_or(Element::Float32);
        let one = |port: &PortTensor| {
            elements::beats(&format!("{direction} `{}`", port.layer), element, card.port_bits)
        };
        ports.iter().map(one).collect::<Result<Vec<Beats>, Error>>()
    };
    for port in &kernel.inputs.tensors {
        let who = format!("input `{}`", port.layer);
        elements::convertible(&who, options.input.unwrap_or(Element::Float32), port.ty)?;
    }
    let given = side("input", options.input, &kernel.inputs.tensors)?;
    let wanted = side("output", options.output, &kernel.outputs.tensors)?;
    let tensors = |ports: &[PortTensor], beats: &[Beats]| -> Vec<Tensor> {
        ports.iter().zip(beats).map(|(p, b)| elements::tensor(p, *b, Transfer::Batch)).collect()
    };
    let inputs = tensors(&kernel.inputs.tensors, &given);
    let outputs = tensors(&kernel.outputs.tensors, &wanted);
    let banks = banks::deal(card, inputs.len() + outputs.len()).map_err(|most| Error::Capacity {
        board: board.name.clone(),
        interface: InterfaceKind::AxiMaster.name(),
        what: format!(
            "{} tensors, but {} has ports for {most}",
            inputs.len() + outputs.len(),
            card.tensors_in.name()
        ),
        remedy: "join inputs or outputs in the model",
    })?;

    let made = wrapper::emit(
        network,
        kernel,
        &Interface {
            top: top.clone(),
            header_extension: "h",
            bus: Bus::Memory { chain: true },
            inputs: given,
            outputs: wanted,
            one_unit: false,
        },
    )?;
    let bench = made.bench_in("firmware", "tb");

    let mut ports = Vec::new();
    let mut most_samples = u64::MAX;
    let sides = [("input", &made.inputs, &inputs), ("output", &made.outputs, &outputs)];
    let tensors_in_order =
        sides.iter().flat_map(|(direction, names, side)| names.iter().zip(*side).map(|it| (*direction, it)));
    for ((direction, (name, tensor)), bank) in tensors_in_order.zip(&banks) {
        let port = port(direction, name, tensor, bank)?;
        most_samples = most_samples.min(bank.bytes / port.sample_bytes.max(1));
        ports.push(port);
    }
    let on: Vec<Bank> = inputs
        .iter()
        .chain(&outputs)
        .zip(&banks)
        .map(|(tensor, bank)| Bank { tensor: tensor.name.clone(), memory: bank.name.clone() })
        .collect();

    let newest = card.platforms.first().map_or("", String::as_str);
    let bench_sources: Vec<&str> = bench.sources.iter().map(|path| path.as_str()).collect();
    let v = &View {
        project,
        top: &top,
        sources: &made.sources,
        title: &board.title,
        board: &board.name,
        part: &board.part,
        card: platform::word(card).unwrap_or(""),
        known: &card.platforms,
        named: named.unwrap_or(""),
        platform: named.unwrap_or(newest),
        mhz,
        hz: u64::from(mhz) * 1_000_000,
        period_ns: 1000.0 / f64::from(mhz),
        uncertainty,
        slr: card.kernel_slr,
        slrs: card.slrs,
        port_bits: card.port_bits,
        ports,
        bench_sources: bench_sources.join(" "),
        most_samples,
    };
    let mut tree = SourceTree::new();
    tree.merge_under("firmware", made.firmware);
    tree.merge_under("tb", made.bench);
    tree.insert("compile.cfg", render(&CompileCfg { v })?);
    tree.insert("hls_pre.tcl", render(&HlsPre { v })?);
    tree.insert("link.cfg", render(&LinkCfg { v })?);
    tree.insert("build_xclbin.sh", render(&BuildXclbin { v })?);
    tree.insert("axi_master_driver.py", DRIVER);
    tree.insert("README.md", render(&Readme { v })?);

    let names = inputs.iter().chain(&outputs).map(|tensor| tensor.name.clone());
    let host = Host::Xrt {
        kernel: top.clone(),
        compute_unit: format!("{top}_1"),
        arguments: names.chain([BATCH.to_owned()]).collect(),
        banks: on,
    };
    let manifest = Manifest {
        version: VERSION,
        project: project.to_owned(),
        flow: Flow::VivadoAccelerator,
        board: board.name.clone(),
        part: board.part.clone(),
        platform: Some(v.platform.to_owned()),
        clock_period_ns: v.period_ns,
        io_type: io_type(network),
        registers: axi_master_registers(Handshake::Chain, inputs.len(), outputs.len()),
        inputs,
        outputs,
        host,
        hashes: no_hashes(),
    };
    Ok(Project { tree, manifest, wrapper: bench })
}

fn option(option: &'static str, board: &Board, why: &'static str) -> Error {
    Error::Option { option, board: board.name.clone(), why }
}

fn port(
    direction: &'static str,
    name: &PortName,
    tensor: &Tensor,
    bank: &banks::Bank,
) -> Result<Port, Error> {
    let sample_bytes = bytes_per_sample(tensor).map_err(|why| Fault::Kernel(why.to_string()))? as u64;
    Ok(Port {
        direction,
        layer: name.name.clone(),
        ident: name.ident.clone(),
        shape: format!("{:?}", tensor.shape),
        ty: tensor.ty.to_string(),
        element: tensor.packing.element.to_string(),
        per_beat: tensor.packing.elements_per_beat,
        sample_bytes,
        memory: bank.name.clone(),
    })
}
