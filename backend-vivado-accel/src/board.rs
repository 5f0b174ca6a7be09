//! Boards as data: one file of `boards/` each, embedded in the program.

use netlathe_codegen_hls::wrapper::{self, Fault};
use serde::Deserialize;

use crate::error::Error;

const FILES: [(&str, &str); 1] = [("pynq-z2.toml", include_str!("../boards/pynq-z2.toml"))];

/// A board and where things are on it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The name that a user gives, as hls4ml's `board`.
    pub name: String,
    /// The vendor's part number.
    pub part: String,
    /// The board part of its board files, with the revision this was written for.
    pub board_part: String,
    /// Which block design it takes.
    pub family: Family,
    /// The clock of the programmable logic.
    pub clock: Clock,
    /// The memory that the DMA reads and writes.
    pub memory: Memory,
    /// The DMA's registers.
    pub control: Control,
}

/// A family of devices that share a block design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Zynq-7000, with a `processing_system7`.
    Zynq7000,
}

/// The clock of the programmable logic, divided from a PLL.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// What is used when nothing else is asked for.
    pub default_period_ns: f64,
    /// The PLL that is divided.
    pub source_mhz: f64,
    /// The fastest that is accepted.
    pub max_mhz: f64,
}

/// The memory that the DMA reads and writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The slave port of the processing system: `HP0`.
    pub port: String,
    /// Its data width.
    pub port_bits: u32,
    /// First address.
    pub base: u64,
    /// Size in bytes, a power of two.
    pub bytes: u64,
}

/// Where the processor reaches the DMA's registers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// First address.
    pub dma_base: u64,
    /// Size in bytes, a power of two.
    pub dma_bytes: u64,
}

/// A clock that the board really has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Actual {
    /// The PLL's frequency over this is the clock's.
    pub divisor: u32,
    /// Its period.
    pub period_ns: f64,
    /// Its frequency, rounded down to whole Hz.
    pub mhz: f64,
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
    let number = wrapper::board("VivadoAccelerator", &known, name)?;
    Ok(all.swap_remove(number))
}

impl Clock {
    /// The fastest clock that the dividers make and that is no faster than asked for; the default for `None`.
    ///
    /// The frequency is the source's over the product of two dividers of 1 to 63 (UG585, `FPGAn_CLK_CTRL`; the same in
    /// UG1085). It is never rounded up: the design is made for the period, and timing closes at what the board really has.
    ///
    /// # Errors
    /// [`Fault::Clock`] above the limit, below what the dividers reach, or when the period is no positive number.
    pub fn actual(&self, board: &str, period_ns: Option<f64>) -> Result<Actual, Error> {
        let asked = period_ns.unwrap_or(self.default_period_ns);
        let refused = || Fault::Clock {
            period_ns: asked,
            board: board.to_owned(),
            shortest_ns: 1000.0 / self.max_mhz,
            longest_ns: 1000.0 / self.source_mhz * f64::from(63 * 63),
        };
        // A period such as 3.3333333 means a third: a millionth is forgiven.
        let least = self.source_mhz * asked / 1000.0 * (1.0 - 1e-6);
        let divisor = (1..=63 * 63u32)
            .find(|&d| f64::from(d) >= least && (1..=63).any(|a| d % a == 0 && d / a <= 63))
            .filter(|_| asked > 0.0 && asked.is_finite())
            .ok_or_else(refused)?;
        let mhz = self.source_mhz / f64::from(divisor);
        if mhz > self.max_mhz {
            return Err(refused().into());
        }
        Ok(Actual {
            divisor,
            period_ns: 1000.0 * f64::from(divisor) / self.source_mhz,
            mhz: (mhz * 1e6).floor() / 1e6,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_never_faster_than_asked_for() {
        let clock = find("pynq-z2").unwrap().clock;
        // 1000 MHz over 10, 5, 5, 7: worked out by hand.
        let of = |period| clock.actual("pynq-z2", period).unwrap();
        assert_eq!((of(None).divisor, of(None).mhz), (10, 100.0));
        assert_eq!((of(Some(5.0)).divisor, of(Some(5.0)).period_ns), (5, 5.0));
        assert_eq!((of(Some(4.1)).divisor, of(Some(4.1)).mhz), (5, 200.0));
        assert_eq!((of(Some(7.0)).mhz, of(Some(7.0)).period_ns), (142.857142, 7.0));
        // 67 is a prime above 63, so two dividers cannot make it; 68 = 4 * 17 they can.
        assert_eq!(of(Some(67.0)).divisor, 68);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 3.0, 1e6] {
            assert!(matches!(clock.actual("pynq-z2", Some(bad)), Err(Error(Fault::Clock { .. }))), "{bad}");
        }
    }
}
