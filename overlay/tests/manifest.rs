//! The manifest's text form, what it refuses, and that it tells all that is wrong at once.

use netlathe_overlay::{Access, Element, Flow, IoType, MAX_BYTES, Manifest, ManifestError, Transfer};
use serde_json::{Value, json};

const EXAMPLE: &str = include_str!("data/manifest.json");

/// The example with the value at a JSON pointer replaced (or added to its object).
fn with(pointer: &str, value: Value) -> Vec<u8> {
    let mut json: Value = serde_json::from_str(EXAMPLE).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.insert(key.to_owned(), value)),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer} has no parent"),
    }
    serde_json::to_vec(&json).unwrap()
}

fn refusal(pointer: &str, value: Value) -> String {
    Manifest::from_json(&with(pointer, value)).unwrap_err().to_string()
}

#[test]
fn the_example_reads_and_is_written_byte_for_byte() {
    let manifest = Manifest::from_json(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(manifest.flow, Flow::VivadoAccelerator);
    assert_eq!(manifest.io_type, IoType::IoStream);
    let input = manifest.input("fc1_input").unwrap();
    assert_eq!((input.size(), input.ty.width, input.ty.integer), (Some(16), 16, 6));
    assert_eq!(input.packing.element, Element::Fixed(input.ty));
    assert_eq!(input.packing.transfer, Transfer::Batch);
    assert_eq!(manifest.output("softmax").unwrap().packing.element, Element::Float32);
    assert!(manifest.output("fc1_input").is_none());
    assert_eq!(manifest.registers.get("AP_CTRL").unwrap().access, Access::ReadWrite);
    assert_eq!(manifest.to_json().unwrap(), EXAMPLE);
}

#[test]
fn unknown_fields_are_refused_at_every_level() {
    for parent in ["", "/inputs/0", "/inputs/0/packing", "/registers/0", "/hashes"] {
        let message = refusal(&format!("{parent}/colour"), json!("red"));
        assert!(message.contains("unknown field `colour`"), "{parent}: {message}");
    }
}

#[test]
fn unknown_versions_are_refused_for_their_version() {
    for version in [json!(2), json!(0), json!("1"), Value::Null] {
        let error = Manifest::from_json(&with("/version", version.clone())).unwrap_err();
        assert!(matches!(&error, ManifestError::Version(found) if *found == version), "{error}");
    }
    assert!(refusal("/version", json!(7)).contains("version 7, this program reads version 1"));
    // A newer manifest has newer fields too; its version is still what is told.
    let newer = br#"{"version": 2, "tensors": []}"#;
    assert!(matches!(Manifest::from_json(newer), Err(ManifestError::Version(_))));
    assert!(matches!(Manifest::from_json(b"{}"), Err(ManifestError::Json(_))));
}

#[test]
fn a_file_that_is_too_large_is_not_looked_at() {
    let spaces = vec![b' '; MAX_BYTES + 1];
    assert!(matches!(Manifest::from_json(&spaces), Err(ManifestError::TooLarge(n)) if n == MAX_BYTES + 1));
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let cases = [
        ("/project", json!("a/b"), "project: \"a/b\" must be the stem"),
        ("/board", json!(""), "board: \"\" must have 1 to 256 bytes"),
        ("/clock_period_ns", json!(0.0), "clock_period_ns: 0 must be a positive"),
        ("/clock_period_ns", json!(-4), "clock_period_ns: -4 must be a positive"),
        ("/inputs", json!([]), "inputs: there must be at least one"),
        ("/inputs/0/name", json!("softmax"), "outputs[0].name: \"softmax\" is already the name of inputs[0]"),
        ("/inputs/0/shape", json!([]), "inputs[0].shape: [] must have"),
        ("/inputs/0/shape", json!([4, 0]), "inputs[0].shape: [4, 0] must have"),
        ("/inputs/0/shape", json!([usize::MAX, 3]), "needs more than 1073741824 bytes"),
        ("/inputs/0/shape", json!([1u64 << 29]), "needs more than 1073741824 bytes"),
        ("/inputs/0/packing/beat_bits", json!(60), "inputs[0].packing.beat_bits: 60 must be a multiple of 8"),
        ("/inputs/0/packing/beat_bits", json!(0), "inputs[0].packing.beat_bits: 0 must be a multiple of 8"),
        ("/inputs/0/packing/elements_per_beat", json!(0), "elements_per_beat: 0 must be at least 1"),
        ("/inputs/0/packing/elements_per_beat", json!(5), "5 elements ap_fixed<16,6> of 16 bits do not fit"),
        ("/inputs/0/packing/elements_per_beat", json!(u32::MAX), "do not fit in a beat of 64 bits"),
        ("/inputs/0/packing/element", json!("ap_fixed<72,6>"), "must have 1 to 64 bits"),
        ("/inputs/0/packing/element", json!("float16"), "\"float16\" is no element"),
        ("/inputs/0/ty", json!("float32"), "\"float32\" is no fixed-point type"),
        ("/inputs/0/packing/element_order", json!("big"), "unknown variant `big`"),
        ("/flow", json!("vivado"), "unknown variant `vivado`"),
        ("/io_type", json!("parallel"), "unknown variant `parallel`"),
        ("/registers/1/name", json!("AP_CTRL"), "registers[1].name: \"AP_CTRL\" names two registers"),
        ("/registers/1/offset", json!(14), "registers[1].offset: 14 must be a multiple of 4"),
        ("/registers/1/offset", json!(0), "fifo_in overlaps AP_CTRL at 0x0"),
        ("/registers/1/width_bits", json!(24), "registers[1].width_bits: 24 must be"),
        ("/hashes/tree", json!("abc"), "hashes.tree: \"abc\" must be a SHA-256"),
        ("/hashes/bitstream", json!("G".repeat(64)), "hashes.bitstream: "),
        ("/hashes/model", Value::Null, "invalid type: null"),
    ];
    for (pointer, value, expected) in cases {
        let message = refusal(pointer, value);
        assert!(message.contains(expected), "{pointer}: {message}");
    }
}

#[test]
fn all_problems_are_told_at_once_and_nothing_invalid_is_written() {
    let mut manifest = Manifest::from_json(EXAMPLE.as_bytes()).unwrap();
    manifest.clock_period_ns = f64::NAN;
    manifest.inputs[0].shape = vec![0];
    manifest.outputs[0].packing.beat_bits = 33;
    manifest.hashes.model.push('0');
    let problems = manifest.validate().unwrap_err();
    let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["clock_period_ns", "inputs[0].shape", "outputs[0].packing.beat_bits", "hashes.model"]);
    assert!(matches!(manifest.to_json(), Err(ManifestError::Invalid(found)) if found == problems));
}
