//! The project: what is emitted, and what it says of itself.

use askama::Template;
use netlathe_codegen_hls::wrapper::{
    self, Beats, Bench, Bus, Closes, Element, Interface, Options, PortName, render,
};
use netlathe_codegen_hls::{Kernel, PortTensor, SourceTree};
use netlathe_ir::Validated;
use netlathe_ir::config::IoType;
use netlathe_overlay::{Flow, Hashes, Manifest, Packing, RegisterMap, Tensor, VERSION};

use crate::board::{self, Family};
use crate::error::Error;

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

impl Project {
    /// Sets the hashes of what the project was made from.
    #[must_use]
    pub fn with_hashes(mut self, hashes: Hashes) -> Self {
        self.manifest.hashes = hashes;
        self
    }
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
    cpp: &'a str,
    rows: Vec<Row<'a>>,
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

/// A tensor in the table of the README.
struct Row<'a> {
    side: &'static str,
    parameter: &'a str,
    layer: &'a str,
    shape: String,
    ty: String,
}

/// Makes the Vivado project of a network and its kernel, which must be of the same network.
///
/// # Errors
/// Any [`Error`]: an unknown board, a clock out of range or a name that cannot be used.
pub fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let board = board::find(&options.board)?;
    let clock = board.clock.actual(&board.name, options.clock_period_ns)?;
    let uncertainty = options.uncertainty(12.5)?;
    let project = options.name()?;
    let name = format!("{project}_axi");
    let beats = Beats::full(Element::Float32, 32);
    let interface = Interface {
        top: name,
        header_extension: "h",
        bus: Bus::Stream(Closes::Batch),
        inputs: vec![beats; kernel.inputs.tensors.len()],
        outputs: vec![beats; kernel.outputs.tensors.len()],
        one_unit: false,
    };
    let outside = wrapper::emit(network, kernel, &interface)?;
    let bench = outside.bench_in("firmware", "tb");
    let inputs =
        kernel.inputs.tensors.iter().zip(&outside.inputs).map(|(port, name)| row("input", port, name));
    let outputs =
        kernel.outputs.tensors.iter().zip(&outside.outputs).map(|(port, name)| row("output", port, name));
    let v = &View {
        project,
        cpp: &kernel.cpp,
        rows: inputs.chain(outputs).collect(),
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

    let mut tree = SourceTree::new();
    tree.insert("project.tcl", render(&ProjectTcl { v })?);
    tree.insert("build_hls.tcl", render(&BuildHls { v })?);
    tree.insert("hls_config.cfg", render(&HlsConfig { v })?);
    let design = match board.family {
        Family::Zynq7000 => render(&Zynq7000 { v })?,
    };
    tree.insert("design.tcl", design);
    tree.insert("README.md", render(&Readme { v })?);
    tree.merge_under("firmware", outside.firmware);
    tree.merge_under("tb", outside.bench);

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
    Ok(Project { tree, manifest, wrapper: bench })
}

fn tensor(port: &PortTensor) -> Tensor {
    Tensor {
        name: port.layer.clone(),
        shape: port.shape.clone(),
        ty: port.ty,
        packing: Packing::vivado_float32(),
    }
}

fn row<'a>(side: &'static str, port: &'a PortTensor, name: &'a PortName) -> Row<'a> {
    Row {
        side,
        parameter: &name.ident,
        layer: &port.layer,
        shape: port.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
        ty: port.ty.cpp(),
    }
}
