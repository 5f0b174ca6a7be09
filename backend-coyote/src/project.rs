//! The project: what is emitted, and what it says of itself.

use askama::Template;
use netlathe_codegen_hls::wrapper::{
    self, Beats, Bench, Bus, Closes, Element, Interface, Options, PortName, render,
};
use netlathe_codegen_hls::{Kernel, PortTensor, SourceTree};
use netlathe_ir::Validated;
use netlathe_ir::config::IoType;
use netlathe_overlay::{Flow, Hashes, Host, Manifest, Packing, RegisterMap, Tensor, VERSION};

use crate::board;
use crate::error::Error;

const KERNEL_DIR: &str = "src/hls/model_wrapper";

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
#[template(path = "CMakeLists.txt", escape = "none")]
struct CMake<'a> {
    project: &'a str,
    board: &'a str,
    fdev_name: &'a str,
    aclk_mhz: u32,
    uncertainty: f64,
}

#[derive(Template)]
#[template(path = "README.md", escape = "none")]
struct Readme<'a> {
    project: &'a str,
    board: &'a str,
    part: &'a str,
    aclk_mhz: u32,
    cpp: &'a str,
    rows: Vec<Row<'a>>,
}

/// A tensor in the table of the README.
struct Row<'a> {
    side: &'static str,
    parameter: &'a str,
    layer: &'a str,
    shape: String,
    ty: String,
    beats: usize,
}

/// Makes the Coyote project of a network and its kernel, which must be of the same network.
///
/// # Errors
/// Any [`Error`]: an unknown board, a clock out of range or a name that cannot be used.
pub fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let board = board::find(&options.board)?;
    let aclk_mhz = board.clock.mhz(&board.name, options.clock_period_ns)?;
    let uncertainty = options.uncertainty(27.0)?;
    let project = options.name()?;
    let beats = Beats::full(Element::Float32, 512);
    let interface = Interface {
        top: "model_wrapper".into(),
        header_extension: "hpp",
        bus: Bus::Stream(Closes::Sample),
        inputs: vec![beats; kernel.inputs.tensors.len()],
        outputs: vec![beats; kernel.outputs.tensors.len()],
        // Coyote's HLS step compiles one file.
        one_unit: true,
    };
    let outside = wrapper::emit(network, kernel, &interface)?;
    let bench = outside.bench_in(KERNEL_DIR, "tb");

    let mut tree = SourceTree::new();
    tree.insert("src/vfpga_top.svh", include_str!("../templates/vfpga_top.svh"));
    let cmake = CMake { project, board: &board.name, fdev_name: &board.fdev_name, aclk_mhz, uncertainty };
    tree.insert("CMakeLists.txt", render(&cmake)?);
    let inputs =
        kernel.inputs.tensors.iter().zip(&outside.inputs).map(|(port, name)| row("input", port, name));
    let outputs =
        kernel.outputs.tensors.iter().zip(&outside.outputs).map(|(port, name)| row("output", port, name));
    let rows = inputs.chain(outputs).collect();
    let readme = Readme { project, board: &board.name, part: &board.part, aclk_mhz, cpp: &kernel.cpp, rows };
    tree.insert("README.md", render(&readme)?);
    tree.merge_under(KERNEL_DIR, outside.firmware);
    tree.merge_under("tb", outside.bench);

    let manifest = Manifest {
        version: VERSION,
        project: project.to_owned(),
        flow: Flow::Coyote,
        board: board.name.clone(),
        part: board.part.clone(),
        platform: None,
        clock_period_ns: 1000.0 / f64::from(aclk_mhz),
        io_type: match network.graph().io_type {
            IoType::Parallel => netlathe_overlay::IoType::IoParallel,
            IoType::Stream => netlathe_overlay::IoType::IoStream,
        },
        inputs: kernel.inputs.tensors.iter().map(tensor).collect(),
        outputs: kernel.outputs.tensors.iter().map(tensor).collect(),
        host: Host::Coyote { vfpga: 0, input_streams: vec![0], output_streams: vec![0] },
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
        packing: Packing::coyote_float32(),
    }
}

fn row<'a>(side: &'static str, port: &'a PortTensor, name: &'a PortName) -> Row<'a> {
    Row {
        side,
        parameter: &name.ident,
        layer: &port.layer,
        shape: port.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
        ty: port.ty.cpp(),
        beats: port.len().div_ceil(16),
    }
}
