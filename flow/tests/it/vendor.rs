//! Plans, runs against stand-ins of the vendor's tools, and packages. `tests/stand_ins` says how they fail.

use crate::support::{self, data, save, tiny, x};
use netlathe_flow::build::{self, build};
use netlathe_flow::report::Stage;
use netlathe_flow::reports::Hardware;
use netlathe_flow::target::Wishes;
use netlathe_flow::vendor::{self, Kind, Plan, Project, Tools, plan, run};
use netlathe_flow::{Error, hash, npy, package};
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const LONG: Duration = Duration::from_secs(3600);

fn stand_ins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_ins")
}

/// The stand-ins, and the system's own programs behind them.
pub(crate) fn tools(coyote: Option<&Path>) -> Tools {
    let mut path = OsString::from(stand_ins());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    Tools::on(&path, coyote)
}

/// A project of the tiny network for a board, as `build` writes it.
fn written(place: &Path, board: &str) -> Project {
    wished(place, Wishes { board: Some(board.into()), ..Wishes::default() })
}

fn wished(place: &Path, wishes: Wishes) -> Project {
    save(&place.join("x.npy"), &x());
    std::fs::write(place.join("c.yml"), "Model: {Precision: 'fixed<16,6>', ReuseFactor: 1}\n").unwrap();
    let options = build::Options {
        sources: vec![tiny(Some(&place.join("c.yml")))],
        wishes: Wishes { project: Some("tiny".into()), ..wishes },
        inputs: vec![place.join("x.npy")],
        expected: Vec::new(),
        out: Some(place.join("p")),
        overwrite: false,
        accept_large: false,
        until: Some(Stage::Write),
        ap_types: None,
        cache: support::cache(),
        vendor: vendor::Options::default(),
    };
    build(&options, &mut |_| {}).unwrap();
    Project::open(&place.join("p")).unwrap()
}

/// A project for v++, at the clock of the stand-in's reports.
fn for_a_card(place: &Path) -> Project {
    wished(place, Wishes { board: Some("alveo-u50".into()), clock_period_ns: Some(5.0), ..Wishes::default() })
}

pub(crate) fn planned(project: &Project, tools: &Tools, fail: &str) -> Plan {
    let mut plan = plan(project, tools, Stage::Bitstream, LONG).unwrap();
    for step in &mut plan.steps {
        step.env.push(("STAND_IN_FAIL".into(), fail.into()));
    }
    plan
}

/// Both stages, as `build` runs them.
pub(crate) fn both(project: &Project, tools: &Tools, fail: &str) -> (Hardware, Result<(), Error>) {
    let plan = planned(project, tools, fail);
    let mut hardware = Hardware::new(&project.manifest);
    let result = [Stage::Hls, Stage::Bitstream]
        .into_iter()
        .try_for_each(|stage| run::stage(project, &plan, tools, stage, &mut hardware).map(drop));
    (hardware, result)
}

#[test]
fn plans_are_data() {
    let place = tempfile::tempdir().unwrap();
    let project = written(place.path(), "pynq-z2");
    assert_eq!(project.kind, Kind::Zynq);
    let text = plan(&project, &tools(None), Stage::Bitstream, LONG).unwrap().text();
    assert_eq!(
        text,
        "\
hls (hls): vitis_hls -f build_hls.tcl
  at most 60 min, log logs/hls.log
  reads build_hls.tcl project.tcl firmware/ tb/ tb_data/
  writes tiny_hls/solution1/impl/ip/component.xml
bitstream (bitstream): vivado -mode batch -source design.tcl -nojournal -log logs/vivado.log
  at most 60 min, log logs/bitstream.log
  reads design.tcl project.tcl tiny_hls/solution1/impl/ip/component.xml
  writes export/tiny.bit export/tiny.hwh reports/utilization.rpt reports/timing.rpt reports/power.rpt
report hls: tiny_hls/**/tiny_axi_csynth.xml or tiny_hls/**/csynth.xml
report registers: tiny_hls/**/xtiny_axi_hw.h
report utilization: reports/utilization*.rpt
report timing: reports/timing*.rpt
report power: reports/power*.rpt
export export/tiny.bit
export export/tiny.hwh
"
    );
    let first = |tools: &Tools| plan(&project, tools, Stage::Hls, LONG).unwrap().steps[0].line();
    let all = tools(None);
    assert_eq!(first(&Tools { vitis_hls: None, ..all.clone() }), "vitis-run --mode hls --tcl build_hls.tcl");
    // The script is for Vitis HLS: Vivado HLS would not take it.
    let old = Tools { vitis_hls: None, vitis_run: None, ..all.clone() };
    assert!(plan(&project, &old, Stage::Hls, LONG).unwrap_err().what.contains("vitis-run"));
    // Up to HLS, Vivado is not asked for.
    assert!(plan(&project, &Tools { vivado: None, ..all.clone() }, Stage::Hls, LONG).is_ok());
    let missing = plan(&project, &Tools { vivado: None, ..all.clone() }, Stage::Bitstream, LONG).unwrap_err();
    assert!(missing.what.contains("vivado") && missing.help.contains("settings64.sh"), "{missing:?}");
    let none = plan(&project, &Tools::default(), Stage::Hls, LONG).unwrap_err();
    assert!(none.what.contains("vitis_hls") && none.what.contains("vitis-run"), "{none:?}");
}

#[test]
fn plans_for_cards() {
    let place = tempfile::tempdir().unwrap();
    let card = for_a_card(place.path());
    assert_eq!(card.kind, Kind::Alveo);
    let text = plan(&card, &tools(None), Stage::Bitstream, LONG).unwrap().text();
    assert!(text.starts_with(
        "hls (hls): sh build_xclbin.sh -c\n  at most 60 min, log logs/hls.log\n  reads build_xclbin.sh compile.cfg hls_pre.tcl firmware/\n  writes _x_hw/tiny_axi.xo\nbitstream (bitstream): sh build_xclbin.sh -l\n"
    ), "{text}");
    let none = Tools { vpp: None, ..tools(None) };
    assert!(plan(&card, &none, Stage::Hls, LONG).unwrap_err().what.contains("v++"));

    let coyote = tempfile::tempdir().unwrap();
    let project = written(coyote.path(), "u55c");
    assert_eq!(project.kind, Kind::Coyote);
    let missing = plan(&project, &tools(None), Stage::Hls, LONG).unwrap_err();
    assert!(missing.what.contains("COYOTE_ROOT"), "{missing:?}");
    std::fs::create_dir_all(coyote.path().join("Coyote/cmake")).unwrap();
    let lines: Vec<String> = plan(&project, &tools(Some(Path::new("Coyote"))), Stage::Hls, LONG)
        .map(|p| p.steps.iter().map(|s| s.line()).collect())
        .unwrap_or_default();
    assert!(lines.is_empty(), "a relative COYOTE_ROOT that is not there is none");
    let plan = plan(&project, &tools(Some(&coyote.path().join("Coyote"))), Stage::Bitstream, LONG).unwrap();
    let lines: Vec<String> = plan.steps.iter().map(|s| s.line()).collect();
    assert!(lines[0].starts_with("cmake -S . -B build/hw -DFLOW=hw -DCOYOTE_ROOT="), "{lines:?}");
    assert_eq!(lines[1..], ["make -C build/hw project", "make -C build/hw bitgen"]);
}

#[test]
fn a_good_run_is_reported_kept_and_packed() {
    let place = tempfile::tempdir().unwrap();
    let project = written(place.path(), "pynq-z2");
    let e = package::package(&project.dir, None).unwrap_err();
    assert!(e.exit_code() == 2 && e.to_string().contains("there is no export/tiny.bit"), "{e}");

    let (hardware, result) = both(&project, &tools(None), "");
    result.unwrap();
    let hls = hardware.hls.as_ref().unwrap();
    assert_eq!(
        (hls.clock_target_ns, hls.clock_estimated_ns, hls.latency_cycles.max),
        (10.0, 7.125, Some(23))
    );
    assert_eq!(hardware.timing.as_ref().unwrap().setup.worst_ns, Some(0.317));
    let lut = &hardware.utilization.as_ref().unwrap().resources[0];
    assert_eq!((lut.name.as_str(), lut.used, lut.available), ("LUT", 10640.0, Some(53200.0)));
    assert_eq!(hardware.utilization.as_ref().unwrap().parts[2].instance, "design_1_i/hier_0/tiny_axi_0");
    assert_eq!(hardware.power.as_ref().unwrap().total_w, 1.625);
    assert_eq!(hardware.steps.iter().map(|s| s.up_to_date).collect::<Vec<_>>(), [false, false]);
    assert_eq!(hardware.steps[0].version.as_deref(), Some("2023.2"));
    let bits = std::fs::read(project.dir.join("export/tiny.bit")).unwrap();
    assert_eq!(hardware.files[0].sha256, hash::of(&bits));
    assert_eq!((hardware.unread.len(), &hardware.failure), (0, &None));
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(project.dir.join("report.json")).unwrap()).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["timing"]["setup"]["worst_ns"], 0.317);
    let words = netlathe_flow::reports::text::describe(&hardware);
    for says in [
        "HLS: an answer takes 21 to 23 cycles (230 ns); a new sample every 8 cycles (80 ns).",
        "Timing is met; 0.317 ns to spare",
        "10640 LUT of 53200 (20.0 %)",
        "3.5 BRAM of 140",
        "Power is estimated at 1.625 W (1.5 W dynamic, 0.125 W static, confidence medium).",
    ] {
        assert!(words.contains(says), "{words}");
    }
    assert!(std::fs::read_to_string(project.dir.join("logs/hls.log")).unwrap().contains("Estimated Fmax"));

    // Nothing changed: nothing runs; the bitstream stays.
    let (again, result) = both(&project, &tools(None), "");
    result.unwrap();
    assert_eq!(again.steps.iter().map(|s| s.up_to_date).collect::<Vec<_>>(), [true, true]);
    assert_eq!((again.timing.as_ref(), &again.files), (hardware.timing.as_ref(), &hardware.files));
    // A file that was tampered with is made again, and all after it.
    std::fs::write(project.dir.join("tiny_hls/solution1/impl/ip/component.xml"), "other").unwrap();
    let (third, result) = both(&project, &tools(None), "");
    result.unwrap();
    assert_eq!(third.steps.iter().map(|s| s.up_to_date).collect::<Vec<_>>(), [false, true]);

    pack_and_look(&project);
}

pub(crate) fn entries(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()));
    tar.entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let header = entry.header();
            let plain = (
                header.mtime().unwrap(),
                header.uid().unwrap(),
                header.gid().unwrap(),
                header.mode().unwrap(),
            );
            assert_eq!(plain, (0, 0, 0, 0o644));
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.path().unwrap().to_string_lossy().into_owned(), bytes)
        })
        .collect()
}

fn pack_and_look(project: &Project) {
    let packed = package::package(&project.dir, None).unwrap();
    let entries = entries(&packed.path);
    let names: Vec<&str> = entries.iter().map(|(n, _)| n.as_str()).collect();
    for name in ["README.md", "SHA256SUMS", "manifest.json", "tiny.bit", "tiny.hwh", "x.npy", "y.npy"] {
        assert!(names.contains(&format!("tiny/{name}").as_str()), "{names:?}");
    }
    assert!(names.is_sorted());
    let bytes = |name: &str| &entries.iter().find(|(n, _)| n == &format!("tiny/{name}")).unwrap().1;
    let manifest = netlathe_overlay::Manifest::from_json(bytes("manifest.json")).unwrap();
    assert_eq!(manifest.hashes.bitstream, Some(hash::of(bytes("tiny.bit"))));
    let place = tempfile::tempdir().unwrap();
    for name in ["x.npy", "y.npy"] {
        std::fs::write(place.path().join(name), bytes(name)).unwrap();
    }
    // y of ReLU(W x + b), computed by hand in `support`.
    assert_eq!(npy::read(&place.path().join("y.npy")).unwrap(), support::y().mapv(f64::from));
    assert_eq!(npy::read(&place.path().join("x.npy")).unwrap(), x().mapv(f64::from));
    // The same bytes again, elsewhere.
    let other = place.path().join("deeper.tar.gz");
    assert_eq!(package::package(&project.dir, Some(&other)).unwrap().sha256, packed.sha256);
    assert_eq!(std::fs::read(&other).unwrap(), std::fs::read(&packed.path).unwrap());
    // Nowhere: nothing half.
    let e = package::package(&project.dir, Some(&place.path().join("no/where.tar.gz"))).unwrap_err();
    assert_eq!(e.exit_code(), 2);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 3);
}

#[test]
fn what_is_old_changed_or_bad_is_not_packed() {
    let place = tempfile::tempdir().unwrap();
    let project = written(place.path(), "pynq-z2");
    let refusal = || {
        let e = package::package(&project.dir, None).unwrap_err();
        assert_eq!(e.exit_code(), 2, "{e}");
        assert!(!project.dir.join("package.tar.gz").exists());
        e.to_string()
    };
    // By hand, without a report.json.
    let put = |name: &str, bytes: &[u8]| {
        let path = project.dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let report = |name: &str| std::fs::read(data("reports").join(name)).unwrap();
    put("export/tiny.bit", b"bits");
    assert!(refusal().contains("there is no export/tiny.hwh"));
    put("export/tiny.hwh", b"");
    assert!(refusal().contains("export/tiny.hwh is empty"));
    put("export/tiny.hwh", b"<x/>");
    assert!(refusal().contains("timing report cannot be read"));
    for (name, says) in [
        ("timing_setup.rpt", "the setup slack is -0.342 ns"),
        ("timing_hold.rpt", "the hold slack is -0.055 ns"),
        ("timing_pulse.rpt", "the pulse width slack is -0.219 ns"),
        ("timing_unconstrained.rpt", "names no setup slack"),
        ("timing_slow_clock.rpt", "clk_fpga_0 has a period of 20 ns, 10 ns were asked for"),
    ] {
        put("reports/timing.rpt", &report(name));
        let text = refusal();
        assert!(text.contains(says), "{text}");
    }
    put("reports/timing.rpt", &report("timing_met.rpt"));
    let bit = std::fs::File::options().write(true).open(project.dir.join("export/tiny.bit")).unwrap();
    bit.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    assert!(refusal().contains("export/tiny.bit is older than"));
    put("export/tiny.bit", b"bits");
    put("firmware/tiny.cpp", b"// mended by hand");
    assert!(refusal().contains("firmware/tiny.cpp is not as NetLathe wrote it"));
    // Neither is a project without the software for its board.
    let place = tempfile::tempdir().unwrap();
    let project = written(place.path(), "pynq-z2");
    both(&project, &tools(None), "").1.unwrap();
    let list = project.dir.join(".netlathe-project");
    let text = std::fs::read_to_string(&list).unwrap();
    let without: String =
        text.lines().filter(|l| !l.ends_with("_driver.py")).map(|l| format!("{l}\n")).collect();
    assert_ne!(without, text);
    std::fs::write(&list, without).unwrap();
    let e = package::package(&project.dir, None).unwrap_err();
    assert!(e.exit_code() == 2 && e.to_string().contains("no driver for its board"), "{e}");
    // A folder that is no project.
    assert!(package::package(place.path(), None).unwrap_err().to_string().contains("no NetLathe project"));
}

#[test]
fn every_failure_is_named_and_exports_nothing() {
    let place = tempfile::tempdir().unwrap();
    let project = written(place.path(), "pynq-z2");
    let tools = tools(None);
    // A good run first: what it exported must not survive a bad one.
    both(&project, &tools, "").1.unwrap();
    for (fail, cause, says) in [
        ("part", "part", "Add Design Tools or Devices"),
        ("csim", "csim", "[SIM 211-100]"),
        ("cosim", "cosim", "C/RTL co-simulation finished: FAIL"),
        ("source", "source", "undeclared identifier"),
        ("memory", "memory", "larger machine"),
        ("killed", "memory", "ran out of memory"),
        ("silent_hls", "unknown", "did not write tiny_hls/solution1/impl/ip/component.xml"),
        ("registers", "registers", "`SCALE`: HLS made it at 0x10, the manifest has no such register"),
        ("licence", "licence", "XILINXD_LICENSE_FILE"),
        ("board_files", "board_files", "XHub"),
        ("disk", "disk", "free some space"),
        ("too_large", "too_large", "larger board"),
        ("unroutable", "unroutable", "12 unroutable pins"),
        ("version", "version", "xilinx.com:ip:axi_dma"),
        ("child_memory", "memory", "larger machine"),
        ("crash", "unknown", "[Something 1-2] a message that nobody knows"),
        ("silent", "unknown", "did not write export/tiny.bit"),
        ("timing", "timing", "the setup slack is -0.342 ns (57 of 12345 end points fail)"),
        ("hold", "timing", "the hold slack is -0.055 ns"),
        ("pulse", "timing", "the pulse width slack is -0.219 ns"),
        ("unconstrained", "timing", "names no setup slack"),
        ("clock", "clock", "period of 20 ns, 10 ns were asked for"),
        ("report", "report", "timing.rpt: it has no Design Timing Summary"),
    ] {
        let (hardware, result) = both(&project, &tools, fail);
        let e = result.expect_err(fail);
        let text = e.to_string();
        assert_eq!(e.exit_code(), 4, "{fail}: {text}");
        assert!(text.contains(says) && text.contains("help: "), "{fail}: {text}");
        let failure = hardware.failure.unwrap();
        assert_eq!(failure.cause, cause, "{fail}: {text}");
        let kept: serde_json::Value =
            serde_json::from_slice(&std::fs::read(project.dir.join("report.json")).unwrap()).unwrap();
        assert_eq!(kept["failure"]["cause"], cause, "{fail}");
        assert!(!project.dir.join("export/tiny.bit").exists(), "{fail}");
        let refused = package::package(&project.dir, None).unwrap_err().to_string();
        assert!(refused.contains("the last run ended in stage"), "{fail}: {refused}");
    }
    // And all is well again.
    both(&project, &tools, "").1.unwrap();
    package::package(&project.dir, None).unwrap();
}

#[test]
fn what_takes_too_long_ends() {
    let place = tempfile::tempdir().unwrap();
    let project = written(place.path(), "pynq-z2");
    let tools = tools(None);
    let mut plan = planned(&project, &tools, "hang");
    for step in &mut plan.steps {
        step.timeout = Duration::from_millis(300);
    }
    let mut hardware = Hardware::new(&project.manifest);
    let e = run::stage(&project, &plan, &tools, Stage::Hls, &mut hardware).unwrap_err();
    assert!(e.exit_code() == 4 && e.to_string().contains("was ended after 0.3 s"), "{e}");
    assert_eq!(hardware.failure.unwrap().cause, "timeout");
}

#[test]
fn cards_are_judged_by_their_clocks() {
    let place = tempfile::tempdir().unwrap();
    let project = for_a_card(place.path());
    let tools = tools(None);
    let (hardware, result) = both(&project, &tools, "");
    result.unwrap();
    assert_eq!(hardware.clocks[1].mhz, 200.0);
    let packed = package::package(&project.dir, None).unwrap();
    assert!(packed.files.contains(&"tiny/tiny.xclbin".to_owned()), "{packed:?}");
    for (fail, cause, says) in [
        ("no_platform", "platform", "none of the platforms of u50 that this project knows is installed"),
        ("platform", "platform", "platforminfo -l"),
        ("part", "part", "xcu50"),
        ("compile_error", "unknown", "[v++ 60-300]"),
        ("compile_oom", "memory", "larger machine"),
        ("compile_silent", "unknown", "wrote no _x_hw/tiny_axi.xo"),
        ("link_error", "unknown", "[v++ 60-661]"),
        ("link_oom_below", "memory", "larger machine"),
        ("link_silent", "unknown", "wrote no _x_hw/tiny.xclbin"),
        ("link_timing", "timing", "[VPL 101-2]"),
        ("timing", "timing", "[VPL 101-2]"),
        ("negative_slack", "timing", "timing is missed: slacks -0.342"),
        ("hold", "timing", "timing is missed: slacks"),
        ("no_timing", "report", "v++ left no timing summary"),
        ("corrupt", "report", "xclbinutil --info failed"),
        ("no_clock", "report", "does not tell the kernel clock"),
        ("clock", "clock", "171"),
        ("clock_unsaid", "clock", "the kernel reaches 171 MHz, not the 200 MHz asked for"),
    ] {
        let (hardware, result) = both(&project, &tools, fail);
        let e = result.expect_err(fail);
        let text = e.to_string();
        assert_eq!(e.exit_code(), 4, "{fail}: {text}");
        assert!(text.contains(says) && text.contains("help: "), "{fail}: {text}");
        assert_eq!(hardware.failure.unwrap().cause, cause, "{fail}: {text}");
        assert!(!project.dir.join("export/tiny.xclbin").exists(), "{fail}");
    }
    both(&project, &tools, "").1.unwrap();
    package::package(&project.dir, None).unwrap();
}

#[test]
fn a_package_for_a_card_names_the_platform_that_it_was_linked_for() {
    let place = tempfile::tempdir().unwrap();
    let project = for_a_card(place.path());
    let tools = tools(None);
    let newest = "xilinx_u50_gen3x16_xdma_5_202210_1";
    assert_eq!(project.manifest.platform.as_deref(), Some(newest));
    both(&project, &tools, "").1.unwrap();
    let platform = |packed: &package::Packed| {
        let entries = entries(&packed.path);
        let bytes = |name: &str| &entries.iter().find(|(n, _)| n == &format!("tiny/{name}")).unwrap().1;
        let manifest = netlathe_overlay::Manifest::from_json(bytes("manifest.json")).unwrap();
        let page = String::from_utf8(bytes("README.md").clone()).unwrap();
        assert!(page.contains(&format!("the platform `{}`", manifest.platform.as_ref().unwrap())), "{page}");
        manifest.platform.unwrap()
    };
    let packed = package::package(&project.dir, None).unwrap();
    assert_eq!((platform(&packed).as_str(), packed.notes.len()), (newest, 0));

    // An older one is what is installed: the script takes it, and the board must not be told of another.
    let older = "xilinx_u50_gen3x16_xdma_201920_3";
    let mut plan = planned(&project, &tools, "");
    for step in &mut plan.steps {
        step.env.push(("STAND_IN_PLATFORM".into(), older.into()));
    }
    let mut hardware = Hardware::new(&project.manifest);
    for stage in [Stage::Hls, Stage::Bitstream] {
        run::stage(&project, &plan, &tools, stage, &mut hardware).unwrap();
    }
    let packed = package::package(&project.dir, None).unwrap();
    assert_eq!(platform(&packed), older);
    assert!(packed.notes[0].contains(older) && packed.notes[0].contains(newest), "{:?}", packed.notes);

    std::fs::remove_file(project.dir.join("_x_hw/platform")).unwrap();
    let e = package::package(&project.dir, None).unwrap_err();
    assert!(e.to_string().contains("which platform the xclbin is for"), "{e}");
}

#[test]
fn windows_are_compared_with_those_of_hls() {
    let place = tempfile::tempdir().unwrap();
    let wishes = Wishes { interface: Some("axi_lite".into()), ..Wishes::default() };
    let project = wished(place.path(), wishes);
    let tools = tools(None);
    // Two floats each: 8 bytes at 0x10 and 8 at 0x18.
    let header = |output: &str| {
        let lines = [
            ("AP_CTRL", "0x00"),
            ("GIE", "0x04"),
            ("IER", "0x08"),
            ("ISR", "0x0c"),
            ("DATA_IN_BASE", "0x10"),
            ("DATA_IN_HIGH", "0x17"),
        ];
        let text: String =
            lines.iter().map(|(n, v)| format!("#define XTINY_AXI_CONTROL_ADDR_{n} {v}\n")).collect();
        text + output
    };
    let run = |header: &str| {
        // A name of its own, so that the step does not count as done.
        let path = place.path().join(format!("{}.h", hash::of(header.as_bytes())));
        std::fs::write(&path, header).unwrap();
        let mut plan = planned(&project, &tools, "");
        plan.steps[0].env.push(("STAND_IN_HEADER".into(), path.display().to_string()));
        let mut hardware = Hardware::new(&project.manifest);
        let result = run::stage(&project, &plan, &tools, Stage::Hls, &mut hardware);
        (hardware, result)
    };
    let out = |base: &str, high: &str| {
        header(&format!(
            "#define XTINY_AXI_CONTROL_ADDR_DATA_OUT_BASE {base}\n#define XTINY_AXI_CONTROL_ADDR_DATA_OUT_HIGH {high}\n"
        ))
    };
    let (hardware, result) = run(&out("0x18", "0x1f"));
    result.unwrap();
    assert_eq!(
        hardware.registers.as_deref(),
        Some("4 of HLS are those of the manifest, and so are 2 windows")
    );
    for (header, says) in [
        (out("0x20", "0x27"), "the manifest has it at 0x18, HLS at 0x20"),
        (out("0x18", "0x1b"), "the manifest has 8 bytes, HLS 4"),
        (header(""), "the manifest has it at 0x18, HLS made no such array"),
    ] {
        let (hardware, result) = run(&header);
        let e = result.unwrap_err();
        assert!(e.exit_code() == 4 && e.to_string().contains(says), "{e}");
        assert_eq!(hardware.failure.unwrap().cause, "registers");
    }
}

#[test]
fn coyote_is_exported_only_when_it_meets_its_timing() {
    let place = tempfile::tempdir().unwrap();
    let project = written(place.path(), "u55c");
    std::fs::create_dir_all(place.path().join("Coyote/cmake")).unwrap();
    let tools = tools(Some(&place.path().join("Coyote")));
    let (hardware, result) = both(&project, &tools, "timing");
    // Coyote itself goes on to a bitstream.
    assert!(project.dir.join("build/hw/bitstreams/cyt_top.bit").exists());
    assert!(result.unwrap_err().to_string().contains("-0.342 ns"));
    assert_eq!(hardware.failure.unwrap().cause, "timing");
    assert!(!project.dir.join("export/cyt_top.bit").exists());
    let (hardware, result) = both(&project, &tools, "killed_child");
    assert!(result.is_err());
    assert_eq!(hardware.failure.unwrap().cause, "memory");
    let (hardware, result) = both(&project, &tools, "");
    result.unwrap();
    assert_eq!(hardware.utilization.unwrap().resources[0].used, 13704.0);
    let packed = package::package(&project.dir, None).unwrap();
    for name in ["tiny/cyt_top.bit", "tiny/shell_top.bin", "tiny/card.json", "tiny/manifest.json"] {
        assert!(packed.files.iter().any(|f| f == name), "{packed:?}");
    }
    // Nothing is reconfigured here.
    assert!(!packed.files.iter().any(|f| f.contains("vfpga_c")), "{packed:?}");
}
