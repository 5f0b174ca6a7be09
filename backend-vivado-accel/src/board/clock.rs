//! Clocks: what a board can make of the period that was asked for.

use netlathe_codegen_hls::wrapper::Fault;
use serde::Deserialize;

use crate::error::Error;

/// The clock of the accelerator.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// What is used when nothing else is asked for.
    pub default_period_ns: f64,
    /// The PLL that two dividers of 1 to 63 make the clock from; none where any whole number of MHz can be made.
    pub source_mhz: Option<f64>,
    /// The fastest that is accepted.
    pub max_mhz: f64,
    /// The slowest that is accepted; where there are dividers, what these reach if absent.
    pub min_mhz: Option<f64>,
}

/// A clock that the board really has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Actual {
    /// Its period.
    pub period_ns: f64,
    /// Its frequency, rounded down to whole Hz.
    pub mhz: f64,
}

impl Clock {
    /// The fastest clock that the board makes and that is no faster than asked for; the default for `None`.
    ///
    /// With dividers, the frequency is the source's over the product of two numbers of 1 to 63 (UG585, `FPGAn_CLK_CTRL`; UG1087,
    /// `PLn_REF_CTRL`). It is never rounded up: the design is made for the period, and timing closes at what the board really
    /// has.
    ///
    /// # Errors
    /// [`Fault::Clock`] above or below the limits, or when the period is no positive number.
    pub fn actual(&self, board: &str, period_ns: Option<f64>) -> Result<Actual, Error> {
        let asked = period_ns.unwrap_or(self.default_period_ns);
        let reach = self.source_mhz.map(|source| source / f64::from(63 * 63));
        let least_mhz = self.min_mhz.or(reach).unwrap_or(1.0);
        let refused = || Fault::Clock {
            period_ns: asked,
            board: board.to_owned(),
            shortest_ns: 1000.0 / self.max_mhz,
            longest_ns: 1000.0 / least_mhz,
        };
        if !(asked > 0.0 && asked.is_finite()) {
            return Err(refused().into());
        }
        let found = match self.source_mhz {
            Some(source) => divided(source, asked),
            // A period such as 3.3333333 means a third: a millionth is forgiven.
            None => Some((1000.0 / asked * (1.0 + 1e-6)).floor()).filter(|mhz| *mhz >= 1.0),
        };
        let mhz = found.ok_or_else(refused)?;
        if mhz > self.max_mhz || mhz < least_mhz * (1.0 - 1e-9) {
            return Err(refused().into());
        }
        Ok(Actual { period_ns: 1000.0 / mhz, mhz: (mhz * 1e6 + 1e-3).floor() / 1e6 })
    }
}

/// The source over the smallest product of two dividers that makes no less than `asked` nanoseconds.
fn divided(source: f64, asked: f64) -> Option<f64> {
    let least = source * asked / 1000.0 * (1.0 - 1e-6);
    let divisor = (1..=63 * 63u32)
        .find(|&d| f64::from(d) >= least && (1..=63).any(|a| d.is_multiple_of(a) && d / a <= 63))?;
    Some(source / f64::from(divisor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zynq() -> Clock {
        Clock { default_period_ns: 10.0, source_mhz: Some(1000.0), max_mhz: 250.0, min_mhz: None }
    }

    #[test]
    fn clocks_are_never_faster_than_asked_for() {
        // 1000 MHz over 10, 5, 5, 7: worked out by hand.
        let of = |period| zynq().actual("a board", period).unwrap();
        assert_eq!((of(None).period_ns, of(None).mhz), (10.0, 100.0));
        assert_eq!((of(Some(5.0)).mhz, of(Some(5.0)).period_ns), (200.0, 5.0));
        assert_eq!((of(Some(4.1)).mhz, of(Some(4.0)).mhz), (200.0, 250.0));
        assert_eq!(of(Some(7.0)).mhz, 142.857142);
        // 67 is a prime above 63, so two dividers cannot make it; 68 = 4 * 17 they can.
        assert_eq!(of(Some(67.0)).mhz, 14.705882);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 3.0, 1e6] {
            let error = zynq().actual("a board", Some(bad)).unwrap_err();
            assert!(matches!(error, Error::Shared(Fault::Clock { .. })), "{bad}");
        }
    }

    #[test]
    fn a_pll_that_makes_no_whole_numbers() {
        let clock = Clock { source_mhz: Some(1499.985), max_mhz: 333.0, ..zynq() };
        let of = |period: f64| clock.actual("a board", Some(period)).unwrap().mhz;
        // 1499.985 MHz over 15, 8 and 8: 200 MHz cannot be made, the next below is 187.498125.
        assert_eq!((of(10.0), of(5.0), of(5.3)), (99.999, 187.498125, 187.498125));
    }

    #[test]
    fn without_dividers_whole_megahertz() {
        let clock =
            Clock { default_period_ns: 3.3333333, source_mhz: None, max_mhz: 300.0, min_mhz: Some(60.0) };
        let of = |period| clock.actual("a card", period).map(|a| a.mhz);
        assert_eq!((of(None).unwrap(), of(Some(7.0)).unwrap()), (300.0, 142.0));
        assert!(of(Some(3.0)).is_err() && of(Some(20.0)).is_err());
    }
}
