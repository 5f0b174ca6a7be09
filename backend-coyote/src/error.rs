//! Why no project was made.

use thiserror::Error;

/// Why no project was made. Every message starts with a stable code.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Error {
    /// No board of that name.
    #[error("NL601: there is no Coyote board {name:?}; there are: {known}")]
    UnknownBoard {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// An embedded board file does not read: a fault of this program.
    #[error("NL602: this program's board file {file} is malformed, please report it: {why}")]
    BoardFile {
        /// The file.
        file: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The clock is out of the board's range.
    #[error(
        "NL603: board {board} cannot be clocked with a period of {period_ns} ns; \
         give ClockPeriod from {shortest_ns:.3} to {longest_ns:.3} ns"
    )]
    Clock {
        /// The period asked for.
        period_ns: f64,
        /// The board.
        board: String,
        /// The shortest period it takes.
        shortest_ns: f64,
        /// The longest period it takes.
        longest_ns: f64,
    },
    /// The HLS clock uncertainty is no percentage.
    #[error("NL604: a clock uncertainty of {0} % makes no sense; give 0 to 90 %")]
    Uncertainty(f64),
    /// The project's name cannot be used in CMake and file names.
    #[error(
        "NL605: {0:?} cannot name a project: use 1 to 64 letters, digits and underscores, starting with a letter"
    )]
    ProjectName(String),
    /// Several inputs or outputs.
    #[error(
        "NL606: the network has {count} {side} ({names}); a Coyote kernel has one host stream each way, \
         and several tensors on one are not supported; join them in the model (Concatenate) or split the model"
    )]
    Tensors {
        /// "inputs" or "outputs".
        side: &'static str,
        /// How many.
        count: usize,
        /// Their layers.
        names: String,
    },
    /// The kernel has a file or function that the wrapper has, too.
    #[error("NL607: the kernel already has {0:?}, which the wrapper needs; choose another project name")]
    Clash(String),
    /// A kernel whose ports do not describe its network.
    #[error("NL608: the kernel's ports are inconsistent, please report it: {0}")]
    Kernel(String),
    /// A template failed.
    #[error("NL609: a template of this program failed, please report it: {0}")]
    Template(String),
}
