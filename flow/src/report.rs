//! What a build found out: data that prints as JSON, and that a command line prints as text.

use crate::model::Layer;
use crate::reports::Hardware;
use crate::vectors;
use ndarray::{ArrayD, Axis};
use netlathe_apfixed::Overflows;
use netlathe_emulator::{Plan, Trace};
use netlathe_ir::Diagnostic;
use serde::Serialize;

/// Version of the JSON form.
pub const SCHEMA_VERSION: u32 = 1;

/// A stage of a build.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Load,
    Lower,
    Emulate,
    Write,
    Csim,
    Hls,
    Bitstream,
    Package,
}

impl Stage {
    /// As a command line spells it.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Load => "load",
            Stage::Lower => "lower",
            Stage::Emulate => "emulate",
            Stage::Write => "write",
            Stage::Csim => "csim",
            Stage::Hls => "hls",
            Stage::Bitstream => "bitstream",
            Stage::Package => "package",
        }
    }
}

/// How a stage ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Done, and right.
    Done,
    /// Done, and the results differ.
    Differs,
    /// Something that it needs is missing, or an earlier stage was not reached.
    NotReached,
    /// It comes after the stage that was asked for.
    NotAsked,
}

/// A stage's end.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StageReport {
    pub stage: Stage,
    pub state: State,
    pub seconds: f64,
    /// What was done, or what is missing and how to get it.
    pub detail: String,
}

/// A layer with what happened in it over the vectors.
#[derive(Clone, Debug, Serialize)]
pub struct LayerReport {
    #[serde(flatten)]
    pub layer: Layer,
    /// Values of the output that did not fit their type.
    pub overflows: Counts,
    /// Values inside (sums, products, table indices) that did not fit theirs.
    pub inner_overflows: Counts,
}

/// Values that did not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    pub wrapped: u64,
    pub saturated: u64,
}

impl From<Overflows> for Counts {
    fn from(o: Overflows) -> Self {
        Self { wrapped: o.wrapped, saturated: o.saturated }
    }
}

/// How far one output is from what was expected of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Agreement {
    pub output: String,
    pub samples: usize,
    /// Fraction of samples whose largest element is the same; `None` for an output of one element.
    pub same_argmax: Option<f64>,
    pub max_abs_difference: f64,
}

/// A finding, as JSON has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Note {
    pub severity: String,
    pub code: String,
    pub layer: Option<String>,
    pub message: String,
    pub help: String,
    #[serde(skip)]
    pub text: String,
}

impl From<&Diagnostic> for Note {
    fn from(d: &Diagnostic) -> Self {
        Self {
            severity: format!("{:?}", d.severity).to_lowercase(),
            code: d.code.into(),
            layer: d.layer.clone(),
            message: d.message.clone(),
            help: d.help.clone(),
            text: d.to_string(),
        }
    }
}

/// Everything about a build.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub schema_version: u32,
    pub project: String,
    pub board: String,
    pub flow: String,
    /// The project's folder.
    pub folder: String,
    /// The stage that had to be reached; `None`: as far as what is installed allows.
    pub asked: Option<Stage>,
    /// What was found out about each model, in the order given.
    pub models: Vec<ModelReport>,
    pub stages: Vec<StageReport>,
    /// What the vendor's tools reported, when they ran.
    pub hardware: Option<Hardware>,
    pub next: Next,
}

/// What was found out about a model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelReport {
    /// What it is called; the project's name where it is alone.
    pub name: String,
    /// The file that it was read from.
    pub file: String,
    /// Its manifest in the project's folder; none where no project was written.
    pub manifest: Option<String>,
    /// The vFPGA that it runs in, and the configuration that puts it there, on a card of Coyote's.
    pub vfpga: Option<usize>,
    pub configuration: Option<usize>,
    /// Samples that the table, and C simulation, are about.
    pub vectors: usize,
    /// Where they come from: the files given, or made up.
    pub vectors_from: String,
    pub layers: Vec<LayerReport>,
    pub agreement: Vec<Agreement>,
    pub notes: Vec<Note>,
    /// What differs, a line each.
    pub differences: Vec<String>,
}

/// How to go on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Next {
    /// What it needs.
    pub needs: String,
    /// Which of that is installed here.
    pub installed: bool,
    /// One command line for a shell.
    pub command: String,
}

impl Report {
    /// The last stage that was done.
    pub fn reached(&self) -> Option<Stage> {
        self.stages.iter().filter(|s| s.state == State::Done).map(|s| s.stage).max()
    }

    /// How a stage ended.
    pub fn state(&self, stage: Stage) -> State {
        self.stages.iter().find(|s| s.stage == stage).map_or(State::NotReached, |s| s.state)
    }

    /// 0, or 1 when results differ or the stage that was asked for was not reached.
    pub fn exit_code(&self) -> u8 {
        let wrong = self.stages.iter().any(|s| s.state == State::Differs);
        let short = self.asked.is_some_and(|stage| self.state(stage) != State::Done);
        u8::from(wrong || short)
    }
}

/// The layers with their counts; `trace` has them in the same order.
pub fn layers(layers: Vec<Layer>, trace: &Trace) -> Vec<LayerReport> {
    layers
        .into_iter()
        .map(|layer| {
            let counts = trace.layer(&layer.name);
            LayerReport {
                overflows: counts.map(|c| c.overflows.into()).unwrap_or_default(),
                inner_overflows: counts.map(|c| c.inner.into()).unwrap_or_default(),
                layer,
            }
        })
        .collect()
}

/// Compares outputs with expected ones, sample by sample.
pub fn agreement(plan: &Plan, outputs: &[ArrayD<f64>], expected: &[ArrayD<f64>]) -> Vec<Agreement> {
    plan.outputs()
        .iter()
        .zip(outputs.iter().zip(expected))
        .map(|(port, (ours, theirs))| {
            let samples = ours.len_of(Axis(0)).min(theirs.len_of(Axis(0)));
            let mut same = 0;
            let mut worst = 0.0_f64;
            for i in 0..samples {
                let (a, b) = (ours.index_axis(Axis(0), i), theirs.index_axis(Axis(0), i));
                same += usize::from(vectors::argmax(a.iter().copied()) == vectors::argmax(b.iter().copied()));
                worst = a.iter().zip(&b).fold(worst, |w, (a, b)| w.max((a - b).abs()));
            }
            let elements = ours.len() / samples.max(1);
            Agreement {
                output: port.name.clone(),
                samples,
                same_argmax: (elements > 1).then(|| same as f64 / samples.max(1) as f64),
                max_abs_difference: worst,
            }
        })
        .collect()
}
