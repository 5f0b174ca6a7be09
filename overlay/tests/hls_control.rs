//! The register map rule against maps that Vitis HLS wrote: offsets read from `x*_hw.h` files of public repositories,
//! parameters in the order of the functions that they are of.

use netlathe_overlay::{
    Access, Handshake, HwHeader, Parameter, Transfer, axi_lite_windows, axi_master_registers, hls_control,
};

use crate::support::{full, tensor};

fn pointer(name: &str) -> Parameter {
    Parameter::Pointer(name.to_owned())
}

fn scalar(name: &str) -> Parameter {
    Parameter::Scalar { name: name.to_owned(), bits: 32 }
}

fn array(name: &str, bytes: u64) -> Parameter {
    Parameter::Array { name: name.to_owned(), bytes }
}

/// Offsets of what is not block-level.
fn registers(handshake: Handshake, parameters: &[Parameter]) -> Vec<(String, u64, u32)> {
    let control = hls_control(handshake, parameters);
    let own = control.registers.0.iter().skip(4);
    own.map(|register| (register.name.clone(), register.offset, register.width_bits)).collect()
}

fn arrays(parameters: &[Parameter]) -> Vec<u64> {
    hls_control(Handshake::Hs, parameters).arrays.iter().map(|array| array.offset).collect()
}

fn listed(list: &[(&str, u64, u32)]) -> Vec<(String, u64, u32)> {
    list.iter().map(|&(name, offset, bits)| (name.to_owned(), offset, bits)).collect()
}

#[test]
fn block_level_registers() {
    // UG1399, "S_AXILITE Control Register Map".
    for (handshake, access) in [(Handshake::Hs, Access::ReadClears), (Handshake::Chain, Access::ReadWrite)] {
        let map = hls_control(handshake, &[]).registers;
        let offsets: Vec<_> = map.0.iter().map(|r| (r.name.as_str(), r.offset, r.width_bits)).collect();
        assert_eq!(offsets, [("AP_CTRL", 0, 32), ("GIE", 4, 32), ("IER", 8, 32), ("ISR", 12, 32)]);
        assert_eq!(map.0[0].access, access, "ap_done clears when read, but not under ap_ctrl_chain");
    }
    assert!(hls_control(Handshake::Chain, &[]).registers.0[0].note.contains("4 continue"));
    assert_eq!(hls_control(Handshake::Hs, &[]).end, 0x10);
}

#[test]
fn scalars_and_pointers() {
    // A kernel for an Alveo card, ap_ctrl_chain: three numbers, then three pointers.
    let list = [scalar("M"), scalar("K"), scalar("N"), pointer("x"), pointer("y"), pointer("z")];
    let expected = [
        ("M", 0x10, 32),
        ("K", 0x18, 32),
        ("N", 0x20, 32),
        ("x", 0x28, 64),
        ("y", 0x34, 64),
        ("z", 0x40, 64),
    ];
    assert_eq!(registers(Handshake::Chain, &list), listed(&expected));
    assert_eq!(hls_control(Handshake::Chain, &list).end, 0x4c);
    // An IP core, ap_ctrl_hs: three pointers, then three numbers.
    let list = [pointer("A"), pointer("B"), pointer("C"), scalar("M"), scalar("N"), scalar("K")];
    let expected = [
        ("A", 0x10, 64),
        ("B", 0x1c, 64),
        ("C", 0x28, 64),
        ("M", 0x34, 32),
        ("N", 0x3c, 32),
        ("K", 0x44, 32),
    ];
    assert_eq!(registers(Handshake::Hs, &list), listed(&expected));
}

#[test]
fn arrays_fill_the_gaps_before_larger_ones() {
    // Vitis HLS 2022.1, five arrays of int: rowPtr[5], columnIndex[9], values[9], y[4], x[4].
    let list =
        [array("rowPtr", 20), array("columnIndex", 36), array("values", 36), array("y", 16), array("x", 16)];
    assert_eq!(arrays(&list), [0x20, 0x40, 0x80, 0x10, 0xc0]);
    // Vitis HLS 2020.2, MachSuite's backprop: eight arrays of double.
    let list = [832, 4096, 192, 64, 64, 3, 2119, 489].map(|elements| array("a", 8 * elements));
    assert_eq!(arrays(&list), [0x2000, 0x8000, 0x800, 0x200, 0x400, 0x20, 0x10000, 0x1000]);
    // Vitis HLS 2020.2, MachSuite's spmv: val[1666], cols[1666] of int, rowDelimiters[495] of int, vec[494], out[494].
    let list = [8 * 1666, 4 * 1666, 4 * 495, 8 * 494, 8 * 494].map(|bytes| array("a", bytes));
    assert_eq!(arrays(&list), [0x4000, 0x2000, 0x800, 0x1000, 0x8000]);
    // A kernel with in[16] and out[20] of 32 bits.
    assert_eq!(arrays(&[array("in_r", 64), array("out_r", 80)]), [0x40, 0x80]);
}

#[test]
fn arrays_among_scalars() {
    // A cipher: counter, inlen, key[32], nonce[12], in[114] and out[114] of bytes.
    let list = [
        scalar("counter"),
        scalar("inlen"),
        array("key", 32),
        array("nonce", 12),
        array("in_r", 114),
        array("out_r", 114),
    ];
    assert_eq!(arrays(&list), [0x20, 0x40, 0x80, 0x100]);
    assert_eq!(registers(Handshake::Hs, &list), listed(&[("counter", 0x10, 32), ("inlen", 0x18, 32)]));
    assert_eq!(hls_control(Handshake::Hs, &list).end, 0x180);
    // Four bytes take eight: pattern[4] of bytes at 0x18, behind the function's result, and kmpNext[4] of int at 0x20.
    let list = [scalar("ap_return"), array("pattern", 4), array("input_r", 32411), array("kmpNext", 16)];
    assert_eq!(arrays(&list), [0x18, 0x8000, 0x20]);
}

#[test]
fn the_ports_of_this_project() {
    let master = axi_master_registers(Handshake::Chain, 1, 2);
    let own: Vec<_> = master.0[4..].iter().map(|r| (r.name.as_str(), r.offset, r.width_bits)).collect();
    assert_eq!(
        own,
        [("data_in", 0x10, 64), ("data_out0", 0x1c, 64), ("data_out1", 0x28, 64), ("batch", 0x34, 32)]
    );
    // 20 floats are 80 bytes, 128 in the port; 3 are 12, 16 in the port, which fit in front.
    let input = tensor("x", &[20], "ap_fixed<16,6>", full(32, "float32", Transfer::Sample));
    let output = tensor("y", &[3], "ap_fixed<16,6>", full(32, "float32", Transfer::Sample));
    let (control, windows) = axi_lite_windows(&[input], &[output]).unwrap();
    let windows: Vec<_> = windows.iter().map(|w| (w.tensor.as_str(), w.offset, w.bytes)).collect();
    assert_eq!(windows, [("x", 0x80, 80), ("y", 0x10, 12)]);
    assert_eq!((control.registers.0.len(), control.end), (4, 0x100));
}

#[test]
fn the_tools_own_header_is_read_and_compared() {
    let text = "// 0x80 ~\n// 0xff : Memory 'data_in' (20 * 32b)\n\n\
        #define XTOP_CONTROL_ADDR_AP_CTRL 0x00\n#define XTOP_CONTROL_ADDR_GIE 0x04\n\
        #define XTOP_CONTROL_ADDR_IER 0x08\n#define XTOP_CONTROL_ADDR_ISR 0x0c\n\
        #define XTOP_CONTROL_ADDR_BATCH_DATA   0x20\n#define XTOP_CONTROL_BITS_BATCH_DATA 32\n\
        #define XTOP_CONTROL_ADDR_DATA_IN_BASE 0x80\n#define XTOP_CONTROL_ADDR_DATA_IN_HIGH 0xff\n\
        #define XTOP_CONTROL_WIDTH_DATA_IN     32\n#define XTOP_OTHER_ADDR_X_DATA 0x10\n";
    let header = HwHeader::parse(text, "control");
    assert_eq!(header.registers.get("BATCH"), Some(&0x20));
    assert_eq!(header.arrays.get("DATA_IN"), Some(&(0x80, 0x80)));
    assert_eq!((header.registers.len(), header.arrays.len()), (5, 1));
    assert_eq!(header.differences(&hls_control(Handshake::Hs, &[array("data_in", 80)])), [""; 0]);
    let other = hls_control(Handshake::Hs, &[scalar("batch"), array("data_in", 40), array("data_out", 8)]);
    assert_eq!(
        header.differences(&other),
        [
            "batch is at 0x20, 0x10 was expected",
            "data_in is at 0x80 with 128 bytes, 0x40 with 40 was expected",
            "there is no array data_out"
        ]
    );
}
