//! The reports in people's words.

use super::csynth::Range;
use super::{Hardware, Resource};
use std::fmt::Write;

/// Lines of at most 110 columns, without what is not known; empty when nothing is.
pub fn describe(hardware: &Hardware) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    let each = hardware.kernels.iter().map(|k| (Some(&k.model), &k.hls));
    for (model, hls) in hardware.hls.iter().map(|hls| (None, hls)).chain(each) {
        let of = model.map(|m| format!("{m}: ")).unwrap_or_default();
        let late = if hls.clock_estimated_ns > hls.clock_target_ns { ", LONGER THAN ASKED" } else { "" };
        line(format!(
            "{of}HLS expects paths of {} ns at a clock of {} ns{late}.",
            hls.clock_estimated_ns, hls.clock_target_ns
        ));
        line(format!(
            "{of}HLS: an answer takes {}; a new sample every {}.",
            cycles(hls.latency_cycles, hls.clock_target_ns),
            cycles(hls.interval_cycles, hls.clock_target_ns)
        ));
        line(format!("{of}HLS estimates: {}.", resources(&hls.resources)));
    }
    if let Some(registers) = &hardware.registers {
        line(format!("Registers: {registers}."));
    }
    if let Some(utilization) = &hardware.utilization {
        line(format!("The implemented design uses {}.", resources(&utilization.resources)));
    }
    if let Some(timing) = &hardware.timing {
        let slack = timing.setup.worst_ns.map_or_else(|| "unknown".to_owned(), |s| format!("{s} ns"));
        line(if timing.met {
            format!("Timing is met; {slack} to spare at the longest path.")
        } else if timing.missed().is_empty() {
            "Timing is NOT met: the report names no setup slack.".to_owned()
        } else {
            format!("Timing is NOT met: {}.", timing.missed())
        });
    }
    for clock in hardware.clocks.iter().filter(|c| c.kind != "SYSTEM") {
        line(format!("{} runs at {} MHz.", clock.name, clock.mhz));
    }
    if let Some(power) = &hardware.power {
        let sure = power
            .confidence
            .as_deref()
            .map_or_else(String::new, |c| format!(", confidence {}", c.to_lowercase()));
        line(format!(
            "Power is estimated at {} W ({} W dynamic, {} W static{sure}).",
            power.total_w, power.dynamic_w, power.static_w
        ));
    }
    for unread in &hardware.unread {
        line(format!("The {} report could not be read: {}.", unread.report, unread.why));
    }
    for file in &hardware.files {
        line(format!("{} has {} bytes, SHA-256 {}.", file.path, file.bytes, file.sha256));
    }
    out
}

fn cycles(range: Range, period_ns: f64) -> String {
    let one = |n: u64| {
        let ns = n as f64 * period_ns;
        let time = if ns < 10_000.0 { format!("{ns:.0} ns") } else { format!("{:.1} us", ns / 1000.0) };
        format!("{n} cycles ({time})")
    };
    match (range.min, range.max) {
        (Some(min), Some(max)) if min == max => one(min),
        (Some(min), Some(max)) => format!("{min} to {}", one(max)),
        (None, Some(max)) => format!("at most {}", one(max)),
        (Some(min), None) => format!("at least {}", one(min)),
        (None, None) => "an unknown number of cycles".into(),
    }
}

fn resources(all: &[Resource]) -> String {
    let parts: Vec<String> = all
        .iter()
        .map(|r| match r.available {
            Some(of) if of > 0.0 => format!("{} {} of {of} ({:.1} %)", r.used, r.name, 100.0 * r.used / of),
            _ => format!("{} {}", r.used, r.name),
        })
        .collect();
    parts.join(", ")
}
