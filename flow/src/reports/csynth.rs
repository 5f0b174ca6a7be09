//! `<top>_csynth.xml`: what Vivado HLS and Vitis HLS say of a kernel after C synthesis.
//!
//! Elements as in UG902 2019.2 and UG1399 2020.2 to 2025.1 ("C synthesis report"); the same tree in all of them, but for the DSP
//! row, which Vivado HLS calls `DSP48E` and Vitis HLS `DSP`.

use super::xml;
use super::{Resource, number};
use serde::Serialize;

/// What HLS expects of the kernel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hls {
    /// The tool's version, such as `2023.2`.
    pub version: Option<String>,
    pub top: Option<String>,
    /// The clock's period that was asked for, in ns.
    pub clock_target_ns: f64,
    /// The longest path that HLS expects, in ns.
    pub clock_estimated_ns: f64,
    /// Cycles from the first input to the last output; `None` where a loop's length depends on data.
    pub latency_cycles: Range,
    /// Cycles between the starts of two calls.
    pub interval_cycles: Range,
    pub resources: Vec<Resource>,
}

/// Smallest and largest; `None` where HLS does not know (`undef`, `?`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    pub min: Option<u64>,
    pub max: Option<u64>,
}

/// Reads the report.
///
/// # Errors
/// What is missing or wrong in it.
pub fn parse(text: &str) -> Result<Hls, String> {
    let find = |path: &[&str]| xml::text(text, path);
    let period = |path: &[&str]| {
        let found = find(path).ok_or_else(|| format!("it has no {}", path.join("/")))?;
        number(&found).ok_or_else(|| format!("{} is `{found}`, not a number", path.join("/")))
    };
    const LATENCY: [&str; 2] = ["PerformanceEstimates", "SummaryOfOverallLatency"];
    let cycles = |name: &str| find(&[LATENCY[0], LATENCY[1], name]).and_then(|t| t.parse().ok());
    let names = [
        ("LUT", &["LUT"][..]),
        ("FF", &["FF"]),
        ("DSP", &["DSP", "DSP48E"]),
        ("BRAM_18K", &["BRAM_18K"]),
        ("URAM", &["URAM"]),
    ];
    let resources = names
        .iter()
        .filter_map(|(name, tags)| {
            let of = |part: &str| {
                tags.iter().find_map(|tag| find(&["AreaEstimates", part, tag])).and_then(|t| number(&t))
            };
            Some(Resource {
                name: (*name).into(),
                used: of("Resources")?,
                available: of("AvailableResources"),
            })
        })
        .collect();
    Ok(Hls {
        version: find(&["ReportVersion", "Version"]),
        top: find(&["UserAssignments", "TopModelName"]),
        clock_target_ns: period(&["UserAssignments", "TargetClockPeriod"])?,
        clock_estimated_ns: period(&[
            "PerformanceEstimates",
            "SummaryOfTimingAnalysis",
            "EstimatedClockPeriod",
        ])?,
        latency_cycles: Range { min: cycles("Best-caseLatency"), max: cycles("Worst-caseLatency") },
        interval_cycles: Range { min: cycles("Interval-min"), max: cycles("Interval-max") },
        resources,
    })
}
