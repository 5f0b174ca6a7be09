//! The project: what is emitted, and what it says of itself.

use askama::Template;
use netlathe_codegen_hls::wrapper::{self, Beats, Bench, Bus, Closes, Fault, Interface, PortName, render};
use netlathe_codegen_hls::{Kernel, PortTensor, SourceTree};
use netlathe_ir::Validated;
use netlathe_ir::config::IoType;
use netlathe_overlay::{
    Element, Flow, Hashes, Host, Manifest, Packing, RegisterMap, Tensor, Transfer, VERSION,
};

use crate::error::Error;
use crate::options::Options;
use crate::readme;
use crate::shell::{Need, Shell};

/// The width of Coyote's streams.
const BEAT_BITS: u32 = 512;

/// An emitted project of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// Its files.
    pub tree: SourceTree,
    /// What a host must know. The hashes are empty, and the manifest is refused when written, until
    /// [`Project::with_hashes`] has set them.
    pub manifest: Manifest,
    /// How to compile and run the test bench of the wrapper.
    pub wrapper: Bench,
    /// The shell around it.
    pub shell: Shell,
}

impl Project {
    /// Sets the hashes of what the project was made from.
    #[must_use]
    pub fn with_hashes(mut self, hashes: Hashes) -> Self {
        self.manifest.hashes = hashes;
        self
    }
}

/// One of the models of a card.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    /// The network.
    pub network: &'a Validated,
    /// Its kernel.
    pub kernel: &'a Kernel,
    /// What it is called: letters, digits and underscores, starting with a letter. Need not be unique.
    pub name: String,
}

/// An emitted project of one or more models on one card.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Its files, of all models.
    pub tree: SourceTree,
    /// The shell.
    pub shell: Shell,
    /// The models, in the order given: all vFPGAs of configuration 0, then of configuration 1, ...
    pub members: Vec<Member>,
}

/// A model on a card.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// What it is called.
    pub name: String,
    /// Its kernel's outermost function. No two on a card are called alike: Coyote keeps one IP of each name.
    pub kernel: String,
    /// The application's folder.
    pub folder: String,
    /// The configuration it belongs to.
    pub configuration: usize,
    /// The vFPGA it runs in.
    pub vfpga: usize,
    /// The image that puts it there by partial reconfiguration, in the folder of the hardware build; none without.
    pub image: Option<String>,
    /// Where its manifest belongs in the project.
    pub manifest_file: String,
    /// What a host must know; without hashes, as in [`Project::manifest`].
    pub manifest: Manifest,
    /// How to compile and run the test bench of its wrapper.
    pub wrapper: Bench,
}

#[derive(Template)]
#[template(path = "vfpga_top.svh", escape = "none")]
struct VfpgaTop<'a> {
    kernel: &'a str,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    streams: usize,
    card_streams: u32,
}

#[derive(Template)]
#[template(path = "CMakeLists.txt", escape = "none")]
struct CMake<'a> {
    project: &'a str,
    board: &'a str,
    shell: &'a Shell,
    apps: &'a [Member],
    // What CMake has as 0 and 1.
    build_static: u8,
    build_shell: u8,
    optimise_timing: u8,
    card_memory: u8,
    reconfigurable: u8,
    shell_pblock: u8,
}

/// Makes the Coyote project of a network and its kernel, which must be of the same network.
///
/// # Errors
/// Any [`Error`]: a clock out of range, a name that cannot be used, more tensors than streams.
pub fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let model = Model { network, kernel, name: options.project.clone() };
    let Card { tree, shell, mut members } = emit_many(&[model], options)?;
    // One model in, one out.
    let Some(Member { manifest, wrapper, .. }) = members.pop() else { return Err(Error::Regions(0)) };
    Ok(Project { tree, manifest, wrapper, shell })
}

/// Makes the project of several models on one card.
///
/// With as many vFPGAs as models, each has its own. With fewer ([`Options::regions`]), the models are several
/// configurations: the first `regions` models are configuration 0, which is in the full image, and the others are loaded by
/// partial reconfiguration, each into the vFPGA that it was built for; vFPGAs may hold models of different
/// configurations at a time. All models have the same shell, and so as many streams as the one with the most tensors.
///
/// # Errors
/// Any [`Error`].
pub fn emit_many(models: &[Model<'_>], options: &Options) -> Result<Card, Error> {
    let project = name(&options.project)?;
    let needs: Vec<Need> = models
        .iter()
        .map(|model| Need {
            name: model.name.clone(),
            inputs: model.kernel.inputs.tensors.len(),
            outputs: model.kernel.outputs.tensors.len(),
        })
        .collect();
    let shell = Shell::new(options, &needs)?;

    let mut tree = SourceTree::new();
    let mut members = Vec::new();
    for (number, model) in models.iter().enumerate() {
        members.push(member(&mut tree, model, number, models.len() == 1, &shell, options)?);
    }
    let board = &options.board;
    let cmake = CMake {
        project,
        board: &board.name,
        shell: &shell,
        apps: &members,
        build_static: shell.build_static.into(),
        build_shell: (!shell.build_static).into(),
        optimise_timing: shell.optimise_timing.into(),
        card_memory: (shell.card_streams > 0).into(),
        reconfigurable: shell.reconfigurable.into(),
        shell_pblock: shell.shell_pblock.into(),
    };
    tree.insert("CMakeLists.txt", render(&cmake)?);
    if let Some(floorplan) = &options.floorplan {
        tree.insert("floorplan.xdc", floorplan.as_str());
    }
    tree.insert("README.md", readme::text(project, board, &shell, &members)?);
    Ok(Card { tree, shell, members })
}

/// Adds the files of a model.
fn member(
    tree: &mut SourceTree,
    model: &Model<'_>,
    number: usize,
    alone: bool,
    shell: &Shell,
    options: &Options,
) -> Result<Member, Error> {
    let (network, kernel) = (model.network, model.kernel);
    name(&model.name)?;
    let suffix = if alone { String::new() } else { format!("_{number}") };
    let top = format!("model_wrapper{suffix}");
    let packing = |element: Option<wrapper::Element>| {
        let element = match element {
            None | Some(wrapper::Element::Float32) => Element::Float32,
            Some(wrapper::Element::Float64) => Element::Float64,
            Some(wrapper::Element::Fixed(ty)) => Element::Fixed(ty),
        };
        Packing::full(BEAT_BITS, element, Transfer::Sample)
    };
    let inputs = tensors(&kernel.inputs.tensors, &packing(options.input))?;
    let outputs = tensors(&kernel.outputs.tensors, &packing(options.output))?;
    let interface = Interface {
        top: top.clone(),
        header_extension: "hpp",
        bus: Bus::Stream(Closes::Sample),
        inputs: inputs.iter().map(beats).collect(),
        outputs: outputs.iter().map(beats).collect(),
        one_unit: true,
    };
    let wrapped = wrapper::emit(network, kernel, &interface)?;

    let folder = format!("src{suffix}");
    let firmware = format!("{folder}/hls/{top}");
    let bench = format!("tb{suffix}");
    let mut run = wrapped.bench_in(&firmware, &bench);
    run.data_dir = format!("tb_data{suffix}").into();
    let vfpga_top = VfpgaTop {
        kernel: &top,
        inputs: wrapped.inputs.iter().map(ident).collect(),
        outputs: wrapped.outputs.iter().map(ident).collect(),
        streams: shell.host_streams,
        card_streams: shell.card_streams,
    };
    tree.insert(format!("{folder}/vfpga_top.svh"), render(&vfpga_top)?);
    tree.merge_under(&firmware, wrapped.firmware);
    tree.merge_under(&bench, wrapped.bench);

    let (configuration, vfpga) = (number / shell.regions, number % shell.regions);
    let image = shell.reconfigurable.then(|| {
        let extension = &options.board.images.partial;
        format!("bitstreams/config_{configuration}/vfpga_c{configuration}_{vfpga}.{extension}")
    });
    let manifest = Manifest {
        version: VERSION,
        project: model.name.clone(),
        flow: Flow::Coyote,
        board: options.board.name.clone(),
        part: options.board.part.clone(),
        platform: None,
        clock_period_ns: 1000.0 / f64::from(shell.kernel_mhz()),
        io_type: match network.graph().io_type {
            IoType::Parallel => netlathe_overlay::IoType::IoParallel,
            IoType::Stream => netlathe_overlay::IoType::IoStream,
        },
        host: Host::Coyote {
            // At most 15 vFPGAs and 16 streams.
            vfpga: vfpga as u32,
            input_streams: (0..inputs.len() as u32).collect(),
            output_streams: (0..outputs.len() as u32).collect(),
        },
        inputs,
        outputs,
        registers: RegisterMap::default(),
        hashes: Hashes {
            model: String::new(),
            configuration: String::new(),
            tree: String::new(),
            bitstream: None,
        },
    };
    Ok(Member {
        name: model.name.clone(),
        kernel: top,
        folder,
        configuration,
        vfpga,
        image,
        manifest_file: format!("manifest{suffix}.json"),
        manifest,
        wrapper: run,
    })
}

fn ident(port: &PortName) -> &str {
    &port.ident
}

/// A name that fits scripts and file names.
fn name(name: &str) -> Result<&str, Error> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Ok(name)
    } else {
        Err(Fault::ProjectName(name.to_owned()).into())
    }
}

/// The manifest's tensors, all packed alike.
fn tensors(ports: &[PortTensor], packing: &Packing) -> Result<Vec<Tensor>, Error> {
    let one = |port: &PortTensor| {
        let tensor = Tensor {
            name: port.layer.clone(),
            shape: port.shape.clone(),
            ty: port.ty,
            packing: packing.clone(),
        };
        match tensor.problems().into_iter().next() {
            Some((field, why)) => Err(Error::Packing { tensor: tensor.name, why: format!("{field}: {why}") }),
            None => Ok(tensor),
        }
    };
    ports.iter().map(one).collect()
}

/// The same for the generator of wrappers.
fn beats(tensor: &Tensor) -> Beats {
    let Packing { beat_bits, elements_per_beat, element, .. } = &tensor.packing;
    Beats {
        element: match element {
            Element::Float32 => wrapper::Element::Float32,
            Element::Float64 => wrapper::Element::Float64,
            Element::Fixed(ty) => wrapper::Element::Fixed(*ty),
        },
        beat_bits: *beat_bits,
        per_beat: *elements_per_beat,
    }
}
