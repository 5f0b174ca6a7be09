//! The project for a board: the back end's tree, completed by the bench of the bare kernel, vectors, configuration and manifest.

use crate::csim::{Program, VectorFiles};
use crate::error::Error;
use crate::fs::{File, Tree};
use crate::hash;
use crate::kernel::{self, Emitted};
use camino::Utf8PathBuf;
use netlathe_backend_coyote as coyote;
use netlathe_backend_vivado_accel as vivado;
use netlathe_ir::Validated;
use netlathe_ir::config::ProjectConfig;
use netlathe_overlay::{Flow, Hashes, Manifest};

/// The board when nothing names one.
pub const DEFAULT_BOARD: &str = "pynq-z2";

/// The files of the wrapper's bench.
pub const WRAPPER_FILES: VectorFiles = VectorFiles {
    inputs: "wrapper_inputs.hex",
    outputs: "wrapper_outputs.hex",
    results: "wrapper_results.hex",
};

/// What a project is made for.
#[derive(Clone, Debug)]
pub struct Target {
    pub project: String,
    pub board: String,
    pub flow: Flow,
    pub clock_period_ns: Option<f64>,
    pub clock_uncertainty_percent: Option<f64>,
}

/// What a user may say of the target; the configuration says the rest.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    pub project: Option<String>,
    pub board: Option<String>,
    pub clock_period_ns: Option<f64>,
}

/// Settles name, board, flow and clock: the command line, then the configuration, then the defaults.
///
/// # Errors
/// [`Error::Usage`]: no such board, or the configuration's back end has not that board.
pub fn target(wishes: &Wishes, config: &ProjectConfig, network_name: &str) -> Result<Target, Error> {
    let boards = boards()?;
    let list = || boards.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let wanted_flow = match config.backend.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("coyote" | "coyoteaccelerator") => Some(Flow::Coyote),
        Some("vivadoaccelerator") => Some(Flow::VivadoAccelerator),
        // `Vitis`, `Vivado`, ... make an IP core there; here the board decides.
        _ => None,
    };
    let first_of = |flow: Flow| boards.iter().find(|(_, f)| *f == flow).map(|(name, _)| name.clone());
    let board = wishes
        .board
        .clone()
        .or_else(|| config.board.clone())
        .or_else(|| wanted_flow.filter(|f| *f == Flow::Coyote).and_then(first_of))
        .unwrap_or_else(|| DEFAULT_BOARD.into());
    let Some((_, flow)) = boards.iter().find(|(name, _)| *name == board) else {
        return Err(Error::usage(
            format!("there is no board `{board}`"),
            format!("the boards are: {}", list()),
        ));
    };
    if let (Some(wanted), None) = (wanted_flow, &wishes.board)
        && wanted != *flow
    {
        return Err(Error::usage(
            format!(
                "the configuration names backend {wanted:?} and board `{board}`, which is one of {flow:?}"
            ),
            format!("choose the board with --board; the boards are: {}", list()),
        ));
    }
    let uncertainty = config
        .clock_uncertainty
        .as_deref()
        .map(|text| {
            text.trim().strip_suffix('%').and_then(|t| t.trim().parse::<f64>().ok()).ok_or_else(|| {
                Error::usage(
                    format!("the configuration's ClockUncertainty is `{text}`"),
                    "write a percentage such as 12.5%",
                )
            })
        })
        .transpose()?;
    // `myproject` is what hls4ml writes when nobody chose a name.
    let configured = config.project_name.clone().filter(|n| n != "myproject");
    Ok(Target {
        project: wishes.project.clone().or(configured).unwrap_or_else(|| tidy(network_name)),
        board,
        flow: *flow,
        clock_period_ns: wishes.clock_period_ns.or(config.clock_period_ns),
        clock_uncertainty_percent: uncertainty,
    })
}

/// Every board and whose it is, in the order of the back ends and of their names.
///
/// # Errors
/// A board file in this program is malformed.
pub fn boards() -> Result<Vec<(String, Flow)>, Error> {
    let wrong = |e: String| Error::Internal(e);
    let zynq = vivado::boards().map_err(|e| wrong(e.to_string()))?;
    let cards = coyote::boards().map_err(|e| wrong(e.to_string()))?;
    let zynq = zynq.into_iter().map(|b| (b.name, Flow::VivadoAccelerator));
    Ok(zynq.chain(cards.into_iter().map(|b| (b.name, Flow::Coyote))).collect())
}

fn tidy(name: &str) -> String {
    let mut text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.insert_str(0, "net_");
    }
    text.truncate(48);
    text
}

/// A project in memory.
#[derive(Clone, Debug)]
pub struct Assembled {
    pub tree: Tree,
    pub manifest: Manifest,
    wrapper_units: Vec<Utf8PathBuf>,
    wrapper_includes: Vec<Utf8PathBuf>,
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
/// [`Error::Usage`]: the back end refuses the name, the clock or the network's ports.
pub fn assemble(
    network: &Validated,
    emitted: &Emitted,
    target: &Target,
    extras: &Extras,
) -> Result<Assembled, Error> {
    let kernel = &emitted.kernel;
    let refused = |message: String| Error::Refused {
        place: format!("the project for {}", target.board),
        message,
        unsupported: None,
    };
    let (source, mut manifest, units, includes) = match target.flow {
        Flow::VivadoAccelerator => {
            let board = vivado::find(&target.board).map_err(|e| refused(e.to_string()))?;
            let options = vivado::Options {
                clock_period_ns: target.clock_period_ns,
                clock_uncertainty_percent: target.clock_uncertainty_percent,
                ..vivado::Options::new(target.project.clone(), board)
            };
            let p = vivado::emit(network, kernel, &options).map_err(|e| refused(e.to_string()))?;
            (p.tree, p.manifest, p.wrapper.sources, p.wrapper.include_dirs)
        }
        Flow::Coyote => {
            let options = coyote::Options {
                project: target.project.clone(),
                board: target.board.clone(),
                clock_period_ns: target.clock_period_ns,
                clock_uncertainty_percent: target.clock_uncertainty_percent,
            };
            let p = coyote::emit(network, kernel, &options).map_err(|e| refused(e.to_string()))?;
            (p.tree, p.manifest, p.wrapper.sources, p.wrapper.include_dirs)
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
    Ok(Assembled {
        tree,
        manifest,
        wrapper_units: units,
        wrapper_includes: includes,
        kernel_dir,
        kernel_cpp: kernel.cpp.clone(),
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
    /// Adds files to `tb_data`: names and texts. They are no part of the tree's hash.
    ///
    /// # Errors
    /// [`Error::Internal`]: a file is there already.
    pub fn add_vectors(&mut self, files: Vec<(&'static str, String)>) -> Result<(), Error> {
        files
            .into_iter()
            .try_for_each(|(name, text)| add(&mut self.tree, format!("tb_data/{name}"), text.into()))
    }

    /// The bench of the bare kernel; its streams, if it has some, as deep as in hardware.
    pub fn kernel_bench(&self) -> Program<'_> {
        let streams = self.tree.contains_key("tb/sim/hls_stream.h");
        let mut includes = vec![self.kernel_dir.clone()];
        includes.extend(streams.then(|| "tb/sim".to_owned()));
        Program {
            tree: &self.tree,
            units: vec![self.bench.clone(), format!("{}/{}", self.kernel_dir, self.kernel_cpp)],
            includes,
            defines: streams.then(|| "NNET_BOUNDED".to_owned()).into_iter().collect(),
        }
    }

    /// The bench of the kernel in its wrapper, beat by beat.
    pub fn wrapper_bench(&self) -> Program<'_> {
        Program {
            tree: &self.tree,
            units: self.wrapper_units.iter().map(ToString::to_string).collect(),
            includes: self.wrapper_includes.iter().map(ToString::to_string).collect(),
            defines: Vec::new(),
        }
    }
}

/// What goes on from C simulation: who needs it, and the command, to be run in the project's folder.
pub fn next(flow: Flow) -> (&'static str, &'static str) {
    match flow {
        Flow::VivadoAccelerator => {
            ("Vivado and Vitis HLS", "vitis_hls -f build_hls.tcl && vivado -mode batch -source design.tcl")
        }
        Flow::Coyote => (
            "Vivado, Vitis HLS and Coyote",
            "cmake -S . -B build/hw -DFLOW=hw -DCOYOTE_ROOT=$COYOTE_ROOT && make -C build/hw project bitgen",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(backend: Option<&str>, board: Option<&str>) -> ProjectConfig {
        ProjectConfig {
            backend: backend.map(Into::into),
            board: board.map(Into::into),
            ..ProjectConfig::default()
        }
    }

    #[test]
    fn the_command_line_comes_before_the_configuration() {
        let wishes = Wishes { board: Some("u55c".into()), ..Wishes::default() };
        let t = target(&wishes, &config(Some("VivadoAccelerator"), Some("pynq-z2")), "Jet Tagger").unwrap();
        assert_eq!((t.board.as_str(), t.flow, t.project.as_str()), ("u55c", Flow::Coyote, "jet_tagger"));
        let none = Wishes::default();
        assert_eq!(target(&none, &config(None, None), "m").unwrap().board, "pynq-z2");
        for name in ["Coyote", "CoyoteAccelerator"] {
            assert_eq!(target(&none, &config(Some(name), None), "m").unwrap().flow, Flow::Coyote);
        }
        assert!(target(&none, &config(Some("Coyote"), Some("pynq-z2")), "m").is_err());
        let e = target(&none, &config(None, Some("nexys")), "m").unwrap_err().to_string();
        assert!(e.contains("nexys") && e.contains("pynq-z2") && e.contains("u55c"), "{e}");
    }

    #[test]
    fn clock_uncertainty_is_a_percentage() {
        let of = |text: &str| {
            let config = ProjectConfig { clock_uncertainty: Some(text.into()), ..ProjectConfig::default() };
            target(&Wishes::default(), &config, "m").map(|t| t.clock_uncertainty_percent)
        };
        assert_eq!(of("12.5%").unwrap(), Some(12.5));
        assert_eq!(of("much").unwrap_err().exit_code(), 2);
    }
}
