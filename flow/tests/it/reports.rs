//! Parsers of the tools' reports. The files in `data/reports` have the tools' formats and numbers of their own.

use crate::support::data;
use netlathe_flow::reports::{self, csynth, power, timing, utilization, xclbin};
use netlathe_flow::vendor::causes::{self, Cause, TABLE};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

fn text(name: &str) -> String {
    reports::read(&data("reports").join(name)).unwrap()
}

#[test]
fn timing_summaries() {
    let met = timing::parse(&text("timing_met.rpt")).unwrap();
    assert!(met.met);
    assert_eq!(
        (met.setup.worst_ns, met.setup.total_ns, met.setup.failing, met.setup.checked),
        (Some(0.317), Some(0.0), 0, 12345)
    );
    assert_eq!(
        (met.hold.worst_ns, met.pulse_width.worst_ns, met.pulse_width.checked),
        (Some(0.021), Some(3.75), 6789)
    );
    assert_eq!(met.clocks, [timing::Clock { name: "clk_fpga_0".into(), period_ns: 10.0 }]);
    for (name, missed) in [
        ("timing_setup.rpt", "the setup slack is -0.342 ns (57 of 12345 end points fail)"),
        ("timing_hold.rpt", "the hold slack is -0.055 ns (2 of 12345 end points fail)"),
        ("timing_pulse.rpt", "the pulse width slack is -0.219 ns (2 of 6789 end points fail)"),
        ("timing_unconstrained.rpt", ""),
    ] {
        let t = timing::parse(&text(name)).unwrap();
        assert_eq!((t.met, t.missed().as_str()), (false, missed), "{name}");
    }
    // The worse of two counts.
    let both = met.and(timing::parse(&text("timing_setup.rpt")).unwrap());
    assert_eq!((both.met, both.setup.worst_ns), (false, Some(-0.342)));
    let row = text("timing_met.rpt").replace("0.021", "what");
    assert!(timing::parse(&row).unwrap_err().contains("WHS(ns) is `what`"));
    let short = text("timing_met.rpt").replacen(
        "        3.750        0.000                       0                  6789",
        "",
        1,
    );
    assert!(timing::parse(&short).unwrap_err().contains("12 columns and 8 values"));
}

#[test]
fn utilization_flat_and_by_hierarchy() {
    let pairs = |u: &utilization::Utilization| -> Vec<(String, f64, Option<f64>)> {
        u.resources.iter().map(|r| (r.name.clone(), r.used, r.available)).collect()
    };
    let known = |name: &str, used: f64, available: f64| (name.to_owned(), used, Some(available));
    let flat = utilization::parse(&text("utilization_flat.rpt")).unwrap();
    assert_eq!(
        pairs(&flat),
        [
            known("LUT", 10640.0, 53200.0),
            known("FF", 15960.0, 106_400.0),
            known("BRAM", 3.5, 140.0),
            known("DSP", 11.0, 220.0)
        ]
    );
    let ultra = utilization::parse(&text("utilization_ultrascale.rpt")).unwrap();
    assert_eq!(
        pairs(&ultra),
        [
            known("LUT", 13704.0, 274_080.0),
            known("FF", 27408.0, 548_160.0),
            known("BRAM", 4.5, 912.0),
            known("URAM", 0.0, 0.0),
            known("DSP", 63.0, 2520.0)
        ]
    );
    let tree = utilization::parse(&text("utilization_hierarchical.rpt")).unwrap();
    // Two RAMB36 and three RAMB18 are three and a half tiles.
    assert_eq!(pairs(&tree)[3], ("BRAM".to_owned(), 3.5, None));
    let parts: Vec<(&str, f64)> =
        tree.parts.iter().map(|p| (p.instance.as_str(), p.resources[0].used)).collect();
    assert_eq!(
        parts,
        [("design_1_i", 10640.0), ("design_1_i/hier_0", 8000.0), ("design_1_i/hier_0/tiny_axi_0", 6000.0)]
    );
    let both = tree.and(flat);
    assert_eq!((both.resources[0].available, both.parts.len()), (Some(53200.0), 3));
    assert!(utilization::parse("| LUT | 1 |").is_err());
}

#[test]
fn hls_power_and_clocks() {
    let hls = csynth::parse(&text("csynth.xml")).unwrap();
    assert_eq!((hls.version.as_deref(), hls.top.as_deref()), (Some("2023.2"), Some("tiny_axi")));
    assert_eq!((hls.clock_target_ns, hls.clock_estimated_ns), (10.0, 7.125));
    assert_eq!((hls.latency_cycles.min, hls.latency_cycles.max), (Some(21), Some(23)));
    assert_eq!((hls.interval_cycles.min, hls.interval_cycles.max), (Some(8), Some(8)));
    let of = |hls: &csynth::Hls, name: &str| {
        hls.resources.iter().find(|r| r.name == name).map(|r| (r.used, r.available))
    };
    assert_eq!(of(&hls, "DSP"), Some((11.0, Some(220.0))));
    assert_eq!(of(&hls, "LUT"), Some((7002.0, Some(53200.0))));
    let old = csynth::parse(&text("csynth_2019.2.xml")).unwrap();
    assert_eq!((of(&old, "DSP"), old.latency_cycles.max), (Some((11.0, Some(220.0))), None));
    assert!(csynth::parse("<profile></profile>").unwrap_err().contains("TargetClockPeriod"));

    let power = power::parse(&text("power.rpt")).unwrap();
    assert_eq!((power.total_w, power.dynamic_w, power.static_w), (1.625, 1.5, 0.125));
    assert_eq!((power.junction_c, power.confidence.as_deref()), (Some(43.7), Some("Medium")));
    assert!(power::parse("").unwrap_err().contains("Total On-Chip Power"));

    let clocks = xclbin::parse(&text("xclbin.info")).unwrap();
    let kernel = xclbin::kernel(&clocks).unwrap();
    assert_eq!((kernel.name.as_str(), kernel.mhz), ("DATA_CLK", 200.0));
    assert!(xclbin::parse("").is_err());
}

/// Every file cut off anywhere, and with a byte turned: an answer or a reason, never a panic.
#[test]
fn damaged_reports_are_refused_or_read() {
    for entry in std::fs::read_dir(data("reports")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let mut variants: Vec<Vec<u8>> = (0..bytes.len()).step_by(97).map(|n| bytes[..n].to_vec()).collect();
        for at in (0..bytes.len()).step_by(131) {
            let mut turned = bytes.clone();
            turned[at] = turned[at].wrapping_add(128);
            variants.push(turned);
        }
        for variant in variants {
            let text = String::from_utf8_lossy(&variant);
            let _ = timing::parse(&text);
            let _ = utilization::parse(&text);
            let _ = power::parse(&text);
            let _ = csynth::parse(&text);
            let _ = xclbin::parse(&text);
            let _ = reports::registers::parse(&text);
        }
    }
    let place = tempfile::tempdir().unwrap();
    let large = place.path().join("large.rpt");
    std::fs::File::create(&large).unwrap().set_len(reports::MAX_BYTES + 1).unwrap();
    assert!(reports::read(&large).unwrap_err().contains("more than 32 MiB"));
    std::fs::write(place.path().join("empty.rpt"), "").unwrap();
    assert!(reports::read(&place.path().join("empty.rpt")).unwrap_err().contains("is empty"));
}

#[test]
fn each_row_of_the_causes_has_a_transcript() {
    let file = std::fs::read_to_string(data("transcripts.txt")).unwrap();
    let mut blocks: Vec<(&str, String)> = Vec::new();
    for line in file.lines() {
        match line.strip_prefix("== ") {
            Some(title) => blocks.push((title, String::new())),
            None => {
                let block = &mut blocks.last_mut().unwrap().1;
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    assert_eq!(blocks.len(), TABLE.len());
    for row in TABLE {
        let title = format!("{}: {}", row.cause.name(), row.holds.join(" + "));
        let (_, log) =
            blocks.iter().find(|(t, _)| *t == title).unwrap_or_else(|| panic!("no transcript: {title}"));
        let found = causes::of(None, [log.as_str()]);
        assert_eq!(found.cause, row.cause, "{title}");
        assert!(row.holds.iter().all(|h| found.said.contains(h)), "{title}: {}", found.said);
        assert!(!row.source.is_empty() && !row.cause.help().is_empty());
    }
}

#[test]
fn the_exit_status_speaks_when_the_log_does_not() {
    let killed = ExitStatus::from_raw(9);
    assert_eq!(causes::of(Some(killed), [""]).cause, Cause::Memory);
    // A shell's way to pass it on; exit codes are the second byte.
    assert_eq!(causes::of(Some(ExitStatus::from_raw(137 << 8)), [""]).cause, Cause::Memory);
    let one = ExitStatus::from_raw(1 << 8);
    assert_eq!(causes::of(Some(one), ["ERROR: [X 1-1] y\nERROR: [X 1-2] z"]).said, "ERROR: [X 1-1] y");
    assert_eq!(causes::of(Some(one), ["INFO: fine"]).cause, Cause::Unknown);
    // What a script says of errors is none.
    assert_eq!(causes::of(Some(one), ["# puts \"[Common 17-345]\""]).cause, Cause::Unknown);
    // Of two reasons the one that explains the other.
    let two = ["ERROR: [Place 30-640] more cells than are available", "write: No space left on device"];
    assert_eq!(causes::of(Some(one), two).cause, Cause::Disk);
    let lowered =
        "WARNING: [VPL 60-732] Link warning: .. The frequency is being automatically changed to 171.3 MHz";
    assert!(causes::lowered(lowered).is_some() && causes::lowered("INFO: 300 MHz").is_none());
}
