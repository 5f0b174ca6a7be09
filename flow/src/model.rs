//! From files to a validated network: the stages `load` and `lower`.

use crate::error::Error;
use crate::vectors;
use ndarray::{ArrayD, Axis};
use netlathe_ir::config::Config;
use netlathe_ir::op::softmax::Implementation;
use netlathe_ir::passes::{self, Calibration, Lowered, Types};
use netlathe_ir::{Diagnostic, Graph, Op};
use std::path::{Path, PathBuf};

/// Where a network comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// `.keras`, `.h5`, or the `.json` of a model.
    pub model: PathBuf,
    /// The weights beside a `.json`.
    pub weights: Option<PathBuf>,
    /// An hls4ml-style configuration.
    pub config: Option<PathBuf>,
}

/// Pairs models with their weights and configurations: weights go to the `.json` models in their order; configurations are given
/// once for each model, `-` for none, or not at all. One model takes all: what does not fit it is said when it is read.
///
/// # Errors
/// [`Error::Usage`]: their numbers do not fit.
pub fn sources(
    models: Vec<PathBuf>,
    weights: Vec<PathBuf>,
    configs: Vec<PathBuf>,
) -> Result<Vec<Source>, Error> {
    let alone = models.len() == 1;
    let wants = |model: &PathBuf| alone || model.extension().is_some_and(|e| e == "json");
    let wanted = models.iter().filter(|m| wants(m)).count();
    if weights.len() > wanted || (!alone && weights.len() < wanted) {
        return Err(Error::usage(
            format!("--weights is given {} times for {wanted} models that take weights", weights.len()),
            "give it once for each model that is a .json, in their order",
        ));
    }
    if !configs.is_empty() && configs.len() != models.len() {
        return Err(Error::usage(
            format!("--config is given {} times for {} models", configs.len(), models.len()),
            "a configuration is of one model: give one for each, in their order (`-` for none), or leave it out",
        ));
    }
    let (mut weights, mut configs) = (weights.into_iter(), configs.into_iter());
    Ok(models
        .into_iter()
        .map(|model| Source {
            weights: if wants(&model) { weights.next() } else { None },
            config: configs.next().filter(|path| path != Path::new("-")),
            model,
        })
        .collect())
}

/// What the files say, nothing decided.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub graph: Graph,
    /// The configuration, when a file was given.
    pub config: Option<Config>,
    pub notes: Vec<Diagnostic>,
}

impl Loaded {
    /// The network's inputs: name and shape without the batch.
    pub fn inputs(&self) -> Vec<(String, Vec<usize>)> {
        ports(&self.graph, &self.graph.inputs)
    }

    /// The network's outputs: name and shape without the batch.
    pub fn outputs(&self) -> Vec<(String, Vec<usize>)> {
        ports(&self.graph, &self.graph.outputs)
    }
}

fn ports(graph: &Graph, ids: &[netlathe_ir::NodeId]) -> Vec<(String, Vec<usize>)> {
    ids.iter().map(|&id| (graph.node(id).name.clone(), graph.node(id).shape.clone())).collect()
}

/// Reads the model and the configuration.
///
/// # Errors
/// [`Error::Usage`] when a file is not there, [`Error::Refused`] when it is not what it should be.
pub fn load(source: &Source) -> Result<Loaded, Error> {
    for (path, what) in [
        (Some(&source.model), "model"),
        (source.weights.as_ref(), "weights"),
        (source.config.as_ref(), "configuration"),
    ] {
        if let Some(path) = path
            && !path.is_file()
        {
            let why = if path.exists() { "is not a file" } else { "does not exist" };
            return Err(Error::usage(format!("the {what} {} {why}", path.display()), "check the path"));
        }
    }
    let reading = match &source.weights {
        Some(weights) => netlathe_frontend_keras::read_with_weights(&source.model, weights),
        None => netlathe_frontend_keras::read(&source.model),
    }
    .map_err(|e| refused(&source.model, &e))?;
    let mut notes = reading.notes;
    let config = match &source.config {
        Some(path) => {
            let config = netlathe_frontend_keras::config::read(path).map_err(|e| refused(path, &e))?;
            notes.extend(config.notes);
            Some(config.config)
        }
        None => None,
    };
    Ok(Loaded { graph: reading.graph, config, notes })
}

/// A front end's error as ours; it names the file itself where the network is not at fault.
pub(crate) fn refused(path: &Path, e: &netlathe_frontend_keras::Error) -> Error {
    Error::Refused {
        place: path.display().to_string(),
        message: e.to_string(),
        unsupported: e.unsupported().map(|l| l.into_iter().map(str::to_owned).collect()),
    }
}

/// Applies the configuration, or chooses types from `samples` (one array an input, batch first) when there is none.
///
/// # Errors
/// [`Error::Refused`]: the network or its configuration.
pub fn lower(loaded: &Loaded, source: &Source, samples: &[ArrayD<f64>]) -> Result<Lowered, Error> {
    let types = match loaded.config {
        Some(_) => Types::Configured,
        None => Types::Chosen(calibration(samples)),
    };
    lower_as(loaded, source, &types)
}

/// As [`lower`], types coming from where `types` says.
///
/// # Errors
/// [`Error::Refused`]: the network or its configuration.
pub fn lower_as(loaded: &Loaded, source: &Source, types: &Types) -> Result<Lowered, Error> {
    let config = loaded.config.clone().unwrap_or_default();
    let mut lowered = passes::run(loaded.graph.clone(), &config, types)
        .map_err(|e| Error::refused(source.config.as_deref().unwrap_or(&source.model), &e))?;
    let mut notes = loaded.notes.clone();
    notes.append(&mut lowered.notes);
    lowered.notes = notes;
    Ok(lowered)
}

pub(crate) fn calibration(batch: &[ArrayD<f64>]) -> Calibration {
    let batch = vectors::head(batch, vectors::CALIBRATION);
    let samples = batch.first().map_or(0, |a| a.len_of(Axis(0)));
    Calibration {
        samples: (0..samples)
            .map(|s| batch.iter().map(|a| a.index_axis(Axis(0), s).iter().copied().collect()).collect())
            .collect(),
    }
}

/// A layer as a table shows it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Layer {
    pub name: String,
    /// hls4ml's class.
    pub class: String,
    /// Shape without the batch.
    pub shape: Vec<usize>,
    /// The type of its output.
    pub result: String,
    /// Types of weights and of what is inside, by hls4ml's names.
    pub types: Vec<(String, String)>,
    /// Multiplications of one inference.
    pub multiplications: u64,
}

/// Every layer in order.
pub fn layers(network: &netlathe_ir::Validated) -> Vec<Layer> {
    network
        .nodes()
        .map(|(_, node)| Layer {
            name: node.name.clone(),
            class: node.op.class_name().into(),
            shape: node.shape.clone(),
            result: node.ty().to_string(),
            types: types(&node.op),
            multiplications: node.op.multiplications(&node.shape),
        })
        .collect()
}

fn types(op: &Op) -> Vec<(String, String)> {
    let weights = op.weights().into_iter().map(|(name, w)| (name.to_owned(), w.precision));
    let inner = op.inner_types().into_iter().map(|(name, p)| (name.to_owned(), p));
    weights
        .chain(inner)
        .filter(|(name, _)| is_used(op, name))
        .filter_map(|(name, p)| match p {
            netlathe_ir::Precision::Is(ty) => Some((name, ty.to_string())),
            netlathe_ir::Precision::Auto => None,
        })
        .collect()
}

/// Whether the arithmetic uses this type; tables have types even where no table is used.
fn is_used(op: &Op, name: &str) -> bool {
    match op {
        Op::Activation(a) => name != "table" || a.function.table_span().is_some(),
        Op::Softmax(s) => match s.implementation {
            Implementation::Argmax => false,
            Implementation::Legacy => name == "table",
            Implementation::Latency => !matches!(name, "table" | "inp_norm"),
            Implementation::Stable => name != "table",
        },
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_gets_its_own() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let of = |m: &[&str], w: &[&str], c: &[&str]| sources(paths(m), paths(w), paths(c));
        let all = of(&["a.keras", "b.json", "c.json"], &["b.h5", "c.h5"], &["-", "b.yml", "-"]).unwrap();
        let texts = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
        let weights: Vec<_> = all.iter().map(|s| texts(&s.weights)).collect();
        let configs: Vec<_> = all.iter().map(|s| texts(&s.config)).collect();
        assert_eq!(weights, [None, Some("b.h5".into()), Some("c.h5".into())]);
        assert_eq!(configs, [None, Some("b.yml".into()), None]);
        // One model takes what is given, whatever it is called.
        assert!(of(&["a.txt"], &["w.h5"], &["c.yml"]).unwrap()[0].weights.is_some());
        for (m, w, c, says) in [
            (&["a.json", "b.json"][..], &["w.h5"][..], &[][..], "--weights is given 1 times for 2"),
            (&["a.keras", "b.keras"], &["w.h5"], &[], "--weights is given 1 times for 0"),
            (&["a.keras", "b.keras"], &[], &["c.yml"], "--config is given 1 times for 2"),
            (&["a.keras"], &[], &["c.yml", "d.yml"], "--config is given 2 times for 1"),
        ] {
            let e = of(m, w, c).unwrap_err();
            assert!(e.exit_code() == 2 && e.to_string().contains(says), "{e}");
        }
    }
}
