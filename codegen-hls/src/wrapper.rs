//! The outside of a kernel, one generator for all flows: [`emit`] makes header, source and test bench from an [`Interface`].
//!
//! A wrapper is functions that run side by side: one for each input takes samples from beats, one for each output sends them as
//! beats, and between them is the network. Every function reads or writes one bus. What a beat, TLAST and a sample of a wrong
//! length mean is told in the emitted header; `nnet/nnet_beats.h` has the conversions.

mod code;
mod emit;
mod interface;

use crate::kernel::Kernel;
use askama::Template;
use camino::Utf8PathBuf;
use thiserror::Error;

pub use emit::emit;
pub use interface::{Beats, Bus, Closes, Element, Interface, PortName, Wrapper};

/// The AXI4-Stream beat for compilers without the vendor's header. A folder of its own keeps it from the vendor's tools.
pub const AP_AXI_SDATA: &str = include_str!("../sim/ap_axi_sdata.h");

/// What a project is made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The project's name: letters, digits and underscores, starting with a letter.
    pub project: String,
    /// The name of a board of the flow.
    pub board: String,
    /// The period asked for; the board's own clock if `None`. The next longer one that the board can make is used.
    pub clock_period_ns: Option<f64>,
    /// Share of the period that HLS leaves free, in percent; the flow's own if `None`.
    pub clock_uncertainty_percent: Option<f64>,
}

/// What compiles the test bench of the wrapper, beside the `ap_types` headers. Paths are relative to the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bench {
    /// Folders for `-I`, in this order, before the one of `ap_types`.
    pub include_dirs: Vec<Utf8PathBuf>,
    /// Files to compile and link.
    pub sources: Vec<Utf8PathBuf>,
    /// The folder of `wrapper_inputs.hex` and `wrapper_outputs.hex`, where it puts `wrapper_results.hex`; its first argument.
    pub data_dir: Utf8PathBuf,
}

/// Why no project was made. A flow puts its own stable code before each.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Fault {
    /// No board of that name.
    #[error("there is no {flow} board {name:?}; there are: {known}")]
    UnknownBoard {
        /// The flow's name.
        flow: &'static str,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// An embedded board file does not read: a fault of this program.
    #[error("this program's board file {file} is malformed, please report it: {why}")]
    BoardFile {
        /// The file.
        file: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The clock is out of the board's range.
    #[error(
        "board {board} cannot be clocked with a period of {period_ns} ns; \
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
    #[error("a clock uncertainty of {0} % makes no sense; give 0 to 90 %")]
    Uncertainty(f64),
    /// The project's name cannot be used in scripts and file names.
    #[error(
        "{0:?} cannot name a project: use 1 to 64 letters, digits and underscores, starting with a letter"
    )]
    ProjectName(String),
    /// Beats or names that no wrapper can be made of.
    #[error("{0}")]
    Interface(String),
    /// The kernel has a file or function that the wrapper has, too.
    #[error("the kernel already has {0:?}, which the wrapper needs; choose another project name")]
    Clash(String),
    /// A kernel whose ports do not describe its network.
    #[error("the kernel's ports are inconsistent, please report it: {0}")]
    Kernel(String),
    /// A template failed.
    #[error("a template of this program failed, please report it: {0}")]
    Template(String),
}

/// Renders a template, with the newline that every text file ends with.
///
/// # Errors
/// [`Fault::Template`].
pub fn render(template: &impl Template) -> Result<String, Fault> {
    let mut text = template.render().map_err(|why| Fault::Template(why.to_string()))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// The number of the board called `name` among those of a flow.
///
/// # Errors
/// [`Fault::UnknownBoard`], listing what there is.
pub fn board(flow: &'static str, known: &[&str], name: &str) -> Result<usize, Fault> {
    let unknown = || Fault::UnknownBoard { flow, name: name.to_owned(), known: known.join(", ") };
    known.iter().position(|board| *board == name).ok_or_else(unknown)
}

/// Refuses a kernel that has one of the wrapper's files, or a top function called as one of its names.
///
/// # Errors
/// [`Fault::Clash`].
pub fn no_clash(kernel: &Kernel, files: &[String], names: &[&str]) -> Result<(), Fault> {
    let file = files.iter().find(|file| kernel.tree.get(file).is_some()).map(String::as_str);
    match file.or_else(|| names.iter().copied().find(|name| *name == kernel.top)) {
        Some(taken) => Err(Fault::Clash(taken.to_owned())),
        None => Ok(()),
    }
}

impl Options {
    /// The project's name, if it fits scripts and file names.
    ///
    /// # Errors
    /// [`Fault::ProjectName`].
    pub fn name(&self) -> Result<&str, Fault> {
        let name = self.project.as_str();
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain && name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            Ok(name)
        } else {
            Err(Fault::ProjectName(name.to_owned()))
        }
    }

    /// The clock uncertainty in percent, `usual` if none was asked for.
    ///
    /// # Errors
    /// [`Fault::Uncertainty`].
    pub fn uncertainty(&self, usual: f64) -> Result<f64, Fault> {
        let percent = self.clock_uncertainty_percent.unwrap_or(usual);
        if (0.0..=90.0).contains(&percent) { Ok(percent) } else { Err(Fault::Uncertainty(percent)) }
    }
}
