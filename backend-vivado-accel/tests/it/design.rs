//! The block designs of every board and interface.

use std::fs;

use expect_test::expect_file;
use netlathe_backend_vivado_accel::{
    Board, Element, Family, InterfaceKind, Options, boards, element, emit, find,
};

use crate::place::{Place, difference, project, with_outputs};
use crate::wrapper_tree::spec;

fn zynq_boards() -> Vec<Board> {
    boards().unwrap().into_iter().filter(|board| board.family != Family::Alveo).collect()
}

fn options(board: Board, kind: InterfaceKind) -> Options {
    Options { interface: Some(kind), ..Options::new("demo", board) }
}

/// The recorded calls of a design that must be made.
fn calls(test: &str, options: &Options) -> Option<String> {
    let place = Place::new(test, &project(options, None))?;
    let run = place.design("");
    assert_eq!(run.code, 0, "{} {:?}: {}", options.board.name, options.interface, run.said);
    assert_eq!(fs::read_to_string(place.path().join("export/demo.bit")).unwrap(), "bitstream");
    assert_eq!(fs::read_to_string(place.path().join("export/demo.hwh")).unwrap(), "handoff");
    for report in ["utilization.rpt", "timing.rpt", "power.rpt"] {
        assert!(place.path().join("reports").join(report).exists(), "{report}");
    }
    Some(run.log)
}

/// One board of each family in full, the others by what differs.
#[test]
fn every_board_and_interface() {
    let mut others = String::new();
    for kind in InterfaceKind::ALL {
        let mut first = std::collections::BTreeMap::new();
        for name in ["pynq-z2", "zcu102"] {
            let board = find(name).unwrap();
            let family = board.family.name();
            let Some(log) = calls("every_board_and_interface", &options(board, kind)) else { return };
            expect_file![format!("../snapshots/{family}_{}.txt", kind.name())].assert_eq(&log);
            first.insert(family, log);
        }
        for board in zynq_boards() {
            let (name, family) = (board.name.clone(), board.family.name());
            let log = calls("every_board_and_interface", &options(board, kind)).unwrap();
            let lines = difference(&first[family], &log);
            if !["pynq-z2", "zcu102"].contains(&name.as_str()) {
                others += &format!("{name} {}, from {family}:\n{lines}\n", kind.name());
            }
        }
    }
    expect_file!["../snapshots/other_boards.txt"].assert_eq(&others);
}

/// What an element, several tensors, a period and an older Vivado change.
#[test]
fn other_options() {
    let kind = InterfaceKind::AxiStream;
    let mut text = String::new();
    for name in ["pynq-z2", "zcu102"] {
        let usual = options(find(name).unwrap(), kind);
        let Some(log) = calls("other_options", &usual) else { return };
        for (what, changed) in [
            ("double in", Options { input: Some(Element::Float64), ..usual.clone() }),
            (
                "ap_fixed<12,4> out",
                Options { output: Some(element("ap_fixed<12,4>").unwrap()), ..usual.clone() },
            ),
            ("5 ns", Options { clock_period_ns: Some(5.0), ..usual.clone() }),
        ] {
            text += &format!(
                "{name}, {what}:\n{}\n",
                difference(&log, &calls("other_options", &changed).unwrap())
            );
        }
        for kind in [InterfaceKind::AxiStream, InterfaceKind::AxiMaster] {
            let usual = options(find(name).unwrap(), kind);
            let log = calls("other_options", &usual).unwrap();
            let place = Place::new("other_options", &project(&usual, Some(with_outputs(3)))).unwrap();
            let run = place.design("");
            assert_eq!(run.code, 0, "{}", run.said);
            text += &format!("{name}, {}, 3 outputs:\n{}\n", kind.name(), difference(&log, &run.log));
        }
    }
    expect_file!["../snapshots/other_options.txt"].assert_eq(&text);
}

#[test]
fn every_release() {
    for (name, kind) in [
        ("pynq-z2", InterfaceKind::AxiStream),
        ("zcu102", InterfaceKind::AxiMaster),
        ("kv260", InterfaceKind::AxiLite),
    ] {
        let made = project(&options(find(name).unwrap(), kind), None);
        let Some(place) = Place::new("every_release", &made) else { return };
        let log = place.design("").log;
        for release in ["2019.2", "2020.1", "2020.2", "2021.1.1", "2022.2", "2024.2", "2025.1"] {
            let run = place.run("vivado", "design.tcl", &[("STUB_RELEASE", release)]);
            assert_eq!((run.code, run.log == log), (0, true), "{release}: {}", run.said);
        }
        let run = place.run("vivado", "design.tcl", &[("STUB_RELEASE", "2018.3")]);
        assert!(run.code == 1 && run.said.contains("2018.3 is too old"), "{}", run.said);
    }
}

/// A board without board files: its own properties are all there is.
#[test]
fn a_board_of_a_users_own() {
    let text = include_str!("../../boards/zcu104.toml")
        .replace("name = \"zcu104\"", "name = \"mine\"")
        .replace("[\"xilinx.com:zcu104:part0:1.1\"]", "[]")
        .replace("[zynq.dma]", "[zynq.properties]\nPSU__OVERRIDE__BASIC_CLOCK = \"0\"\n\n[zynq.dma]");
    let board = Board::from_toml(&text).unwrap();
    let Some(log) = calls("a_board_of_a_users_own", &options(board, InterfaceKind::AxiStream)) else {
        return;
    };
    assert!(!log.contains("board_part") && !log.contains("apply_bd_automation"), "{log}");
    assert!(log.contains("set zynq_ultra_ps_e_0 CONFIG.PSU__OVERRIDE__BASIC_CLOCK 0\n"), "{log}");
}

#[test]
fn a_design_that_fails_exports_nothing() {
    for name in ["pynq-z2", "zcu104"] {
        let made = project(&options(find(name).unwrap(), InterfaceKind::AxiStream), None);
        let Some(place) = Place::new("a_design_that_fails_exports_nothing", &made) else { return };
        let missing = format!("board files of {name}");
        for (fault, why) in [
            ("no_board", missing.as_str()),
            ("no_kernel", "no xilinx.com:hls:demo_axi"),
            ("fast_clock", "would be 150.0 MHz, above"),
            ("slow_clock", "would be 50.0 MHz, below"),
            ("no_clock", "is not known"),
            ("run", "place_design ERROR"),
            ("setup", "the setup slack is -0.012 ns"),
            ("hold", "the hold slack is -0.001 ns"),
            ("unknown", "STATS.WNS is \"\""),
            ("no_bit", "no design_1_wrapper.bit"),
            ("no_hwh", "no design_1.hwh"),
        ] {
            let folder = place.path().join("export");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("demo.hwh"), "of an earlier run").unwrap();
            let run = place.design(fault);
            assert_eq!(run.code, 1, "{fault}");
            assert!(run.said.starts_with("ERROR: ") && run.said.contains(why), "{fault}: {}", run.said);
            assert!(!folder.join("demo.hwh").exists(), "{fault}");
        }
    }
}

#[test]
fn a_vivado_without_xlconcat() {
    let made = project(&options(find("pynq-z2").unwrap(), InterfaceKind::AxiStream), None);
    let Some(place) = Place::new("a_vivado_without_xlconcat", &made) else { return };
    let run = place.design("no_xlconcat");
    assert_eq!(run.code, 0, "{}", run.said);
    let line = "create_bd_cell xlconcat_0 xilinx.com:inline_hdl:ilconcat:1.0\n";
    assert!(run.log.contains(line), "{}", run.log);
}

/// What the other tests pass must not be passed by stubs that let everything through.
#[test]
fn the_stubs_see_mistakes() {
    use InterfaceKind::{AxiLite, AxiMaster, AxiStream};
    let (zynq, ultra) = ("pynq-z2", "zcu102");
    let mistakes: &[(&str, InterfaceKind, &str, &str, &str, &str)] = &[
        (
            zynq,
            AxiStream,
            "design.tcl",
            "CONFIG.c_${name}_burst_size",
            "CONFIG.c_${name}_bursts",
            "has no property",
        ),
        (zynq, AxiStream, "project.tcl", "dma_length_bits 26", "dma_length_bits 27", "cannot be \"27\""),
        (zynq, AxiStream, "project.tcl", "data_in 32", "data_in 24", "cannot be \"24\""),
        (zynq, AxiStream, "project.tcl", "data_in 32", "data_in 64", "has 64 bits, demo_axi_0/data_in 32"),
        (zynq, AxiStream, "project.tcl", "data_out 32", "data_in 32", "not a master and a slave"),
        (zynq, AxiStream, "project.tcl", "data_out 32", "data_aus 32", "has no pin data_aus"),
        (zynq, AxiStream, "project.tcl", "data_out 32", "- 0", "demo_axi_0/data_out is open"),
        (zynq, AxiStream, "project.tcl", "{0x40400000", "{0x80400000", "beyond what"),
        (zynq, AxiStream, "project.tcl", "{0x40400000", "{0x40408000", "a multiple of it"),
        (zynq, AxiStream, "project.tcl", "0x20000000", "0x80000000", "beyond what"),
        (zynq, AxiStream, "project.tcl", "DDR_LOWOCM", "DDR_LOW", "no address segment"),
        (
            zynq,
            AxiStream,
            "project.tcl",
            "memory_port HP0",
            "memory_port HP9",
            "no property CONFIG.PCW_S_AXI_HP9",
        ),
        (zynq, AxiStream, "project.tcl", "memory_port_bits 64", "memory_port_bits 128", "cannot be \"128\""),
        (zynq, AxiStream, "project.tcl", "control_port GP0", "control_port GP1", "beyond what"),
        (zynq, AxiStream, "project.tcl", "part0:1.0", "part1:1.0", "not installed"),
        (
            zynq,
            AxiStream,
            "design.tcl",
            "foreach pin $pins { wire $pin xlconcat_0/In$number; incr number }",
            "",
            "xlconcat_0/In0 is open",
        ),
        (
            zynq,
            AxiStream,
            "design.tcl",
            "dict lappend parts interrupts $name/mm2s_introut",
            "dict lappend parts clocks $name/mm2s_introut",
            "2 pins drive",
        ),
        (
            zynq,
            AxiStream,
            "design.tcl",
            "dict lappend parts clocks $name/m_axi_s2mm_aclk\n",
            "",
            "m_axi_s2mm_aclk is open",
        ),
        (
            zynq,
            AxiStream,
            "design.tcl",
            "dict lappend parts resets $name/axi_resetn",
            "dict lappend parts clocks $name/axi_resetn",
            "wants a rst",
        ),
        (
            zynq,
            AxiStream,
            "design.tcl",
            "if {$output ne \"-\"} { place_memory $name/Data_S2MM }",
            "",
            "Data_S2MM has nothing assigned",
        ),
        (
            zynq,
            AxiStream,
            "design.tcl",
            "place $ps/Data $name/S_AXI_LITE/Reg $address $dma_bytes\n",
            "",
            "S_AXI_LITE/Reg has no address",
        ),
        (
            zynq,
            AxiStream,
            "design.tcl",
            "    save_bd_design\n",
            "    save_bd_desing\n",
            "invalid command name",
        ),
        (zynq, AxiStream, "design.tcl", "-target_address_space", "-target", "no option -target"),
        (zynq, AxiStream, "design.tcl", "launch_runs impl_1", "launch_runs impl_2", "a run cannot be"),
        (zynq, AxiStream, "design.tcl", "make_external", "make_externel", "a key of the rule"),
        (
            zynq,
            AxiStream,
            "design.tcl",
            "group_bd_cells hier_0 {*}$cells",
            "",
            "there is no cell hier_0/axi_dma_0",
        ),
        (zynq, AxiMaster, "project.tcl", "data_in data_out", "data_in", "m_axi_data_out is open"),
        (zynq, AxiMaster, "design.tcl", "Data_m_axi_$port", "Data_$port", "no address space"),
        (zynq, AxiMaster, "design.tcl", "$core/interrupt", "$core/ap_done", "no pin ap_done"),
        (zynq, AxiLite, "design.tcl", "s_axi_control/Reg", "s_axi_control/reg0", "no address segment"),
        (
            zynq,
            AxiLite,
            "project.tcl",
            "core_bytes 0x00001000",
            "core_bytes 0x00000100",
            "a range is a power of two",
        ),
        (ultra, AxiStream, "design.tcl", "[expr {$port eq $control_port}]", "1", "M_AXI_HPM1_FPD is open"),
        (ultra, AxiStream, "design.tcl", "HP0 2 HP1 3", "HP0 3 HP1 2", "has no pin S_AXI_HP0_FPD"),
        (
            ultra,
            AxiStream,
            "design.tcl",
            "CONFIG.PSU__USE__IRQ0 1",
            "CONFIG.PSU__USE__IRQ0 0",
            "no pin pl_ps_irq0",
        ),
        (ultra, AxiStream, "project.tcl", "dma_address_bits 40", "dma_address_bits 32", "beyond what"),
        (ultra, AxiStream, "project.tcl", "DDR_HIGH 0x800000000", "DDR_LOW 0x00000000", "twice"),
        (ultra, AxiStream, "project.tcl", "clock_mhz 99.999", "clock_mhz 200", "below the 200 MHz"),
        (ultra, AxiStream, "project.tcl", "clock_mhz 99.999", "clock_mhz 190", "below the 190 MHz"),
        (ultra, AxiStream, "project.tcl", "clock_mhz 99.999", "clock_mhz 183", "above the 183 MHz"),
        (ultra, AxiMaster, "project.tcl", "control_port HPM0_FPD", "control_port HPM1_FPD", "beyond what"),
        (ultra, AxiLite, "project.tcl", "0xa0000000", "0xb0000000", "beyond what"),
    ];
    for (board, kind, file, from, to, why) in mistakes {
        let made = project(&options(find(board).unwrap(), *kind), None);
        let Some(place) = Place::new("the_stubs_see_mistakes", &made) else { return };
        let path = place.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}:\n{text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let run = place.design("");
        assert!(run.code == 1 && run.said.contains(why), "{from} -> {to}: {}\n{}", run.said, run.log);
    }
}

/// Two DMAs at one place.
#[test]
fn the_stubs_see_overlaps() {
    let made = project(&options(find("pynq-z2").unwrap(), InterfaceKind::AxiStream), Some(with_outputs(2)));
    let Some(place) = Place::new("the_stubs_see_overlaps", &made) else { return };
    let path = place.path().join("project.tcl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("0x40410000", "0x40400000")).unwrap();
    let run = place.design("");
    assert!(run.code == 1 && run.said.contains("overlaps with"), "{}", run.said);
}

/// More than ports, interrupts, addresses or a transfer take.
#[test]
fn what_is_beyond_a_board() {
    use InterfaceKind::{AxiLite, AxiMaster, AxiStream};
    let refused = |options: &Options, outputs: usize| {
        let (network, kernel) = with_outputs(outputs);
        emit(&network, &kernel, options).unwrap_err().to_string()
    };
    let of = |name: &str, kind| options(find(name).unwrap(), kind);
    let message = refused(&of("zcu102", AxiStream), 8);
    assert!(
        message.starts_with(
            "NL632: board zcu102 with axi_stream: 9 DMA channels have more interrupts than the 8"
        ),
        "{message}"
    );
    let message = refused(&of("pynq-z2", AxiMaster), 16);
    assert!(message.contains("17 inputs and outputs are more than the 16 masters"), "{message}");
    let mut tight = of("pynq-z2", AxiStream);
    let zynq = tight.board.zynq.as_mut().unwrap();
    zynq.control.end = zynq.control.base + zynq.control.dma_bytes;
    assert!(refused(&tight, 2).contains("2 DMAs need more addresses"), "{}", refused(&tight, 2));
    let mut short = of("pynq-z2", AxiStream);
    short.board.zynq.as_mut().unwrap().dma.length_bits = 6;
    let message = refused(&short, 1);
    assert!(message.contains("a sample of `in_layer` has 80 bytes, a DMA transfer at most 63"), "{message}");
    let mut small = of("pynq-z2", AxiLite);
    small.board.zynq.as_mut().unwrap().control.lite_bytes = 0x800;
    let message = refused(&small, 1);
    assert!(
        message.contains("need 4096 bytes of addresses, the board gives a core 2048; choose axi_stream"),
        "{message}"
    );

    let (network, kernel) = (spec().network(), spec().kernel());
    let refused = |options: Options| emit(&network, &kernel, &options).unwrap_err().to_string();
    let wide = Options { input: Some(element("ap_fixed<65,4>").unwrap()), ..of("pynq-z2", AxiStream) };
    let message = refused(wide);
    assert!(
        message.starts_with(
            "NL631: input `in_layer` cannot travel as ap_fixed<65,4>: an element has 1 to 64 bits"
        ),
        "{message}"
    );
    let platform = Options { platform: Some("xilinx_u50".into()), ..of("pynq-z2", AxiStream) };
    assert!(refused(platform).starts_with("NL633: --platform cannot be used with board pynq-z2"));
    let card = options(find("alveo-u50").unwrap(), AxiStream);
    assert!(
        card.board
            .interface(card.interface)
            .unwrap_err()
            .to_string()
            .starts_with("NL630: board alveo-u50 has no interface axi_stream")
    );
}
