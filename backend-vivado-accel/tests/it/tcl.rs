//! The emitted scripts, run by tclsh with `stubs.tcl` in the place of the vendor's commands.

use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::expect;
use netlathe_backend_vivado_accel::{Options, emit};

use crate::bench::options;
use crate::wrapper_tree::spec;

/// Exit code, what was recorded, standard error.
struct Run {
    code: i32,
    log: String,
    said: String,
}

/// A project on disk, with vectors and an exported kernel.
fn project(test: &str) -> Option<tempfile::TempDir> {
    if Command::new("tclsh").arg("/dev/null").output().is_err() {
        eprintln!("SKIPPED {test}: there is no tclsh");
        return None;
    }
    let options = Options { clock_period_ns: Some(7.0), ..options() };
    let project = emit(&spec().network(), &spec().kernel(), &options).unwrap();
    let root = tempfile::tempdir().unwrap();
    for (path, content) in project.tree.iter() {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    fs::create_dir_all(root.path().join("tb_data")).unwrap();
    for name in ["wrapper_inputs.hex", "wrapper_outputs.hex"] {
        fs::write(root.path().join("tb_data").join(name), "").unwrap();
    }
    fs::create_dir_all(root.path().join("demo_hls")).unwrap();
    Some(root)
}

fn run(root: &Path, script: &str, environment: &[(&str, &str)]) -> Run {
    let stubs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stubs.tcl");
    let log = root.join("stub.log");
    let done = Command::new("tclsh")
        .arg(stubs)
        .arg(root.join(script))
        .env("STUB_LOG", &log)
        .env_remove("NETLATHE_HLS_STEPS")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    Run {
        code: done.status.code().unwrap(),
        log: fs::read_to_string(log).unwrap(),
        said: String::from_utf8(done.stderr).unwrap(),
    }
}

#[test]
fn the_block_design() {
    let Some(root) = project("the_block_design") else { return };
    let run = run(root.path(), "design.tcl", &[]);
    assert_eq!(run.code, 0, "{}", run.said);
    expect![[r#"
        create_project xc7z020clg400-1
        set project board_part tul.com.tw:pynq-z2:part0:1.0
        set project ip_repo_paths ...
        update_ip_catalog
        create_bd_design design_1
        create_bd_cell processing_system7_0 xilinx.com:ip:processing_system7:5.5
        apply_bd_automation processing_system7_0 {make_external "FIXED_IO, DDR" apply_board_preset "1" Master "Disable" Slave "Disable"}
        set processing_system7_0 CONFIG.PCW_USE_M_AXI_GP0 1
        set processing_system7_0 CONFIG.PCW_USE_S_AXI_HP0 1
        set processing_system7_0 CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 64
        set processing_system7_0 CONFIG.PCW_USE_FABRIC_INTERRUPT 1
        set processing_system7_0 CONFIG.PCW_IRQ_F2P_INTR 1
        set processing_system7_0 CONFIG.PCW_EN_CLK0_PORT 1
        set processing_system7_0 CONFIG.PCW_EN_RST0_PORT 1
        set processing_system7_0 CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 142.857142
        create_bd_cell axi_dma_0 xilinx.com:ip:axi_dma:7.1
        set axi_dma_0 CONFIG.c_include_sg 0
        set axi_dma_0 CONFIG.c_sg_include_stscntrl_strm 0
        set axi_dma_0 CONFIG.c_sg_length_width 26
        set axi_dma_0 CONFIG.c_include_mm2s 1
        set axi_dma_0 CONFIG.c_m_axi_mm2s_data_width 32
        set axi_dma_0 CONFIG.c_m_axis_mm2s_tdata_width 32
        set axi_dma_0 CONFIG.c_mm2s_burst_size 256
        set axi_dma_0 CONFIG.c_include_s2mm 1
        set axi_dma_0 CONFIG.c_m_axi_s2mm_data_width 32
        set axi_dma_0 CONFIG.c_s2mm_burst_size 256
        create_bd_cell demo_axi_0 xilinx.com:hls:demo_axi:1.0
        link axi_dma_0/M_AXIS_MM2S demo_axi_0/data_in
        link demo_axi_0/data_out axi_dma_0/S_AXIS_S2MM
        create_bd_cell ps7_0_axi_periph xilinx.com:ip:smartconnect:1.0
        set ps7_0_axi_periph CONFIG.NUM_SI 1
        set ps7_0_axi_periph CONFIG.NUM_MI 1
        link processing_system7_0/M_AXI_GP0 ps7_0_axi_periph/S00_AXI
        link ps7_0_axi_periph/M00_AXI axi_dma_0/S_AXI_LITE
        create_bd_cell axi_mem_intercon xilinx.com:ip:smartconnect:1.0
        set axi_mem_intercon CONFIG.NUM_SI 2
        set axi_mem_intercon CONFIG.NUM_MI 1
        link axi_dma_0/M_AXI_MM2S axi_mem_intercon/S00_AXI
        link axi_dma_0/M_AXI_S2MM axi_mem_intercon/S01_AXI
        link axi_mem_intercon/M00_AXI processing_system7_0/S_AXI_HP0
        create_bd_cell rst_ps7_0 xilinx.com:ip:proc_sys_reset:5.0
        net processing_system7_0/FCLK_CLK0 processing_system7_0/M_AXI_GP0_ACLK processing_system7_0/S_AXI_HP0_ACLK rst_ps7_0/slowest_sync_clk ps7_0_axi_periph/aclk axi_mem_intercon/aclk axi_dma_0/s_axi_lite_aclk axi_dma_0/m_axi_mm2s_aclk axi_dma_0/m_axi_s2mm_aclk demo_axi_0/ap_clk
        net processing_system7_0/FCLK_RESET0_N rst_ps7_0/ext_reset_in
        net rst_ps7_0/peripheral_aresetn ps7_0_axi_periph/aresetn axi_mem_intercon/aresetn axi_dma_0/axi_resetn demo_axi_0/ap_rst_n
        create_bd_cell xlconcat_0 xilinx.com:ip:xlconcat:2.1
        set xlconcat_0 CONFIG.NUM_PORTS 2
        net axi_dma_0/mm2s_introut xlconcat_0/In0
        net axi_dma_0/s2mm_introut xlconcat_0/In1
        net xlconcat_0/dout processing_system7_0/IRQ_F2P
        group hier_0 axi_dma_0 demo_axi_0
        address processing_system7_0/Data hier_0/axi_dma_0/S_AXI_LITE/Reg 0x40400000 0x00010000
        address hier_0/axi_dma_0/Data_MM2S processing_system7_0/S_AXI_HP0/HP0_DDR_LOWOCM 0x00000000 0x20000000
        address hier_0/axi_dma_0/Data_S2MM processing_system7_0/S_AXI_HP0/HP0_DDR_LOWOCM 0x00000000 0x20000000
        validate_bd_design
        save_bd_design
        make_wrapper design_1.bd
        set fileset top design_1_wrapper
        launch_runs impl_1 write_bitstream 4
        wait_on_run impl_1
        report_utilization utilization.rpt
        report_timing_summary timing.rpt
        report_power power.rpt
        close_project
    "#]].assert_eq(&run.log);
    assert_eq!(fs::read_to_string(root.path().join("export/demo.bit")).unwrap(), "bitstream");
    assert_eq!(fs::read_to_string(root.path().join("export/demo.hwh")).unwrap(), "handoff");
}

#[test]
fn a_design_that_fails_exports_nothing() {
    let Some(root) = project("a_design_that_fails_exports_nothing") else { return };
    for (fault, why) in [
        ("no_board", "board files of pynq-z2"),
        ("no_kernel", "no xilinx.com:hls:demo_axi"),
        ("fast_clock", "would be 150.0 MHz, above"),
        ("run", "place_design ERROR"),
        ("setup", "the setup slack is -0.012 ns"),
        ("hold", "the hold slack is -0.001 ns"),
        ("unknown", "STATS.WNS is \"\""),
        ("no_bit", "no design_1_wrapper.bit"),
        ("no_hwh", "no design_1.hwh"),
    ] {
        let folder = root.path().join("export");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("demo.hwh"), "of an earlier run").unwrap();
        fs::remove_dir_all(root.path().join("demo_vivado_accelerator")).ok();
        let run = run(root.path(), "design.tcl", &[("STUB_FAULT", fault)]);
        assert_eq!(run.code, 1, "{fault}");
        assert!(run.said.starts_with("ERROR: ") && run.said.contains(why), "{fault}: {}", run.said);
        assert!(!folder.join("demo.hwh").exists(), "{fault}");
    }
}

#[test]
fn a_vivado_without_xlconcat() {
    let Some(root) = project("a_vivado_without_xlconcat") else { return };
    let run = run(root.path(), "design.tcl", &[("STUB_FAULT", "no_xlconcat")]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert!(
        run.log.contains("create_bd_cell xlconcat_0 xilinx.com:inline_hdl:ilconcat:1.0\n"),
        "{}",
        run.log
    );
}

/// What the other tests pass must not be passed by stubs that let everything through.
#[test]
fn the_stubs_see_mistakes() {
    let Some(root) = project("the_stubs_see_mistakes") else { return };
    let text = fs::read_to_string(root.path().join("design.tcl")).unwrap();
    for (from, to, why) in [
        ("CONFIG.c_s2mm_burst_size", "CONFIG.c_s_axis_s2mm_data_width", "has no property"),
        ("c_sg_length_width 26", "c_sg_length_width 27", "cannot be \"27\""),
        ("c_m_axi_s2mm_data_width $stream_bits", "c_m_axi_s2mm_data_width 16", "cannot be \"16\""),
        ("xlconcat_0/In1", "xlconcat_0/In2", "has no pin In2"),
        ("    wire axi_dma_0/s2mm_introut xlconcat_0/In1\n", "", "xlconcat_0/In1 is open"),
        ("    save_bd_design\n", "    save_bd_desing\n", "invalid command name"),
        ("-target_address_space", "-target", "no option -target"),
        ("launch_runs impl_1", "launch_runs impl_2", "a run cannot be"),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(root.path().join("broken.tcl"), text.replacen(from, to, 1)).unwrap();
        let run = run(root.path(), "broken.tcl", &[]);
        assert_eq!(run.code, 1, "{from}");
        assert!(run.said.contains(why), "{from}: {}", run.said);
    }
}

#[test]
fn the_hls_script() {
    let Some(root) = project("the_hls_script") else { return };
    let usual = run(root.path(), "build_hls.tcl", &[]);
    assert_eq!(usual.code, 0, "{}", usual.said);
    expect![[r#"
        open_project demo_hls
        set_top demo_axi
        add_files design firmware/demo_axi.cpp
        add_files design firmware/hand_made.cpp
        add_files bench tb/tb_wrapper.cpp
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

    let steps = |text: &str| run(root.path(), "build_hls.tcl", &[("NETLATHE_HLS_STEPS", text)]);
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
fn an_hls_step_that_fails_is_not_passed_over() {
    let Some(root) = project("an_hls_step_that_fails_is_not_passed_over") else { return };
    let failed = run(root.path(), "build_hls.tcl", &[("STUB_FAULT", "csim")]);
    assert_eq!(failed.code, 1);
    assert!(!failed.log.contains("csynth_design"), "{}", failed.log);
    let lost = run(root.path(), "build_hls.tcl", &[("STUB_FAULT", "no_export")]);
    assert!(lost.code == 1 && lost.said.contains("component.xml is missing"), "{}", lost.said);
    fs::remove_file(root.path().join("tb_data/wrapper_inputs.hex")).unwrap();
    let missing = run(root.path(), "build_hls.tcl", &[]);
    assert!(missing.code == 1 && missing.said.contains("wrapper_inputs.hex is missing"), "{}", missing.said);
}
