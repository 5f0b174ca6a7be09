//! The project for a board: the back end's tree, completed by the bench of the bare kernel, vectors, configuration and manifest.

use crate::card::{self, Card};
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
    /// The models in it; only those of Coyote's shell have more than the first.
    pub first: Member,
    pub others: Vec<Member>,
    /// Where a project for Coyote has what.
    pub card: Option<Card>,
}

/// A model in a project.
#[derive(Clone, Debug)]
pub struct Member {
    pub manifest: Manifest,
    /// The folder of its vectors.
    pub data_dir: String,
    wrapper: Bench,
    /// What benches are compiled of: a change of anything else compiles nothing anew.
    sources: Tree,
    /// Folder of the kernel's files in the tree.
    kernel_dir: String,
    kernel_cpp: String,
    /// Folder of the benches.
    bench_dir: String,
    bench: String,
}

/// A model to be put into a project.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What it is called; the project's name where it is alone.
    pub name: &'a str,
    pub network: &'a Validated,
    pub emitted: &'a Emitted,
    pub extras: &'a Extras,
}

/// What is put beside the back end's files.
#[derive(Clone, Debug)]
pub struct Extras {
    /// The concrete configuration, YAML.
    pub configuration: String,
    /// SHA-256 of the model file (with its weights' where they are apart).
    pub model_hash: String,
}

/// What a back end made of a model.
struct Made {
    manifest: Manifest,
    wrapper: Bench,
    manifest_file: String,
    /// Its kernel lies below this folder; empty: anywhere.
    folder: String,
}

/// Emits the project: of one model, or of several for a card of Coyote's.
///
/// # Errors
/// [`Error::Refused`]: the back end refuses the name, the clock, the interface, the shell or the network's ports.
pub fn assemble(parts: &[Part<'_>], target: &Target) -> Result<Assembled, Error> {
    let refused = |message: String| Error::Refused {
        place: format!("the project for {}", target.board.name()),
        message,
        unsupported: None,
    };
    let (source, made, card) = match (&target.board, parts) {
        (Board::Vivado(board), [part]) => {
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
            let p = vivado::emit(part.network, &part.emitted.kernel, &options)
                .map_err(|e| refused(e.to_string()))?;
            let (manifest, wrapper) = (p.manifest, p.wrapper);
            let made =
                Made { manifest, wrapper, manifest_file: "manifest.json".into(), folder: String::new() };
            (p.tree, vec![made], None)
        }
        (Board::Vivado(board), _) => {
            return Err(Error::Internal(format!("{} models for board {}", parts.len(), board.name)));
        }
        (Board::Coyote(board), _) => {
            let options = coyote::Options {
                clock_period_ns: target.clock_period_ns,
                clock_uncertainty_percent: target.clock_uncertainty_percent,
                input: target.input,
                output: target.output,
                ..coyote::Options::new(target.project.clone(), (**board).clone())
            };
            let options = target.shell.applied(target.floorplan.clone(), options);
            let models: Vec<coyote::Model<'_>> = parts
                .iter()
                .map(|part| coyote::Model {
                    network: part.network,
                    kernel: &part.emitted.kernel,
                    name: part.name.to_owned(),
                })
                .collect();
            let p = coyote::emit_many(&models, &options).map_err(|e| refused(e.to_string()))?;
            let card = Card::new(&target.project, board, &p);
            let made = p.members.into_iter().map(|m| Made {
                manifest: m.manifest,
                wrapper: m.wrapper,
                manifest_file: m.manifest_file,
                folder: format!("{}/", m.folder),
            });
            (p.tree, made.collect(), Some(card))
        }
    };
    let mut tree = kernel::files(&source);
    let tree_hash = hash::of_tree(&tree);
    let mut members = Vec::new();
    for (part, made) in parts.iter().zip(made) {
        members.push(member(&mut tree, &tree_hash, part, made)?);
    }
    if let Some(card) = &card {
        add(&mut tree, card::FILE.into(), card.text()?.into())?;
    }
    let mut members = members.into_iter();
    let Some(first) = members.next() else { return Err(Error::Internal("a project without models".into())) };
    Ok(Assembled { tree, first, others: members.collect(), card })
}

/// Puts a model's bench, configuration and manifest beside what the back end made.
fn member(tree: &mut Tree, tree_hash: &str, part: &Part<'_>, made: Made) -> Result<Member, Error> {
    let Made { mut manifest, wrapper, manifest_file, folder } = made;
    let kernel = &part.emitted.kernel;
    let suffix = card::suffix(&manifest_file);
    let kernel_dir = tree
        .keys()
        .filter(|p| p.starts_with(&folder))
        .find_map(|p| p.strip_suffix(&kernel.header).map(|d| d.trim_end_matches('/').to_owned()))
        .ok_or_else(|| Error::Internal(format!("the project lacks {}", kernel.header)))?;
    manifest.hashes = Hashes {
        model: part.extras.model_hash.clone(),
        configuration: hash::of(part.extras.configuration.as_bytes()),
        tree: tree_hash.to_owned(),
        bitstream: None,
    };
    let bench_dir = format!("tb{suffix}");
    let bench = format!("{bench_dir}/tb_{}.cpp", kernel.top);
    for (path, file) in part.emitted.bench() {
        add(tree, format!("{bench_dir}/{path}"), file)?;
    }
    add(tree, format!("netlathe{suffix}.yml"), part.extras.configuration.clone().into())?;
    let json = manifest.to_json().map_err(|e| Error::Internal(e.to_string()))?;
    add(tree, manifest_file.clone(), json.into())?;
    let folders = [format!("{bench_dir}/"), format!("{kernel_dir}/")];
    let is_source = |path: &str| folders.iter().any(|folder| path.starts_with(folder));
    let sources =
        tree.iter().filter(|(path, _)| is_source(path)).map(|(p, f)| (p.clone(), f.clone())).collect();
    Ok(Member {
        data_dir: format!("tb_data{suffix}"),
        manifest,
        wrapper,
        sources,
        kernel_dir,
        kernel_cpp: kernel.cpp.clone(),
        bench_dir,
        bench,
    })
}

fn add(tree: &mut Tree, path: String, file: File) -> Result<(), Error> {
    match tree.insert(path.clone(), file) {
        None => Ok(()),
        Some(_) => Err(Error::Internal(format!("two parts of the project are called {path}"))),
    }
}

impl Assembled {
    /// Every model, in the order given.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Adds files to a model's folder of vectors, which no hash of the manifest covers.
    ///
    /// # Errors
    /// [`Error::Internal`]: there is one of that name.
    pub fn add_data(
        &mut self,
        folder: &str,
        files: impl IntoIterator<Item = (String, File)>,
    ) -> Result<(), Error> {
        files.into_iter().try_for_each(|(name, file)| add(&mut self.tree, format!("{folder}/{name}"), file))
    }
}

impl Member {
    /// The bench of the bare kernel; its streams, if it has some, as deep as in hardware.
    pub fn kernel_bench(&self) -> Program<'_> {
        let sim = format!("{}/sim", self.bench_dir);
        let streams = self.sources.contains_key(&format!("{sim}/hls_stream.h"));
        let mut includes = vec![self.kernel_dir.clone()];
        includes.extend(streams.then_some(sim));
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
