//! The whole way: load, lower, emulate, write, simulate; and what the rest needs.

use crate::ap_types::{self, ApTypes};
use crate::cache::Cache;
use crate::csim::{Compiler, KERNEL_FILES};
use crate::error::Error;
use crate::fs::{self, Written};
use crate::kernel::{self, Emitted};
use crate::model::{self, Source};
use crate::project::{self, Assembled, Extras, WRAPPER_FILES};
use crate::report::{self, Next, Note, Report, SCHEMA_VERSION, Stage, StageReport, State};
use crate::reports::Hardware;
use crate::stimuli::{Crossing, Stimuli};
use crate::target::{self, Target, Wishes};
use crate::vendor::{self, Project};
use crate::{hash, limits, npy, package, predict, settings, tool};
use ndarray::Axis;
use netlathe_emulator::Plan;
use netlathe_ir::Diagnostic;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to build.
#[derive(Clone, Debug)]
pub struct Options {
    pub source: Source,
    pub wishes: Wishes,
    /// A file for each input, or none.
    pub inputs: Vec<PathBuf>,
    /// A file for each output, or none: what Keras answers to the inputs.
    pub expected: Vec<PathBuf>,
    /// The project's folder; `None`: `build/<project>-<board>`.
    pub out: Option<PathBuf>,
    /// Replace a NetLathe project even where its files were changed.
    pub overwrite: bool,
    /// Write the project even of a network that the HLS tools cannot take ([`limits`]).
    pub accept_large: bool,
    /// The stage that must be reached; `None`: C simulation, if what it needs is installed. Stages after it take from minutes to
    /// many hours and run only when they are asked for.
    pub until: Option<Stage>,
    pub ap_types: Option<PathBuf>,
    pub cache: Cache,
    pub vendor: vendor::Options,
}

/// Something to tell while it goes on.
pub enum Event<'a> {
    /// A stage begins.
    Begins(Stage),
    /// A stage ended.
    Ended(&'a StageReport),
}

/// Builds.
///
/// # Errors
/// Any [`Error`]. Results that differ, and a stage that cannot be reached, are in the report instead.
pub fn build(options: &Options, tell: &mut dyn FnMut(Event<'_>)) -> Result<Report, Error> {
    let mut stages = Stages { reports: Vec::new(), tell, until: options.until };
    let source = &options.source;

    let loaded = stages.run(Stage::Load, || {
        let loaded = model::load(source)?;
        let text = format!("{}: {} layers", source.model.display(), loaded.graph.len());
        Ok((loaded, text))
    })?;
    if options.inputs.is_empty() && !options.expected.is_empty() {
        return Err(Error::usage("--expected is given without --inputs", "give the inputs that it answers"));
    }
    let x = match options.inputs.as_slice() {
        [] => Vec::new(),
        files => npy::read_batch(files, &loaded.inputs(), "inputs")?,
    };
    let expected = match options.expected.as_slice() {
        [] => Vec::new(),
        files => npy::read_batch(files, &loaded.outputs(), "expected")?,
    };
    if let (Some(a), Some(b)) = (x.first(), expected.first())
        && a.len_of(Axis(0)) != b.len_of(Axis(0))
    {
        return Err(Error::usage(
            format!(
                "the inputs have {} samples, the expected outputs {}",
                a.len_of(Axis(0)),
                b.len_of(Axis(0))
            ),
            "give as many of both",
        ));
    }
    let config = loaded.config.clone().unwrap_or_default();
    // Before any work: an unknown board or an impossible clock should not cost a user time.
    let target = target::target(&options.wishes, &config.project, &loaded.graph.name)?;
    let folder = options
        .out
        .clone()
        .unwrap_or_else(|| Path::new("build").join(format!("{}-{}", target.project, target.board.name())));

    let (lowered, plan) = stages.run(Stage::Lower, || {
        let lowered = model::lower(&loaded, source, &x)?;
        // Nobody wants to hear of it after hours; emulation alone has no such limits.
        if !options.accept_large && options.until.is_none_or(|until| until >= Stage::Write) {
            limits::check(&loaded, source, &x, &lowered.network)?;
        }
        let plan = predict::compile(&lowered.network)?;
        let how = if loaded.config.is_some() { "types as configured" } else { "types chosen by NetLathe" };
        Ok(((lowered, plan), how.to_owned()))
    })?;
    let network = &lowered.network;

    let emulated = stages.run(Stage::Emulate, || {
        let v = Stimuli::new(&plan, &x)?;
        let agreement = if expected.is_empty() {
            Vec::new()
        } else {
            let views: Vec<_> = x.iter().map(|a| a.view()).collect();
            let y = plan.predict(&views).map_err(|e| Error::Internal(e.to_string()))?;
            report::agreement(&plan, &y, &expected)
        };
        let views: Vec<_> = v.raw.iter().map(|a| a.view()).collect();
        let trace = plan.trace_raw(&views).map_err(|e| Error::Internal(e.to_string()))?;
        let layers = report::layers(model::layers(network), &trace);
        let text = format!("{} vectors", v.samples());
        Ok(((v, layers, agreement), text))
    })?;
    let (vectors, layers, agreement) = emulated;

    let (needs, command) = project::next(&target);
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        project: target.project.clone(),
        board: target.board.name().to_owned(),
        flow: format!("{:?}", target.board.flow()),
        folder: folder.display().to_string(),
        asked: options.until,
        vectors: vectors.samples(),
        vectors_from: if x.is_empty() { "made up".into() } else { "the given inputs".into() },
        layers,
        agreement,
        notes: lowered.notes.iter().map(Note::from).collect(),
        stages: Vec::new(),
        differences: Vec::new(),
        hardware: None,
        next: Next {
            needs: needs.into(),
            installed: installed(&target),
            command: format!("cd {} && {command}", tool::quoted(&folder.to_string_lossy())),
        },
    };

    if stages.wants(Stage::Write) {
        let (emitted, assembled, crossing) = stages.run(Stage::Write, || {
            let emitted = kernel::emit(network, &target.project)?;
            let configuration = settings::write(&loaded, network, &target.facts(), settings::Format::Yaml);
            if let Some(why) = settings::difference(&loaded, network, &configuration) {
                report.notes.push(Note::from(
                    &Diagnostic::warning(
                        "NL401",
                        format!("netlathe.yml does not give the same network: {why}"),
                    )
                    .help("keep the model and the inputs that types were chosen by"),
                ));
            }
            let extras = Extras { configuration, model_hash: model_hash(source)? };
            let mut assembled = project::assemble(network, &emitted, &target, &extras)?;
            let crossing = vectors.crossing(&plan, &assembled.manifest)?;
            let files = vectors.files(&emitted, &crossing);
            assembled.add_data(files.into_iter().map(|(name, text)| (name.to_owned(), text.into())))?;
            assembled.add_data(vectors.arrays(&crossing, &assembled.manifest)?)?;
            let written = fs::write_project(&folder, &assembled.tree, options.overwrite)?;
            let verb = match written {
                Written::Anew => "wrote",
                Written::Unchanged => "already up to date:",
            };
            let text = format!("{verb} {} files in {}", assembled.tree.len(), folder.display());
            Ok(((emitted, assembled, crossing), text))
        })?;
        if stages.wants(Stage::Csim) {
            match headers(options) {
                Ok(headers) => {
                    let compiler = Compiler::new(headers, &options.cache)?;
                    report.differences =
                        simulate(&mut stages, &compiler, &emitted, &assembled, &vectors, &crossing, &plan)?;
                }
                Err(e @ (Error::Usage { .. } | Error::Refused { .. } | Error::Internal(_))) => return Err(e),
                Err(Error::Tool(e)) => stages.missing(Stage::Csim, &e.to_string()),
            }
        }
    }
    hardware(&mut stages, options, &folder, &mut report)?;
    stages.rest(&report.next);
    report.stages = stages.reports;
    Ok(report)
}

/// HLS, bitstream and package: only when asked for, and only of what C simulation found equal.
fn hardware(
    stages: &mut Stages<'_>,
    options: &Options,
    folder: &Path,
    report: &mut Report,
) -> Result<(), Error> {
    let Some(until) = options.until.filter(|until| *until >= Stage::Hls) else { return Ok(()) };
    if !stages.reports.iter().any(|r| r.stage == Stage::Csim && r.state == State::Done) {
        return Ok(());
    }
    let project = Project::open(folder)?;
    let (plan, tools) = match options.vendor.plan(&project, until.min(Stage::Bitstream)) {
        Ok(found) => found,
        Err(missing) => {
            stages.missing(Stage::Hls, &format!("{}; {}", missing.what, missing.help));
            return Ok(());
        }
    };
    let mut found = Hardware::new(&project.manifest);
    for stage in [Stage::Hls, Stage::Bitstream] {
        if stages.wants(stage) {
            stages.run(stage, || {
                vendor::run::stage(&project, &plan, &tools, stage, &mut found).map(|detail| ((), detail))
            })?;
        }
    }
    report.hardware = Some(found);
    if stages.wants(Stage::Package) {
        stages.run(Stage::Package, || {
            let packed = package::package(folder, None)?;
            Ok((
                (),
                std::iter::once(format!(
                    "{} ({} bytes, {} files)",
                    packed.path.display(),
                    packed.bytes,
                    packed.files.len()
                ))
                .chain(packed.notes)
                .collect::<Vec<_>>()
                .join("; "),
            ))
        })?;
    }
    Ok(())
}

/// What C simulation needs.
fn headers(options: &Options) -> Result<ApTypes, Error> {
    if tool::find(OsStr::new("g++"), None).is_none() {
        return Err(tool::ToolError::NotFound {
            program: "g++".into(),
            help: "install it: apt-get install g++, or dnf install gcc-c++".into(),
        }
        .into());
    }
    ap_types::obtain(options.ap_types.as_deref(), &options.cache)
}

fn installed(target: &Target) -> bool {
    let has = |name: &str| tool::find(OsStr::new(name), None).is_some();
    let hls = has("vitis_hls") || has("vitis-run");
    match &target.board {
        target::Board::Vivado(board) if board.alveo.is_some() => {
            has("v++") && has("platforminfo") && has("xclbinutil")
        }
        target::Board::Vivado(_) if target.legacy_hls => has("vivado") && has("vivado_hls"),
        target::Board::Vivado(_) => has("vivado") && (hls || has("vivado_hls")),
        target::Board::Coyote(_) => has("vivado") && hls && std::env::var_os("COYOTE_ROOT").is_some(),
    }
}

/// Runs both benches over the vectors; what differs, a line each.
fn simulate(
    stages: &mut Stages<'_>,
    compiler: &Compiler,
    emitted: &Emitted,
    assembled: &Assembled,
    vectors: &Stimuli,
    crossing: &Crossing,
    plan: &Plan,
) -> Result<Vec<String>, Error> {
    stages.begin(Stage::Csim);
    let begun = Instant::now();
    let mut differences = Vec::new();
    let bench = compiler.compile(&assembled.kernel_bench())?;
    let expected = emitted.outputs(&vectors.outputs);
    let answer = compiler.run(&bench, KERNEL_FILES, &emitted.inputs(&vectors.raw), Some(&expected), None)?;
    // The bench's own verdict and ours must agree: a bench that cannot fail would be found here.
    if answer.equal != (answer.results == expected) {
        return Err(Error::Internal(format!(
            "the test bench says that results are {}, and its results.hex says otherwise",
            if answer.equal { "equal" } else { "different" }
        )));
    }
    if !answer.equal {
        differences.extend(answer.tail.lines().map(|l| format!("kernel: {l}")));
        differences.extend(first_layer(compiler, emitted, vectors, plan)?);
    }
    let wrapper = compiler.compile(&assembled.wrapper_bench())?;
    let Crossing { inputs, outputs, .. } = crossing;
    let answer = compiler.run(&wrapper, WRAPPER_FILES, inputs, Some(outputs), None)?;
    if !answer.equal {
        differences.extend(answer.tail.lines().map(|l| format!("wrapper: {l}")));
    }
    let state = if differences.is_empty() { State::Done } else { State::Differs };
    let detail = match state {
        State::Done => {
            format!("kernel and wrapper equal to the emulator on {} vectors, bit for bit", vectors.samples())
        }
        _ => "the generated C++ and the emulator differ".to_owned(),
    };
    stages.end(StageReport { stage: Stage::Csim, state, seconds: begun.elapsed().as_secs_f64(), detail });
    Ok(differences)
}

/// The first layer where the C++ leaves the emulator.
fn first_layer(
    compiler: &Compiler,
    emitted: &Emitted,
    vectors: &Stimuli,
    plan: &Plan,
) -> Result<Option<String>, Error> {
    let views: Vec<_> = vectors.raw.iter().map(|a| a.view()).collect();
    let ours = plan.trace_raw(&views).map_err(|e| Error::Internal(e.to_string()))?;
    let cpp = emitted.trace(compiler, &vectors.raw)?;
    Ok(ours
        .layers
        .iter()
        .find(|l| cpp.iter().any(|(name, values)| *name == l.name && *values != l.values))
        .map(|l| format!("kernel: the first layer that differs is `{}`", l.name)))
}

fn model_hash(source: &Source) -> Result<String, Error> {
    let read = |path: &PathBuf| std::fs::read(path).map_err(|e| Error::io("read", path, &e));
    let mut bytes = read(&source.model)?;
    if let Some(weights) = &source.weights {
        bytes.extend(read(weights)?);
    }
    Ok(hash::of(&bytes))
}

/// The stages' ends as they come.
struct Stages<'a> {
    reports: Vec<StageReport>,
    tell: &'a mut dyn FnMut(Event<'_>),
    until: Option<Stage>,
}

impl Stages<'_> {
    fn wants(&self, stage: Stage) -> bool {
        self.until.is_none_or(|until| stage <= until)
    }

    fn run<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce() -> Result<(T, String), Error>,
    ) -> Result<T, Error> {
        self.begin(stage);
        let begun = Instant::now();
        let (value, detail) = work()?;
        self.end(StageReport { stage, state: State::Done, seconds: begun.elapsed().as_secs_f64(), detail });
        Ok(value)
    }

    fn begin(&mut self, stage: Stage) {
        (self.tell)(Event::Begins(stage));
    }

    fn end(&mut self, report: StageReport) {
        (self.tell)(Event::Ended(&report));
        self.reports.push(report);
    }

    /// A stage whose tool is missing.
    fn missing(&mut self, stage: Stage, why: &str) {
        let detail = why.trim_start_matches("error: ").to_owned();
        self.end(StageReport { stage, state: State::NotReached, seconds: 0.0, detail });
    }

    /// The stages that were not run.
    fn rest(&mut self, next: &Next) {
        for stage in [Stage::Write, Stage::Csim, Stage::Hls, Stage::Bitstream, Stage::Package] {
            if self.reports.iter().any(|r| r.stage == stage) {
                continue;
            }
            let (state, detail) = if self.until.is_none() && stage >= Stage::Hls {
                let how =
                    format!("it runs when asked for, --until {}; it needs {}", stage.name(), next.needs);
                (State::NotReached, how)
            } else if self.wants(stage) {
                (State::NotReached, "the stage before it was not reached".to_owned())
            } else {
                (State::NotAsked, "not asked for".to_owned())
            };
            self.reports.push(StageReport { stage, state, seconds: 0.0, detail });
        }
    }
}
