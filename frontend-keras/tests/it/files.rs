//! Good and bad files of `testdata/keras`.

use netlathe_frontend_keras::{Error, Keras, code, read, read_with_weights};
use netlathe_ir::apfixed::{Overflow, Rounding};
use netlathe_ir::op::activation::Function;
use netlathe_ir::weight::Encoding;
use netlathe_ir::{FixedType, Graph, Op};

use crate::testdata;

/// `index name(inputs) class shape` of every node.
pub(crate) fn lines(graph: &Graph) -> Vec<String> {
    let line = |id| {
        let node = graph.node(id);
        let inputs: Vec<&str> = node.inputs.iter().map(|&i| graph.node(i).name.as_str()).collect();
        format!(
            "{} {}({}) {} {:?}",
            node.index,
            node.name,
            inputs.join(","),
            node.op.class_name(),
            node.shape
        )
    };
    graph.order().into_iter().map(line).collect()
}

pub(crate) fn names(graph: &Graph, ids: &[netlathe_ir::NodeId]) -> Vec<String> {
    ids.iter().map(|&id| graph.node(id).name.clone()).collect()
}

const BRANCHES: [&str; 14] = [
    "1 a() Input [4]",
    "2 b() Input [4]",
    "3 shared(a) Dense [3]",
    "4 shared_relu(shared) Activation [3]",
    "5 shared_0(b) Dense [3]",
    "6 shared_relu_0(shared_0) Activation [3]",
    "7 cat(shared_relu,shared_relu_0) Concatenate [6]",
    "8 bn(cat) BatchNormalization [6]",
    "9 drop(bn) Activation [6]",
    "10 head(drop) Dense [2]",
    "11 head_softmax(head) Softmax [2]",
    "12 fold(bn) Reshape [2, 3]",
    "13 n_0(fold) ParametrizedActivation [2, 3]",
    "14 flat(n_0) Reshape [6]",
];

#[test]
fn keras_3_branches_get_hls4mls_names_and_order() {
    for file in ["branches.keras", "unnamed.keras"] {
        let reading = read(testdata(file)).expect(file);
        assert_eq!(reading.keras, Keras::V3);
        assert_eq!(lines(&reading.graph), BRANCHES, "{file}");
        assert_eq!(names(&reading.graph, &reading.graph.inputs), ["a", "b"]);
        assert_eq!(names(&reading.graph, &reading.graph.outputs), ["head_softmax", "flat"]);
        let node = |name: &str| &reading.graph.node(reading.graph.find(name).expect(name)).op;
        let Op::Input(b) = node("b") else { panic!("b is no input") };
        assert_eq!(b.integer, Some((8, true)));
        let (Op::Dense(one), Op::Dense(two)) = (node("shared"), node("shared_0")) else { panic!("no Dense") };
        assert_eq!(one.weight.data, two.weight.data, "one layer, one weight");
        let Op::Dense(head) = node("head") else { panic!("no Dense") };
        assert_eq!(head.bias.data.len(), 2);
        assert!(head.bias.data.iter().all(|v| *v == 0.0), "use_bias = False");
        let Op::BatchNorm(bn) = node("bn") else { panic!("no BatchNorm") };
        // Without gamma the scale is 1 / sqrt(variance + 0.001), a float32.
        assert!(bn.scale.single && bn.scale.data.iter().all(|s| *s > 0.0 && *s == f64::from(*s as f32)));
    }
}

#[test]
fn keras_2_qkeras_keeps_quantisers_and_linear_nodes() {
    let reading = read(testdata("qkeras.h5")).expect("reads");
    assert_eq!(reading.keras, Keras::V2);
    let want = [
        "1 x() Input [20]",
        "2 q1(x) Dense [9]",
        "3 q1_linear(q1) Activation [9]",
        "4 act(q1_linear) Activation [9]",
        "5 q2(act) Dense [5]",
        "6 q2_quantized_tanh(q2) HardActivation [5]",
        "7 soft(q2_quantized_tanh) Softmax [5]",
    ];
    assert_eq!(lines(&reading.graph), want);
    let node = |name: &str| &reading.graph.node(reading.graph.find(name).expect(name)).op;
    let Op::Dense(q1) = node("q1") else { panic!("no Dense") };
    let kernel = q1.weight.quantizer.as_ref().expect("a quantiser");
    assert_eq!((kernel.ty, kernel.encoding), (FixedType::fixed(4, 1), Encoding::Fixed));
    let scale = kernel.scale.as_ref().expect("alpha=auto leaves a scale");
    assert_eq!(scale.per_channel.len(), 9);
    assert!(!scale.po2 && scale.unit.iter().all(|u| (u * 8.0).fract() == 0.0 && u.abs() <= 0.875));
    let bias = q1.bias.quantizer.as_ref().expect("a quantiser");
    assert_eq!((bias.ty, &bias.scale), (FixedType::fixed(6, 2), &None));
    let Op::Dense(q2) = node("q2") else { panic!("no Dense") };
    assert_eq!(q2.weight.quantizer.as_ref().map(|q| q.encoding), Some(Encoding::Xnor));
    assert!(q2.weight.data.iter().all(|w| w.abs() == 1.0));
    // alpha = 0.75 on a bias: 1/16 steps times 0.75, which no type of the quantiser holds.
    assert_eq!(q2.bias.quantizer, None);
    assert!(q2.bias.data.iter().all(|b| (b / 0.75 * 16.0 - (b / 0.75 * 16.0).round()).abs() < 1e-5));
    let about: Vec<_> = reading.notes.iter().map(|d| (d.code, d.layer.as_deref())).collect();
    assert_eq!(about, [(code::QUANTIZER_MEANING, Some("q2"))]);
    let Op::Activation(act) = node("act") else { panic!("no Activation") };
    assert_eq!(act.function, Function::Relu);
    assert_eq!(act.quantizer, Some(FixedType::ufixed(6, 2).with_modes(Rounding::RndConv, Overflow::Sat)));
    let Op::Activation(tanh) = node("q2_quantized_tanh") else { panic!("no Activation") };
    assert_eq!(tanh.quantizer, Some(FixedType::fixed(5, 1).with_modes(Rounding::RndConv, Overflow::SatSym)));
}

#[test]
fn json_and_weights_are_read_together() {
    let reading = read_with_weights(testdata("plain.json"), testdata("plain.weights.h5")).expect("reads");
    let want = [
        "1 inp() Input [3]",
        "2 d1(inp) Dense [3]",
        "3 d1_linear(d1) Activation [3]",
        "4 sum(d1_linear,inp) Merge [3]",
        "5 leaky(sum) ParametrizedActivation [3]",
        "6 d2(leaky) Dense [2]",
        "7 d2_sigmoid(d2) Activation [2]",
    ];
    assert_eq!(lines(&reading.graph), want);
    assert_eq!(names(&reading.graph, &reading.graph.outputs), ["d2_sigmoid"]);
    let Op::Dense(d2) = &reading.graph.node(reading.graph.find("d2").expect("d2")).op else {
        panic!("no Dense")
    };
    assert!(d2.weight.single && d2.bias.single, "float16 and float64 that holds float32 values");
    let archive = read(testdata("keras2.keras")).expect("an archive of Keras 2.15 with the same network");
    assert_eq!(archive.keras, Keras::V2);
    assert_eq!(lines(&archive.graph), want);
    let alone = read(testdata("plain.json")).expect_err("no weights");
    assert_eq!(alone.code(), "NL302");
    let alone = read(testdata("plain.weights.h5")).expect_err("no architecture");
    assert!(alone.to_string().contains("model_config"), "{alone}");
}

/// Reads a bad file; its message must hold every one of `says`.
fn refused(file: &str, code: &str, says: &[&str]) -> Error {
    let start = std::time::Instant::now();
    let error = read(testdata(file)).expect_err(file);
    let text = error.to_string();
    assert_eq!(error.code(), code, "{file}: {text}");
    for word in says {
        assert!(text.contains(word), "{file}: `{text}` does not say `{word}`");
    }
    assert!(start.elapsed().as_secs() < 2, "{file} took {:?}", start.elapsed());
    error
}

#[test]
fn bad_files_are_refused_with_the_place() {
    let length = std::fs::metadata(testdata("truncated.h5")).expect("fixture").len();
    let whole = std::fs::metadata(testdata("qkeras.h5")).expect("fixture").len();
    refused("truncated.h5", "NL308", &["truncated", &length.to_string(), &whole.to_string()]);
    refused("cut_json.keras", "NL307", &["config.json", "line 1 column 500", "500 bytes"]);
    refused("no_weights.keras", "NL305", &["model.weights.h5", "missing"]);
    refused("bomb.keras", "NL303", &["model.weights.h5", "536870912"]);
    refused("wrong_shape.keras", code::WEIGHT_SHAPE, &["shared", "kernel", "[4, 5]", "[4, 3]"]);
    refused("nan.keras", code::WEIGHT_VALUE, &["shared", "kernel", "[2, 1]", "NaN"]);
    refused("cycle.keras", code::TOPOLOGY, &["cycle", "bn -> drop -> bn"]);
    refused("make.py", "NL302", &["neither"]);
    assert_eq!(read(testdata("absent.keras")).expect_err("absent").code(), "NL301");
}

#[test]
fn all_unsupported_layers_are_listed_and_tell_themselves_apart() {
    let error = refused(
        "unsupported.keras",
        code::UNSUPPORTED_LAYER,
        &["bn", "UnitNormalization", "`n`", "GroupNormalization", "supported are InputLayer, Dense"],
    );
    assert_eq!(error.unsupported(), Some(vec!["UnitNormalization", "GroupNormalization"]));
    let error = refused(
        "lambda.keras",
        code::UNSUPPORTED_LAYER,
        &["UnitNormalization", "drop", "Lambda", "Python code"],
    );
    assert_eq!(error.unsupported(), None, "a Lambda is more than a missing layer");
}

#[test]
fn damaged_files_never_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("damaged");
    let mut refused = 0;
    for file in ["branches.keras", "qkeras.h5"] {
        let whole = std::fs::read(testdata(file)).expect("fixture");
        // Structures are dense at both ends; weights and padding lie between.
        let edge = |at: &usize| *at < 1500 || at.is_multiple_of(61) || whole.len() - at < 700;
        for at in (0..whole.len()).filter(edge) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            std::fs::write(&path, &bytes).expect("a file");
            refused += usize::from(read(&path).is_err());
        }
        for length in (0..whole.len()).step_by(97) {
            std::fs::write(&path, &whole[..length]).expect("a file");
            read(&path).expect_err("a cut file");
        }
    }
    assert!(refused > 500, "{refused} damaged files were refused");
}
