//! Why no project was made.

use netlathe_codegen_hls::wrapper::Fault;
use thiserror::Error;

/// Why no project was made. Every message starts with a stable code.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Error {
    /// What every flow refuses alike.
    #[error("{code}: {_0}", code = code(_0))]
    Shared(Fault),
    /// A board file does not describe a board.
    #[error("NL622: the board file is wrong:\n  {}", .0.join("\n  "))]
    BoardFields(Vec<String>),
    /// The board has no scripts for the interface.
    #[error(
        "NL630: board {board} has no interface {interface}, because {why}; \
         choose another with --interface or Interface: {there_are}"
    )]
    Interface {
        /// The board.
        board: String,
        /// What was asked for.
        interface: &'static str,
        /// Why not.
        why: &'static str,
        /// What it has.
        there_are: String,
    },
    /// Elements that cannot cross the interface.
    #[error("NL631: {tensor} cannot travel as {element}: {why}")]
    Element {
        /// The tensor, "input `x`".
        tensor: String,
        /// What was asked for.
        element: String,
        /// Why not, and what to do.
        why: String,
    },
    /// More than the board's ports, interrupts or addresses take.
    #[error("NL632: board {board} with {interface}: {what}; {remedy}")]
    Capacity {
        /// The board.
        board: String,
        /// The interface.
        interface: &'static str,
        /// What there is too much of.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// An option that means nothing for the board.
    #[error("NL633: {option} cannot be used with board {board}: {why}")]
    Option {
        /// The option.
        option: &'static str,
        /// The board.
        board: String,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// A Vitis platform that cannot be one of the card.
    #[error(
        "NL634: platform {platform:?} cannot be used with board {board}: {why}; \
         known are: {known}; leave out --platform to use the newest of these that is installed"
    )]
    Platform {
        /// The board.
        board: String,
        /// What was asked for.
        platform: String,
        /// Why not.
        why: String,
        /// The platforms of the board's file.
        known: String,
    },
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Shared(fault)
    }
}

fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::UnknownBoard { .. } => "NL621",
        Fault::BoardFile { .. } => "NL622",
        Fault::Clock { .. } => "NL623",
        Fault::Uncertainty(_) => "NL624",
        Fault::ProjectName(_) => "NL625",
        Fault::Interface(_) => "NL626",
        Fault::Clash(_) => "NL627",
        Fault::Kernel(_) => "NL628",
        Fault::Template(_) => "NL629",
    }
}
