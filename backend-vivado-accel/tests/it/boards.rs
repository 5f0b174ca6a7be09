//! Board files: those of the program, and what is refused in a user's own.

use netlathe_backend_vivado_accel::{Board, Family, InterfaceKind, boards, find};

#[test]
fn those_of_the_program() {
    let all = boards().unwrap();
    assert!(all.is_sorted_by(|a, b| a.name < b.name), "ordered and unique");
    let names: Vec<&str> = all.iter().map(|board| board.name.as_str()).collect();
    let expected = [
        "alveo-u200",
        "alveo-u250",
        "alveo-u280",
        "alveo-u50",
        "alveo-u55c",
        "kv260",
        "pynq-z1",
        "pynq-z2",
        "rfsoc4x2",
        "ultra96v2",
        "zcu102",
        "zcu104",
    ];
    assert_eq!(names, expected);
    for board in &all {
        board.clock.actual(&board.name, None).unwrap();
        assert_eq!(find(&board.name).unwrap(), *board);
        assert_eq!(board.runs_on_record, [""; 0], "{}: nobody has run the vendor's tools yet", board.name);
        let kinds =
            if board.family == Family::Alveo { &[InterfaceKind::AxiMaster][..] } else { &InterfaceKind::ALL };
        assert_eq!(board.interfaces, kinds, "{}", board.name);
    }
    assert_eq!(find("pynq-z2").unwrap().part, "xc7z020clg400-1");
}

/// Each mistake alone gives one message that starts with the path of its field.
#[test]
fn mistakes_have_paths() {
    const ZYNQ: &str = include_str!("../../boards/pynq-z2.toml");
    const ULTRA: &str = include_str!("../../boards/zcu102.toml");
    const CARD: &str = include_str!("../../boards/alveo-u280.toml");
    for (text, from, to, path) in [
        (ZYNQ, "name = \"pynq-z2\"", "name = \"pynq z2\"", "name: "),
        (ZYNQ, "default_period_ns = 10.0", "default_period_ns = nan", "clock.default_period_ns: "),
        (ZYNQ, "default_period_ns = 10.0", "default_period_ns = 1.0", "clock.default_period_ns: "),
        (ZYNQ, "source_mhz = 1000.0", "source_mhz = -1", "clock.source_mhz: "),
        (ZYNQ, "source_mhz = 1000.0\n", "", "clock.source_mhz: is missing"),
        (ZYNQ, "stream_bits = 64", "stream_bits = 48", "zynq.dma.stream_bits: "),
        (ZYNQ, "stream_bits = 64", "stream_bits = 128", "zynq.dma.stream_bits: 128 is wider"),
        (ZYNQ, "length_bits = 26", "length_bits = 27", "zynq.dma.length_bits: "),
        (ZYNQ, "address_bits = 32", "address_bits = 16", "zynq.dma.address_bits: "),
        (ZYNQ, "port = \"HP0\"", "port = \"HPC0\"", "zynq.memory.port: "),
        (ZYNQ, "port_bits = 64", "port_bits = 128", "zynq.memory.port_bits: "),
        (ZYNQ, "base = 0x4040_0000", "base = 0x4040_8000", "zynq.control: "),
        (ZYNQ, "base = 0x4040_0000", "base = 0xc040_0000", "zynq.control.end: "),
        (ZYNQ, "end = 0x8000_0000", "end = 0x9000_0000", "zynq.control.base: GP0 is reached at"),
        (ZYNQ, "lite_bytes = 0x4_0000", "lite_bytes = 0x4_0001", "zynq.control.lite_bytes: "),
        (ZYNQ, "bytes = 0x2000_0000", "bytes = 0x3000_0000", "zynq.memory.regions[0]: "),
        (ZYNQ, "interrupts = 16", "interrupts = 17", "zynq.interrupts: "),
        (ZYNQ, "part0:1.0\"", "part0\"", "zynq.board_parts[0]: "),
        (ZYNQ, "\"axi_lite\"", "\"axi_stream\"", "interfaces: something is there twice"),
        (ULTRA, "address_bits = 40", "address_bits = 32", "zynq.memory.regions[1].base: "),
        (ULTRA, "base = 0x8_0000_0000", "base = 0x0", "zynq.memory.regions[1]: overlaps"),
        (ULTRA, "family = \"zynq_ultrascale\"", "family = \"alveo\"", "interfaces: "),
        (CARD, "kernel_slr = ", "kernel_slr = 1", "alveo.kernel_slr: "),
        (CARD, "port_bits = 512", "port_bits = 500", "alveo.port_bits: "),
        (CARD, "\"axi_master\"", "\"axi_stream\"", "interfaces: "),
    ] {
        assert!(text.contains(from), "{from}");
        let error = Board::from_toml(&text.replacen(from, to, 1)).unwrap_err().to_string();
        let mut lines = error.lines();
        assert_eq!(lines.next(), Some("NL622: the board file is wrong:"), "{error}");
        assert!(lines.next().unwrap().trim_start().starts_with(path), "{from} -> {to}: {error}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = include_str!("../../boards/pynq-z2.toml")
        .replace("stream_bits = 64", "stream_bits = 7")
        .replace("interrupts = 16", "interrupts = 0")
        .replace("port = \"GP0\"", "port = \"GP7\"");
    let error = Board::from_toml(&text).unwrap_err().to_string();
    for path in ["zynq.dma.stream_bits: ", "zynq.interrupts: ", "zynq.control.port: "] {
        assert!(error.contains(path), "{error}");
    }
}

/// What is no board file at all names the line and the field.
#[test]
fn form_is_checked() {
    let text = include_str!("../../boards/pynq-z2.toml");
    for (from, to, why) in [
        ("part = \"xc7z020clg400-1\"", "", "missing field `part`"),
        ("family = \"zynq7000\"", "family = \"virtex\"", "unknown variant `virtex`"),
        ("length_bits = 26", "length_bits = 26\ncolour = 1", "unknown field `colour`"),
        ("length_bits = 26", "length_bits = -26", "length_bits = -26"),
        ("interrupts = 16", "interrupts = \"many\"", "interrupts = \"many\""),
    ] {
        let error = Board::from_toml(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with("NL622: ") && error.contains(why), "{to}: {error}");
    }
}
