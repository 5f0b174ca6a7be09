//! `report_power`: an estimate, as good as its confidence level (UG907 "Report Power").

use super::number;
use serde::Serialize;

/// The summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Power {
    pub total_w: f64,
    pub dynamic_w: f64,
    pub static_w: f64,
    /// Of the die, in degrees Celsius.
    pub junction_c: Option<f64>,
    /// Low, Medium or High.
    pub confidence: Option<String>,
}

/// Reads the report.
///
/// # Errors
/// What is missing or wrong in it.
pub fn parse(text: &str) -> Result<Power, String> {
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.trim().strip_prefix('|')?.strip_suffix('|')?.split_once('|')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    let watt = |name: &str| {
        let value = field(name).ok_or_else(|| format!("it has no row `{name}`"))?;
        // `0.137`, or `<0.001`.
        number(value.trim_start_matches('<'))
            .ok_or_else(|| format!("{name} is `{}`, not a number", super::clipped(&value)))
    };
    Ok(Power {
        total_w: watt("Total On-Chip Power (W)")?,
        dynamic_w: watt("Dynamic (W)")?,
        static_w: watt("Device Static (W)")?,
        junction_c: field("Junction Temperature (C)").and_then(|v| number(&v)),
        confidence: field("Confidence Level"),
    })
}
