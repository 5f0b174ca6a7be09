//! The whole way: load, lower, emulate, write, simulate; and what the rest needs.

use crate::ap_types::{self, ApTypes};
use crate::cache::Cache;
use crate::csim::{Compiler, KERNEL_FILES};
use crate::error::Error;
use crate::fs::{self, Written};
use crate::kernel::{self, Emitted};
use crate::model::{self, Source};
use crate::project::{self, Assembled, Extras, WRAPPER_FILES, Wishes};
use crate::report::{self, Next, Note, Report, SCHEMA_VERSION, Stage, StageReport, State};
use crate::{hash, hex, limits, npy, predict, settings, tool, vectors};
use ndarray::{ArrayD, Axis};
use netlathe_apfixed::{to_f32, to_f64};
use netlathe_emulator::Plan;
use netlathe_ir::Diagnostic;
use netlathe_overlay::{Codec, Element, Flow, Manifest};
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
    /// The stage that must be reached; `None`: as far as what is installed allows.
    pub until: Option<Stage>,
    pub ap_types: Option<PathBuf>,
    pub cache: Cache,
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
    let target = project::target(&options.wishes, &config.project, &loaded.graph.name)?;
    let folder = options
        .out
        .clone()
        .unwrap_or_else(|| Path::new("build").join(format!("{}-{}", target.project, target.board)));

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
        let v = Vectors::new(&plan, &x)?;
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

    let (needs, command) = project::next(target.flow);
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        project: target.project.clone(),
        board: target.board.clone(),
        flow: format!("{:?}", target.flow),
        folder: folder.display().to_string(),
        asked: options.until,
        vectors: vectors.samples(),
        vectors_from: if x.is_empty() { "made up".into() } else { "the given inputs".into() },
        layers,
        agreement,
        notes: lowered.notes.iter().map(Note::from).collect(),
        stages: Vec::new(),
        differences: Vec::new(),
        next: Next {
            needs: needs.into(),
            installed: installed(target.flow),
            command: format!("cd {} && {command}", tool::quoted(&folder.to_string_lossy())),
        },
    };

    if stages.wants(Stage::Write) {
        let (emitted, assembled) = stages.run(Stage::Write, || {
            let emitted = kernel::emit(network, &target.project)?;
            let configuration = settings::write(&loaded, network, settings::Format::Yaml);
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
            assembled.add_vectors(vectors.files(&emitted, &assembled.manifest, &plan)?)?;
            let written = fs::write_project(&folder, &assembled.tree, options.overwrite)?;
            let verb = match written {
                Written::Anew => "wrote",
                Written::Unchanged => "already up to date:",
            };
            let text = format!("{verb} {} files in {}", assembled.tree.len(), folder.display());
            Ok(((emitted, assembled), text))
        })?;
        if stages.wants(Stage::Csim) {
            match headers(options) {
                Ok(headers) => {
                    let compiler = Compiler::new(headers, &options.cache)?;
                    report.differences =
                        simulate(&mut stages, &compiler, &emitted, &assembled, &vectors, &plan)?;
                }
                Err(e @ (Error::Usage { .. } | Error::Refused { .. } | Error::Internal(_))) => return Err(e),
                Err(Error::Tool(e)) => stages.missing(Stage::Csim, &e.to_string()),
            }
        }
    }
    stages.rest(&report.next);
    report.stages = stages.reports;
    Ok(report)
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

fn installed(flow: Flow) -> bool {
    let has = |name: &str| tool::find(OsStr::new(name), None).is_some();
    let hls = has("vitis_hls") || has("vitis-run") || has("v++");
    let tools = has("vivado") && hls;
    match flow {
        Flow::VivadoAccelerator => tools,
        Flow::Coyote => tools && std::env::var_os("COYOTE_ROOT").is_some(),
    }
}

/// Runs both benches over the vectors; what differs, a line each.
fn simulate(
    stages: &mut Stages<'_>,
    compiler: &Compiler,
    emitted: &Emitted,
    assembled: &Assembled,
    vectors: &Vectors,
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
    let (inputs, expected) = vectors.wrapper(&assembled.manifest, plan)?;
    let answer = compiler.run(&wrapper, WRAPPER_FILES, &inputs, Some(&expected), None)?;
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
    vectors: &Vectors,
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

/// The vectors of C simulation: real numbers that fit float32, their integers, and the emulator's answers.
struct Vectors {
    real: Vec<ArrayD<f32>>,
    raw: Vec<ArrayD<i128>>,
    outputs: Vec<ArrayD<i128>>,
}

impl Vectors {
    /// The first of the given inputs, or made-up ones.
    fn new(plan: &Plan, x: &[ArrayD<f64>]) -> Result<Self, Error> {
        let real: Vec<ArrayD<f32>> = if x.is_empty() {
            let raw = vectors::made_up(plan.inputs(), vectors::SAMPLES);
            raw.iter().zip(plan.inputs()).map(|(a, port)| a.mapv(|raw| to_f32(raw, &port.ty))).collect()
        } else {
            vectors::head(x, vectors::SAMPLES).iter().map(|a| a.mapv(|x| x as f32)).collect()
        };
        let wrong = |e: netlathe_emulator::Error| Error::Internal(e.to_string());
        let views: Vec<_> = real.iter().map(|a| a.view()).collect();
        let raw = plan.quantize(&views).map_err(wrong)?;
        let views: Vec<_> = raw.iter().map(|a| a.view()).collect();
        let outputs = plan.predict_raw(&views).map_err(wrong)?;
        Ok(Self { real, raw, outputs })
    }

    fn samples(&self) -> usize {
        self.raw.first().map_or(0, |a| a.len_of(Axis(0)))
    }

    /// The texts of the wrapper's files: beats.
    ///
    /// What enters is what a host sends. The wrapper makes of it what the tensor's type makes of the element, which is not
    /// always what the type makes of the real value: an element may hold less.
    fn wrapper(&self, manifest: &Manifest, plan: &Plan) -> Result<(String, String), Error> {
        let wrong = |e: String| Error::Internal(e);
        let mut sent = Vec::new();
        let mut raw = Vec::new();
        for ((real, quantized), tensor) in self.real.iter().zip(&self.raw).zip(&manifest.inputs) {
            let codec = Codec::new(tensor).map_err(|e| wrong(e.to_string()))?;
            let mut bytes = Vec::new();
            let values: Vec<f32> = real.iter().copied().collect();
            codec.encode(&values, &mut bytes).map_err(|e| wrong(e.to_string()))?;
            raw.push(match tensor.packing.element {
                Element::Float32 | Element::Float64 => quantized.clone(),
                Element::Fixed(_) => {
                    let mut taken = vec![0; values.len()];
                    codec.receive(&bytes, &mut taken).map_err(|e| wrong(e.to_string()))?;
                    let taken = taken.into_iter().map(i128::from).collect();
                    ArrayD::from_shape_vec(quantized.raw_dim(), taken).map_err(|e| wrong(e.to_string()))?
                }
            });
            sent.push((codec, bytes));
        }
        let outputs = if raw == self.raw {
            self.outputs.clone()
        } else {
            let views: Vec<_> = raw.iter().map(|a| a.view()).collect();
            plan.predict_raw(&views).map_err(|e| wrong(e.to_string()))?
        };
        let mut answered = Vec::new();
        for (result, tensor) in outputs.iter().zip(&manifest.outputs) {
            let codec = Codec::new(tensor).map_err(|e| wrong(e.to_string()))?;
            let mut bytes = Vec::new();
            let encoded = match tensor.packing.element {
                Element::Float32 => {
                    let values: Vec<f32> = result.iter().map(|&raw| to_f32(raw, &tensor.ty)).collect();
                    codec.encode(&values, &mut bytes)
                }
                Element::Float64 => {
                    let values: Vec<f64> = result.iter().map(|&raw| to_f64(raw, &tensor.ty)).collect();
                    codec.encode(&values, &mut bytes)
                }
                Element::Fixed(_) => {
                    codec.check_raw().map_err(|e| wrong(e.to_string()))?;
                    let values: Vec<i64> = result.iter().map(|&raw| raw as i64).collect();
                    codec.encode(&values, &mut bytes)
                }
            };
            encoded.map_err(|e| wrong(e.to_string()))?;
            answered.push((codec, bytes));
        }
        Ok((beats(&sent, self.samples()), beats(&answered, self.samples())))
    }

    fn files(
        &self,
        emitted: &Emitted,
        manifest: &Manifest,
        plan: &Plan,
    ) -> Result<Vec<(&'static str, String)>, Error> {
        let (wrapper_inputs, wrapper_outputs) = self.wrapper(manifest, plan)?;
        Ok(vec![
            (KERNEL_FILES.inputs, emitted.inputs(&self.raw)),
            (KERNEL_FILES.outputs, emitted.outputs(&self.outputs)),
            (WRAPPER_FILES.inputs, wrapper_inputs),
            (WRAPPER_FILES.outputs, wrapper_outputs),
        ])
    }
}

/// A line a sample: all beats of the first tensor, then those of the next, each a number in hexadecimal.
fn beats(tensors: &[(Codec, Vec<u8>)], samples: usize) -> String {
    let mut text = String::new();
    for sample in 0..samples {
        let of_sample = |(codec, bytes): &(Codec, Vec<u8>)| {
            let bytes = &bytes[sample * codec.bytes_per_sample()..][..codec.bytes_per_sample()];
            // Bytes go to memory little end first.
            let beat = |beat: &[u8]| beat.iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>();
            bytes.chunks(codec.beat_bytes()).map(beat).collect::<Vec<_>>()
        };
        text += &tensors.iter().flat_map(of_sample).collect::<Vec<_>>().join(" ");
        text.push('\n');
    }
    text
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
            let (state, detail) = if self.wants(stage) {
                (State::NotReached, format!("netlathe does not run it; it needs {}", next.needs))
            } else {
                (State::NotAsked, "not asked for".to_owned())
            };
            self.reports.push(StageReport { stage, state, seconds: 0.0, detail });
        }
    }
}
