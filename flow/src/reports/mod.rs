//! What the vendor's tools report, read into one file: `report.json` in the project's folder.
//!
//! Every parser takes a text that was read with a limit on its size, refuses what it does not understand with a reason, and never
//! panics. A report that cannot be read is listed with that reason; it is never taken for a good one.

pub mod csynth;
pub mod find;
pub mod power;
pub mod registers;
pub mod text;
pub mod timing;
pub mod utilization;
pub mod xclbin;
pub mod xml;

use crate::error::Error;
use crate::hash;
use netlathe_overlay::Manifest;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;

/// Version of `report.json`.
pub const SCHEMA_VERSION: u32 = 1;
/// Its name.
pub const FILE: &str = "report.json";
/// The largest report that is read: a timing summary of ten paths a clock has about 300 KiB.
pub const MAX_BYTES: u64 = 32 << 20;
/// How much of a value a message repeats.
const CLIP: usize = 80;

/// A kind of resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resource {
    /// `LUT`, `FF`, `DSP`, `BRAM` (tiles of 36 Kbit), `BRAM_18K`, `URAM`.
    pub name: String,
    /// A whole number but for tiles, which come in halves.
    pub used: f64,
    pub available: Option<f64>,
}

/// Everything about the vendor runs of a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hardware {
    pub schema_version: u32,
    pub project: String,
    pub board: String,
    pub part: String,
    /// The period that the design was made for, in ns.
    pub clock_period_ns: f64,
    /// SHA-256 of the sources, as in the manifest.
    pub tree: String,
    pub steps: Vec<StepDone>,
    pub hls: Option<csynth::Hls>,
    /// The same of each model, where several share a card.
    pub kernels: Vec<KernelHls>,
    /// Whether the registers that HLS made were compared with the manifest's, and why not.
    pub registers: Option<String>,
    pub utilization: Option<utilization::Utilization>,
    pub timing: Option<timing::Timing>,
    pub power: Option<power::Power>,
    /// Clocks that an xclbin runs with.
    pub clocks: Vec<xclbin::KernelClock>,
    /// What was made, with SHA-256.
    pub files: Vec<Made>,
    /// Reports that could not be read.
    pub unread: Vec<Unread>,
    /// Why it ended, when it did not end well.
    pub failure: Option<Failure>,
}

/// What HLS expects of one of several models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelHls {
    pub model: String,
    #[serde(flatten)]
    pub hls: csynth::Hls,
}

/// A step that ran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepDone {
    pub name: String,
    pub command: String,
    /// The tool's version as its log says it.
    pub version: Option<String>,
    pub seconds: f64,
    pub log: String,
    /// Nothing had changed since it was last run.
    pub up_to_date: bool,
}

/// A file with its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

/// A report that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Which: `timing`, ...
    pub report: String,
    pub why: String,
}

/// Why a stage failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    pub stage: String,
    pub step: String,
    /// One word for programs: `licence`, `memory`, ...
    pub cause: String,
    pub what: String,
    pub help: String,
}

/// What `package` needs of an earlier run's `report.json`; what else is in it does not matter then.
#[derive(Clone, Debug, Deserialize)]
pub struct Earlier {
    pub schema_version: u32,
    pub tree: String,
    pub files: Vec<EarlierFile>,
    pub failure: Option<EarlierFailure>,
}

/// A file in it.
#[derive(Clone, Debug, Deserialize)]
pub struct EarlierFile {
    pub sha256: String,
}

/// The failure in it.
#[derive(Clone, Debug, Deserialize)]
pub struct EarlierFailure {
    pub stage: String,
    pub what: String,
}

impl Hardware {
    /// Nothing done yet; the project is called as the manifest says.
    pub fn new(manifest: &Manifest) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            project: manifest.project.clone(),
            board: manifest.board.clone(),
            part: manifest.part.clone(),
            clock_period_ns: manifest.clock_period_ns,
            tree: manifest.hashes.tree.clone(),
            steps: Vec::new(),
            hls: None,
            kernels: Vec::new(),
            registers: None,
            utilization: None,
            timing: None,
            power: None,
            clocks: Vec::new(),
            files: Vec::new(),
            unread: Vec::new(),
            failure: None,
        }
    }

    /// Writes `report.json` into the project's folder; it appears as a whole.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let mut json = serde_json::to_vec_pretty(self).map_err(|e| Error::Internal(e.to_string()))?;
        json.push(b'\n');
        write_whole(&folder.join(FILE), &json)
    }

    /// Notes a report that could not be read, and that there is none.
    pub(crate) fn keep<T>(&mut self, report: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|why| self.unread.push(Unread { report: report.into(), why })).ok()
    }

    /// Notes a file that was made.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn made(&mut self, folder: &Path, path: &str) -> Result<(), Error> {
        let full = folder.join(path);
        let bytes = std::fs::read(&full).map_err(|e| Error::io("read", &full, &e))?;
        self.files.retain(|f| f.path != path);
        self.files.push(Made { path: path.into(), bytes: bytes.len() as u64, sha256: hash::of(&bytes) });
        Ok(())
    }
}

/// Reads a report of at most [`MAX_BYTES`]; bytes that are no UTF-8 become `\u{fffd}`.
///
/// # Errors
/// Why not.
pub fn read(path: &Path) -> Result<String, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = std::fs::File::open(path).map_err(|e| format!("{name}: {e}"))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| format!("{name}: {e}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("{name} has more than {} MiB", MAX_BYTES >> 20));
    }
    if bytes.is_empty() {
        return Err(format!("{name} is empty"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a report and parses it.
///
/// # Errors
/// Why not, with the file's name.
pub fn read_as<T>(path: &Path, parse: fn(&str) -> Result<T, String>) -> Result<T, String> {
    let text = read(path)?;
    parse(&text).map_err(|why| format!("{}: {why}", path.file_name().unwrap_or_default().to_string_lossy()))
}

/// Writes a file beside and renames it, so that it is there whole or not at all.
///
/// # Errors
/// It cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    let io = |e: std::io::Error| Error::io("write", path, &e);
    let folder = path.parent().filter(|p| *p != Path::new("")).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    // Temporary files are private; this one is the user's.
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(io)?;
    file.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}

/// A finite decimal number; commas between thousands are taken.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // `f64::from_str` takes `inf`, `nan` and `1e5`, which no report writes.
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"+-.,".contains(&b));
    plain.then(|| text.replace(',', "").parse().ok()).flatten()
}

/// The beginning of a text, for a message.
pub(crate) fn clipped(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(CLIP) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
