//! The shell's configuration, and what Coyote's CMake would refuse.

use expect_test::expect;
use netlathe_backend_coyote::{Error, Layers, Need, Options, Shell};

use crate::models::{on, options};

fn models(count: usize) -> Vec<Need> {
    (0..count).map(|i| Need { name: format!("m{i}"), inputs: 1, outputs: 1 }).collect()
}

fn shell(options: &Options, count: usize) -> Shell {
    Shell::new(options, &models(count)).unwrap()
}

fn refused(options: &Options, count: usize) -> String {
    Shell::new(options, &models(count)).unwrap_err().to_string()
}

#[test]
fn one_model_has_coyotes_defaults() {
    expect![[r#"
        Shell {
            device: "u55c",
            aclk_mhz: 250,
            uclk_mhz: None,
            uncertainty: "27",
            build_static: false,
            optimise_timing: false,
            cores: 8,
            regions: 1,
            configurations: 1,
            reconfigurable: false,
            shell_pblock: true,
            host_streams: 1,
            card_streams: 0,
            pcie: None,
            floorplan: false,
        }
    "#]]
    .assert_debug_eq(&shell(&options(), 1));
}

#[test]
fn clocks() {
    let with = |shell_ns: f64, user_ns: f64| {
        let options =
            Options { clock_period_ns: Some(shell_ns), user_clock_period_ns: Some(user_ns), ..options() };
        let made = shell(&options, 1);
        (made.aclk_mhz, made.uclk_mhz, made.kernel_mhz())
    };
    assert_eq!(with(4.0, 5.0), (250, Some(200), 200));
    assert_eq!(with(4.0, 4.0), (250, None, 250), "the same clock needs no crossing");
    let wrong = Options { user_clock_period_ns: Some(0.5), ..options() };
    expect!["NL603: board u55c cannot be clocked with a period of 0.5 ns; give a clock period from 1.290 to 142.857 ns"]
        .assert_eq(&refused(&wrong, 1));
}

/// Coyote's HLS step makes a clock of the kernel's period and takes the uncertainty off it. hls4ml's HLS clock has a
/// period of its own: the time that a stage may take must come out the same.
#[test]
fn an_hls_clock_becomes_uncertainty() {
    let with = |hls: Option<f64>, percent: Option<f64>| {
        let options = Options { hls_clock_period_ns: hls, clock_uncertainty_percent: percent, ..options() };
        Shell::new(&options, &models(1)).map(|shell| shell.uncertainty)
    };
    // At 250 MHz: 4 ns. 3.2 ns less 27 % is 2.336 ns, which is 58.4 % of 4 ns.
    assert_eq!(with(Some(3.2), None).unwrap(), "41.6");
    // 4 ns less 12.5 %.
    assert_eq!(with(Some(4.0), Some(12.5)).unwrap(), "12.5");
    assert_eq!(with(None, Some(12.5)).unwrap(), "12.5");
    assert_eq!(with(None, Some(0.0)).unwrap(), "0");
    // 5 ns less 27 % is 3.65 ns: still within 4 ns. 100 - 91.25.
    assert_eq!(with(Some(5.0), None).unwrap(), "8.75");
    // 3 ns less 27 % is 2.19 ns; 100 - 54.75; a third of a digit goes upwards: 3.001 ns is 54.76825 %.
    assert_eq!(with(Some(3.001), None).unwrap(), "45.24");
    assert!(matches!(with(None, Some(-1.0)), Err(Error::Uncertainty(_))));
    assert!(matches!(with(None, Some(f64::NAN)), Err(Error::Uncertainty(_))));
    for bad in [0.0, -1.0, f64::NAN, 6.0, f64::INFINITY] {
        assert!(matches!(with(Some(bad), None), Err(Error::HlsClock { .. })), "{bad}");
    }
    assert!(matches!(with(Some(0.1), None), Err(Error::Uncertainty(_))), "97 % left free");
    expect!["NL617: with an HLS clock of 6 ns and 27 % uncertainty a stage may take 4.380 ns, but the kernel's clock has 4.000 ns; give an HLS clock of at most 5.479 ns"]
        .assert_eq(&with(Some(6.0), None).unwrap_err().to_string());
}

#[test]
fn several_models_have_a_vfpga_each_or_take_turns() {
    let shape = |regions: Option<usize>, count: usize| {
        let made = shell(&Options { regions, ..options() }, count);
        (made.regions, made.configurations, made.reconfigurable)
    };
    assert_eq!(shape(None, 3), (3, 1, false));
    assert_eq!(shape(Some(2), 4), (2, 2, true));
    assert_eq!(shape(Some(1), 3), (1, 3, true));
    assert_eq!(shape(None, 15), (15, 1, false));
    let once = Options { reconfigurable: true, ..options() };
    assert!(shell(&once, 1).reconfigurable);

    expect!["NL610: 16 vFPGAs cannot be built; Coyote takes 1 to 15"].assert_eq(&refused(&options(), 16));
    expect!["NL610: 0 vFPGAs cannot be built; Coyote takes 1 to 15"].assert_eq(&refused(&options(), 0));
    expect!["NL611: 3 models do not fill configurations of 2 vFPGAs: every vFPGA has a model in every configuration; give a multiple of 2 models (one of them may be given twice)"]
        .assert_eq(&refused(&Options { regions: Some(2), ..options() }, 3));
    expect!["NL611: 1 models do not fill configurations of 2 vFPGAs: every vFPGA has a model in every configuration; give a multiple of 2 models (one of them may be given twice)"]
        .assert_eq(&refused(&Options { regions: Some(2), ..options() }, 1));
    expect!["NL612: a build of the static layer cannot have vFPGAs that are reconfigured; build the static layer once, then the shell with its models on top of it"]
        .assert_eq(&refused(&Options { layers: Layers::Static, regions: Some(1), ..options() }, 2));
}

#[test]
fn versal_reconfigures_vfpgas_or_the_shell() {
    let pblock =
        |board: &str, reconfigurable: bool| shell(&Options { reconfigurable, ..on(board) }, 1).shell_pblock;
    assert!(pblock("u55c", true) && pblock("u55c", false) && pblock("v80", false));
    assert!(!pblock("v80", true));
}

#[test]
fn pcie_generations() {
    let with = |board: &str, pcie_generation| shell(&Options { pcie_generation, ..on(board) }, 1).pcie;
    assert_eq!(with("v80", None), Some(4));
    assert_eq!(with("v80", Some(5)), Some(5));
    assert_eq!(with("u55c", Some(3)), None, "only Versal devices read the variable");
    expect!["NL613: board v80 has no PCIe generation 3; it has: 4, 5"]
        .assert_eq(&refused(&Options { pcie_generation: Some(3), ..on("v80") }, 1));
    expect!["NL613: board u250 has no PCIe generation 4; it has: 3"]
        .assert_eq(&refused(&Options { pcie_generation: Some(4), ..on("u250") }, 1));
}

#[test]
fn streams_are_those_of_the_model_with_the_most_tensors() {
    let need = |inputs, outputs| Need { name: "jet".into(), inputs, outputs };
    let streams = |needs: &[Need]| Shell::new(&options(), needs).map(|shell| shell.host_streams);
    assert_eq!(streams(&[need(2, 1), need(1, 3)]).unwrap(), 3);
    assert_eq!(streams(&[need(16, 1)]).unwrap(), 16);
    expect!["NL614: jet needs 17 host streams each way, Coyote has 16; join tensors in the model (Concatenate) or split the model"]
        .assert_eq(&streams(&[need(1, 1), need(2, 17)]).unwrap_err().to_string());
}

#[test]
fn card_streams_share_the_ports_of_the_memory() {
    let with = |board: &str, card_streams| Options { card_streams, ..on(board) };
    assert_eq!(shell(&with("u55c", 15), 2).card_streams, 15, "31 of 32 ports");
    expect!["NL615: 2 vFPGAs with 16 card streams each need 33 ports of board u55c's memory, which has 32 (one of them for Coyote itself); give fewer card streams"]
        .assert_eq(&refused(&with("u55c", 16), 2));
    assert!(Shell::new(&with("u250", 15), &models(1)).is_ok());
    assert!(Shell::new(&with("u250", 16), &models(1)).is_err());
    assert!(Shell::new(&with("u55c", 17), &models(1)).is_err(), "no number of 4 bits");
}

#[test]
fn a_floorplan_has_every_vfpga() {
    let cells = |i: usize| {
        format!("add_cells_to_pblock p [get_cells inst_shell/inst_dynamic/inst_user_wrapper_{i}]\n")
    };
    let with = |text: String, regions| Options { floorplan: Some(text), regions: Some(regions), ..options() };
    assert!(shell(&with(cells(0) + &cells(1), 2), 4).floorplan);
    expect!["NL618: the floorplan names no cells of vFPGA 1; add a pblock with inst_shell/inst_dynamic/inst_user_wrapper_1 (there are 2 vFPGAs)"]
        .assert_eq(&refused(&with(cells(0) + &cells(10) + "# " + &cells(1), 2), 4));
    expect!["NL618: the floorplan has no effect: nothing is reconfigured here (Coyote reads FPLAN_PATH only with EN_PR)"]
        .assert_eq(&refused(&with(cells(0), 1), 1));
}

#[test]
fn cores() {
    expect!["NL616: a build with 0 cores does nothing; give at least 1"]
        .assert_eq(&refused(&Options { cores: 0, ..options() }, 1));
}
