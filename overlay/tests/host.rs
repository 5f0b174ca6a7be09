//! Each way to the tensors: its text, what is made of it, and what is refused.

use netlathe_overlay::{
    Handshake, Host, Manifest, Packing, axi_lite_windows, axi_master_registers, port_names,
};
use serde_json::{Value, json};

const STREAM: &str = include_str!("data/host_axi_stream.json");
const MASTER: &str = include_str!("data/host_axi_master.json");
const LITE: &str = include_str!("data/host_axi_lite.json");
const XRT: &str = include_str!("data/host_xrt.json");
const COYOTE: &str = include_str!("data/host_coyote.json");

fn read(text: &str) -> Manifest {
    Manifest::from_json(text.as_bytes()).unwrap()
}

/// The refusal of a file with the value at a JSON pointer replaced, added, or, with `-` as the last key, appended.
fn refusal(text: &str, pointer: &str, value: Value) -> String {
    let mut json: Value = serde_json::from_str(text).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(key.to_owned(), value)),
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer} has no parent"),
    }
    Manifest::from_json(&serde_json::to_vec(&json).unwrap()).unwrap_err().to_string()
}

#[test]
fn each_is_written_byte_for_byte_as_it_was_read() {
    for text in [STREAM, MASTER, LITE, XRT, COYOTE] {
        assert_eq!(read(text).to_json().unwrap(), text);
    }
    let Host::AxiStream { dmas } = read(STREAM).host else { panic!("another interface") };
    assert_eq!(dmas.iter().map(|dma| dma.limit()).collect::<Vec<_>>(), [(1 << 26) - 1, 16383]);
    assert_eq!(read(XRT).platform.as_deref(), Some("xilinx_u55c_gen3x16_xdma_3_202210_1"));
}

#[test]
fn the_rule_of_control_ports_makes_the_registers_in_the_files() {
    for (text, handshake) in [(MASTER, Handshake::Hs), (XRT, Handshake::Chain)] {
        let manifest = read(text);
        let (inputs, outputs) = (manifest.inputs.len(), manifest.outputs.len());
        assert_eq!(axi_master_registers(handshake, inputs, outputs), manifest.registers);
    }
    let manifest = read(LITE);
    let (control, windows) = axi_lite_windows(&manifest.inputs, &manifest.outputs).unwrap();
    assert_eq!(control.registers, manifest.registers);
    let Host::AxiLite { windows: told, .. } = manifest.host else { panic!("another interface") };
    assert_eq!(windows, told);
    assert_eq!(port_names("data_in", 1), ["data_in"]);
    assert_eq!(port_names("data_in", 2), ["data_in0", "data_in1"]);
}

#[test]
fn unknown_and_missing_fields_are_refused() {
    let places = [
        (STREAM, "/host"),
        (STREAM, "/host/dmas/0"),
        (MASTER, "/host"),
        (MASTER, "/host/core"),
        (LITE, "/host"),
        (LITE, "/host/windows/1"),
        (XRT, "/host"),
        (XRT, "/host/banks/0"),
        (COYOTE, "/host"),
    ];
    for (text, parent) in places {
        let message = refusal(text, &format!("{parent}/colour"), json!("red"));
        assert!(message.contains("unknown field `colour`"), "{parent}: {message}");
    }
    let message = refusal(STREAM, "/host/interface", json!("pcie"));
    assert!(message.contains("unknown variant `pcie`"), "{message}");
    let message = refusal(STREAM, "/host", json!({"interface": "axi_stream"}));
    assert!(message.contains("missing field `dmas`"), "{message}");
}

#[test]
fn every_mistake_of_a_design_is_named() {
    let window =
        |tensor: &str, offset: u64, bytes: u64| json!({"tensor": tensor, "offset": offset, "bytes": bytes});
    let cases = [
        (STREAM, "/flow", json!("Coyote"), "host.interface: this interface is not one of the flow Coyote"),
        (
            COYOTE,
            "/flow",
            json!("VivadoAccelerator"),
            "host.interface: this interface is not one of the flow",
        ),
        (STREAM, "/host/dmas", json!([]), "host.dmas: nothing reaches the tensor \"x\""),
        (
            STREAM,
            "/host/dmas/1/input",
            json!("x"),
            "host.dmas[1].input: \"x\" is already reached by host.dmas[0].input",
        ),
        (STREAM, "/host/dmas/1/input", json!("x"), "host.dmas: nothing reaches the tensor \"side\""),
        (STREAM, "/host/dmas/1/input", json!("y"), "host.dmas[1].input: there is no input \"y\""),
        (STREAM, "/host/dmas/0/output", json!("x"), "host.dmas[0].output: there is no output \"x\""),
        (STREAM, "/host/dmas/1/input", Value::Null, "host.dmas[1]: the DMA reaches no tensor"),
        (
            STREAM,
            "/host/dmas/1/name",
            json!("hier_0/axi_dma_0"),
            "host.dmas[1].name: \"hier_0/axi_dma_0\" names two",
        ),
        (STREAM, "/host/dmas/1/name", json!(""), "host.dmas[1].name: \"\" must have 1 to 256 bytes"),
        (
            STREAM,
            "/host/dmas/1/base",
            json!(0xa000_0000u64),
            "host.dmas[1].base: 0xa0000000 overlaps host.dmas[0]",
        ),
        (
            STREAM,
            "/host/dmas/1/base",
            json!(0xa001_8000u64),
            "host.dmas[1].base: 0xa0018000 and 0x10000 bytes must be",
        ),
        (STREAM, "/host/dmas/1/bytes", json!(0xc000), "bytes must be a power of two at a multiple of itself"),
        (STREAM, "/host/dmas/1/bytes", json!(0x40), "host.dmas[1].bytes: 0x40 must be at least 0x5c"),
        (STREAM, "/host/dmas/1/bytes", json!(0), "host.dmas[1].base: 0xa0010000 and 0x0 bytes"),
        (STREAM, "/host/dmas/1/length_bits", json!(7), "host.dmas[1].length_bits: 7 must be from 8 to 26"),
        (STREAM, "/host/dmas/1/length_bits", json!(27), "host.dmas[1].length_bits: 27 must be from 8 to 26"),
        (
            STREAM,
            "/inputs/1/shape",
            json!([64, 64]),
            "a sample of \"side\" has 16384 bytes, a transfer at most 16383",
        ),
        (MASTER, "/host/core/name", json!("a\nb"), "host.core.name: \"a\\nb\" must have"),
        (MASTER, "/host/core/base", json!(0x1234), "host.core.base: 0x1234 and 0x10000 bytes must be"),
        (
            MASTER,
            "/host/core/bytes",
            json!(0x20),
            "registers[6].offset: data_out is outside of the core's 0x20 bytes",
        ),
        (MASTER, "/registers", json!([]), "registers: the interface needs AP_CTRL of 32 bits at 0x00"),
        (MASTER, "/registers/3/offset", json!(0x40), "registers: the interface needs ISR of 32 bits at 0x0c"),
        (
            MASTER,
            "/registers/6/name",
            json!("data_out0"),
            "registers: the interface needs a register \"data_out\"",
        ),
        (MASTER, "/registers/7/width_bits", json!(16), "registers: batch has 16 bits, not 32"),
        (LITE, "/host/windows/1", window("x", 0x10, 80), "host.windows[1].tensor: \"x\" is already reached"),
        (LITE, "/host/windows/1", window("z", 0x10, 16), "host.windows[1].tensor: there is no tensor \"z\""),
        (LITE, "/host/windows/1", window("z", 0x10, 16), "host.windows: nothing reaches the tensor \"side\""),
        (
            LITE,
            "/host/windows/1",
            window("side", 0x10, 12),
            "host.windows[1].bytes: 12 must be at least the 16 bytes",
        ),
        (
            LITE,
            "/host/windows/1",
            window("side", 0x0c, 16),
            "host.windows[1].offset: 0xc overlaps the register ISR",
        ),
        (
            LITE,
            "/host/windows/1",
            window("side", 0x14, 16),
            "host.windows[2].offset: 0x20 overlaps host.windows[1]",
        ),
        (
            LITE,
            "/host/windows/1",
            window("side", 0x12, 16),
            "host.windows[1].offset: 0x12 must be a multiple of 4",
        ),
        (LITE, "/host/windows/1", window("side", 0x10000, 16), "are not inside of the core's 0x10000"),
        (LITE, "/host/windows/1", window("side", u64::MAX - 3, 16), "are not inside of the core's 0x10000"),
        (XRT, "/host/kernel", json!(""), "host.kernel: \"\" must have 1 to 256 bytes"),
        (XRT, "/host/compute_unit", json!(""), "host.compute_unit: \"\" must have"),
        (XRT, "/host/arguments", json!(["x", "y", "batch"]), "must be [\"x\", \"side\", \"y\", \"batch\"]"),
        (XRT, "/host/arguments/-", json!("more"), "must be [\"x\", \"side\", \"y\", \"batch\"]"),
        (
            XRT,
            "/outputs/0/name",
            json!("batch"),
            "a tensor called \"batch\" cannot be told from the argument",
        ),
        (XRT, "/host/banks/0/tensor", json!("z"), "host.banks[0].tensor: there is no tensor \"z\""),
        (XRT, "/host/banks/0/tensor", json!("y"), "host.banks[2].tensor: \"y\" is in two banks"),
        (XRT, "/host/banks/0/memory", json!(""), "host.banks[0].memory: \"\" must have"),
        (XRT, "/platform", json!(""), "platform: \"\" must have 1 to 256 bytes"),
        (COYOTE, "/host/input_streams", json!([0]), "host.input_streams: 1 streams for 2 tensors"),
        (COYOTE, "/host/input_streams", json!([1, 1]), "host.input_streams[1]: stream 1 is taken twice"),
        (COYOTE, "/host/output_streams", json!([64]), "host.output_streams[0]: 64 must be below 64"),
    ];
    for (text, pointer, value, expected) in cases {
        let message = refusal(text, pointer, value);
        assert!(message.contains(expected), "{pointer}: {message}\nhas no {expected}");
    }
}

#[test]
fn a_sample_may_be_as_long_as_a_transfer_and_no_longer() {
    let mut manifest = read(STREAM);
    let Host::AxiStream { dmas } = &mut manifest.host else { panic!("another interface") };
    dmas[1].length_bits = 8;
    manifest.inputs[1].packing =
        Packing::full(8, "ap_fixed<8,2>".parse().unwrap(), manifest.inputs[1].packing.transfer);
    manifest.inputs[1].shape = vec![255];
    assert_eq!(manifest.validate(), Ok(()));
    manifest.inputs[1].shape = vec![256];
    assert_eq!(manifest.validate().unwrap_err()[0].path, "host.dmas[1].input");
}
