//! A batch through the emulator.

use crate::error::Error;
use crate::model::{self, Source};
use crate::npy;
use netlathe_emulator::Plan;
use netlathe_ir::Diagnostic;
use std::path::{Path, PathBuf};

/// What was computed and written.
#[derive(Clone, Debug)]
pub struct Predicted {
    pub samples: usize,
    /// A file for each output, in order.
    pub files: Vec<PathBuf>,
    pub notes: Vec<Diagnostic>,
}

/// Computes the network on `inputs` (a file for each input) and writes `output`: float64, exact values of the outputs' types.
/// A network of several outputs writes `y_0.npy`, `y_1.npy`, ... for `y.npy`.
///
/// # Errors
/// Any [`Error`].
pub fn predict(source: &Source, inputs: &[PathBuf], output: &Path) -> Result<Predicted, Error> {
    let loaded = model::load(source)?;
    let x = npy::read_batch(inputs, &loaded.inputs(), "inputs")?;
    let lowered = model::lower(&loaded, source, &x)?;
    let plan = compile(&lowered.network)?;
    let views: Vec<_> = x.iter().map(|a| a.view()).collect();
    let outputs = plan.predict(&views).map_err(|e| Error::Internal(e.to_string()))?;
    let single = outputs.len() == 1;
    let mut files = Vec::new();
    for (i, y) in outputs.iter().enumerate() {
        let path = if single { output.to_owned() } else { numbered(output, i) };
        npy::write(&path, y)?;
        files.push(path);
    }
    let samples = outputs.first().map_or(0, |y| y.shape()[0]);
    Ok(Predicted { samples, files, notes: lowered.notes })
}

/// The plan of a network.
///
/// # Errors
/// [`Error::Refused`]: its arithmetic needs more bits than are exact.
pub fn compile(network: &netlathe_ir::Validated) -> Result<Plan, Error> {
    Plan::compile(network).map_err(|e| Error::Refused {
        place: network.graph().name.clone(),
        message: e.to_string(),
        unsupported: None,
    })
}

fn numbered(path: &Path, i: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}_{i}.npy"))
}
