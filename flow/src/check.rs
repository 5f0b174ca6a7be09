//! The project's own test: formatting, lints, tests, and the conformance cases where they are.

use crate::ap_types;
use crate::cache::Cache;
use crate::conformance;
use crate::error::Error;
use crate::matrix;
use crate::tool::{self, Tool, ToolError};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A test that cannot run appends a line to the file that this variable names.
pub const SKIPS: &str = "NETLATHE_SKIPS";
/// The folder of conformance cases, for tests.
pub const CASES: &str = "NETLATHE_CONFORMANCE";
/// The C++ computes every third case, and the first of each category.
pub const CPP_EVERY: usize = 3;
/// Of the wrappers of all boards, interfaces, elements and I/O styles, every so manieth is simulated.
pub const WRAPPERS_EVERY: usize = 8;
/// Long enough for a build from nothing on a slow machine.
const TIME: Duration = Duration::from_secs(2 * 3600);

/// What to test.
#[derive(Clone, Debug)]
pub struct Options {
    /// The checkout.
    pub root: PathBuf,
    /// The folder of conformance cases, if there is one.
    pub cases: Option<PathBuf>,
    pub ap_types: Option<PathBuf>,
    pub cache: Cache,
    /// This program.
    pub program: PathBuf,
}

/// What happens, as it happens.
pub enum Event<'a> {
    /// A step begins.
    Step(&'a str),
    /// A conformance case ended; the number of those to come.
    Case(&'a conformance::CaseReport, usize),
    /// The table of boards, interfaces, elements and I/O styles.
    Matrix(&'a matrix::Report),
    /// All conformance cases ended.
    Conformance(&'a conformance::Report),
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Steps that failed, with the reason.
    pub failures: Vec<String>,
    /// Checks that could not run, with the reason.
    pub skipped: Vec<String>,
    /// Tests and cases.
    pub passed: usize,
    pub failed: usize,
}

/// Runs everything, going on after a failure.
///
/// # Errors
/// The cache cannot be written, or cargo is not there.
pub fn run(options: &Options, tell: &mut dyn FnMut(Event<'_>)) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    tell(Event::Step("setting up"));
    let headers = match ap_types::obtain(options.ap_types.as_deref(), &options.cache) {
        Ok(headers) => Some(headers),
        Err(e) => {
            summary.skipped.push(format!("whatever compiles generated C++: {}", one_line(&e.to_string())));
            None
        }
    };
    for (name, what, how) in [
        ("g++", "whatever compiles generated C++", "apt-get install g++"),
        ("tclsh", "whatever runs generated Tcl", "apt-get install tcl"),
        ("cmake", "the check of Coyote's CMakeLists.txt", "apt-get install cmake"),
    ] {
        if tool::find(OsStr::new(name), None).is_none() {
            summary.skipped.push(format!("{what}: {name} is not installed ({how})"));
        }
    }
    let skips = options.cache.temporary()?;
    let skips = skips.path().join("skips");
    let log = options.cache.folder("log")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let steps: [(&str, &[&str]); 3] = [
        ("cargo fmt --check", &["fmt", "--all", "--check"]),
        (
            "cargo clippy --workspace --all-targets -- -D warnings",
            &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
        ),
        ("cargo test --workspace", &["test", "--workspace", "--no-fail-fast"]),
    ];
    for (number, (name, args)) in steps.into_iter().enumerate() {
        tell(Event::Step(name));
        let before = summary.failures.len();
        let file = log.join(format!("test-{number}.log"));
        let mut tool = Tool::new(cargo.clone())
            .args(args.iter().copied())
            .dir(&options.root)
            .env(SKIPS, skips.as_os_str())
            .timeout(TIME)
            .log(&file);
        tool.show = true;
        if let Some(headers) = &headers {
            tool = tool.env(ap_types::VARIABLE, headers.dir.as_os_str());
        }
        if let Some(cases) = &options.cases {
            tool = tool.env(CASES, cases.as_os_str());
        }
        match tool.run() {
            Ok(_) => {}
            Err(e @ (ToolError::NotFound { .. } | ToolError::Start { .. })) => return Err(e.into()),
            Err(ToolError::Failed { status, .. }) => summary.failures.push(format!("{name} ({status})")),
            Err(e) => summary.failures.push(format!("{name}: {}", one_line(&e.to_string()))),
        }
        if args[0] != "test" {
            // A step that counts no tests counts as one.
            summary.failed += summary.failures.len() - before;
        }
        if args[0] == "test" {
            let text = std::fs::read_to_string(&file).map_err(|e| Error::io("read", &file, &e))?;
            let (passed, failed, ignored) = counts(&text);
            summary.passed += passed;
            summary.failed += failed;
            if ignored > 0 {
                summary.skipped.push(format!("{ignored} ignored tests"));
            }
        }
    }
    if let Ok(text) = std::fs::read_to_string(&skips) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        summary.skipped.extend(lines);
    }
    boards(options, &mut summary, tell)?;
    // The project's own cases, then those beside the checkout.
    conformance(options, &options.root.join("testdata/cases"), headers.is_some(), &mut summary, tell)?;
    match &options.cases {
        Some(cases) => conformance(options, cases, headers.is_some(), &mut summary, tell)?,
        None => summary.skipped.push(
            "conformance cases, and the tests that read them: ../shared/conformance is not there".into(),
        ),
    }
    Ok(summary)
}

/// Every board with everything that it can be asked for; a part of the wrappers in C++.
fn boards(options: &Options, summary: &mut Summary, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    tell(Event::Step("boards, interfaces, elements, I/O styles"));
    let report = matrix::run(
        &matrix::Options {
            boards: Vec::new(),
            csim_every: WRAPPERS_EVERY,
            root: Some(options.root.clone()),
            ap_types: options.ap_types.clone(),
            cache: options.cache.clone(),
        },
        &mut |_| {},
    )?;
    tell(Event::Matrix(&report));
    let failed = report.failed().count();
    // What was run counts, not what was generated or refused.
    summary.passed += (report.simulated + report.scripts_run).saturating_sub(failed);
    summary.failed += failed;
    if failed > 0 {
        summary
            .failures
            .push(format!("{failed} combinations of boards, interfaces, elements and I/O styles"));
    }
    if report.simulated < report.wrappers || report.scripts_run < report.scripts {
        summary.skipped.push(format!(
            "{} of {} wrappers in C++, {} of {} sets of scripts (all: cargo xtask matrix)",
            report.wrappers - report.simulated,
            report.wrappers,
            report.scripts - report.scripts_run,
            report.scripts
        ));
    }
    Ok(())
}

fn conformance(
    options: &Options,
    cases: &Path,
    cpp: bool,
    summary: &mut Summary,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    use conformance::Executor;
    tell(Event::Step("conformance cases"));
    let cpp = cpp && tool::find(OsStr::new("g++"), None).is_some();
    let report = conformance::run(
        &conformance::Options {
            dir: cases.to_owned(),
            cases: Vec::new(),
            executors: if cpp { vec![Executor::Emulator, Executor::Cpp] } else { vec![Executor::Emulator] },
            // The whole takes long: `conformance` runs it.
            cpp_every: CPP_EVERY,
            jobs: 0,
            ap_types: options.ap_types.clone(),
            cache: options.cache.clone(),
            program: Some(options.program.clone()),
        },
        &mut |report, left| tell(Event::Case(report, left)),
    )?;
    tell(Event::Conformance(&report));
    let bad = report.bad.iter().filter(|b| b.problem.is_some()).count();
    summary.passed += report.passed + report.bad.len() - bad;
    summary.failed += report.failed + bad;
    if !report.is_good() {
        let place = cases.display();
        summary.failures.push(format!("{} conformance cases and {bad} bad files of {place}", report.failed));
    }
    let in_cpp = report.cases.iter().filter(|c| c.cpp_samples.is_some()).count();
    if cpp && in_cpp < report.passed + report.failed {
        let (all, place) = (report.passed + report.failed, cases.display());
        summary.skipped.push(format!(
            "the C++ of {} of {all} conformance cases (all: cargo xtask conformance {place})",
            all.saturating_sub(in_cpp)
        ));
    }
    if !cpp {
        summary.skipped.push("conformance cases in C++".into());
    }
    if report.skipped > 0 {
        summary
            .skipped
            .push(format!("{} conformance cases of layers that are not supported yet", report.skipped));
    }
    Ok(())
}

/// Adds up the lines `test result: ok. 3 passed; 0 failed; 1 ignored; ...`: passed, failed, ignored.
fn counts(log: &str) -> (usize, usize, usize) {
    let mut sums = [0; 3];
    for line in log.lines().filter_map(|l| l.strip_prefix("test result: ")) {
        let words: Vec<&str> = line.split([' ', ';']).filter(|w| !w.is_empty()).collect();
        for (sum, what) in sums.iter_mut().zip(["passed", "failed", "ignored"]) {
            let number = words.iter().position(|w| *w == what).and_then(|i| words.get(i.checked_sub(1)?));
            *sum += number.and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        }
    }
    (sums[0], sums[1], sums[2])
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_of_cargo_test_add_up() {
        let log = "running 2 tests\ntest a ... ok\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
            test result: FAILED. 10 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(super::counts(log), (12, 3, 1));
    }
}
