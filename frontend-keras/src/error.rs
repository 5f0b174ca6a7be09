//! What can be wrong with a file, before and beyond what is wrong with the network in it.

use std::path::Path;

use netlathe_ir::{Diagnostic, Refused};
use thiserror::Error;

/// Why a file was not read.
///
/// Files that cannot be read at all have a variant each; everything that is wrong with a network or a configuration,
/// layer by layer or key by key, is collected in [`Error::Refused`].
#[derive(Debug, Error)]
pub enum Error {
    /// The operating system said no.
    #[error("[NL301] cannot read {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file's kind is unknown.
    #[error("[NL302] {place}: {problem}")]
    Kind {
        /// The file.
        place: String,
        /// What was found and what is wanted.
        problem: String,
    },
    /// A size that is not credible, or above the limit; nothing was allocated for it.
    #[error("[NL303] {place}: declares {size} bytes, refused: {why}")]
    TooLarge {
        /// File, and member or dataset.
        place: String,
        /// Declared bytes.
        size: u64,
        /// Which limit.
        why: String,
    },
    /// The zip archive is damaged.
    #[error("[NL304] {place}: damaged archive: {problem}")]
    Archive {
        /// File and member.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// The zip archive lacks a member.
    #[error("[NL305] {archive}: {member} is missing; {hint}")]
    MissingMember {
        /// The archive.
        archive: String,
        /// The member.
        member: String,
        /// What to do.
        hint: String,
    },
    /// Not the text that it should be (UTF-8, YAML).
    #[error("[NL306] {place}: {problem}")]
    Text {
        /// File and member.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Not JSON.
    #[error(
        "[NL307] {place}: not valid JSON at line {line} column {column} (the text has {length} bytes): {problem}"
    )]
    Json {
        /// File and member.
        place: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// Length of the whole text in bytes.
        length: usize,
        /// What the parser met.
        problem: String,
    },
    /// The HDF5 file is shorter than it says.
    #[error(
        "[NL308] {place}: truncated HDF5 file: {}, the file has {actual} bytes; copy or save it again",
        .expected.map_or("its header itself is cut".into(), |n| format!("its header says that it ends at byte {n}"))
    )]
    Truncated {
        /// The file.
        place: String,
        /// Where the superblock says that the file ends; `None` when the superblock is cut.
        expected: Option<u64>,
        /// The file's size in bytes.
        actual: u64,
    },
    /// The HDF5 file is damaged, or does not hold what it should.
    #[error("[NL309] {place}: {problem}")]
    Hdf5 {
        /// File and path in it.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// The network or the configuration is refused; all findings are listed.
    #[error("{0}")]
    Refused(Refused),
}

impl Error {
    /// The stable code of the (first) finding.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Io { .. } => "NL301",
            Error::Kind { .. } => "NL302",
            Error::TooLarge { .. } => "NL303",
            Error::Archive { .. } => "NL304",
            Error::MissingMember { .. } => "NL305",
            Error::Text { .. } => "NL306",
            Error::Json { .. } => "NL307",
            Error::Truncated { .. } => "NL308",
            Error::Hdf5 { .. } => "NL309",
            Error::Refused(refused) => refused.0.first().map_or("NL300", |d| d.code),
        }
    }

    /// The layers that are not supported, when that is the only reason for the refusal.
    pub fn unsupported(&self) -> Option<Vec<&str>> {
        match self {
            Error::Refused(refused) => refused.unsupported(),
            _ => None,
        }
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Error::Io { path: path.display().to_string(), source }
    }

    pub(crate) fn json(place: impl Into<String>, text: &str, error: &serde_json::Error) -> Self {
        Error::Json {
            place: place.into(),
            line: error.line(),
            column: error.column(),
            length: text.len(),
            // The place stands in the message already.
            problem: error.to_string().split(" at line ").next().unwrap_or_default().to_string(),
        }
    }
}

impl From<Vec<Diagnostic>> for Error {
    fn from(findings: Vec<Diagnostic>) -> Self {
        Error::Refused(Refused(findings))
    }
}

impl From<Diagnostic> for Error {
    fn from(finding: Diagnostic) -> Self {
        Error::Refused(finding.into())
    }
}

/// Codes of the diagnostics that this crate makes about a network (`NL31x`) or a configuration (`NL32x`).
pub mod code {
    pub use netlathe_ir::diag::UNSUPPORTED_LAYER;
    /// The file's description of the network is malformed: a key is missing, or has the wrong type.
    pub const MALFORMED: &str = "NL310";
    /// A layer holds Python code (Lambda).
    pub const PYTHON_CODE: &str = "NL311";
    /// The layers form a cycle, or a layer reads one that does not exist.
    pub const TOPOLOGY: &str = "NL312";
    /// A weight is missing from the file.
    pub const MISSING_WEIGHT: &str = "NL313";
    /// A weight's stored shape differs from what the layer's configuration wants.
    pub const WEIGHT_SHAPE: &str = "NL314";
    /// A weight is NaN or infinite.
    pub const WEIGHT_VALUE: &str = "NL315";
    /// A layer does not fit its input's shape.
    pub const SHAPE: &str = "NL316";
    /// A quantiser that cannot be kept as it is.
    pub const QUANTIZER: &str = "NL317";
    /// A quantiser whose meaning in hls4ml differs from what it computes (note).
    pub const QUANTIZER_MEANING: &str = "NL318";
    /// A configuration key that hls4ml does not have.
    pub const UNKNOWN_KEY: &str = "NL320";
    /// A configuration value of the wrong kind.
    pub const BAD_VALUE: &str = "NL321";
    /// A configuration's type that does not parse.
    pub const BAD_TYPE: &str = "NL322";
    /// A strategy that does not exist.
    pub const UNKNOWN_STRATEGY: &str = "NL323";
}
