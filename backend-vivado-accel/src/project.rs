//! The project: what is emitted, and what it says of itself.

use askama::Template;
use netlathe_codegen_hls::wrapper::{self, Bench, Code, Port, render};
use netlathe_codegen_hls::{Kernel, PortTensor, SourceTree};
use netlathe_ir::Validated;
use netlathe_ir::config::IoType;
use netlathe_overlay::{Dma, Flow, Hashes, Host, Manifest, Packing, RegisterMap, Tensor, VERSION};

use crate::alveo;
use crate::board::{Family, InterfaceKind};
use crate::error::Error;
use crate::options::Options;

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
    header: &'a str,
    cpp: &'a str,
    code: Code,
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

/// Makes the Vivado project of a network and its kernel, which must be of the same network.
///
/// # Errors
/// Any [`Error`]: an unknown board, a clock out of range, a name that cannot be used, several inputs or outputs.
pub fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let board = &options.board;
    let kind = board.interface(options.interface)?;
    let (Some(zynq), None) = (&board.zynq, &board.alveo) else {
        return alveo::emit(network, kernel, options);
    };
    if options.platform.is_some() {
        return Err(Error::Option {
            option: "--platform",
            board: board.name.clone(),
            why: "Vitis platforms are of PCIe cards; leave it out",
        });
    }
    if kind != InterfaceKind::AxiStream || board.family != Family::Zynq7000 {
        return Err(Error::Option {
            option: "--interface",
            board: board.name.clone(),
            why: "its scripts are not written yet",
        });
    }
    let clock = board.clock.actual(&board.name, options.clock_period_ns)?;
    let uncertainty = options.uncertainty()?;
    let project = options.name()?;
    let name = format!("{project}_axi");
    wrapper::no_clash(kernel, &[format!("{name}.cpp"), format!("{name}.h")], &[&name, "wrapper"])?;
    let (input, output) = wrapper::ports(network, kernel, "the AXI DMA has one stream each way")?;
    let v = &View {
        project,
        header: &kernel.header,
        cpp: &kernel.cpp,
        code: wrapper::code(kernel, &input, &output)?,
        input,
        output,
        board: &board.name,
        part: &board.part,
        board_part: zynq.board_parts.first().map_or("", String::as_str),
        mhz: clock.mhz,
        period_ns: clock.period_ns,
        uncertainty,
        memory_port: &zynq.memory.port,
        memory_port_bits: zynq.memory.port_bits,
        memory_base: format!("{:#010x}", zynq.memory.regions[0].base),
        memory_bytes: format!("{:#010x}", zynq.memory.regions[0].bytes),
        dma_base: format!("{:#010x}", zynq.control.base),
        dma_bytes: format!("{:#010x}", zynq.control.dma_bytes),
    };

    let mut firmware = wrapper::folder(kernel);
    firmware.insert(format!("{name}.h"), render(&Header { v })?);
    firmware.insert(format!("{name}.cpp"), render(&Wrapper { v })?);

    let mut tree = SourceTree::new();
    tree.merge_under("firmware", firmware);
    tree.insert("tb/tb_wrapper.cpp", render(&TestBench { v })?);
    tree.insert("tb/include/ap_axi_sdata.h", wrapper::AP_AXI_SDATA);
    tree.insert("project.tcl", render(&ProjectTcl { v })?);
    tree.insert("build_hls.tcl", render(&BuildHls { v })?);
    tree.insert("hls_config.cfg", render(&HlsConfig { v })?);
    tree.insert("design.tcl", render(&Zynq7000 { v })?);
    tree.insert("README.md", render(&Readme { v })?);

    let manifest = Manifest {
        version: VERSION,
        project: project.to_owned(),
        flow: Flow::VivadoAccelerator,
        board: board.name.clone(),
        part: board.part.clone(),
        platform: None,
        clock_period_ns: clock.period_ns,
        io_type: match network.graph().io_type {
            IoType::Parallel => netlathe_overlay::IoType::IoParallel,
            IoType::Stream => netlathe_overlay::IoType::IoStream,
        },
        inputs: kernel.inputs.tensors.iter().map(tensor).collect(),
        outputs: kernel.outputs.tensors.iter().map(tensor).collect(),
        host: Host::AxiStream {
            dmas: vec![Dma {
                name: "hier_0/axi_dma_0".to_owned(),
                base: zynq.control.base,
                bytes: zynq.control.dma_bytes,
                // As design.tcl sets it.
                length_bits: 26,
                input: kernel.inputs.tensors.first().map(|tensor| tensor.layer.clone()),
                output: kernel.outputs.tensors.first().map(|tensor| tensor.layer.clone()),
            }],
        },
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
            format!("firmware/{name}.cpp").into(),
            format!("firmware/{}", kernel.cpp).into(),
        ],
        data_dir: "tb_data".into(),
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
