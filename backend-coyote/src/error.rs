//! Why no project was made.

use netlathe_codegen_hls::wrapper::Fault;
use thiserror::Error;

use crate::shell::{MAX_REGIONS, MAX_STREAMS};

/// Why no project was made. Every message starts with a stable code.
///
/// What Coyote's own CMake would refuse (macros `validation_checks_hw` and `load_apps` of its `cmake/FindCoyoteHW.cmake`)
/// is refused here before anything is written; a variant says which rule it mirrors.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Error {
    /// No board of that name. Mirrors «Target device not supported.»
    #[error("NL601: there is no Coyote board {name:?}; there are: {known}")]
    UnknownBoard {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A board file does not read.
    #[error("NL602: the board file {file} is malformed: {why}")]
    BoardFile {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// A clock is out of the board's range.
    #[error(
        "NL603: board {board} cannot be clocked with a period of {period_ns} ns; \
         give a clock period from {shortest_ns:.3} to {longest_ns:.3} ns"
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
    /// No number of vFPGAs that Coyote builds. Mirrors «Max 15 vFPGAs supported.» and «N_REGIONS not set.»
    #[error("NL610: {0} vFPGAs cannot be built; Coyote takes 1 to {MAX_REGIONS}")]
    Regions(usize),
    /// Some place of a configuration has no model. Mirrors «Provide N_REGIONS * N_CONFIG apps.»
    #[error(
        "NL611: {models} models do not fill configurations of {regions} vFPGAs: every vFPGA has a model in every \
         configuration; give a multiple of {regions} models (one of them may be given twice)"
    )]
    Apps {
        /// How many models there are.
        models: usize,
        /// vFPGAs.
        regions: usize,
    },
    /// A static build that is reconfigurable. Mirrors «Static builds do not support PR.»
    #[error(
        "NL612: a build of the static layer cannot have vFPGAs that are reconfigured; \
         build the static layer once, then the shell with its models on top of it"
    )]
    StaticReconfigurable,
    /// No such PCIe generation. Mirrors «Versal devices only support PCIe Gen4x16 or Gen5x8.»
    #[error("NL613: board {board} has no PCIe generation {generation}; it has: {known}")]
    Pcie {
        /// The board.
        board: String,
        /// What was asked for.
        generation: u32,
        /// What there is.
        known: String,
    },
    /// More tensors than there are streams: Coyote's host library has 4 bits for the stream's number (`CTRL_DEST_MASK`
    /// in `cDefs.hpp`), as the shell has (`DATA_DEST_BITS` in `FindCoyoteHW.cmake`).
    #[error(
        "NL614: {what} needs {count} host streams each way, Coyote has {MAX_STREAMS}; \
         join tensors in the model (Concatenate) or split the model"
    )]
    Streams {
        /// Whose.
        what: String,
        /// How many.
        count: usize,
    },
    /// More card streams than the memory has ports.
    #[error(
        "NL615: {regions} vFPGAs with {streams} card streams each need {needed} ports of board {board}'s memory, \
         which has {masters} (one of them for Coyote itself); give fewer card streams"
    )]
    CardStreams {
        /// vFPGAs.
        regions: usize,
        /// Card streams of each.
        streams: u32,
        /// Ports, with Coyote's own.
        needed: u64,
        /// The board.
        board: String,
        /// Ports that there are.
        masters: u32,
    },
    /// No number of compilation cores.
    #[error("NL616: a build with 0 cores does nothing; give at least 1")]
    Cores,
    /// The kernel would be scheduled for a clock slower than its own.
    #[error(
        "NL617: with an HLS clock of {hls_ns} ns and {uncertainty} % uncertainty a stage may take {stage_ns:.3} ns, \
         but the kernel's clock has {clock_ns:.3} ns; give an HLS clock of at most {longest_ns:.3} ns"
    )]
    HlsClock {
        /// The HLS clock asked for.
        hls_ns: f64,
        /// Its uncertainty in percent.
        uncertainty: f64,
        /// What HLS would allow a stage.
        stage_ns: f64,
        /// The kernel's clock.
        clock_ns: f64,
        /// The slowest HLS clock that fits.
        longest_ns: f64,
    },
    /// A floorplan that does not fit the project: Coyote wants one pblock a vFPGA (README of its example 10).
    #[error("NL618: the floorplan {0}")]
    Floorplan(String),
    /// Elements that cannot lie in beats, or a sample that is too large.
    #[error("NL619: tensor {tensor:?} cannot be packed into beats: {why}")]
    Packing {
        /// The tensor.
        tensor: String,
        /// What is wrong with which field of its packing.
        why: String,
    },
    /// What concerns the kernel and its wrapper.
    #[error("{code}: {fault}", code = code(.0), fault = .0)]
    Wrapper(Fault),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Wrapper(fault)
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
