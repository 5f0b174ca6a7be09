//! The scripts that make the IP core.

use std::fs;

use expect_test::expect;
use netlathe_backend_vivado_accel::{InterfaceKind, Options, find};

use crate::bench::options;
use crate::place::{Place, project};

fn seven() -> Options {
    Options { clock_period_ns: Some(7.0), ..options() }
}

#[test]
fn vitis_hls() {
    let Some(place) = Place::new("vitis_hls", &project(&seven(), None)) else { return };
    let usual = place.run("vitis_hls", "build_hls.tcl", &[]);
    assert_eq!(usual.code, 0, "{}", usual.said);
    expect![[r#"
        open_project demo_hls
        set_top demo_axi
        add_files design firmware/demo_axi.cpp -std=c++11 -I...
        add_files design firmware/hand_made.cpp -std=c++11 -I...
        add_files bench tb/tb_wrapper.cpp -std=c++11 -I...
        add_files bench tb_data
        open_solution solution1
        set_part xc7z020clg400-1
        create_clock 7
        set_clock_uncertainty 12.5%
        csim_design
        csynth_design
        export_design xilinx.com:hls:demo_axi:1.0.0
        close_project
    "#]]
    .assert_eq(&usual.log);

    let steps = |text: &str| place.run("vitis_hls", "build_hls.tcl", &[("NETLATHE_HLS_STEPS", text)]);
    let all = steps("export cosim csim csynth");
    assert_eq!(all.code, 0, "{}", all.said);
    let order: Vec<&str> =
        all.log.lines().filter(|l| l.ends_with("_design") || l.starts_with("export")).collect();
    let export = "export_design xilinx.com:hls:demo_axi:1.0.0";
    assert_eq!(order, ["csim_design", "csynth_design", "cosim_design", export]);
    assert!(!steps("csynth").log.contains("bench"), "synthesis alone needs no vectors");
    for (bad, why) in [
        ("synth", "there is no step \"synth\""),
        ("", "names no step"),
        ("export", "need csynth"),
        ("csim cosim", "need csynth"),
    ] {
        let run = steps(bad);
        assert_eq!((run.code, run.log.as_str()), (1, ""), "{bad}");
        assert!(run.said.contains(why), "{bad}: {}", run.said);
    }
}

#[test]
fn vivado_hls() {
    let made = project(&Options { legacy_hls: true, ..seven() }, None);
    let Some(place) = Place::new("vivado_hls", &made) else { return };
    let run = place.run("vivado_hls", "build_hls.tcl", &[]);
    assert_eq!(run.code, 0, "{}", run.said);
    expect![[r#"
        open_project demo_hls
        set_top demo_axi
        add_files design firmware/demo_axi.cpp -std=c++11 -DNNET_LEGACY_HLS -I...
        add_files design firmware/hand_made.cpp -std=c++11 -DNNET_LEGACY_HLS -I...
        add_files bench tb/tb_wrapper.cpp -std=c++11 -DNNET_LEGACY_HLS -I...
        add_files bench tb_data
        open_solution solution1
        set_part xc7z020clg400-1
        create_clock 7
        set_clock_uncertainty 12.5%
        csim_design
        csynth_design
        export_design xilinx.com:hls:demo_axi:1.0.0
        close_project
    "#]]
    .assert_eq(&run.log);
    assert!(made.tree.get("hls_config.cfg").is_none(), "v++ is of newer tools");
    // The newer script has an option that Vivado HLS has not.
    let newer = Place::new("vivado_hls", &project(&seven(), None)).unwrap();
    let run = newer.run("vivado_hls", "build_hls.tcl", &[]);
    assert!(run.code == 1 && run.said.contains("no option -flow_target"), "{}", run.said);
}

#[test]
fn masters_have_long_pointers() {
    for (tool, legacy_hls) in [("vitis_hls", false), ("vivado_hls", true)] {
        let master = Options { interface: Some(InterfaceKind::AxiMaster), legacy_hls, ..seven() };
        let made = project(&master, None);
        let Some(place) = Place::new("masters_have_long_pointers", &made) else { return };
        let run = place.run(tool, "build_hls.tcl", &[]);
        assert_eq!(run.code, 0, "{}", run.said);
        assert!(run.log.contains("\nconfig_interface -m_axi_addr64\ncsim_design\n"), "{}", run.log);
    }
    let lite = Options { interface: Some(InterfaceKind::AxiLite), ..seven() };
    let place = Place::new("masters_have_long_pointers", &project(&lite, None)).unwrap();
    assert!(!place.run("vitis_hls", "build_hls.tcl", &[]).log.contains("config_interface"));
}

#[test]
fn a_step_that_fails_is_not_passed_over() {
    let Some(place) = Place::new("a_step_that_fails_is_not_passed_over", &project(&seven(), None)) else {
        return;
    };
    let with = |fault: &str| place.run("vitis_hls", "build_hls.tcl", &[("STUB_FAULT", fault)]);
    let failed = with("csim");
    assert_eq!(failed.code, 1);
    assert!(!failed.log.contains("csynth_design"), "{}", failed.log);
    let lost = with("no_export");
    assert!(lost.code == 1 && lost.said.contains("component.xml is missing"), "{}", lost.said);
    fs::remove_file(place.path().join("tb_data/wrapper_inputs.hex")).unwrap();
    let missing = with("");
    assert!(missing.code == 1 && missing.said.contains("wrapper_inputs.hex is missing"), "{}", missing.said);
}

/// Every key is one of the v++ configuration's (UG1399, "HLS Config File Commands"), and every file is there.
#[test]
fn the_configuration() {
    const KEYS: [&str; 17] = [
        "part",
        "flow_target",
        "clock",
        "clock_uncertainty",
        "syn.top",
        "syn.file",
        "syn.cflags",
        "syn.interface.m_axi_addr64",
        "tb.file",
        "tb.cflags",
        "package.output.format",
        "package.ip.vendor",
        "package.ip.library",
        "package.ip.name",
        "package.ip.version",
        "cosim.argv",
        "csim.argv",
    ];
    for kind in InterfaceKind::ALL {
        let options = Options { interface: Some(kind), ..Options::new("demo", find("kv260").unwrap()) };
        let made = project(&options, None);
        let text = String::from_utf8(made.tree.get("hls_config.cfg").unwrap().to_vec()).unwrap();
        let (mut section, mut files) = ("", Vec::new());
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') {
                section = line;
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(KEYS.contains(&key), "{key}");
            assert_eq!(section, if key == "part" { "" } else { "[hls]" }, "{line}");
            if key.ends_with(".file") {
                files.push(value.to_owned());
            }
        }
        assert_eq!(
            files,
            ["firmware/demo_axi.cpp", "firmware/hand_made.cpp", "tb/tb_wrapper.cpp", "tb_data"]
        );
        for file in &files[..3] {
            assert!(made.tree.get(file).is_some(), "{file}");
        }
        assert_eq!(text.contains("\nsyn.interface.m_axi_addr64=1\n"), kind == InterfaceKind::AxiMaster);
        assert!(text.contains("\nsyn.top=demo_axi\n"), "{text}");
    }
}
