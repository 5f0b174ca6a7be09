//! What can go wrong in a flow, and with which exit code the program then ends.

use crate::tool::ToolError;
use std::path::Path;
use thiserror::Error;

/// Why a flow stopped.
#[derive(Debug, Error)]
pub enum Error {
    /// The command does not fit together: a file that is not there, an array of the wrong shape, a folder that cannot be
    /// written.
    #[error("error: {what}\n  help: {help}")]
    Usage {
        /// What is wrong, where, and why.
        what: String,
        /// What to do.
        help: String,
    },
    /// The model or its configuration is refused.
    #[error("{place}: {message}")]
    Refused {
        /// The file that was read.
        place: String,
        /// Every finding, a line or more each.
        message: String,
        /// The layers that are not supported, when that is the only reason.
        unsupported: Option<Vec<String>>,
    },
    /// A tool is missing, failed, ran too long, or did not make what it should.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// NetLathe contradicts itself; never the user's fault.
    #[error(
        "error: {0}\n  help: this is a mistake in NetLathe; please report it with the model and the configuration"
    )]
    Internal(String),
}

impl Error {
    /// A mistake in what was asked for.
    pub fn usage(what: impl Into<String>, help: impl Into<String>) -> Self {
        Error::Usage { what: what.into(), help: help.into() }
    }

    /// A file or folder that the system would not let us have.
    pub fn io(doing: &str, path: &Path, source: &std::io::Error) -> Self {
        Error::usage(
            format!("cannot {doing} {}: {source}", path.display()),
            "check the path and its permissions",
        )
    }

    /// A network or configuration that a later stage refused.
    pub fn refused(place: &Path, refused: &netlathe_ir::Refused) -> Self {
        Error::Refused {
            place: place.display().to_string(),
            message: refused.to_string(),
            unsupported: refused.unsupported().map(|l| l.into_iter().map(str::to_owned).collect()),
        }
    }

    /// The program's exit code: 2 usage, 3 refused, 4 a tool (or NetLathe itself) failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage { .. } => 2,
            Error::Refused { .. } => 3,
            Error::Tool(_) | Error::Internal(_) => 4,
        }
    }

    /// The layers that are not supported, when that is the only reason.
    pub fn unsupported(&self) -> Option<&[String]> {
        match self {
            Error::Refused { unsupported, .. } => unsupported.as_deref(),
            _ => None,
        }
    }
}
