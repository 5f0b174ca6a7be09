//! Boards as data: one file of `boards/` each, embedded in the program, or a user's own.
//!
//! A file says what a script needs to know of a board and nothing of any network. What it says is checked whole by
//! [`Board::from_toml`]: field by field here, one against the other in `check.rs`.

mod check;
mod clock;

use std::collections::BTreeMap;

use netlathe_codegen_hls::wrapper::{self, Fault};
use serde::Deserialize;

use crate::error::Error;

pub use clock::{Actual, Clock};

const FILES: [(&str, &str); 12] = [
    ("alveo-u200.toml", include_str!("../../boards/alveo-u200.toml")),
    ("alveo-u250.toml", include_str!("../../boards/alveo-u250.toml")),
    ("alveo-u280.toml", include_str!("../../boards/alveo-u280.toml")),
    ("alveo-u50.toml", include_str!("../../boards/alveo-u50.toml")),
    ("alveo-u55c.toml", include_str!("../../boards/alveo-u55c.toml")),
    ("kv260.toml", include_str!("../../boards/kv260.toml")),
    ("pynq-z1.toml", include_str!("../../boards/pynq-z1.toml")),
    ("pynq-z2.toml", include_str!("../../boards/pynq-z2.toml")),
    ("rfsoc4x2.toml", include_str!("../../boards/rfsoc4x2.toml")),
    ("ultra96v2.toml", include_str!("../../boards/ultra96v2.toml")),
    ("zcu102.toml", include_str!("../../boards/zcu102.toml")),
    ("zcu104.toml", include_str!("../../boards/zcu104.toml")),
];

/// A board and where things are on it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The name that a user gives, as hls4ml's `board`.
    pub name: String,
    /// What its vendor calls it, for people.
    pub title: String,
    /// The vendor's part number.
    pub part: String,
    /// Which scripts it takes.
    pub family: Family,
    /// The interfaces there are scripts for; the first is what is used when nothing is asked for.
    pub interfaces: Vec<InterfaceKind>,
    /// Runs of the vendor's tools for this board that are on record, as text for people. None are.
    pub runs_on_record: Vec<String>,
    /// The clock of the accelerator.
    pub clock: Clock,
    /// Of boards with a processing system; exactly those of [`Family::Zynq7000`] and [`Family::ZynqUltrascale`] have it.
    pub zynq: Option<Zynq>,
    /// Of PCIe cards; exactly those of [`Family::Alveo`] have it.
    pub alveo: Option<Alveo>,
    /// What a package for the board holds.
    pub package: Package,
    /// For people.
    pub notes: Vec<String>,
}

/// A family of devices that share their scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Zynq-7000, with a `processing_system7`.
    Zynq7000,
    /// Zynq UltraScale+ MPSoC and RFSoC, with a `zynq_ultra_ps_e`.
    ZynqUltrascale,
    /// A PCIe card with an XDMA platform of Vitis.
    Alveo,
}

/// How tensors reach the accelerator; the text is hls4ml's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterfaceKind {
    /// AXI4-Streams, fed by AXI DMAs; the core runs freely.
    AxiStream,
    /// The core reads and writes memory itself, and is started by a register.
    AxiMaster,
    /// The processor writes a sample into the core and reads the result.
    AxiLite,
}

/// A board with a processing system beside the programmable logic.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zynq {
    /// Board parts of its board files, `vendor:name:part0:revision`, with the revision this was written for. The first that is
    /// installed is used, in its newest revision, whatever that is. Empty: the design is made without board files, from
    /// [`Zynq::properties`] alone.
    pub board_parts: Vec<String>,
    /// Where the board files come from, for a message.
    pub board_files: String,
    /// Properties of the processing system, set after the board's own preset: `PSU__USE__M_AXI_GP1 = "0"`.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// The AXI DMAs.
    pub dma: Dma,
    /// The memory that the accelerator or its DMAs read and write.
    pub memory: Memory,
    /// Where the processor reaches the registers of the accelerator or its DMAs.
    pub control: Control,
    /// How many interrupts of the logic the processor takes at the port that is used.
    pub interrupts: u32,
}

/// The AXI DMAs of `axi_stream`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dma {
    /// Width of a beat when elements are fixed-point numbers; 8 to 1024, a power of two, no more than the memory port's.
    pub stream_bits: u32,
    /// Width of the length registers (`c_sg_length_width`): a transfer has less than 2 to that power bytes.
    pub length_bits: u32,
    /// Width of an address in memory (`c_addr_width`).
    pub address_bits: u32,
}

/// The memory that the accelerator or its DMAs read and write.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The slave port of the processing system: `HP0` to `HP3`, on UltraScale+ `HPC0` and `HPC1`, too.
    pub port: String,
    /// Its data width.
    pub port_bits: u32,
    /// What is reached through it.
    pub regions: Vec<Region>,
}

/// A range of memory behind the port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The address segment of the processing system, without the port before it: `DDR_LOWOCM`, `DDR_LOW`, `DDR_HIGH`.
    pub segment: String,
    /// First address.
    pub base: u64,
    /// Size in bytes, a power of two.
    pub bytes: u64,
}

/// Where the processor reaches registers of the programmable logic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The master port of the processing system: `GP0`, `GP1`; on UltraScale+ `HPM0_FPD`, `HPM1_FPD`, `HPM0_LPD`.
    pub port: String,
    /// Where the first DMA's registers, or the core's, are.
    pub base: u64,
    /// Its data width.
    pub port_bits: u32,
    /// Size in bytes of the range of one DMA, or of a core with registers alone; the next DMA follows right behind.
    pub dma_bytes: u64,
    /// The largest range of a core that holds its tensors (`axi_lite`): they lie in the device's block memory.
    pub lite_bytes: u64,
    /// First address after what the port reaches.
    pub end: u64,
}

/// A PCIe card with an XDMA platform.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alveo {
    /// Names of Vitis platforms, the newest first; the first that is installed is used.
    pub platforms: Vec<String>,
    /// Width of the kernel's AXI masters.
    pub port_bits: u32,
    /// Super logic regions.
    pub slrs: u32,
    /// The one that the kernel is put into, `SLR0` as 0.
    pub kernel_slr: u32,
    /// Global memory.
    pub memory: Vec<CardMemory>,
    /// The memory that tensors are put into, as in v++'s `connectivity.sp`: `DDR` or `HBM`.
    pub tensors_in: MemoryKind,
}

/// Banks of the same kind at the same place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardMemory {
    /// What v++ calls it.
    pub kind: MemoryKind,
    /// The number of the first of these banks.
    pub first: u32,
    /// How many there are.
    pub banks: u32,
    /// Size of each in bytes.
    pub bank_bytes: u64,
    /// The super logic region they are at.
    pub slr: u32,
}

/// What v++ calls a kind of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum MemoryKind {
    /// DDR4 modules.
    #[serde(rename = "DDR")]
    Ddr,
    /// Memory in the package.
    #[serde(rename = "HBM")]
    Hbm,
}

/// What a package for the board holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// In the order of listing.
    pub contents: Vec<Content>,
}

/// A part of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// `<project>.bit`.
    Bit,
    /// `<project>.hwh`, the description of the block design.
    Hwh,
    /// `<project>.xclbin`.
    Xclbin,
    /// `manifest.json`.
    Manifest,
    /// The Python driver.
    Driver,
    /// Test vectors with the outputs expected.
    Vectors,
    /// How to use it on the board.
    Readme,
}

impl Family {
    /// The text of board files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zynq7000 => "zynq7000",
            Self::ZynqUltrascale => "zynq_ultrascale",
            Self::Alveo => "alveo",
        }
    }
}

impl InterfaceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AxiStream, Self::AxiMaster, Self::AxiLite];

    /// hls4ml's text.
    pub fn name(self) -> &'static str {
        match self {
            Self::AxiStream => "axi_stream",
            Self::AxiMaster => "axi_master",
            Self::AxiLite => "axi_lite",
        }
    }
}

impl std::str::FromStr for InterfaceKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("{text:?} is no interface; use axi_stream, axi_master or axi_lite"))
    }
}

impl MemoryKind {
    /// v++'s text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ddr => "DDR",
            Self::Hbm => "HBM",
        }
    }
}

impl Board {
    /// Reads a board file.
    ///
    /// # Errors
    /// [`Error::BoardFields`]: it is no TOML, a field is unknown, missing or of the wrong kind (the first of these is told, with
    /// its line), or values are wrong (all of these are told, with the paths of their fields).
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let board: Self = toml::from_str(text).map_err(|why| Error::BoardFields(vec![why.to_string()]))?;
        let problems = check::problems(&board);
        if problems.is_empty() { Ok(board) } else { Err(Error::BoardFields(problems)) }
    }

    /// The interface of that kind, or the board's usual one for `None`.
    ///
    /// # Errors
    /// [`Error::Interface`] when the board has no scripts for it.
    pub fn interface(&self, asked: Option<InterfaceKind>) -> Result<InterfaceKind, Error> {
        let usual = self.interfaces.first().copied().unwrap_or(InterfaceKind::AxiStream);
        let kind = asked.unwrap_or(usual);
        if self.interfaces.contains(&kind) {
            return Ok(kind);
        }
        let why = match self.family {
            Family::Alveo => "a PCIe card's platform reaches kernels by their own AXI masters only",
            Family::Zynq7000 | Family::ZynqUltrascale => "its board file does not list it",
        };
        Err(Error::Interface {
            board: self.name.clone(),
            interface: kind.name(),
            why,
            there_are: self.interfaces.iter().map(|k| k.name()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// All boards, in the order of their names.
///
/// # Errors
/// [`Fault::BoardFile`] when an embedded file is malformed.
pub fn boards() -> Result<Vec<Board>, Error> {
    let wrong = |file, why: Error| Fault::BoardFile { file, why: why.to_string() };
    FILES.iter().map(|(file, text)| Ok(Board::from_toml(text).map_err(|why| wrong(file, why))?)).collect()
}

/// The board of that name.
///
/// # Errors
/// [`Fault::UnknownBoard`], listing what there is; [`Fault::BoardFile`].
pub fn find(name: &str) -> Result<Board, Error> {
    let mut all = boards()?;
    let known: Vec<&str> = all.iter().map(|board| board.name.as_str()).collect();
    let number = wrapper::board("VivadoAccelerator", &known, name)?;
    Ok(all.swap_remove(number))
}
