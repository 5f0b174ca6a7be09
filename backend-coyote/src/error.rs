//! Why no project was made.

use netlathe_codegen_hls::wrapper::Fault;
use thiserror::Error;

/// Why no project was made. Every message starts with a stable code.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{code}: {fault}", code = code(.0), fault = .0)]
pub struct Error(pub Fault);

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::UnknownBoard { .. } => "NL601",
        Fault::BoardFile { .. } => "NL602",
        Fault::Clock { .. } => "NL603",
        Fault::Uncertainty(_) => "NL604",
        Fault::ProjectName(_) => "NL605",
        Fault::Interface(_) => "NL606",
        Fault::Clash(_) => "NL607",
        Fault::Kernel(_) => "NL608",
        Fault::Template(_) => "NL609",
    }
}
