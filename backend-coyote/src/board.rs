//! Boards as data: one file of `boards/` each, embedded in the program; a user's own file is read by the same rules.

use serde::Deserialize;

use crate::error::Error;

const FILES: [(&str, &str); 4] = [
    ("u55c.toml", include_str!("../boards/u55c.toml")),
    ("u250.toml", include_str!("../boards/u250.toml")),
    ("u280.toml", include_str!("../boards/u280.toml")),
    ("v80.toml", include_str!("../boards/v80.toml")),
];

/// A card that Coyote's shell runs on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The name that a user gives, as hls4ml's `device`.
    pub name: String,
    /// Coyote's name of the device, its CMake variable `FDEV_NAME`.
    pub fdev_name: String,
    /// The vendor's part number, as Coyote sets it for this device.
    pub part: String,
    /// Which of Coyote's two platforms it is.
    pub family: Family,
    /// PCIe generations that the shell can be built for, the usual one first.
    pub pcie: Vec<u32>,
    /// What it takes to build for it.
    pub tools: Tools,
    /// The card memory that Coyote connects.
    pub memory: Memory,
    /// Its clocks.
    pub clock: Clock,
    /// What the images are called.
    pub images: Images,
}

/// Coyote's platforms, called as its `FPGA_ARCH` and as the driver's `TARGET_PLATFORM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// UltraScale+: XDMA; the shell can be reconfigured, and the vFPGAs within it.
    UltrascalePlus,
    /// Versal: QDMA, images are PDIs; shell or vFPGAs can be reconfigured, not both.
    Versal,
}

/// What it takes to build for a board.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// The oldest release of Vivado and Vitis HLS, such as `2022.1`.
    pub vivado: String,
}

/// The card memory that Coyote connects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Which.
    pub kind: MemoryKind,
    /// Its size in GiB.
    pub gib: u32,
    /// How many AXI masters can be connected to it; Coyote itself is one.
    pub masters: u32,
}

/// A kind of card memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryKind {
    /// On the package.
    Hbm,
    /// On the card.
    Ddr,
}

/// The clocks of shell (Coyote's `ACLK_F`) and kernels (`UCLK_F`), in whole MHz.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// What is used when nothing else is asked for.
    pub default_mhz: u32,
    /// The slowest that is accepted.
    pub min_mhz: u32,
    /// The fastest that is accepted.
    pub max_mhz: u32,
    /// Where the limits are from.
    pub source: String,
}

/// File name extensions of Coyote's images.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Images {
    /// Of the whole device: `cyt_top`.
    pub full: String,
    /// Of the shell and of a vFPGA: `shell_top`, `vfpga_c0_0`.
    pub partial: String,
}

/// All boards: hls4ml's default device first, then by name.
///
/// # Errors
/// [`Error::BoardFile`] when an embedded file is malformed.
pub fn boards() -> Result<Vec<Board>, Error> {
    FILES.iter().map(|(file, text)| Board::from_toml(file, text)).collect()
}

/// The board of that name.
///
/// # Errors
/// [`Error::UnknownBoard`], listing what there is; [`Error::BoardFile`].
pub fn find(name: &str) -> Result<Board, Error> {
    let mut all = boards()?;
    let Some(number) = all.iter().position(|board| board.name == name) else {
        let known = all.iter().map(|board| board.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::UnknownBoard { name: name.to_owned(), known });
    };
    Ok(all.swap_remove(number))
}

impl Board {
    /// A board from the text of its file; `file` is only for messages.
    ///
    /// # Errors
    /// [`Error::BoardFile`].
    pub fn from_toml(file: &str, text: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::BoardFile { file: file.to_owned(), why };
        let board: Self = toml::from_str(text).map_err(|why| wrong(why.to_string()))?;
        match board.problem() {
            Some(why) => Err(wrong(why)),
            None => Ok(board),
        }
    }

    fn problem(&self) -> Option<String> {
        let names = [
            ("name", &self.name),
            ("fdev_name", &self.fdev_name),
            ("part", &self.part),
            ("images.full", &self.images.full),
            ("images.partial", &self.images.partial),
        ];
        let word = |text: &str| {
            // These go into CMake, file names and Tcl as they are.
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        if let Some((key, text)) = names.iter().find(|(_, text)| !word(text)) {
            return Some(format!("{key} is {text:?}; use letters, digits, - and _"));
        }
        let pdi = self.images.full == "pdi";
        if pdi != (self.family == Family::Versal) {
            return Some(format!(
                "images.full is {:?}: Versal devices have pdi, others bit",
                self.images.full
            ));
        }
        if self.pcie.is_empty() {
            return Some("pcie is empty; name at least one generation".into());
        }
        if release(&self.tools.vivado).is_none() {
            return Some(format!("tools.vivado is {:?}; write a release such as 2022.1", self.tools.vivado));
        }
        if self.memory.masters < 2 {
            return Some("memory.masters is less than 2: Coyote itself is one".into());
        }
        let Clock { default_mhz, min_mhz, max_mhz, .. } = self.clock;
        if min_mhz == 0 || !(min_mhz..=max_mhz).contains(&default_mhz) {
            return Some(format!(
                "clock: {default_mhz} MHz is not from {min_mhz} to {max_mhz} MHz, or these start at 0"
            ));
        }
        None
    }

    /// Whether a release of Vivado, such as `2023.2`, is new enough; `None` when that is no release.
    pub fn takes_vivado(&self, found: &str) -> Option<bool> {
        Some(release(found)? >= release(&self.tools.vivado)?)
    }
}

/// `2022.1` as numbers; what follows the second one, as in `2023.1.1`, does not count.
fn release(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl Family {
    /// Coyote's word for it: `FPGA_ARCH`, and `TARGET_PLATFORM` of the driver's Makefile.
    pub fn word(self) -> &'static str {
        match self {
            Self::UltrascalePlus => "ultrascale_plus",
            Self::Versal => "versal",
        }
    }
}

impl Clock {
    /// The whole MHz that come next below the frequency of `period_ns`; the default for `None`.
    ///
    /// Never above what was asked for: the kernel is scheduled for that period.
    ///
    /// # Errors
    /// [`Error::Clock`] outside of the limits, or when the period is no positive number.
    pub fn mhz(&self, board: &str, period_ns: Option<f64>) -> Result<u32, Error> {
        let Some(period_ns) = period_ns else { return Ok(self.default_mhz) };
        // A period such as 3.3333333 means 300 MHz, not 300.000003.
        let mhz = (1000.0 / period_ns + 1e-3).floor();
        if mhz >= f64::from(self.min_mhz) && mhz <= f64::from(self.max_mhz) {
            // In range of u32 by the limits, and whole by floor().
            return Ok(mhz as u32);
        }
        Err(Error::Clock {
            period_ns,
            board: board.to_owned(),
            shortest_ns: 1000.0 / f64::from(self.max_mhz),
            longest_ns: 1000.0 / f64::from(self.min_mhz),
        })
    }
}
