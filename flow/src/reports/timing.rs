//! `report_timing_summary`: whether a design meets its timing (UG906 "Report Timing Summary").

use super::number;
use serde::Serialize;

/// The row "Design Timing Summary" and the clocks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// Every slack is there and none is negative.
    pub met: bool,
    pub setup: Slack,
    pub hold: Slack,
    pub pulse_width: Slack,
    pub clocks: Vec<Clock>,
}

/// A kind of check over all its end points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Slack {
    /// Worst slack in ns (WNS, WHS, WPWS); `None` when nothing was checked (`NA`).
    pub worst_ns: Option<f64>,
    /// Sum of the negative slacks in ns (TNS, THS, TPWS).
    pub total_ns: Option<f64>,
    pub failing: u64,
    pub checked: u64,
}

/// A line of "Clock Summary".
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clock {
    pub name: String,
    pub period_ns: f64,
}

impl Slack {
    /// Negative slack or failing end points.
    pub fn is_missed(&self) -> bool {
        self.failing > 0 || self.worst_ns.is_some_and(|s| s < 0.0) || self.total_ns.is_some_and(|s| s < 0.0)
    }
}

impl Timing {
    /// What fails, in words; empty when timing is met.
    pub fn missed(&self) -> String {
        let kinds = [("setup", self.setup), ("hold", self.hold), ("pulse width", self.pulse_width)];
        let parts: Vec<String> = kinds
            .iter()
            .filter(|(_, s)| s.is_missed())
            .map(|(name, s)| {
                let worst = s.worst_ns.map_or_else(|| "unknown".to_owned(), |w| format!("{w} ns"));
                format!("the {name} slack is {worst} ({} of {} end points fail)", s.failing, s.checked)
            })
            .collect();
        parts.join(", ")
    }

    /// The worse of two reports about parts of one design.
    #[must_use]
    pub fn and(self, other: Timing) -> Timing {
        let worse = |a: Slack, b: Slack| {
            let least = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            Slack {
                worst_ns: least(a.worst_ns, b.worst_ns),
                total_ns: least(a.total_ns, b.total_ns),
                failing: a.failing.max(b.failing),
                checked: a.checked.max(b.checked),
            }
        };
        Timing {
            met: self.met && other.met,
            setup: worse(self.setup, other.setup),
            hold: worse(self.hold, other.hold),
            pulse_width: worse(self.pulse_width, other.pulse_width),
            clocks: if self.clocks.is_empty() { other.clocks } else { self.clocks },
        }
    }
}

/// Reads the report.
///
/// # Errors
/// What is missing or wrong in it; a report without slacks is no met timing.
pub fn parse(text: &str) -> Result<Timing, String> {
    let mut lines = text.lines().skip_while(|l| !l.contains("Design Timing Summary"));
    if lines.next().is_none() {
        return Err("it has no Design Timing Summary".into());
    }
    let header = lines
        .find(|l| l.trim_start().starts_with("WNS(ns)"))
        .ok_or_else(|| "its Design Timing Summary has no columns".to_owned())?;
    // Names of columns hold single blanks; columns stand two or more apart.
    let names: Vec<&str> = header.split("  ").map(str::trim).filter(|n| !n.is_empty()).collect();
    let row = lines
        .find(|l| !l.trim().is_empty() && !l.trim_start().starts_with('-') || is_values(l))
        .ok_or_else(|| "its Design Timing Summary has no values".to_owned())?;
    let values: Vec<&str> = row.split_whitespace().collect();
    if values.len() != names.len() {
        return Err(format!(
            "its Design Timing Summary has {} columns and {} values: {}",
            names.len(),
            values.len(),
            super::clipped(row)
        ));
    }
    let field = |name: &str| {
        names
            .iter()
            .position(|n| *n == name)
            .map(|i| values[i])
            .ok_or_else(|| format!("its Design Timing Summary has no column {name}"))
    };
    let slack = |name: &str| -> Result<Option<f64>, String> {
        match field(name)? {
            "NA" => Ok(None),
            v => {
                number(v).map(Some).ok_or_else(|| format!("{name} is `{}`, not a number", super::clipped(v)))
            }
        }
    };
    let count = |name: &str| -> Result<u64, String> {
        let v = field(name)?;
        v.parse().map_err(|_| format!("{name} is `{}`, not a count", super::clipped(v)))
    };
    let kind = |w: &str, t: &str| -> Result<Slack, String> {
        Ok(Slack {
            worst_ns: slack(&format!("{w}(ns)"))?,
            total_ns: slack(&format!("{t}(ns)"))?,
            failing: count(&format!("{t} Failing Endpoints"))?,
            checked: count(&format!("{t} Total Endpoints"))?,
        })
    };
    let (setup, hold, pulse_width) = (kind("WNS", "TNS")?, kind("WHS", "THS")?, kind("WPWS", "TPWS")?);
    // A design without a setup check has no constrained clock: that is not timing met.
    let met = setup.worst_ns.is_some()
        && ![setup, hold, pulse_width].iter().any(Slack::is_missed)
        && !text.contains("Timing constraints are not met.");
    Ok(Timing { met, setup, hold, pulse_width, clocks: clocks(text) })
}

fn is_values(line: &str) -> bool {
    // `-0.2` begins like the rule below the names does.
    line.split_whitespace().next().is_some_and(|w| w == "NA" || number(w).is_some())
}

fn clocks(text: &str) -> Vec<Clock> {
    text.lines()
        .skip_while(|l| !l.contains("| Clock Summary"))
        .skip_while(|l| !(l.starts_with("Clock") && l.contains("Period(ns)")))
        .skip(2)
        .take_while(|l| !l.trim().is_empty())
        .filter_map(|line| {
            let name = line.split_whitespace().next()?;
            // `clk_fpga_0  {0.000 5.000}      10.000          100.000`
            let period = line.split_once('}')?.1.split_whitespace().next().and_then(number)?;
            Some(Clock { name: name.into(), period_ns: period })
        })
        .take(1000)
        .collect()
}
