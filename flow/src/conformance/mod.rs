//! Folders of cases: a model, a configuration, inputs, and what must come out.
//!
//! The layout is that of NetLathe's shared conformance cases: `index.json` lists the cases, and each has a folder. A case runs
//! through every executor that is asked for, and passes when all agree with it; see `execute.rs`. Files in `bad/` must be refused;
//! see `bad.rs`.

mod bad;
mod case;
mod compare;
mod execute;

use crate::ap_types;
use crate::cache::Cache;
use crate::csim::Compiler;
use crate::error::Error;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

pub use bad::{BadFile, MEMORY_KIB, TIME};
pub use case::{Case, Expect};

/// Who computes a case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Executor {
    /// The emulator, in this process.
    Emulator,
    /// The generated C++, compiled with g++.
    Cpp,
}

impl Executor {
    /// As a command line spells it.
    pub fn name(self) -> &'static str {
        match self {
            Executor::Emulator => "emulator",
            Executor::Cpp => "cpp",
        }
    }
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder with `index.json`.
    pub dir: PathBuf,
    /// Names with `*` and `?`; none: all. Files of `bad/` are called `bad/NAME`.
    pub cases: Vec<String>,
    /// None: all.
    pub executors: Vec<Executor>,
    /// The C++ runs every so-manieth of the chosen cases, and the first of each category and I/O style; 1: all.
    pub cpp_every: usize,
    /// Cases at the same time; 0: as many as there are cores.
    pub jobs: usize,
    pub ap_types: Option<PathBuf>,
    pub cache: Cache,
    /// The program that must refuse the files of `bad/`; `None`: they are not tried.
    pub program: Option<PathBuf>,
}

/// How a case ended.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(tag = "status", content = "detail", rename_all = "lowercase")]
pub enum Outcome {
    Passed,
    /// Why it was not run.
    Skipped(String),
    /// What differs, or the message of the refusal.
    Failed(Vec<String>),
}

/// One case's end.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct CaseReport {
    pub name: String,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub seconds: f64,
    /// Samples that the C++ computed, of how many; `None`: it was not run.
    pub cpp_samples: Option<(usize, usize)>,
    /// Layers that the case has a trace of and our network has not, by name.
    pub untraced: Vec<String>,
}

/// All cases' ends.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    pub schema_version: u32,
    /// In the order of the index.
    pub cases: Vec<CaseReport>,
    /// The files of `bad/`, in the order of their names.
    pub bad: Vec<BadFile>,
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Report {
    /// Whether nothing failed, bad files included.
    pub fn is_good(&self) -> bool {
        self.failed == 0 && self.bad.iter().all(|b| b.problem.is_none())
    }
}

/// Runs the cases; `done` hears of each as it ends, with the number of those that are still to come.
///
/// # Errors
/// The folder cannot be read, no case has such a name, or g++ or its headers are missing and the C++ was asked for by name.
pub fn run(options: &Options, done: &mut dyn FnMut(&CaseReport, usize)) -> Result<Report, Error> {
    let cases: Vec<Case> =
        case::index(&options.dir)?.into_iter().filter(|c| wanted(&options.cases, &c.name)).collect();
    let mut bad = match &options.program {
        Some(_) => bad::list(&options.dir)?,
        None => Vec::new(),
    };
    bad.retain(|b| wanted(&options.cases, &format!("bad/{}", b.name)));
    if cases.is_empty() && bad.is_empty() {
        return Err(Error::usage(
            format!("no case of {} has a name like {}", options.dir.display(), options.cases.join(", ")),
            "see index.json for the names",
        ));
    }
    let executors: Vec<Executor> = if options.executors.is_empty() {
        vec![Executor::Emulator, Executor::Cpp]
    } else {
        options.executors.clone()
    };
    let compiler = if executors.contains(&Executor::Cpp) && !cases.is_empty() {
        let headers = ap_types::obtain(options.ap_types.as_deref(), &options.cache)?;
        Some(Compiler::new(headers, &options.cache)?)
    } else {
        None
    };
    let in_cpp = in_cpp(&cases, options.cpp_every);
    let job = |i: usize| {
        let case: &Case = &cases[i];
        let compiler = compiler.as_ref().filter(|_| in_cpp[i]);
        one(&options.dir, case, &executors, compiler)
    };
    let mut reports = all(cases.len(), &job, options.jobs, done);
    reports.sort_by_key(|(index, _)| *index);
    let cases: Vec<CaseReport> = reports.into_iter().map(|(_, report)| report).collect();
    // One at a time, after the rest, because each has a time limit.
    if let Some(program) = &options.program {
        for file in &mut bad {
            bad::run(program, &options.dir, file);
        }
    }
    let count = |f: fn(&Outcome) -> bool| cases.iter().filter(|c| f(&c.outcome)).count();
    Ok(Report {
        schema_version: 1,
        passed: count(|o| matches!(o, Outcome::Passed)),
        failed: count(|o| matches!(o, Outcome::Failed(_))),
        skipped: count(|o| matches!(o, Outcome::Skipped(_))),
        cases,
        bad,
    })
}

/// The cases that the C++ runs: every `every`th, and the first of each category, I/O style and expectation.
fn in_cpp(cases: &[Case], every: usize) -> Vec<bool> {
    let mut seen = BTreeSet::new();
    cases
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let new = seen.insert((c.category.as_str(), c.io_type.as_deref(), c.expect == Expect::Keras));
            new || i.is_multiple_of(every.max(1))
        })
        .collect()
}

fn all(
    cases: usize,
    job: &(dyn Fn(usize) -> CaseReport + Sync),
    jobs: usize,
    done: &mut dyn FnMut(&CaseReport, usize),
) -> Vec<(usize, CaseReport)> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = if jobs == 0 { cores } else { jobs }.min(cases);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut reports = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= cases || sender.send((i, job(i))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (i, report) in receiver {
            done(&report, cases - reports.len() - 1);
            reports.push((i, report));
        }
    });
    reports
}

/// One case. A panic is that case's failure, not the run's: the other cases still count.
fn one(dir: &Path, case: &Case, executors: &[Executor], compiler: Option<&Compiler>) -> CaseReport {
    let begun = std::time::Instant::now();
    let run = || execute::run(&dir.join(&case.name), case, executors, compiler);
    let panicked = |what: Box<dyn std::any::Any + Send>| {
        let text = what.downcast_ref::<String>().cloned();
        let text = text.or_else(|| what.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        let line = format!("NetLathe panicked: {}", text.unwrap_or_else(|| "without a message".into()));
        (Outcome::Failed(vec![line]), execute::Facts::default())
    };
    let (outcome, facts) =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(panicked);
    CaseReport {
        name: case.name.clone(),
        outcome,
        seconds: begun.elapsed().as_secs_f64(),
        cpp_samples: facts.cpp_samples,
        untraced: facts.untraced,
    }
}

pub(crate) fn wanted(globs: &[String], name: &str) -> bool {
    globs.is_empty() || globs.iter().any(|g| matches(g.as_bytes(), name.as_bytes()))
}

/// `*` is any text, `?` any character.
fn matches(glob: &[u8], name: &[u8]) -> bool {
    match (glob.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            matches(rest, name) || name.split_first().is_some_and(|(_, tail)| matches(glob, tail))
        }
        (Some((g, glob)), Some((n, name))) => (*g == b'?' || g == n) && matches(glob, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn a_share_of_the_cases_has_the_first_of_each_kind() {
        let case = |category: &str, io: &str, expect| super::Case {
            name: category.into(),
            expect,
            category: category.into(),
            io_type: Some(io.into()),
            default_type: None,
            tolerance: None,
        };
        use super::Expect::{Equal, Keras};
        let mut cases = vec![case("a", "p", Equal); 7];
        cases[4] = case("b", "p", Equal);
        cases[5] = case("b", "p", Keras);
        let chosen = |every| super::in_cpp(&cases, every).into_iter().map(u8::from).collect::<Vec<_>>();
        assert_eq!(chosen(3), [1, 0, 0, 1, 1, 1, 1]);
        assert_eq!(chosen(1), [1; 7]);
    }

    #[test]
    fn names_with_wildcards() {
        let globs = |g: &[&str]| g.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        assert!(wanted(&[], "anything"));
        assert!(wanted(&globs(&["mlp_*"]), "mlp_a"));
        assert!(wanted(&globs(&["x", "*_b?d"]), "a_bad"));
        assert!(!wanted(&globs(&["mlp"]), "mlp_a"));
        assert!(!wanted(&globs(&["*_a"]), "mlp_ab"));
    }
}
