//! The whole way: load, lower, emulate, write, simulate; and what the rest needs.

use crate::ap_types::{self, ApTypes};
use crate::cache::Cache;
use crate::csim::{Compiler, KERNEL_FILES};
use crate::error::Error;
use crate::fs;
use crate::given::{self, Given};
use crate::kernel::{self, Emitted};
use crate::model::{self, Loaded, Source};
use crate::project::{self, Assembled, Extras, Member, Part, WRAPPER_FILES};
use crate::report::{
    self, Agreement, LayerReport, ModelReport, Next, Note, Report, SCHEMA_VERSION, Stage, StageReport, State,
};
use crate::reports::Hardware;
pub use crate::stages::Event;
use crate::stages::Stages;
use crate::stimuli::{Crossing, Stimuli};
use crate::target::{self, Target, Wishes};
use crate::vendor::{self, Project};
use crate::{hash, limits, package, predict, settings, tool};
use netlathe_emulator::Plan;
use netlathe_ir::Diagnostic;
use netlathe_ir::config::ProjectConfig;
use netlathe_ir::passes::Lowered;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to build.
#[derive(Clone, Debug)]
pub struct Options {
    /// The models: one, or several that share a card of Coyote's, in the order of their vFPGAs.
    pub sources: Vec<Source>,
    pub wishes: Wishes,
    /// A file for each input of each model, or none.
    pub inputs: Vec<PathBuf>,
    /// A file for each output of each model, or none: what Keras answers to the inputs.
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

/// A model on its way through the stages.
struct Work<'a> {
    source: &'a Source,
    loaded: Loaded,
    given: Given,
    /// What it is called.
    name: String,
}

/// The same, lowered and emulated.
struct Emulated<'a> {
    work: &'a Work<'a>,
    lowered: Lowered,
    plan: Plan,
    vectors: Stimuli,
    layers: Vec<LayerReport>,
    agreement: Vec<Agreement>,
}

/// And as C++.
struct Written {
    emitted: Emitted,
    crossing: Crossing,
}

/// Builds.
///
/// # Errors
/// Any [`Error`]. Results that differ, and a stage that cannot be reached, are in the report instead.
pub fn build(options: &Options, tell: &mut dyn FnMut(Event<'_>)) -> Result<Report, Error> {
    let mut stages = Stages { reports: Vec::new(), tell, until: options.until };
    if options.sources.is_empty() {
        return Err(Error::usage("no model is given", "give one: --model FILE"));
    }
    let loaded = stages.run(Stage::Load, || {
        let all = options.sources.iter().map(model::load).collect::<Result<Vec<_>, _>>()?;
        let each = options.sources.iter().zip(&all);
        let text: Vec<String> = each
            .map(|(source, loaded)| format!("{}: {} layers", source.model.display(), loaded.graph.len()))
            .collect();
        Ok((all, text.join("; ")))
    })?;
    let given = given::read(&loaded, &options.inputs, &options.expected)?;
    let said: Vec<_> =
        loaded.iter().map(|l| (l.config.clone().unwrap_or_default().project, l.graph.name.clone())).collect();
    // Before any work: an unknown board or an impossible clock should not cost a user time.
    let (target, names) = target::settle(&options.wishes, &said)?;
    let folder = options
        .out
        .clone()
        .unwrap_or_else(|| Path::new("build").join(format!("{}-{}", target.project, target.board.name())));
    let works: Vec<Work<'_>> = options
        .sources
        .iter()
        .zip(loaded)
        .zip(given.into_iter().zip(names))
        .map(|((source, loaded), (given, name))| Work { source, loaded, given, name })
        .collect();

    let lowered = stages.run(Stage::Lower, || {
        let all = works.iter().map(|work| lower(options, work)).collect::<Result<Vec<_>, _>>()?;
        let how = |work: &Work<'_>| match work.loaded.config {
            Some(_) => "types as configured".to_owned(),
            None => "types chosen by NetLathe".to_owned(),
        };
        Ok((all, each(&works, works.iter().map(how))))
    })?;
    let emulated: Vec<Emulated<'_>> = stages.run(Stage::Emulate, || {
        let pairs = works.iter().zip(lowered);
        let all = pairs
            .map(|(work, (lowered, plan))| emulate(work, lowered, plan))
            .collect::<Result<Vec<_>, _>>()?;
        let text = each(&works, all.iter().map(|e| format!("{} vectors", e.vectors.samples())));
        Ok((all, text))
    })?;

    let (needs, command) = project::next(&target);
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        project: target.project.clone(),
        board: target.board.name().to_owned(),
        flow: format!("{:?}", target.board.flow()),
        folder: folder.display().to_string(),
        asked: options.until,
        models: emulated.iter().map(part).collect(),
        stages: Vec::new(),
        hardware: None,
        next: Next {
            needs: needs.into(),
            installed: installed(&target),
            command: format!("cd {} && {command}", tool::quoted(&folder.to_string_lossy())),
        },
    };

    if stages.wants(Stage::Write) {
        let (written, assembled) =
            stages.run(Stage::Write, || write(options, &target, &folder, &emulated, &mut report))?;
        if stages.wants(Stage::Csim) {
            match headers(options) {
                Ok(headers) => {
                    let compiler = Compiler::new(headers, &options.cache)?;
                    simulate(&mut stages, &compiler, &emulated, &written, &assembled, &mut report.models)?;
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

/// A line about each model; with its name where there are several.
fn each(works: &[Work<'_>], lines: impl Iterator<Item = String>) -> String {
    match works {
        [_] => lines.collect(),
        _ => {
            let named = works.iter().zip(lines).map(|(work, line)| format!("{}: {line}", work.name));
            named.collect::<Vec<_>>().join("; ")
        }
    }
}

fn lower(options: &Options, work: &Work<'_>) -> Result<(Lowered, Plan), Error> {
    let Work { source, loaded, given, .. } = work;
    let lowered = model::lower(loaded, source, &given.x)?;
    // Nobody wants to hear of it after hours; emulation alone has no such limits.
    if !options.accept_large && options.until.is_none_or(|until| until >= Stage::Write) {
        limits::check(loaded, source, &given.x, &lowered.network)?;
    }
    let plan = predict::compile(&lowered.network)?;
    Ok((lowered, plan))
}

fn emulate<'a>(work: &'a Work<'a>, lowered: Lowered, plan: Plan) -> Result<Emulated<'a>, Error> {
    let Given { x, expected } = &work.given;
    let vectors = Stimuli::new(&plan, x)?;
    let agreement = if expected.is_empty() {
        Vec::new()
    } else {
        let views: Vec<_> = x.iter().map(|a| a.view()).collect();
        let y = plan.predict(&views).map_err(|e| Error::Internal(e.to_string()))?;
        report::agreement(&plan, &y, expected)
    };
    let views: Vec<_> = vectors.raw.iter().map(|a| a.view()).collect();
    let trace = plan.trace_raw(&views).map_err(|e| Error::Internal(e.to_string()))?;
    let layers = report::layers(model::layers(&lowered.network), &trace);
    Ok(Emulated { work, lowered, plan, vectors, layers, agreement })
}

/// What is known of a model before its project is written.
fn part(model: &Emulated<'_>) -> ModelReport {
    let work = model.work;
    ModelReport {
        name: work.name.clone(),
        file: work.source.model.display().to_string(),
        manifest: None,
        vfpga: None,
        configuration: None,
        vectors: model.vectors.samples(),
        vectors_from: if work.given.x.is_empty() { "made up".into() } else { "the given inputs".into() },
        layers: model.layers.clone(),
        agreement: model.agreement.clone(),
        notes: model.lowered.notes.iter().map(Note::from).collect(),
        differences: Vec::new(),
    }
}

/// Emits and writes the project, vectors and all.
fn write(
    options: &Options,
    target: &Target,
    folder: &Path,
    models: &[Emulated<'_>],
    report: &mut Report,
) -> Result<((Vec<Written>, Assembled), String), Error> {
    let mut emitted = Vec::new();
    for (model, part) in models.iter().zip(&mut report.models) {
        let (loaded, network) = (&model.work.loaded, &model.lowered.network);
        let kernel = kernel::emit(network, &model.work.name)?;
        let facts = ProjectConfig { project_name: Some(model.work.name.clone()), ..target.facts() };
        let configuration = settings::write(loaded, network, &facts, settings::Format::Yaml);
        if let Some(why) = settings::difference(loaded, network, &configuration) {
            part.notes.push(Note::from(
                &Diagnostic::warning("NL401", format!("netlathe.yml does not give the same network: {why}"))
                    .help("keep the model and the inputs that types were chosen by"),
            ));
        }
        emitted.push((kernel, Extras { configuration, model_hash: model_hash(model.work.source)? }));
    }
    let parts: Vec<Part<'_>> = models
        .iter()
        .zip(&emitted)
        .map(|(model, (emitted, extras))| Part {
            name: &model.work.name,
            network: &model.lowered.network,
            emitted,
            extras,
        })
        .collect();
    let mut assembled = project::assemble(&parts, target)?;
    let members: Vec<_> = assembled.members().map(|m| (m.manifest.clone(), m.data_dir.clone())).collect();
    let mut written = Vec::new();
    for ((model, (emitted, _)), (manifest, data)) in models.iter().zip(emitted).zip(members) {
        let crossing = model.vectors.crossing(&model.plan, &manifest)?;
        let files = model.vectors.files(&emitted, &crossing);
        assembled.add_data(&data, files.into_iter().map(|(name, text)| (name.to_owned(), text.into())))?;
        assembled.add_data(&data, model.vectors.arrays(&crossing, &manifest)?)?;
        written.push(Written { emitted, crossing });
    }
    let verb = match fs::write_project(folder, &assembled.tree, options.overwrite)? {
        fs::Written::Anew => "wrote",
        fs::Written::Unchanged => "already up to date:",
    };
    for (i, part) in report.models.iter_mut().enumerate() {
        let place = assembled.card.as_ref().and_then(|card| card.models.get(i));
        part.manifest = Some(place.map_or_else(|| "manifest.json".to_owned(), |p| p.manifest.clone()));
        part.vfpga = place.map(|p| p.vfpga);
        part.configuration = place.map(|p| p.configuration);
    }
    let text = format!("{verb} {} files in {}", assembled.tree.len(), folder.display());
    Ok(((written, assembled), text))
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
    let mut found = Hardware { project: project.name().to_owned(), ..Hardware::new(&project.manifest) };
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

/// Runs both benches of each model over its vectors.
fn simulate(
    stages: &mut Stages<'_>,
    compiler: &Compiler,
    models: &[Emulated<'_>],
    written: &[Written],
    assembled: &Assembled,
    reports: &mut [ModelReport],
) -> Result<(), Error> {
    stages.begin(Stage::Csim);
    let begun = Instant::now();
    let mut lines = Vec::new();
    for ((model, written), (member, report)) in
        models.iter().zip(written).zip(assembled.members().zip(reports.iter_mut()))
    {
        report.differences = differences(compiler, model, written, member)?;
        let text = if report.differences.is_empty() {
            format!("kernel and wrapper equal to the emulator on {} vectors, bit for bit", report.vectors)
        } else {
            "the generated C++ and the emulator differ".to_owned()
        };
        lines.push(if models.len() == 1 { text } else { format!("{}: {text}", report.name) });
    }
    let equal = reports.iter().all(|r| r.differences.is_empty());
    stages.end(StageReport {
        stage: Stage::Csim,
        state: if equal { State::Done } else { State::Differs },
        seconds: begun.elapsed().as_secs_f64(),
        detail: lines.join("; "),
    });
    Ok(())
}

/// Where a model's C++ and the emulator differ, a line each.
fn differences(
    compiler: &Compiler,
    model: &Emulated<'_>,
    written: &Written,
    member: &Member,
) -> Result<Vec<String>, Error> {
    let Written { emitted, crossing } = written;
    let vectors = &model.vectors;
    let mut differences = Vec::new();
    let bench = compiler.compile(&member.kernel_bench())?;
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
        differences.extend(first_layer(compiler, emitted, vectors, &model.plan)?);
    }
    let wrapper = compiler.compile(&member.wrapper_bench())?;
    let answer = compiler.run(&wrapper, WRAPPER_FILES, &crossing.inputs, Some(&crossing.outputs), None)?;
    if !answer.equal {
        differences.extend(answer.tail.lines().map(|l| format!("wrapper: {l}")));
    }
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
