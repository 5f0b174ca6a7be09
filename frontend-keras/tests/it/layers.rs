//! Layers one by one: what each becomes, and which of their settings are refused.

use netlathe_frontend_keras::{Error, Reading, code, read, read_with_weights, supported};
use netlathe_ir::apfixed::FixedType;
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::conv::Kind;
use netlathe_ir::op::pool::{Extent, PoolOp};
use netlathe_ir::op::resize::Interpolation;
use netlathe_ir::op::window::{Sides, Window};
use netlathe_ir::weight::Encoding;
use netlathe_ir::{Graph, Op, Weight};
use serde_json::{Value, json};

use crate::testdata;

const K2: &str = "2.15.0";
const K3: &str = "3.5.0";

/// Reads a network of inputs, and layers that each read all inputs. The weights of another network lie beside it.
fn network(version: &str, inputs: &[&[usize]], layers: &[(&str, Value)]) -> Result<Reading, Error> {
    let names: Vec<String> = (0..inputs.len()).map(|i| format!("x{i}")).collect();
    let operands: Vec<Value> = names.iter().map(|name| json!([name, 0, 0, {}])).collect();
    let mut list: Vec<Value> = names
        .iter()
        .zip(inputs)
        .map(|(name, shape)| {
            let batch: Vec<Value> =
                std::iter::once(Value::Null).chain(shape.iter().map(|n| Value::from(*n))).collect();
            json!({"class_name": "InputLayer", "name": name, "inbound_nodes": [],
                   "config": {"name": name, "batch_shape": batch}})
        })
        .collect();
    for (number, (class, config)) in layers.iter().enumerate() {
        let name = format!("layer{number}");
        let mut config = config.clone();
        config["name"] = name.clone().into();
        list.push(
            json!({"class_name": class, "name": name, "config": config, "inbound_nodes": [operands.clone()]}),
        );
    }
    let ends: Vec<Value> = (0..layers.len()).map(|i| json!([format!("layer{i}"), 0, 0])).collect();
    let starts: Vec<Value> = names.iter().map(|name| json!([name, 0, 0])).collect();
    let model = json!({"class_name": "Functional", "keras_version": version,
        "config": {"name": "net", "layers": list, "input_layers": starts, "output_layers": ends}});
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.json");
    std::fs::write(&path, model.to_string()).expect("a file");
    read_with_weights(&path, testdata("plain.weights.h5"))
}

/// One layer on one input: its last node's operation and shape.
fn layer(version: &str, input: &[usize], class: &str, config: Value) -> (Op, Vec<usize>) {
    let reading = network(version, &[input], &[(class, config.clone())])
        .unwrap_or_else(|e| panic!("{class} {config}: {e}"));
    let node = reading.graph.node(reading.graph.outputs[0]);
    (node.op.clone(), node.shape.clone())
}

fn function(version: &str, class: &str, config: Value) -> Function {
    match layer(version, &[4], class, config).0 {
        Op::Activation(activation) => activation.function,
        other => panic!("{class} became {}", other.class_name()),
    }
}

fn values(weight: &Weight) -> Vec<f64> {
    weight.data.iter().copied().collect()
}

/// `first`, and on in steps of 1/16, as the fixtures' weights are.
fn count(n: usize, first: f64) -> Vec<f64> {
    (0..n).map(|i| first + i as f64 / 16.0).collect()
}

fn op<'a>(graph: &'a Graph, name: &str) -> &'a Op {
    &graph.node(graph.find(name).unwrap_or_else(|| panic!("no node `{name}`"))).op
}

#[test]
fn layers_over_images_get_their_windows_and_weights() {
    let reading = read(testdata("layers.keras")).expect("reads");
    let graph = &reading.graph;
    let shape = |name: &str| graph.node(graph.find(name).expect(name)).shape.clone();

    let Op::Conv(conv) = op(graph, "conv") else { panic!("no convolution") };
    assert_eq!((conv.kind, conv.groups), (Kind::Plain, 2));
    let padding = Sides { top: 0, bottom: 1, left: 0, right: 1 };
    assert_eq!(conv.window, Window { kernel: [3, 2], stride: [2, 1], dilation: [1, 1], padding });
    assert_eq!(conv.product.weight.data.shape(), [3, 2, 1, 4]);
    assert_eq!(values(&conv.product.weight), count(24, 0.0));
    assert_eq!(conv.product.bias, Weight::no_bias(4));
    assert_eq!(shape("conv"), [3, 5, 4]);
    let Op::Activation(relu6) = op(graph, "conv_relu6") else { panic!("no activation") };
    assert_eq!(relu6.function, Function::ClippedRelu { max: 6 });

    let Op::Conv(depth) = op(graph, "depth") else { panic!("no convolution") };
    assert_eq!((depth.kind, depth.groups), (Kind::Depthwise, 4));
    assert_eq!((depth.window.dilation, depth.window.padding), ([1, 2], Sides::default()));
    assert_eq!(depth.product.weight.data.shape(), [2, 2, 1, 8]);
    assert_eq!(values(&depth.product.weight), count(32, 0.0));
    assert_eq!(values(&depth.product.bias), count(8, 1.0));
    assert_eq!(shape("depth"), [2, 3, 8]);

    let Op::SeparableConv(sep) = op(graph, "sep") else { panic!("no separable convolution") };
    assert_eq!((sep.window.kernel, sep.channels), ([2, 1], 8));
    assert_eq!(sep.depthwise.data.shape(), [2, 1, 1, 8]);
    assert_eq!(sep.pointwise.data.shape(), [1, 1, 8, 3]);
    assert_eq!(values(&sep.depthwise), count(16, 0.0));
    assert_eq!(values(&sep.pointwise), count(24, 2.0));
    assert_eq!(values(&sep.bias), count(3, 3.0));

    let slopes = |name: &str| match op(graph, name) {
        Op::Activation(activation) => match &activation.function {
            Function::PRelu { alpha } => (alpha.data.shape().to_vec(), values(alpha)),
            other => panic!("{name} is {}", other.name()),
        },
        other => panic!("{name} is {}", other.class_name()),
    };
    assert_eq!(slopes("slopes"), (vec![3], count(3, 0.0)), "shared over the image");
    let each: Vec<f64> = count(5, 0.0).into_iter().flat_map(|v| [v, v]).collect();
    assert_eq!(slopes("steps"), (vec![5, 2], each), "shared over the channels: repeated");

    let Op::LayerNorm(norm) = op(graph, "norm") else { panic!("no layer normalisation") };
    assert_eq!((values(&norm.scale), values(&norm.bias)), (count(3, 1.0), vec![0.0; 3]));
    assert_eq!(norm.epsilon, 0.01);
    let Op::Input(word) = op(graph, "word") else { panic!("no input") };
    assert_eq!(word.integer, Some((32, true)));
    let Op::Embedding(rows) = op(graph, "rows") else { panic!("no embedding") };
    assert_eq!((rows.table.data.shape(), values(&rows.table)), (&[7, 3][..], count(21, 0.0)));
    let Op::Conv(past) = op(graph, "past") else { panic!("no convolution") };
    let padding = Sides { left: 4, ..Sides::default() };
    assert_eq!(past.window, Window { kernel: [1, 3], stride: [1, 1], dilation: [1, 2], padding });
    assert_eq!(past.product.weight.data.shape(), [1, 3, 3, 2]);
    assert_eq!(shape("past"), [5, 2]);
}

#[test]
fn powers_of_two_and_a_folded_batch_normalisation() {
    let reading = read(testdata("po2.h5")).expect("reads");
    let Op::Conv(fold) = op(&reading.graph, "fold") else { panic!("no convolution") };
    assert_eq!(fold.kind, Kind::BatchNormFolded);
    // gamma / sqrt(variance + epsilon) is 1 and 6; the quantiser's steps are 1/16.
    let kernel = [0.0, 0.375, 0.125, 1.125, 0.25, 1.875, 0.375, 2.625];
    assert_eq!(values(&fold.product.weight), kernel);
    assert_eq!(values(&fold.product.bias), [0.25, 7.0], "1 * (0 - 0.25) + 0.5 and 6 * (0 + 1) + 1");
    let quantizer = fold.product.bias.quantizer.as_ref().expect("a quantiser");
    assert_eq!(quantizer.ty, FixedType::fixed(8, 4));

    let Op::Dense(power) = op(&reading.graph, "power") else { panic!("no Dense") };
    assert_eq!(values(&power.weight), [0.25, -0.25, 1.0, 0.0625, 8.0, -0.0625, 0.0625, 1.0]);
    let quantizer = power.weight.quantizer.as_ref().expect("a quantiser");
    assert_eq!((quantizer.ty, quantizer.encoding), (FixedType::int(4), Encoding::Exponent));
    assert_eq!(reading.notes, []);

    let Op::BatchNorm(norm) = op(&reading.graph, "norm") else { panic!("no BatchNorm") };
    // gamma and variance are even powers, 4 and 4; the mean is 0.5, beta -0.25.
    assert_eq!((values(&norm.scale), values(&norm.bias)), (vec![2.0], vec![-1.25]));
}

#[test]
fn a_scale_of_a_depthwise_kernel_is_repeated_for_every_channel() {
    let reading = read(testdata("scaled.h5")).expect("reads");
    let Op::Conv(depth) = op(&reading.graph, "depth") else { panic!("no convolution") };
    assert_eq!(depth.product.weight.data.shape(), [1, 1, 1, 4]);
    let scale = depth.product.weight.quantizer.as_ref().and_then(|q| q.scale.as_ref()).expect("a scale");
    // The largest weights of the two outputs, 0.875 and 1.75, become 7/8.
    assert_eq!(scale.per_channel, [1.0, 2.0, 1.0, 2.0]);
    assert_eq!(scale.unit.iter().copied().collect::<Vec<_>>(), [0.875, 0.875, -0.125, 0.25]);
    assert_eq!(scale.unit.shape(), [1, 1, 1, 4]);
}

#[test]
fn pooling_looks_where_keras_looks() {
    let (op, shape) = layer(
        K3,
        &[7, 8, 3],
        "MaxPooling2D",
        json!({"pool_size": [3, 2], "strides": null, "padding": "same"}),
    );
    let Op::Pool(pool) = op else { panic!("no pooling") };
    let padding = Sides { top: 1, bottom: 1, left: 0, right: 0 };
    let window = Window { kernel: [3, 2], stride: [3, 2], dilation: [1, 1], padding };
    assert_eq!((pool.op, pool.extent), (PoolOp::Max, Extent::Window(window)));
    assert_eq!(shape, [3, 4, 3]);
    for size in [json!(3), json!([3])] {
        let config = json!({"pool_size": size, "strides": [2], "padding": "valid"});
        let (op, shape) = layer(K2, &[8, 5], "AveragePooling1D", config);
        let Op::Pool(pool) = op else { panic!("no pooling") };
        let window = Window { kernel: [1, 3], stride: [1, 2], dilation: [1, 1], padding: Sides::default() };
        assert_eq!((pool.op, pool.extent), (PoolOp::Average, Extent::Window(window)));
        assert_eq!(shape, [3, 5]);
    }
    for (class, keep, input, want) in [
        ("GlobalMaxPooling1D", false, &[8, 5][..], &[5][..]),
        ("GlobalAveragePooling2D", true, &[4, 3, 2], &[1, 1, 2]),
    ] {
        let (op, shape) = layer(K3, input, class, json!({"keepdims": keep}));
        let Op::Pool(pool) = op else { panic!("no pooling") };
        assert_eq!((pool.extent, &shape[..]), (Extent::Global { keep_axes: keep }, want));
    }
}

#[test]
fn borders_sizes_and_orders() {
    let sides = |version, class: &str, config| match layer(version, &[9, 8, 2], class, config) {
        (Op::ZeroPadding(padding), shape) => (padding.sides, shape),
        (Op::Cropping(cropping), shape) => (cropping.sides, shape),
        (other, _) => panic!("{class} became {}", other.class_name()),
    };
    let want = Sides { top: 1, bottom: 2, left: 3, right: 4 };
    assert_eq!(sides(K3, "ZeroPadding2D", json!({"padding": [[1, 2], [3, 4]]})), (want, vec![12, 15, 2]));
    assert_eq!(sides(K2, "Cropping2D", json!({"cropping": [[1, 2], [3, 4]]})), (want, vec![6, 1, 2]));
    let want = Sides { top: 1, bottom: 1, left: 2, right: 2 };
    assert_eq!(sides(K2, "ZeroPadding2D", json!({"padding": [1, 2]})), (want, vec![11, 12, 2]));
    let (op, shape) = layer(K3, &[6, 2], "ZeroPadding1D", json!({"padding": [0, 3]}));
    let Op::ZeroPadding(padding) = op else { panic!("no padding") };
    assert_eq!((padding.sides, shape), (Sides { right: 3, ..Sides::default() }, vec![9, 2]));

    let (op, shape) =
        layer(K3, &[3, 4, 2], "UpSampling2D", json!({"size": [2, 3], "interpolation": "bilinear"}));
    let Op::Resize(resize) = op else { panic!("no resizing") };
    assert_eq!((resize.factors, resize.interpolation), ([2, 3], Interpolation::Bilinear));
    assert_eq!(shape, [6, 12, 2]);
    let (op, shape) = layer(K2, &[3, 2], "UpSampling1D", json!({"size": 4}));
    let Op::Resize(resize) = op else { panic!("no resizing") };
    assert_eq!((resize.factors, resize.interpolation), ([1, 4], Interpolation::Nearest));
    assert_eq!(shape, [12, 2]);

    let (op, shape) = layer(K3, &[3, 4, 2], "Permute", json!({"dims": [3, 1, 2]}));
    let Op::Transpose(transpose) = op else { panic!("no transposition") };
    assert_eq!((transpose.perm, shape), (vec![2, 0, 1], vec![2, 3, 4]));
    assert_eq!(layer(K2, &[3], "RepeatVector", json!({"n": 5})).1, [5, 3]);
    assert_eq!(layer(K3, &[3, 4, 2], "Reshape", json!({"target_shape": [-1, 6]})).1, [4, 6]);
    assert_eq!(layer(K3, &[3, 4, 2, 5], "Flatten", json!({})).1, [120]);
}

#[test]
fn activations_by_name_and_by_class() {
    let named = |version, name: &str| function(version, "Activation", json!({"activation": name}));
    assert_eq!(named(K2, "elu").name(), "elu");
    assert_eq!(named(K3, "swish"), Function::Silu);
    assert_eq!(named(K3, "gelu"), Function::Gelu { approximate: false });
    assert!(matches!(named(K3, "exponential"), Function::Exponential { .. }));
    assert_eq!(named(K2, "selu"), Function::Selu);
    assert_eq!(named(K3, "softplus"), Function::Softplus);
    assert!(matches!(named(K3, "hard_tanh"), Function::HardTanh { slope: 0.5, shift: 0.5, .. }));
    assert!(matches!(named(K3, "hard_sigmoid"), Function::HardSigmoid { slope, .. } if slope == 1.0 / 6.0));
    assert!(matches!(named(K2, "hard_sigmoid"), Function::HardSigmoid { slope: 0.2, .. }));

    assert!(matches!(function(K3, "ELU", json!({"alpha": 0.5})), Function::Elu { alpha: 0.5, .. }));
    let relu = |version, max: Value, slope: f64, threshold: f64| {
        function(version, "ReLU", json!({"max_value": max, "negative_slope": slope, "threshold": threshold}))
    };
    assert_eq!(relu(K2, Value::Null, 0.0, 0.0), Function::Relu);
    assert!(matches!(relu(K3, Value::Null, 0.0, 0.0), Function::ThresholdedRelu { theta: 0.0, .. }));
    assert!(matches!(relu(K3, Value::Null, 0.0, 1.5), Function::ThresholdedRelu { theta: 1.5, .. }));
    assert!(matches!(relu(K3, Value::Null, 0.25, 0.0), Function::LeakyRelu { alpha: 0.25, .. }));
    assert_eq!(
        relu(K3, json!(6.0), 0.0, 0.0),
        Function::GeneralRelu { max: Some(6.0), slope: 0.0, threshold: 0.0 }
    );
    assert_eq!(
        relu(K2, Value::Null, 0.25, 1.0),
        Function::GeneralRelu { max: None, slope: 0.25, threshold: 1.0 }
    );
    let (op, _) = layer(K3, &[3, 4], "Softmax", json!({"axis": [1]}));
    let Op::Softmax(softmax) = op else { panic!("no softmax") };
    assert_eq!(softmax.axis, 0);
}

#[test]
fn tensors_are_joined_in_any_number_and_shape() {
    let shapes: [&[usize]; 3] = [&[2, 1, 3], &[4, 1], &[3]];
    let reading = network(K3, &shapes, &[("Add", json!({})), ("Average", json!({}))]).expect("reads");
    assert_eq!(reading.graph.node(reading.graph.outputs[0]).shape, [2, 4, 3]);
    assert_eq!(reading.graph.node(reading.graph.outputs[1]).inputs.len(), 3);
    let shapes: [&[usize]; 3] = [&[2, 1, 3], &[2, 4, 3], &[2, 2, 3]];
    let reading = network(K2, &shapes, &[("Concatenate", json!({"axis": 2}))]).expect("reads");
    assert_eq!(reading.graph.node(reading.graph.outputs[0]).shape, [2, 7, 3]);
    let shapes: [&[usize]; 2] = [&[5, 3], &[3, 2]];
    for axes in [json!([2, 1]), json!([-1, -2])] {
        let reading =
            network(K3, &shapes, &[("Dot", json!({"axes": axes, "normalize": false}))]).expect("reads");
        let node = reading.graph.node(reading.graph.outputs[0]);
        let Op::Dot(dot) = &node.op else { panic!("no dot product") };
        assert_eq!((dot.axes, &node.shape[..]), ([1, 0], &[5, 2][..]));
    }
}

#[test]
fn settings_that_cannot_be_kept_are_refused() {
    let conv = |more: Value| {
        let mut config = json!({"filters": 2, "kernel_size": [2, 2], "use_bias": false});
        config.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        config
    };
    let unsupported = code::UNSUPPORTED_LAYER;
    let cases: [(&str, Value, &str, &str); 23] = [
        ("Conv2D", conv(json!({"data_format": "channels_first"})), unsupported, "channels_last"),
        ("Conv2D", conv(json!({"padding": "causal"})), unsupported, "causal"),
        ("Conv2D", conv(json!({"groups": 2})), code::SHAPE, "2 groups do not divide 3"),
        ("Conv2D", conv(json!({"strides": [0, 1]})), code::MALFORMED, "`strides`"),
        ("Conv2D", conv(json!({"kernel_size": [2]})), code::MALFORMED, "`kernel_size`"),
        ("Conv2D", conv(json!({"filters": 1u64 << 40})), code::MALFORMED, "`filters`"),
        ("Activation", json!({"activation": "mish"}), unsupported, "softplus"),
        ("DepthwiseConv2D", conv(json!({"depth_multiplier": 1 << 28})), code::MALFORMED, "kernel"),
        ("MaxPooling2D", json!({"pool_size": [9, 9]}), code::SHAPE, "does not fit"),
        ("AveragePooling2D", json!({"pool_size": 1 << 20, "padding": "same"}), code::SHAPE, "65536 cells"),
        ("MaxPooling2D", json!({"data_format": "channels_first"}), unsupported, "data_format"),
        ("ZeroPadding2D", json!({"padding": [[1, 2, 3], [0, 0]]}), code::MALFORMED, "`padding`"),
        ("ZeroPadding2D", json!({"padding": [[0, 1 << 20], [0, 1 << 20]]}), code::SHAPE, "67108864"),
        ("Cropping2D", json!({"cropping": 3}), code::SHAPE, "leaves nothing"),
        ("UpSampling2D", json!({"interpolation": "lanczos3"}), unsupported, "nearest or bilinear"),
        ("UpSampling2D", json!({"size": [1 << 20, 1 << 20]}), code::SHAPE, "67108864"),
        ("Permute", json!({"dims": [0, 1, 2]}), code::MALFORMED, "`dims`"),
        ("Softmax", json!({"axis": [1, 2]}), unsupported, "several axes"),
        ("LayerNormalization", json!({"axis": [1]}), unsupported, "only the last"),
        ("LayerNormalization", json!({"axis": [2, 3]}), unsupported, "several axes"),
        ("LayerNormalization", json!({"axis": -1, "epsilon": 0.0}), code::MALFORMED, "`epsilon`"),
        ("ReLU", json!({"max_value": -1.0}), code::MALFORMED, "below 0"),
        ("Embedding", json!({"input_dim": 4, "output_dim": 2, "mask_zero": true}), unsupported, "mask_zero"),
    ];
    for (class, config, want, says) in cases {
        let error = network(K3, &[&[5, 5, 3]], &[(class, config.clone())]).expect_err(class);
        assert_eq!(error.code(), want, "{class} {config}: {error}");
        assert!(error.to_string().contains(says), "{class} {config}: `{error}` does not say `{says}`");
    }
    let two: [&[usize]; 2] = [&[3], &[3]];
    let error = network(K3, &two, &[("Dot", json!({"axes": 1, "normalize": true}))]).expect_err("normalize");
    assert_eq!(error.code(), unsupported, "{error}");
    let error = network(K3, &two, &[("Dot", json!({"axes": 0}))]).expect_err("the batch");
    assert_eq!(error.code(), code::SHAPE, "{error}");
    let error =
        network(K3, &[&[1 << 20]], &[("RepeatVector", json!({"n": 1 << 20}))]).expect_err("too large");
    assert_eq!(error.code(), code::SHAPE, "{error}");
}

#[test]
fn the_table_of_classes_holds_what_is_read() {
    let qkeras: Vec<&str> = supported().iter().filter(|row| row.qkeras).map(|row| row.class).collect();
    assert!(qkeras.contains(&"QConv2DBatchnorm") && qkeras.contains(&"QBatchNormalization"), "{qkeras:?}");
    for class in ["LSTM", "EinsumDense", "MultiHeadAttention", "TimeDistributed"] {
        assert!(supported().iter().all(|row| row.class != class), "{class}");
        let error = network(K3, &[&[5, 3]], &[(class, json!({}))]).expect_err(class);
        assert_eq!(error.unsupported(), Some(vec![class]));
    }
}
