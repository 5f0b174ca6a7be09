//! A case's files.

use crate::error::Error;
use crate::npy;
use ndarray::ArrayD;
use netlathe_ir::FixedType;
use std::path::{Path, PathBuf};

/// What a case owes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// The same numbers as hls4ml, bit for bit, with the same configuration.
    Equal,
    /// To be near Keras with wide types, and the executors equal to each other.
    Keras,
}

/// A line of `index.json`; what is not listed here is for people.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Case {
    pub name: String,
    pub expect: Expect,
    /// What it belongs to.
    #[serde(default)]
    pub category: String,
    pub io_type: Option<String>,
    /// `expect: keras`: the type in place of the configuration's.
    pub default_type: Option<String>,
    /// `expect: keras`: allowed error relative to the largest output, at least relative to 1.
    pub tolerance: Option<f64>,
}

/// Reads `index.json`.
///
/// # Errors
/// It is not there, or not as it should be.
pub(super) fn index(dir: &Path) -> Result<Vec<Case>, Error> {
    let path = dir.join("index.json");
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
    let cases: Vec<Case> = serde_json::from_str(&text).map_err(|e| {
        Error::usage(
            format!("{}: {e}", path.display()),
            "give a folder laid out as the conformance cases are",
        )
    })?;
    // A name becomes a path.
    if let Some(case) =
        cases.iter().find(|c| c.name.is_empty() || c.name.contains(['/', '\\']) || c.name.starts_with('.'))
    {
        return Err(Error::usage(
            format!("{}: a case is called `{}`", path.display(), case.name),
            "a case's name is its folder's",
        ));
    }
    Ok(cases)
}

impl Case {
    /// The type that the index gives a case that is compared with Keras.
    ///
    /// # Errors
    /// There is none, or it is no type.
    pub(super) fn default_type(&self) -> Result<FixedType, Error> {
        let wrong = |why: String| {
            Error::usage(format!("index.json: default_type of {}: {why}", self.name), "correct it")
        };
        let text = self.default_type.as_ref().ok_or_else(|| wrong("it is missing".into()))?;
        text.parse().map_err(|e: netlathe_apfixed::ParseTypeError| wrong(e.to_string()))
    }
}

/// The model's file, and its weights' when they are apart.
///
/// # Errors
/// The case has no model.
pub(super) fn model(dir: &Path) -> Result<(PathBuf, Option<PathBuf>), Error> {
    for name in ["model.keras", "model.h5"] {
        let path = dir.join(name);
        if path.is_file() {
            return Ok((path, None));
        }
    }
    let (json, weights) = (dir.join("model.json"), dir.join("weights.h5"));
    if json.is_file() && weights.is_file() {
        return Ok((json, Some(weights)));
    }
    Err(Error::usage(
        format!("{} has no model.keras, model.h5, or model.json with weights.h5", dir.display()),
        "see that the folder is complete",
    ))
}

/// The arrays `STEM.npy`, or `STEM_0.npy`, `STEM_1.npy`, ...; `None` when there is none.
///
/// # Errors
/// One cannot be read.
pub(super) fn arrays(dir: &Path, stem: &str) -> Result<Option<Vec<ArrayD<f64>>>, Error> {
    let paths = paths(dir, stem);
    if paths.is_empty() {
        return Ok(None);
    }
    paths.iter().map(|p| npy::read(p)).collect::<Result<_, _>>().map(Some)
}

/// The files that [`arrays`] reads.
pub(super) fn paths(dir: &Path, stem: &str) -> Vec<PathBuf> {
    let single = dir.join(format!("{stem}.npy"));
    if single.is_file() {
        return vec![single];
    }
    (0..).map(|i| dir.join(format!("{stem}_{i}.npy"))).take_while(|p| p.is_file()).collect()
}

/// The traces by layer, in the order of the names.
///
/// # Errors
/// One cannot be read.
pub(super) fn traces(dir: &Path) -> Result<Vec<(String, ArrayD<f64>)>, Error> {
    let dir = dir.join("trace");
    let Ok(entries) = std::fs::read_dir(&dir) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "npy"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|p| {
            let name = p.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            // hls4ml renames a reshape that it repacks.
            Ok((name.strip_prefix("repack_").map_or(name.clone(), str::to_owned), npy::read(p)?))
        })
        .collect()
}
