//! Models within models, shared and used several times.

use netlathe_frontend_keras::{code, read, read_with_weights};
use netlathe_ir::Op;
use serde_json::{Value, json};

use crate::files::{lines, names};
use crate::testdata;

#[test]
fn a_model_used_twice_is_laid_out_twice() {
    let reading = read(testdata("nested.keras")).expect("reads");
    let graph = &reading.graph;
    let want = [
        "1 x() Input [4]",
        "2 y() Input [4]",
        "3 fc(x) Dense [4]",
        "4 fc_0(fc) Dense [3]",
        "5 fc_relu(fc_0) Activation [3]",
        "6 top(fc_relu) Dense [2]",
        "7 fc_1(y) Dense [4]",
        "8 fc_2(fc_1) Dense [3]",
        "9 fc_relu_0(fc_2) Activation [3]",
        "10 top_0(fc_relu_0) Dense [2]",
        "11 cat(fc_relu,top_0) Concatenate [5]",
    ];
    assert_eq!(lines(graph), want);
    assert_eq!(names(graph, &graph.inputs), ["x", "y"]);
    assert_eq!(names(graph, &graph.outputs), ["cat", "fc_relu_0"], "an output in the middle");
    // The fixture's kernels begin with 0, 1 and 2, in the order in which they are used.
    let first = |name: &str| match &graph.node(graph.find(name).expect(name)).op {
        Op::Dense(dense) => dense.weight.data.iter().next().copied(),
        other => panic!("{name} is {}", other.class_name()),
    };
    let firsts = ["fc", "fc_0", "top", "fc_1", "fc_2", "top_0"].map(first);
    assert_eq!(firsts, [Some(0.0), Some(1.0), Some(2.0), Some(0.0), Some(1.0), Some(2.0)]);
    assert_eq!(graph.groups.iter().collect::<Vec<_>>(), ["enc", "mid", "seq"]);
}

#[test]
fn keras_2_models_are_numbered_as_hls4ml_expands_them() {
    let reading = read(testdata("nested.h5")).expect("reads");
    let graph = &reading.graph;
    // x, y, mid, mid and cat are 1 to 5; then mid's input and its two models, then each of these.
    let want = [
        "1 x() Input [4]",
        "2 y() Input [4]",
        "10 in(x) Dense [4]",
        "11 in_linear(in) Activation [4]",
        "13 fc(in_linear) Dense [3]",
        "14 fc_relu(fc) Activation [3]",
        "15 top(fc_relu) Dense [2]",
        "16 top_linear(top) Activation [2]",
        "21 in_0(y) Dense [4]",
        "22 in_linear_0(in_0) Activation [4]",
        "24 fc_0(in_linear_0) Dense [3]",
        "25 fc_relu_0(fc_0) Activation [3]",
        "26 top_0(fc_relu_0) Dense [2]",
        "27 top_linear_0(top_0) Activation [2]",
        "5 cat(fc_relu,top_linear_0) Concatenate [5]",
    ];
    assert_eq!(lines(graph), want);
    assert_eq!(names(graph, &graph.outputs), ["cat", "fc_relu_0"]);
    assert_eq!(graph.next_index(), 28);
}

/// Reads a functional model with the model `inner` in it, used on `operands`; without weights of its own.
fn with_inner(inner: Value, operands: &[&str]) -> String {
    let input = |name: &str| {
        json!({"class_name": "InputLayer", "name": name, "inbound_nodes": [],
               "config": {"name": name, "batch_shape": [null, 4]}})
    };
    let operands: Vec<Value> = operands.iter().map(|name| json!([name, 0, 0, {}])).collect();
    let mut inner = inner;
    inner["inbound_nodes"] = json!([operands]);
    let model = json!({"class_name": "Functional", "keras_version": "3.5.0", "config": {
        "name": "outer", "layers": [input("a"), input("b"), inner],
        "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["inner", 0, 0]]}});
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.json");
    std::fs::write(&path, model.to_string()).expect("a file");
    match read_with_weights(&path, testdata("plain.weights.h5")) {
        Ok(reading) => lines(&reading.graph).join("; "),
        Err(error) => error.to_string(),
    }
}

#[test]
fn broken_models_within_models_are_refused() {
    let sequential = |shape: Value, class: &str| {
        json!({"class_name": "Sequential", "name": "inner", "config": {"name": "inner", "layers": [
            {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": shape}},
            {"class_name": class, "config": {"name": "flat"}}]}})
    };
    let fits = with_inner(sequential(json!([null, 4]), "Flatten"), &["a"]);
    assert_eq!(fits, "1 a() Input [4]; 2 b() Input [4]; 3 flat(a) Reshape [4]");
    let cases = [
        (sequential(json!([null, 5]), "Flatten"), &["a"][..], code::SHAPE, "shape [5], it has [4]"),
        (sequential(json!([null, 4]), "Flatten"), &["a", "b"], code::SHAPE, "takes 1 input(s), it has 2"),
        (sequential(json!([null, 4]), "LSTM"), &["a"], code::UNSUPPORTED_LAYER, "LSTM"),
        (sequential(json!([null, 4]), "Lambda"), &["a"], code::PYTHON_CODE, "Python code"),
        (sequential(json!([null, 4]), "Flatten"), &["c"], code::TOPOLOGY, "`c`"),
        (
            json!({"class_name": "Functional", "name": "inner", "config": {"name": "inner"}}),
            &["a"],
            code::MALFORMED,
            "no layers",
        ),
    ];
    for (inner, operands, code, says) in cases {
        let text = with_inner(inner.clone(), operands);
        assert!(text.contains(code) && text.contains(says), "{inner}: `{text}` does not say {code} `{says}`");
    }
}

#[test]
fn models_that_multiply_are_bounded() {
    // Each holds the one before twice in a row: 2^20 layers in a text of a few thousand letters.
    let mut model = json!({"class_name": "Activation", "config": {"name": "l", "activation": "linear"}});
    for level in 0..20 {
        let mut copy = model.clone();
        copy["config"]["name"] = "first".into();
        copy["name"] = "first".into();
        copy["inbound_nodes"] =
            json!([[["i", 0, 0, {}]], [["first", if level == 0 { 0 } else { 1 }, 0, {}]]]);
        let input = json!({"class_name": "InputLayer", "name": "i", "inbound_nodes": [],
                           "config": {"name": "i", "batch_input_shape": [null, 4]}});
        let last = if level == 0 { 1 } else { 2 };
        model = json!({"class_name": "Functional", "config": {"name": "m", "layers": [input, copy],
            "input_layers": [["i", 0, 0]], "output_layers": [["first", last, 0]]}});
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.json");
    std::fs::write(&path, model.to_string()).expect("a file");
    let error = read_with_weights(&path, testdata("plain.weights.h5")).expect_err("too many layers");
    assert!(error.to_string().contains("more than 20000 layers"), "{error}");
}
