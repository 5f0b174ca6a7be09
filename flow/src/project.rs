//! The project for a board: the back end's tree, completed by the bench of the bare kernel, vectors, configuration and manifest.

use crate::csim::{Program, VectorFiles};
use crate::error::Error;
use crate::fs::{File, Tree};
use crate::hash;
use crate::kernel::{self, Emitted};
use crate::target::{Board, Target};
use netlathe_backend_coyote as coyote;
use netlathe_backend_vivado_accel as vivado;
use netlathe_backend_vivado_accel::Bench;
use netlathe_ir::Validated;
use netlathe_overlay::{Hashes, Manifest};

/// The files of the wrapper's bench.
pub const WRAPPER_FILES: VectorFiles = VectorFiles {
    inputs: "wrapper_inputs.hex",
    outputs: "wrapper_outputs.hex",
    results: "wrapper_results.hex",
};

/// A project in memory.
#[derive(Clone, Debug)]
pub struct Assembled {
    pub tree: Tree,
    pub manifest: Manifest,
    wrapper: Bench,
    /// What benches are compiled of: a change of anything else compiles nothing anew.
    sources: Tree,
    /// Folder of the kernel's files in the tree.
    kernel_dir: String,
    kernel_cpp: String,
    bench: String,
}

/// What is put beside the back end's files.
#[derive(Clone, Debug)]
pub struct Extras {
    /// The concrete configuration, YAML.
    pub configuration: String,
    /// SHA-256 of the model file (with its weights' where they are apart).
    pub model_hash: String,
}

/// Emits the project.
///
/// # Errors
/// [`Error::Refused`]: the back end refuses the name, the clock, the interface or the network's ports.
pub fn assemble(
    network: &Validated,
    emitted: &Emitted,
    target: &Target,
    extras: &Extras,
) -> Result<Assembled, Error> {
    let kernel = &emitted.kernel;
    let refused = |message: String| Error::Refused {
        place: format!("the project for {}", target.board.name()),
        message,
        unsupported: None,
    };
    let (source, mut manifest, wrapper) = match &target.board {
        Board::Vivado(board) => {
            let options = vivado::Options {
                clock_period_ns: target.clock_period_ns,
                clock_uncertainty_percent: target.clock_uncertainty_percent,
                interface: target.interface,
                input: target.input,
                output: target.output,
                platform: target.platform.clone(),
                legacy_hls: target.legacy_hls,
                ..vivado::Options::new(target.project.clone(), (**board).clone())
            };
            let p = vivado::emit(network, kernel, &options).map_err(|e| refused(e.to_string()))?;
            (p.tree, p.manifest, p.wrapper)
        }
        Board::Coyote(board) => {
            let board = coyote::find(board).map_err(|e| refused(e.to_string()))?;
            let options = coyote::Options {
                clock_period_ns: target.clock_period_ns,
                clock_uncertainty_percent: target.clock_uncertainty_percent,
                input: target.input,
                output: target.output,
                ..coyote::Options::new(target.project.clone(), board)
            };
            let p = coyote::emit(network, kernel, &options).map_err(|e| refused(e.to_string()))?;
            (p.tree, p.manifest, p.wrapper)
        }
    };
    let mut tree = kernel::files(&source);
    let kernel_dir = tree
        .keys()
        .find_map(|p| p.strip_suffix(&kernel.header).map(|d| d.trim_end_matches('/').to_owned()))
        .ok_or_else(|| Error::Internal(format!("the project lacks {}", kernel.header)))?;
    manifest.hashes = Hashes {
        model: extras.model_hash.clone(),
        configuration: hash::of(extras.configuration.as_bytes()),
        tree: hash::of_tree(&tree),
        bitstream: None,
    };
    let bench = format!("tb/tb_{}.cpp", kernel.top);
    for (path, file) in emitted.bench() {
        add(&mut tree, format!("tb/{path}"), file)?;
    }
    add(&mut tree, "netlathe.yml".into(), extras.configuration.clone().into())?;
    let json = manifest.to_json().map_err(|e| Error::Internal(e.to_string()))?;
    add(&mut tree, "manifest.json".into(), json.into())?;
    let is_source = |path: &str| path.starts_with("tb/") || path.starts_with(&format!("{kernel_dir}/"));
    let sources =
        tree.iter().filter(|(path, _)| is_source(path)).map(|(p, f)| (p.clone(), f.clone())).collect();
    Ok(Assembled { tree, sources, manifest, wrapper, kernel_dir, kernel_cpp: kernel.cpp.clone(), bench })
}

fn add(tree: &mut Tree, path: String, file: File) -> Result<(), Error> {
    match tree.insert(path.clone(), file) {
        None => Ok(()),
        Some(_) => Err(Error::Internal(format!("two parts of the project are called {path}"))),
    }
}

impl Assembled {
    /// Adds files to the folder `tb_data`, which no hash of the manifest covers.
    ///
    /// # Errors
    /// [`Error::Internal`]: there is one of that name.
    pub fn add_data(&mut self, files: impl IntoIterator<Item = (String, File)>) -> Result<(), Error> {
        files.into_iter().try_for_each(|(name, file)| add(&mut self.tree, format!("tb_data/{name}"), file))
    }

    /// The bench of the bare kernel; its streams, if it has some, as deep as in hardware.
    pub fn kernel_bench(&self) -> Program<'_> {
        let streams = self.tree.contains_key("tb/sim/hls_stream.h");
        let mut includes = vec![self.kernel_dir.clone()];
        includes.extend(streams.then(|| "tb/sim".to_owned()));
        Program {
            tree: &self.sources,
            units: vec![self.bench.clone(), format!("{}/{}", self.kernel_dir, self.kernel_cpp)],
            includes,
            defines: streams.then(|| "NNET_BOUNDED".to_owned()).into_iter().collect(),
        }
    }

    /// The bench of the kernel in its wrapper, beat by beat.
    pub fn wrapper_bench(&self) -> Program<'_> {
        Program {
            tree: &self.sources,
            units: self.wrapper.sources.iter().map(ToString::to_string).collect(),
            includes: self.wrapper.include_dirs.iter().map(ToString::to_string).collect(),
            // Processes side by side, streams as deep as they are: a stream that is left with values is an error, too.
            defines: vec!["NNET_BOUNDED".to_owned()],
        }
    }
}

/// What goes on from C simulation: who needs it, and the command, to be run in the project's folder.
pub fn next(target: &Target) -> (&'static str, &'static str) {
    match &target.board {
        Board::Vivado(board) if board.alveo.is_some() => ("Vitis and XRT", "sh build_xclbin.sh"),
        Board::Vivado(_) if target.legacy_hls => (
            "Vivado HLS (2019.2 or 2020.1) and Vivado",
            "vivado_hls -f build_hls.tcl && vivado -mode batch -source design.tcl",
        ),
        Board::Vivado(_) => {
            ("Vivado and Vitis HLS", "vitis_hls -f build_hls.tcl && vivado -mode batch -source design.tcl")
        }
        Board::Coyote(_) => (
            "Vivado, Vitis HLS and Coyote",
            "cmake -S . -B build/hw -DFLOW=hw -DCOYOTE_ROOT=$COYOTE_ROOT && make -C build/hw project bitgen",
        ),
    }
}
