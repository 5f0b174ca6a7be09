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
        Fault::UnknownBoard { .. } => "NL621",
        Fault::BoardFile { .. } => "NL622",
        Fault::Clock { .. } => "NL623",
        Fault::Uncertainty(_) => "NL624",
        Fault::ProjectName(_) => "NL625",
        Fault::Tensors { .. } | Fault::Interface(_) => "NL626",
        Fault::Clash(_) => "NL627",
        Fault::Kernel(_) => "NL628",
        Fault::Template(_) => "NL629",
    }
}
