//! What a user may ask of a project.

use netlathe_codegen_hls::wrapper::{Element, Fault};

use crate::board::{Board, InterfaceKind};

/// What a project is made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The project's name: letters, digits and underscores, starting with a letter.
    pub project: String,
    /// The board, from [`find`](crate::find) or [`Board::from_toml`].
    pub board: Board,
    /// The period asked for; the board's own clock if `None`. The next longer one that the board can make is used.
    pub clock_period_ns: Option<f64>,
    /// Share of the period that HLS leaves free, in percent; 12.5 if `None`.
    pub clock_uncertainty_percent: Option<f64>,
    /// How tensors reach the accelerator; the board's first interface if `None`.
    pub interface: Option<InterfaceKind>,
    /// What elements of inputs travel as; float32 if `None`.
    pub input: Option<Element>,
    /// What elements of outputs travel as; float32 if `None`.
    pub output: Option<Element>,
    /// The Vitis platform of a PCIe card; the newest installed one of the board's list if `None`.
    pub platform: Option<String>,
    /// Scripts for Vivado HLS 2019.2 and 2020.1 instead of Vitis HLS.
    pub legacy_hls: bool,
}

impl Options {
    /// A project of that name for a board, everything else as usual.
    pub fn new(project: impl Into<String>, board: Board) -> Self {
        Self {
            project: project.into(),
            board,
            clock_period_ns: None,
            clock_uncertainty_percent: None,
            interface: None,
            input: None,
            output: None,
            platform: None,
            legacy_hls: false,
        }
    }

    /// The project's name, if it fits scripts and file names.
    pub(crate) fn name(&self) -> Result<&str, Fault> {
        let name = self.project.as_str();
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            Ok(name)
        } else {
            Err(Fault::ProjectName(name.to_owned()))
        }
    }

    /// The clock uncertainty in percent.
    pub(crate) fn uncertainty(&self) -> Result<f64, Fault> {
        let percent = self.clock_uncertainty_percent.unwrap_or(12.5);
        if (0.0..=90.0).contains(&percent) { Ok(percent) } else { Err(Fault::Uncertainty(percent)) }
    }
}
