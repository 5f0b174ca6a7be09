//! Random small networks through the emulator and the generated C++, compared as integers.
//!
//! A case is drawn as a graph with its configuration ([`Case`]), lowered by all passes, emulated, emitted, compiled with many
//! others in one program, and run. What is refused is drawn again, and counted. What fails is shrunk and written as text that
//! runs again ([`replay`]).

mod case;
mod coverage;
mod draw;
mod edit;
mod gxx;
mod judge;
mod layers;
mod rng;
mod shrink;
mod weights;

use crate::ap_types;
use crate::cache::Cache;
use crate::csim::Compiler;
use crate::error::Error;
use crate::tool;
use draw::Wanted;
use gxx::{Job, Workshop};
use judge::{Prepared, Stop, prepare};
pub use netlathe_ir::config::IoType;
use rng::{Palette, Rng};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

pub use case::Case;
pub use coverage::Coverage;
pub use judge::{Fault, FaultKind};

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Networks that must be compared.
    pub count: usize,
    /// The first case's seed; the others' follow it.
    pub seed: u64,
    /// Programs made at the same time; 0: as many as there are cores.
    pub jobs: usize,
    /// Kinds of layers ([`kinds`]) with `*` and `?`; none: all.
    pub only: Vec<String>,
    /// None: both.
    pub io: Option<IoType>,
    /// Look for the smallest case that fails alike.
    pub shrink: bool,
    /// Where failing cases are written.
    pub keep: Option<PathBuf>,
    pub ap_types: Option<PathBuf>,
    pub cache: Cache,
}

/// A case that failed.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Failure {
    /// `--seed SEED --count 1` draws it again.
    pub seed: u64,
    pub fault: Fault,
    /// The case, shrunk where there was time: text that [`replay`] runs.
    pub text: String,
    /// The file that holds it.
    pub file: Option<PathBuf>,
}

/// What came out.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Report {
    pub schema_version: u32,
    pub seed: u64,
    /// Networks whose outputs were compared.
    pub compared: usize,
    /// Draws that were refused.
    pub refused: usize,
    pub seconds: f64,
    pub failures: Vec<Failure>,
    pub coverage: Coverage,
}

/// What happens, as it happens.
pub enum Event<'a> {
    /// So many of all cases are done.
    Progress(usize),
    /// A case failed; it is about to be shrunk.
    Failed(u64, &'a Fault),
}

/// Kernels of one program. They share their types ([`Palette`]).
const BATCH: usize = 24;
/// Draws after which a seed is given up: its palette refuses everything.
const DRAWS: u64 = 200;
/// Cases that are shrunk, one of each message; the others are reported as they are.
const SHRUNK: usize = 6;

/// The names that [`Options::only`] may pick.
pub fn kinds() -> Vec<&'static str> {
    let mut all: Vec<&str> = layers::KINDS.iter().map(|(name, _)| *name).collect();
    all.dedup();
    all
}

/// A drawn case that was not refused.
struct Drawn {
    seed: u64,
    name: String,
    case: Case,
    prepared: Result<Prepared, Fault>,
}

/// Draws, runs and compares.
///
/// # Errors
/// No kind has such a name, or g++ or its headers are missing. What differs is in the report instead.
pub fn run(options: &Options, tell: &mut (dyn FnMut(Event<'_>) + Send)) -> Result<Report, Error> {
    let begun = Instant::now();
    let wanted = wanted(options)?;
    let headers = headers(options.ap_types.as_deref(), &options.cache)?;
    let mut report = Report { schema_version: 1, seed: options.seed, ..Report::default() };

    // A few cases say which headers are worth compiling beforehand.
    let (sample, ..) = draw_all(options.seed, options.count.min(2 * BATCH), &wanted);
    let sample: Vec<&Prepared> = sample.iter().filter_map(|d| d.prepared.as_ref().ok()).collect();
    let shop = Workshop::new(&headers, &options.cache, &sample)?;

    let batches = options.count.div_ceil(BATCH);
    let next = AtomicUsize::new(0);
    let shared = Mutex::new((&mut report, tell, Vec::new()));
    let jobs = match options.jobs {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let work = || -> Result<(), Error> {
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            if batch >= batches {
                return Ok(());
            }
            let first = options.seed.wrapping_add((batch * BATCH) as u64);
            let count = BATCH.min(options.count - batch * BATCH);
            let (drawn, refused) = draw_all(first, count, &wanted);
            let good: Vec<(&Drawn, &Prepared)> =
                drawn.iter().filter_map(|d| Some((d, d.prepared.as_ref().ok()?))).collect();
            let jobs: Vec<Job<'_>> = good
                .iter()
                .map(|(d, p)| Job { name: &d.name, prepared: p, inputs: &d.case.inputs })
                .collect();
            let found = shop.run(batch, &jobs)?;
            let Ok(mut shared) = shared.lock() else { return Ok(()) };
            let (report, tell, failed) = &mut *shared;
            for (d, p) in &good {
                report.coverage.meet(&d.case, &p.network);
            }
            report.compared += good.len();
            report.refused += refused.len();
            refused.into_iter().for_each(|reasons| report.coverage.refuse(reasons));
            let in_cpp: Vec<(u64, Case, Fault)> = good
                .iter()
                .zip(found)
                .filter_map(|((d, _), fault)| Some((d.seed, d.case.clone(), fault?)))
                .collect();
            let before = drawn
                .iter()
                .filter_map(|d| Some((d.seed, d.case.clone(), d.prepared.as_ref().err()?.clone())));
            for (seed, case, fault) in before.chain(in_cpp) {
                tell(Event::Failed(seed, &fault));
                failed.push((seed, case, fault));
            }
            tell(Event::Progress(report.compared));
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.min(batches).max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|t| {
            t.join().unwrap_or_else(|_| Err(Error::Internal("a thread of fuzz-cases panicked".into())))
        })
    })?;
    let (.., mut failed) = shared.into_inner().unwrap_or_else(|e| e.into_inner());
    // Independent of which thread was first.
    failed.sort_by_key(|(seed, ..)| seed.wrapping_sub(options.seed));
    let compiler = Compiler::new(headers, &options.cache)?;
    let mut messages: BTreeSet<(FaultKind, String)> = BTreeSet::new();
    for (seed, case, fault) in failed {
        let message: String = match fault.kind {
            FaultKind::Differs => seed.to_string(),
            _ => fault.detail.chars().filter(|c| !c.is_ascii_digit()).take(80).collect(),
        };
        let shrinks = options.shrink && messages.len() < SHRUNK && messages.insert((fault.kind, message));
        report.failures.push(failure(
            seed,
            &case,
            fault,
            &shop,
            &compiler,
            shrinks,
            options.keep.as_deref(),
        )?);
    }
    report.seconds = begun.elapsed().as_secs_f64();
    Ok(report)
}

fn failure(
    seed: u64,
    case: &Case,
    fault: Fault,
    shop: &Workshop,
    compiler: &Compiler,
    shrinks: bool,
    keep: Option<&Path>,
) -> Result<Failure, Error> {
    let mut failure = Failure { seed, fault, text: String::new(), file: None };
    let mut smallest = case.clone();
    if shrinks {
        smallest = shrink::shrink(case, failure.fault.kind, shop)?;
        if let Some(fault) = shrink::judge(&smallest, shop)? {
            failure.fault = fault;
        }
    }
    if failure.fault.kind == FaultKind::Differs
        && let Some(layer) = shrink::first_layer(&smallest, compiler)?
    {
        failure.fault.detail.push_str(&format!("\nthe first layer that differs: {layer}"));
    }
    // A network whose text form is at fault has none that is worth keeping.
    failure.text =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case::print(&smallest))).unwrap_or_default();
    if let Some(folder) = keep {
        let path = folder.join(format!("case-{seed}.ir"));
        let write = || {
            std::fs::create_dir_all(folder)?;
            let head: String = failure.fault.detail.lines().map(|l| format!("// {l}\n")).collect();
            std::fs::write(&path, format!("// {}\n{head}{}", failure.fault.kind.name(), failure.text))
        };
        write().map_err(|e| Error::io("write", &path, &e))?;
        failure.file = Some(path);
    }
    Ok(failure)
}

/// Runs a case that was written; what is wrong with it.
///
/// # Errors
/// The file cannot be read, the network is refused, or g++ or its headers are missing.
pub fn replay(file: &Path, ap_types: Option<&Path>, cache: &Cache) -> Result<Option<Fault>, Error> {
    let text = std::fs::read_to_string(file).map_err(|e| Error::io("read", file, &e))?;
    let case = case::parse(&text, file)?;
    let prepared = match prepare(&case, "replay") {
        Ok(prepared) => prepared,
        Err(Stop::Fault(fault)) => return Ok(Some(fault)),
        Err(Stop::Refused(reasons)) => {
            let message = format!("the network is refused: {}", reasons.join("; "));
            return Err(Error::Refused { place: file.display().to_string(), message, unsupported: None });
        }
    };
    let headers = headers(ap_types, cache)?;
    let shop = Workshop::new(&headers, cache, &[])?;
    let job = Job { name: "replay", prepared: &prepared, inputs: &case.inputs };
    Ok(shop.run(0, &[job])?.pop().flatten())
}

fn headers(given: Option<&Path>, cache: &Cache) -> Result<ap_types::ApTypes, Error> {
    if tool::find("g++".as_ref(), None).is_none() {
        return Err(tool::ToolError::NotFound {
            program: "g++".into(),
            help: "install it: apt-get install g++, or dnf install gcc-c++".into(),
        }
        .into());
    }
    ap_types::obtain(given, cache)
}

fn wanted(options: &Options) -> Result<Wanted, Error> {
    let all: Vec<&'static str> = layers::KINDS.iter().map(|(name, _)| *name).collect();
    let kinds: Vec<&'static str> = match options.only.as_slice() {
        [] => Vec::new(),
        globs => all.into_iter().filter(|k| crate::conformance::wanted(globs, k)).collect(),
    };
    if kinds.is_empty() && !options.only.is_empty() {
        return Err(Error::usage(
            format!("no kind of layer is called {}", options.only.join(", ")),
            format!("the kinds are: {}", self::kinds().join(", ")),
        ));
    }
    Ok(Wanted { kinds, io: options.io })
}

/// Draws cases of neighbouring seeds until none is refused; and the reasons of those that were.
fn draw_all(first: u64, count: usize, wanted: &Wanted) -> (Vec<Drawn>, Vec<Vec<String>>) {
    let mut refused = Vec::new();
    let mut drawn = Vec::new();
    for seed in (0..count).map(|i| first.wrapping_add(i as u64)) {
        let palette = Palette::new(seed / BATCH as u64);
        let name = format!("k{seed}");
        for draw in 0..DRAWS {
            // The draws of one seed do not meet those of another.
            let rng = Rng::new(seed ^ (draw << 48));
            let case = draw::case(rng, &palette, &name, wanted);
            match prepare(&case, &name) {
                Ok(prepared) => drawn.push(Drawn { seed, name, case, prepared: Ok(prepared) }),
                Err(Stop::Fault(fault)) => drawn.push(Drawn { seed, name, case, prepared: Err(fault) }),
                Err(Stop::Refused(reasons)) => {
                    refused.push(reasons);
                    continue;
                }
            }
            break;
        }
    }
    (drawn, refused)
}
