//! The project: what is emitted, and what it says of itself.

use askama::Template;
use netlathe_codegen_hls::wrapper::{self, Bench, Code, Options, Port, render};
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
#[template(path = "model_wrapper.hpp", escape = "none")]
struct Header<'a> {
    header: &'a str,
    input: &'a Port<'a>,
    output: &'a Port<'a>,
}

#[derive(Template)]
#[template(path = "model_wrapper.cpp", escape = "none")]
struct Wrapper<'a> {
    cpp: &'a str,
    code: &'a Code,
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
    input: &'a Port<'a>,
    output: &'a Port<'a>,
}

/// Makes the Coyote project of a network and its kernel, which must be of the same network.
///
/// # Errors
/// Any [`Error`]: an unknown board, a clock out of range, a name that cannot be used, several inputs or outputs.
pub fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let board = board::find(&options.board)?;
    let aclk_mhz = board.clock.mhz(&board.name, options.clock_period_ns)?;
    let uncertainty = options.uncertainty(27.0)?;
    let project = options.name()?;
    let files = ["model_wrapper.cpp", "model_wrapper.hpp"].map(str::to_owned);
    wrapper::no_clash(kernel, &files, &["model_wrapper", "wrapper"])?;
    let streams = "a Coyote kernel has one host stream each way";
    let (input, output) = &wrapper::ports(network, kernel, streams)?;

    let cpp = kernel.cpp.as_str();
    let code = &wrapper::code(kernel, input, output)?;
    let mut folder = wrapper::folder(kernel);
    folder.insert("model_wrapper.hpp", render(&Header { header: &kernel.header, input, output })?);
    folder.insert("model_wrapper.cpp", render(&Wrapper { cpp, code })?);

    let mut tree = SourceTree::new();
    tree.merge_under(KERNEL_DIR, folder);
    tree.insert("src/vfpga_top.svh", include_str!("../templates/vfpga_top.svh"));
    tree.insert("tb/tb_wrapper.cpp", include_str!("../templates/tb_wrapper.cpp"));
    tree.insert("tb/include/ap_axi_sdata.h", wrapper::AP_AXI_SDATA);
    let cmake = CMake { project, board: &board.name, fdev_name: &board.fdev_name, aclk_mhz, uncertainty };
    tree.insert("CMakeLists.txt", render(&cmake)?);
    let readme = Readme { project, board: &board.name, part: &board.part, aclk_mhz, cpp, input, output };
    tree.insert("README.md", render(&readme)?);

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
    let wrapper = Bench {
        include_dirs: vec!["tb/include".into(), KERNEL_DIR.into()],
        sources: vec!["tb/tb_wrapper.cpp".into(), format!("{KERNEL_DIR}/model_wrapper.cpp").into()],
        data_dir: "tb_data".into(),
    };
    Ok(Project { tree, manifest, wrapper })
}

fn tensor(port: &PortTensor) -> Tensor {
    Tensor {
        name: port.layer.clone(),
        shape: port.shape.clone(),
        ty: port.ty,
        packing: Packing::coyote_float32(),
    }
}
