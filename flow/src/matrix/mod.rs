//! Every board with every interface, element type and I/O style: what is generated, simulated and checked, and what is refused.
//!
//! Two small networks go through every combination: one of a tensor each way (24 values in tokens of 3, so that beats end inside
//! tokens), one of two tensors each way. A wrapper that several combinations share is compiled once.

mod scripts;

use crate::cache::Cache;
use crate::csim::Compiler;
use crate::error::Error;
use crate::hash;
use crate::kernel;
use crate::predict;
use crate::project::{self, Assembled, Extras, Part, WRAPPER_FILES};
use crate::stimuli::{Crossing, Stimuli};
use crate::target::{self, Board, Wishes};
use crate::tool;
use netlathe_emulator::Plan;
use netlathe_ir::Validated;
use netlathe_ir::config::{Config, IoType, ProjectConfig};
use netlathe_ir::passes::{self, Types};
use netlathe_ir::text;
use netlathe_overlay::Flow;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The two networks.
const NETWORKS: [(&str, &str); 2] =
    [("one", include_str!("one.ir")), ("several", include_str!("several.ir"))];

/// What elements travel as: floats, a type that holds the networks', narrower ones, odd widths, integers.
pub const ELEMENTS: [&str; 6] =
    ["float", "double", "ap_fixed<16,6>", "ap_fixed<24,10,AP_RND,AP_SAT>", "ap_ufixed<6,2>", "ap_int<8>"];

/// What to try.
#[derive(Clone, Debug)]
pub struct Options {
    /// Boards by name; empty: all.
    pub boards: Vec<String>,
    /// Every how manieth distinct wrapper is simulated: 1 is all, 0 none.
    pub csim_every: usize,
    /// The checkout, whose `tests` have what stands for the vendor's tools; without it no script is checked.
    pub root: Option<PathBuf>,
    pub ap_types: Option<PathBuf>,
    pub cache: Cache,
}

/// One combination.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub board: String,
    pub interface: String,
    pub element: String,
    pub io_type: String,
    /// `one` or `several` tensors each way.
    pub tensors: String,
    pub outcome: Outcome,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not possible, and why.
    Refused(String),
    /// The project was generated.
    Generated { csim: Check, scripts: Check },
}

/// How a check ended.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    Passed,
    /// Left out, and why.
    NotRun(String),
    Failed(String),
}

/// The table.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub schema_version: u32,
    pub rows: Vec<Row>,
    /// Wrappers that differ, and how many of them were simulated.
    pub wrappers: usize,
    pub simulated: usize,
    /// Scripts and configurations that differ, and how many were run.
    pub scripts: usize,
    pub scripts_run: usize,
    pub seconds: f64,
}

impl Report {
    /// Combinations with a check that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Row> {
        let failed = |row: &&Row| match &row.outcome {
            Outcome::Refused(_) => false,
            Outcome::Generated { csim, scripts } => {
                [csim, scripts].iter().any(|check| matches!(check, Check::Failed(_)))
            }
        };
        self.rows.iter().filter(failed)
    }
}

/// A network ready for every project.
struct Subject {
    name: &'static str,
    io_type: IoType,
    network: Validated,
    plan: Plan,
    stimuli: Stimuli,
}

/// Goes through all combinations; `tell` hears how many are to come.
///
/// # Errors
/// [`Error::Usage`]: no such board. [`Error::Internal`]: the networks of this program do not pass.
pub fn run(options: &Options, tell: &mut dyn FnMut(usize)) -> Result<Report, Error> {
    let begun = Instant::now();
    let subjects = subjects()?;
    let boards = boards(&options.boards)?;
    let mut csim = Csim::new(options);
    let mut scripts = scripts::Scripts::new(options.root.as_deref(), &options.cache);
    let mut rows = Vec::new();
    let interfaces = |board: &Board| match board.flow() {
        Flow::VivadoAccelerator => vec![Some("axi_stream"), Some("axi_master"), Some("axi_lite")],
        Flow::Coyote => vec![None],
    };
    let mut left: usize = boards.iter().map(|b| interfaces(b).len() * ELEMENTS.len() * subjects.len()).sum();
    for board in &boards {
        for interface in interfaces(board) {
            for element in ELEMENTS {
                for subject in &subjects {
                    tell(left);
                    left -= 1;
                    let wishes = Wishes {
                        project: Some("trial".into()),
                        board: Some(board.name().into()),
                        interface: interface.map(str::to_owned),
                        input_type: Some(element.into()),
                        output_type: Some(element.into()),
                        ..Wishes::default()
                    };
                    let outcome = match assemble(subject, &wishes) {
                        Err(Error::Internal(what)) => return Err(Error::Internal(what)),
                        Err(e) => Outcome::Refused(reason(&e)),
                        Ok((assembled, crossing)) => Outcome::Generated {
                            csim: csim.check(&assembled, &crossing),
                            scripts: scripts.check(board, &assembled),
                        },
                    };
                    rows.push(Row {
                        board: board.name().into(),
                        interface: interface.unwrap_or("host streams").into(),
                        element: element.into(),
                        io_type: subject.io_type.name().into(),
                        tensors: subject.name.into(),
                        outcome,
                    });
                }
            }
        }
    }
    Ok(Report {
        schema_version: 1,
        rows,
        wrappers: csim.seen.len(),
        simulated: csim.run,
        scripts: scripts.seen(),
        scripts_run: scripts.run(),
        seconds: begun.elapsed().as_secs_f64(),
    })
}

fn boards(names: &[String]) -> Result<Vec<Board>, Error> {
    let all = target::boards()?;
    if names.is_empty() {
        return Ok(all);
    }
    names
        .iter()
        .map(|name| {
            all.iter().find(|b| b.name() == name).cloned().ok_or_else(|| {
                Error::usage(format!("there is no board `{name}`"), "`netlathe boards` lists them")
            })
        })
        .collect()
}

fn subjects() -> Result<Vec<Subject>, Error> {
    let wrong = |what: String| Error::Internal(format!("a network of the matrix: {what}"));
    let mut subjects = Vec::new();
    for (name, file) in NETWORKS {
        for io_type in [IoType::Parallel, IoType::Stream] {
            let mut graph = text::parse(file).map_err(|e| wrong(e.to_string()))?;
            graph.io_type = io_type;
            let config = Config { io_type: Some(io_type), ..Config::default() };
            let network =
                passes::run(graph, &config, &Types::Configured).map_err(|e| wrong(e.to_string()))?.network;
            let plan = predict::compile(&network)?;
            let stimuli = Stimuli::new(&plan, &[])?;
            subjects.push(Subject { name, io_type, network, plan, stimuli });
        }
    }
    Ok(subjects)
}

fn assemble(subject: &Subject, wishes: &Wishes) -> Result<(Assembled, Crossing), Error> {
    let target = target::target(wishes, &ProjectConfig::default(), subject.name)?;
    let emitted = kernel::emit(&subject.network, &target.project)?;
    let extras = Extras { configuration: String::new(), model_hash: hash::of(b"") };
    let part = Part { name: &target.project, network: &subject.network, emitted: &emitted, extras: &extras };
    let mut assembled = project::assemble(&[part], &target)?;
    let crossing = subject.stimuli.crossing(&subject.plan, &assembled.first.manifest)?;
    let files = subject.stimuli.files(&emitted, &crossing);
    let folder = assembled.first.data_dir.clone();
    assembled.add_data(&folder, files.into_iter().map(|(name, text)| (name.to_owned(), text.into())))?;
    Ok((assembled, crossing))
}

/// The first line of an error without its place.
fn reason(e: &Error) -> String {
    let text = match e {
        Error::Refused { message, .. } => message.clone(),
        Error::Usage { what, .. } => what.clone(),
        other => other.to_string(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

/// C simulation of each distinct wrapper.
struct Csim {
    compiler: Result<Compiler, String>,
    every: usize,
    /// By the hash of all that is compiled and of what it is run on.
    seen: BTreeMap<String, Check>,
    run: usize,
}

impl Csim {
    fn new(options: &Options) -> Self {
        let compiler = match tool::find("g++".as_ref(), None) {
            None => Err("g++ is not installed".into()),
            Some(_) => crate::ap_types::obtain(options.ap_types.as_deref(), &options.cache)
                .and_then(|headers| Compiler::new(headers, &options.cache))
                .map_err(|e| e.to_string().lines().next().unwrap_or_default().to_owned()),
        };
        Self { compiler, every: options.csim_every, seen: BTreeMap::new(), run: 0 }
    }

    fn check(&mut self, assembled: &Assembled, crossing: &Crossing) -> Check {
        let program = assembled.first.wrapper_bench();
        let Crossing { inputs, outputs, .. } = crossing;
        let key = hash::of(
            [&hash::of_tree(program.tree), &program.units.join(" "), inputs, outputs]
                .map(String::as_str)
                .join("\n")
                .as_bytes(),
        );
        if let Some(check) = self.seen.get(&key) {
            return check.clone();
        }
        let number = self.seen.len();
        let check = match &self.compiler {
            Err(why) => Check::NotRun(why.clone()),
            Ok(_) if self.every == 0 || !number.is_multiple_of(self.every) => {
                Check::NotRun("not among the chosen wrappers".into())
            }
            Ok(compiler) => {
                self.run += 1;
                let answer = compiler
                    .compile(&program)
                    .and_then(|bench| compiler.run(&bench, WRAPPER_FILES, inputs, Some(outputs), None));
                match answer {
                    Ok(answer) if answer.equal => Check::Passed,
                    Ok(answer) => Check::Failed(answer.tail),
                    Err(e) => Check::Failed(e.to_string()),
                }
            }
        };
        self.seen.insert(key, check.clone());
        check
    }
}

/// Writes a project's files to a folder of its own.
pub(crate) fn write(assembled: &Assembled, place: &Path) -> Result<(), Error> {
    crate::fs::write_files(place, &assembled.tree, "").map_err(|e| Error::io("write", place, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vivado_hls_takes_streams_only_of_networks_that_do_not_branch() {
        let wishes = Wishes { board: Some("pynq-z2".into()), legacy_hls: true, ..Wishes::default() };
        for subject in subjects().unwrap() {
            let made = assemble(&subject, &wishes);
            // `several` reads its input `x` twice.
            let refused = subject.name == "several" && subject.io_type == IoType::Stream;
            match made {
                Ok(_) => assert!(!refused),
                Err(e) => assert!(refused && e.to_string().contains("NL633"), "{}: {e}", subject.name),
            }
        }
    }
}
