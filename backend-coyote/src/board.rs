//! Boards as data: one file of `boards/` each, embedded in the program.

use netlathe_codegen_hls::wrapper::{self, Fault};
use serde::Deserialize;

use crate::error::Error;

const FILES: [(&str, &str); 1] = [("u55c.toml", include_str!("../boards/u55c.toml"))];

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
    /// Its clock.
    pub clock: Clock,
}

/// The clock of shell and kernel (Coyote's `ACLK_F`), in whole MHz.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// What is used when nothing else is asked for.
    pub default_mhz: u32,
    /// The slowest that is accepted.
    pub min_mhz: u32,
    /// The fastest that is accepted.
    pub max_mhz: u32,
}

/// All boards, in the order of their names.
///
/// # Errors
/// [`Fault::BoardFile`] when an embedded file is malformed.
pub fn boards() -> Result<Vec<Board>, Error> {
    let wrong = |file, why: toml::de::Error| Fault::BoardFile { file, why: why.to_string() };
    FILES.iter().map(|(file, text)| Ok(toml::from_str(text).map_err(|why| wrong(file, why))?)).collect()
}

/// The board of that name.
///
/// # Errors
/// [`Fault::UnknownBoard`], listing what there is; [`Fault::BoardFile`].
pub fn find(name: &str) -> Result<Board, Error> {
    let mut all = boards()?;
    let known: Vec<&str> = all.iter().map(|board| board.name.as_str()).collect();
    let number = wrapper::board("Coyote", &known, name)?;
    Ok(all.swap_remove(number))
}

impl Clock {
    /// The whole MHz that come next below the frequency of `period_ns`; the default for `None`.
    ///
    /// Never above what was asked for: the kernel is scheduled for that period.
    ///
    /// # Errors
    /// [`Fault::Clock`] outside of the limits, or when the period is no positive number.
    pub fn mhz(&self, board: &str, period_ns: Option<f64>) -> Result<u32, Error> {
        let Some(period_ns) = period_ns else { return Ok(self.default_mhz) };
        // A period such as 3.3333333 means 300 MHz, not 300.000003.
        let mhz = (1000.0 / period_ns + 1e-3).floor();
        if mhz >= f64::from(self.min_mhz) && mhz <= f64::from(self.max_mhz) {
            // In range of u32 by the limits, and whole by floor().
            return Ok(mhz as u32);
        }
        Err(Fault::Clock {
            period_ns,
            board: board.to_owned(),
            shortest_ns: 1000.0 / f64::from(self.max_mhz),
            longest_ns: 1000.0 / f64::from(self.min_mhz),
        }
        .into())
    }
}
