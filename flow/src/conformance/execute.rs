//! One case through every executor that was asked for.

use super::case::{self, Case, Expect};
use super::{Executor, Outcome, compare};
use crate::csim::Compiler;
use crate::error::Error;
use crate::model::{self, Loaded, Source};
use crate::{kernel, npy, predict};
use ndarray::{ArrayD, Axis};
use netlathe_emulator::{Plan, Trace};
use netlathe_ir::config::{Config, IoType, LayerConfig};
use netlathe_ir::passes::Types;
use netlathe_ir::{FixedType, Validated};
use std::path::Path;

/// What a case must give, and what it was computed from.
struct Prepared {
    network: Validated,
    plan: Plan,
    /// The inputs' integers.
    x: Vec<ArrayD<i128>>,
    owed: Owed,
    traces: Vec<(String, ArrayD<f64>)>,
}

enum Owed {
    /// These values, exactly.
    Values(Vec<ArrayD<f64>>),
    /// Values near these, and the executors equal.
    Near { keras: Vec<ArrayD<f64>>, tolerance: f64 },
}

/// What is worth knowing of a case beside its end.
#[derive(Default)]
pub(super) struct Facts {
    /// Traced layers that our network does not have.
    pub(super) untraced: Vec<String>,
    /// Samples that the C++ computed, of how many.
    pub(super) cpp_samples: Option<(usize, usize)>,
}

/// Multiplications of one run of the C++: a minute, at the simulation's tens of nanoseconds each.
const CPP_PRODUCTS: u64 = 400_000_000;

/// Samples that the C++ computes, so that the largest networks take a minute and not an hour.
fn affordable(network: &Validated, samples: usize) -> usize {
    let products: u64 = network.nodes().map(|(_, node)| node.op.multiplications(&node.shape)).sum();
    let most = CPP_PRODUCTS / products.max(1);
    samples.min(usize::try_from(most).unwrap_or(usize::MAX).max(2))
}

/// Runs a case.
pub(super) fn run(
    dir: &Path,
    case: &Case,
    executors: &[Executor],
    compiler: Option<&Compiler>,
) -> (Outcome, Facts) {
    let mut facts = Facts::default();
    let outcome = match attempt(dir, case, executors, compiler, &mut facts) {
        Ok(differences) if differences.is_empty() => Outcome::Passed,
        Ok(differences) => Outcome::Failed(differences),
        Err(e) => match e.unsupported() {
            Some(layers) => Outcome::Skipped(format!("unsupported {}", layers.join(", "))),
            None => Outcome::Failed(e.to_string().lines().map(str::to_owned).collect()),
        },
    };
    (outcome, facts)
}

fn attempt(
    dir: &Path,
    case: &Case,
    executors: &[Executor],
    compiler: Option<&Compiler>,
    facts: &mut Facts,
) -> Result<Vec<String>, Error> {
    let p = prepare(dir, case)?;
    // Emitted first: what cannot be emitted skips the case before anything is computed.
    let emitted = match compiler {
        Some(_) => Some(kernel::emit(&p.network, "conformance")?),
        None => None,
    };
    let views: Vec<_> = p.x.iter().map(|a| a.view()).collect();
    let ours = p.plan.predict_raw(&views).map_err(|e| Error::Internal(e.to_string()))?;
    facts.untraced.extend(
        p.traces
            .iter()
            .filter(|(name, _)| p.network.graph().find(name).is_none())
            .map(|(name, _)| name.clone()),
    );
    let mut differences = Vec::new();
    if executors.contains(&Executor::Emulator) {
        let found = p.judge(Executor::Emulator, &ours);
        if !found.is_empty() {
            differences.extend(found);
            differences.extend(p.first_traced_difference()?);
        } else {
            differences.extend(p.traces_differ()?);
        }
    }
    if let (Some(compiler), Some(emitted)) = (compiler, emitted) {
        let all = p.x.first().map_or(0, |a| a.len_of(Axis(0)));
        let samples = affordable(&p.network, all);
        facts.cpp_samples = Some((samples, all));
        let x: Vec<ArrayD<i128>> = p.x.iter().map(|a| first(a, samples)).collect();
        let ours: Vec<ArrayD<i128>> = ours.iter().map(|a| first(a, samples)).collect();
        let results = emitted.run(compiler, &x)?;
        let mut found = p.judge(Executor::Cpp, &results);
        if found.is_empty() && executors.contains(&Executor::Emulator) {
            found = p.versus(&results, &ours);
        }
        if !found.is_empty() {
            differences.extend(found);
            differences.extend(p.first_difference_in_cpp(&emitted, compiler)?);
        }
    }
    Ok(differences)
}

fn prepare(dir: &Path, case: &Case) -> Result<Prepared, Error> {
    let (model, weights) = case::model(dir)?;
    let config = dir.join("config.json");
    let source = Source { model, weights, config: config.is_file().then_some(config) };
    let mut loaded = model::load(&source)?;
    let lowered = match case.expect {
        Expect::Equal => {
            // Where hls4ml had no configuration, its defaults are what is compared with.
            loaded.config.get_or_insert_default();
            model::lower_as(&loaded, &source, &Types::Configured)?
        }
        Expect::Keras => {
            let ty = case.default_type()?;
            loaded.config = Some(keras_config(&loaded, case));
            model::lower_as(&loaded, &source, &Types::Wide(ty))?
        }
    };
    let plan = predict::compile(&lowered.network)?;
    let x = npy::read_batch(&case::paths(dir, "x"), &loaded.inputs(), "inputs")?;
    let views: Vec<_> = x.iter().map(|a| a.view()).collect();
    let x = plan.quantize(&views).map_err(|e| Error::Internal(e.to_string()))?;
    let missing =
        |stem: &str| Error::usage(format!("{} has no {stem}.npy", dir.display()), "see that it is complete");
    let outputs = |stem: &str| {
        let arrays = case::arrays(dir, stem)?.ok_or_else(|| missing(stem))?;
        if arrays.len() == plan.outputs().len() {
            return Ok(arrays);
        }
        Err(Error::usage(
            format!(
                "{} has {} {stem}*.npy, the network has {} outputs",
                dir.display(),
                arrays.len(),
                plan.outputs().len()
            ),
            "see that the folder is complete",
        ))
    };
    let (owed, traces) = match case.expect {
        Expect::Equal => (Owed::Values(outputs("y_hls")?), case::traces(dir)?),
        Expect::Keras => {
            let tolerance = case.tolerance.ok_or_else(|| {
                Error::usage(format!("index.json: {} has no tolerance", case.name), "add it")
            })?;
            (Owed::Near { keras: outputs("y_keras")?, tolerance }, Vec::new())
        }
    };
    Ok(Prepared { network: lowered.network, plan, x, owed, traces })
}

/// What stays of the case's configuration: strategy, reuse factor and I/O style. Types come from elsewhere.
fn keras_config(loaded: &Loaded, case: &Case) -> Config {
    let mut config = loaded.config.clone().unwrap_or_default();
    config.model_precision.clear();
    for layer in config.layer_name.values_mut().chain(config.layer_type.values_mut()) {
        *layer = LayerConfig {
            strategy: layer.strategy,
            reuse_factor: layer.reuse_factor,
            ..LayerConfig::default()
        };
    }
    // Where hls4ml failed before there was a configuration, the index knows the style.
    config.io_type = config.io_type.or(match case.io_type.as_deref() {
        Some("io_stream") => Some(IoType::Stream),
        _ => None,
    });
    config
}

impl Prepared {
    fn outputs(&self) -> impl Iterator<Item = (String, FixedType)> {
        self.plan.outputs().iter().map(|port| (format!("output {}", port.name), port.ty))
    }

    /// Compares outputs, perhaps of the first samples only, with what is owed.
    fn judge(&self, who: Executor, ours: &[ArrayD<i128>]) -> Vec<String> {
        let tagged = |text: Option<String>| text.map(|t| format!("{}: {t}", who.name()));
        self.outputs()
            .zip(ours)
            .enumerate()
            .filter_map(|(i, ((what, ty), ours))| {
                tagged(match &self.owed {
                    Owed::Values(values) => {
                        let values = like(&values[i], ours, self.samples());
                        compare::with_values(&what, "hls4ml", ours, &ty, &values)
                    }
                    Owed::Near { keras, tolerance } => {
                        let keras = like(&keras[i], ours, self.samples());
                        compare::within(&what, ours, &ty, &keras, *tolerance)
                    }
                })
            })
            .collect()
    }

    fn samples(&self) -> usize {
        self.x.first().map_or(0, |a| a.len_of(Axis(0)))
    }

    /// Compares the C++ with the emulator.
    fn versus(&self, cpp: &[ArrayD<i128>], emulator: &[ArrayD<i128>]) -> Vec<String> {
        self.outputs()
            .zip(cpp.iter().zip(emulator))
            .filter_map(|((what, ty), (cpp, emulator))| {
                compare::with_raw(&what, "the emulator", cpp, &ty, emulator)
            })
            .map(|text| format!("cpp: {text}"))
            .collect()
    }

    /// Our trace over as many samples as the case's traces have.
    fn trace(&self) -> Result<Trace, Error> {
        let samples = self.traces.iter().map(|(_, t)| t.len_of(Axis(0))).max().unwrap_or(1);
        let x: Vec<ArrayD<i128>> = self.x.iter().map(|a| first(a, samples)).collect();
        let views: Vec<_> = x.iter().map(|a| a.view()).collect();
        self.plan.trace_raw(&views).map_err(|e| Error::Internal(e.to_string()))
    }

    /// Traced layers of the emulator that differ, in order of execution.
    fn traces_differ(&self) -> Result<Vec<String>, Error> {
        if self.traces.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self
            .trace()?
            .layers
            .iter()
            .filter_map(|layer| {
                let (_, values) = self.traces.iter().find(|(name, _)| *name == layer.name)?;
                let ours = first(&layer.values, values.len_of(Axis(0)));
                compare::with_values(&format!("trace {}", layer.name), "hls4ml", &ours, &layer.ty, values)
            })
            .map(|text| format!("emulator: {text}"))
            .collect())
    }

    fn first_traced_difference(&self) -> Result<Option<String>, Error> {
        Ok(self.traces_differ()?.into_iter().next())
    }

    /// The first layer where the C++ leaves the emulator, over the first samples.
    fn first_difference_in_cpp(
        &self,
        emitted: &kernel::Emitted,
        compiler: &Compiler,
    ) -> Result<Option<String>, Error> {
        let ours = self.trace()?;
        let samples = ours.layers.first().map_or(1, |l| l.values.len_of(Axis(0)));
        let x: Vec<ArrayD<i128>> = self.x.iter().map(|a| first(a, samples)).collect();
        let cpp = emitted.trace(compiler, &x)?;
        Ok(ours.layers.iter().find_map(|layer| {
            let (_, theirs) = cpp.iter().find(|(name, _)| *name == layer.name)?;
            compare::with_raw(&format!("trace {}", layer.name), "the C++", &layer.values, &layer.ty, theirs)
                .map(|text| format!("emulator: {text}"))
        }))
    }
}

/// What is owed, cut to as many samples as were computed where those are fewer than `all`.
fn like(owed: &ArrayD<f64>, ours: &ArrayD<i128>, all: usize) -> ArrayD<f64> {
    let computed = if ours.ndim() > 0 { ours.len_of(Axis(0)) } else { all };
    if computed < all && owed.ndim() > 0 { first(owed, computed) } else { owed.clone() }
}

/// The first samples of a batch.
fn first<T: Clone>(batch: &ArrayD<T>, samples: usize) -> ArrayD<T> {
    let n = samples.min(batch.len_of(Axis(0)));
    batch.slice_axis(Axis(0), ndarray::Slice::from(..n)).to_owned()
}
