//! Reads Keras networks, and hls4ml configurations, without Python.
//!
//! It takes `.keras` archives (Keras 3, and those of Keras 2.12 to 2.15), Keras 2's `.h5` files with QKeras layers, and a
//! model's JSON with a file of weights beside it; functional and Sequential networks, with several inputs and outputs, and
//! with such networks as their layers. [`supported`] lists the layers.
//! Out comes a [`netlathe_ir::Graph`] whose nodes have hls4ml's names and numbers, so that configurations and traces
//! address them as they are used to.
//!
//! It never decides numerics: it keeps what the file says, or refuses with coded diagnostics that name each layer. It
//! never runs, loads or decodes code that a file holds, and never allocates what a file merely claims to need.
//!
//! ```no_run
//! let reading = netlathe_frontend_keras::read("jet.keras")?;
//! for note in &reading.notes {
//!     eprintln!("{note}");
//! }
//! println!("{} nodes", reading.graph.len());
//! let config = netlathe_frontend_keras::config::read("hls4ml_config.yml")?.config;
//! println!("reuse factor {:?}", config.reuse_factor);
//! # Ok::<(), netlathe_frontend_keras::Error>(())
//! ```

mod archive;
pub mod config;
mod convert;
mod error;
mod h5;
mod layers;
mod model;
pub mod qkeras;
mod topology;
mod weights;

use std::path::Path;

use netlathe_ir::{Diagnostic, Graph};

pub use error::{Error, code};
pub use layers::{SUPPORTED, Support, supported};
pub use model::Keras;

use crate::h5::H5;

/// A network that was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The network, types still open.
    pub graph: Graph,
    /// Findings that did not refuse it.
    pub notes: Vec<Diagnostic>,
    /// Whose rules named the nodes.
    pub keras: Keras,
}

/// Reads a `.keras` archive or a Keras `.h5` file; the content decides, not the extension.
///
/// # Errors
/// The file cannot be read, is damaged, or its network is refused.
pub fn read(path: impl AsRef<Path>) -> Result<Reading, Error> {
    let path = path.as_ref();
    match kind(path)? {
        Kind::Zip => {
            let members = archive::read(path)?;
            let place = format!("{}: config.json", path.display());
            let version = members.metadata.as_deref().and_then(keras_version);
            let model = model::parse(&place, &members.config, version.as_deref())?;
            let weights = format!("{}: model.weights.h5", path.display());
            finish(&model, || H5::from_bytes(members.weights, weights))
        }
        Kind::Hdf5 => {
            let h5 = H5::open(path)?;
            let place = path.display().to_string();
            let text = h5.attr_str("", "model_config")?.ok_or_else(|| Error::Kind {
                place: place.clone(),
                problem: "holds weights only (no attribute model_config); give the model's JSON beside it"
                    .into(),
            })?;
            let version = h5.attr_str("", "keras_version")?;
            let model = model::parse(&format!("{place}: model_config"), &text, version.as_deref())?;
            finish(&model, || Ok(h5))
        }
        Kind::Json => Err(Error::Kind {
            place: path.display().to_string(),
            problem: "holds the architecture only; give the file of its weights too".into(),
        }),
    }
}

/// Reads a model's JSON (`model.to_json()`) and its weights (`model.save_weights()`, HDF5).
///
/// # Errors
/// A file cannot be read, is damaged, or the network is refused.
pub fn read_with_weights(json: impl AsRef<Path>, h5: impl AsRef<Path>) -> Result<Reading, Error> {
    let (json, h5) = (json.as_ref(), h5.as_ref());
    let text = archive::read_text(json, archive::MAX_JSON_BYTES)?;
    let model = model::parse(&json.display().to_string(), &text, None)?;
    finish(&model, || H5::open(h5))
}

/// Judges the layers before the weights are opened.
fn finish(model: &model::Model, open: impl FnOnce() -> Result<H5, Error>) -> Result<Reading, Error> {
    convert::check(model)?;
    let weights = weights::Weights::new(open()?, model)?;
    let (graph, notes) = convert::graph(model, &weights)?;
    Ok(Reading { graph, notes, keras: model.keras })
}

fn keras_version(metadata: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(metadata).ok()?;
    value.get("keras_version").and_then(serde_json::Value::as_str).map(str::to_string)
}

enum Kind {
    Zip,
    Hdf5,
    Json,
}

/// What a file is, by its first bytes.
fn kind(path: &Path) -> Result<Kind, Error> {
    use std::io::Read;
    let mut head = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(16).read_to_end(&mut head))
        .map_err(|e| Error::io(path, e))?;
    if head.starts_with(b"PK") {
        Ok(Kind::Zip)
    } else if head.starts_with(b"\x89HDF") {
        Ok(Kind::Hdf5)
    } else if head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{') {
        Ok(Kind::Json)
    } else {
        Err(Error::Kind {
            place: path.display().to_string(),
            problem: "is neither a .keras archive (zip) nor a Keras .h5 file".into(),
        })
    }
}
