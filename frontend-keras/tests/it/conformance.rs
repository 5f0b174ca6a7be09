//! The conformance cases: names and numbers of nodes, weights after their quantisers, and the bad files.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, IxDyn};
use ndarray_npy::ReadNpyExt;
use netlathe_frontend_keras::{Error, Reading, config, read, read_with_weights};
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::pool::{Extent, Pool};
use netlathe_ir::{Graph, NodeId, Op, Weight};
use serde_json::Value;

/// The folder with the cases, or a line that says what was skipped.
fn folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NETLATHE_CONFORMANCE").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED {test}: set NETLATHE_CONFORMANCE to the folder of the conformance cases");
    }
    folder
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of the cases");
    let mut cases: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    cases.retain(|path| path.join("meta.json").exists());
    cases.sort();
    cases
}

fn model(case: &Path) -> Result<Reading, Error> {
    let file = |name: &str| Some(case.join(name)).filter(|p| p.exists());
    match (file("model.keras").or_else(|| file("model.h5")), file("model.json")) {
        (Some(path), _) => read(path),
        (None, Some(json)) => read_with_weights(json, case.join("weights.h5")),
        (None, None) => panic!("{} has no model", case.display()),
    }
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn npz(path: &Path) -> BTreeMap<String, ArrayD<f64>> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).expect("npz")).expect("npz");
    let mut arrays = BTreeMap::new();
    for i in 0..zip.len() {
        let mut member = zip.by_index(i).expect("member");
        let name = member.name().expect("name").trim_end_matches(".npy").to_string();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).expect("bytes");
        let array = ArrayD::<f32>::read_npy(Cursor::new(&bytes))
            .map(|a| a.mapv(f64::from))
            .or_else(|_| ArrayD::<f64>::read_npy(Cursor::new(&bytes)))
            .or_else(|_| ArrayD::<i64>::read_npy(Cursor::new(&bytes)).map(|a| a.mapv(|v| v as f64)));
        arrays.insert(name, array.expect("float32, float64 or int64"));
    }
    arrays
}

/// Window, stride and padding of a node against hls4ml's attributes.
fn compare_window(graph: &Graph, id: NodeId, attributes: &Value) {
    let node = graph.node(id);
    let (window, kernel) = match &node.op {
        Op::Conv(conv) => (conv.window, ["filt_height", "filt_width"]),
        Op::SeparableConv(conv) => (conv.window, ["filt_height", "filt_width"]),
        Op::Pool(Pool { extent: Extent::Window(window), .. }) => (*window, ["pool_height", "pool_width"]),
        _ => return,
    };
    let p = window.padding;
    let ours = [
        (kernel[0], window.kernel[0]),
        (kernel[1], window.kernel[1]),
        ("stride_height", window.stride[0]),
        ("stride_width", window.stride[1]),
        ("pad_top", p.top),
        ("pad_bottom", p.bottom),
        ("pad_left", p.left),
        ("pad_right", p.right),
    ];
    for (key, ours) in ours {
        if let Some(theirs) = attributes[key].as_u64() {
            // A pass puts the padding of a streamed layer into a node of its own.
            let moved = key.starts_with("pad_") && theirs == 0;
            assert!(moved || theirs == ours as u64, "{key} of `{}`: {ours} is not {theirs}", node.name);
        }
    }
}

/// Every node of hls4ml's final graph is one of ours by name and number, or was made by one of its passes afterwards.
fn compare_nodes(graph: &Graph, want: &Value) -> usize {
    let mut compared = 0;
    for layer in want["layers"].as_array().expect("layers") {
        let name = layer["name"].as_str().expect("name");
        let index = layer["attributes"]["index"].as_u64().expect("index");
        match graph.find(name) {
            // A pass of hls4ml's replaced it: Dense on more than one axis becomes a convolution there.
            Some(_) if index >= u64::from(graph.next_index()) => {}
            Some(id) => {
                assert_eq!(u64::from(graph.node(id).index), index, "number of `{name}`");
                assert_eq!(
                    graph.node(id).op.class_name(),
                    layer["class_name"].as_str().expect("class"),
                    "class of `{name}`"
                );
                let shape = &layer["output_vars"][name]["shape"];
                let ours = graph.node(id).shape.clone();
                // hls4ml drops the axes that global pooling keeps.
                let pooled = matches!(&graph.node(id).op, Op::Pool(p) if p.extent == Extent::Global { keep_axes: true });
                let ours: Vec<usize> = if pooled { ours.last().copied().into_iter().collect() } else { ours };
                assert_eq!(&Value::from(ours), shape, "shape of `{name}`");
                compare_window(graph, id, &layer["attributes"]);
                compared += 1;
            }
            None => assert!(index >= u64::from(graph.next_index()), "node `{name}` ({index}) is missing"),
        }
    }
    let names = |ids: &[NodeId]| ids.iter().map(|&i| graph.node(i).name.clone()).collect::<Vec<_>>();
    assert_eq!(Value::from(names(&graph.inputs)), want["inputs"], "inputs");
    assert_eq!(graph.outputs.len(), want["outputs"].as_array().map_or(0, Vec::len), "outputs");
    compared
}

#[test]
fn every_case_is_read_or_names_its_unsupported_layers() {
    let Some(folder) = folder("every_case_is_read_or_names_its_unsupported_layers") else { return };
    let (mut read_cases, mut compared) = (0, 0);
    for case in cases(&folder) {
        let configured = case.join("config.json").exists().then(|| {
            config::read(case.join("config.json"))
                .unwrap_or_else(|e| panic!("{}: {e}", case.display()))
                .config
        });
        let name = case.file_name().unwrap_or_default().to_string_lossy().to_string();
        match model(&case) {
            Ok(reading) => {
                read_cases += 1;
                for layer in configured.iter().flat_map(|c| c.layer_name.keys()) {
                    assert!(
                        reading.graph.find(layer).is_some() || reading.graph.groups.contains(layer),
                        "{name}: configured layer `{layer}` has no node"
                    );
                }
                if case.join("graph.json").exists() {
                    compared += compare_nodes(&reading.graph, &json(&case.join("graph.json")));
                }
            }
            Err(e) => match e.unsupported() {
                Some(layers) => eprintln!("skipped {name}: unsupported {}", layers.join(", ")),
                None => panic!("{name}: {e}"),
            },
        }
    }
    eprintln!("{read_cases} cases read, {compared} nodes compared");
    assert!(read_cases >= 40 && compared >= 150, "{read_cases} cases read, {compared} nodes compared");
}

/// Numbers in hls4ml's layout: as stored, or with the output axis first (strategy Resource).
fn equal(ours: &ArrayD<f64>, theirs: &ArrayD<f64>) -> bool {
    let first = |array: &ArrayD<f64>| {
        let axes = array.ndim();
        array.clone().permuted_axes(IxDyn(&(0..axes).map(|i| (i + axes - 1) % axes).collect::<Vec<_>>()))
    };
    ours.len() == theirs.len()
        && (ours.iter().eq(theirs.iter()) || ours.ndim() > 1 && first(ours).iter().eq(theirs.iter()))
}

/// Whether a batch normalisation of ours behind this node is not in hls4ml's graph: a pass put it into the node's weights.
fn normalised_away(graph: &Graph, id: NodeId, want: &Value) -> bool {
    let kept = |name: &str| want["layers"].as_array().is_some_and(|l| l.iter().any(|l| l["name"] == name));
    graph.consumers(id).into_iter().any(|next| {
        let node = graph.node(next);
        match &node.op {
            Op::BatchNorm(_) => !kept(&node.name),
            // Keras 2's linear activations stand between.
            Op::Activation(a) if a.function == Function::Linear => normalised_away(graph, next, want),
            _ => false,
        }
    })
}

#[test]
fn weights_equal_hls4mls() {
    let Some(folder) = folder("weights_equal_hls4mls") else { return };
    let (mut compared, mut by_class) = (0, BTreeMap::<&str, usize>::new());
    for case in cases(&folder) {
        // hls4ml leaves the quantisers of QBatchNormalization out.
        if case.ends_with("qk_qbn") {
            continue;
        }
        let (Ok(reading), true) = (model(&case), case.join("weights.npz").exists()) else { continue };
        let graph = reading.graph;
        let want = json(&case.join("graph.json"));
        let stored = npz(&case.join("weights.npz"));
        for id in graph.order() {
            let node = graph.node(id);
            let array = |name: &str, letter: char| {
                let prefix = format!("{name}.{letter}");
                let digits = |key: &str| key.strip_prefix(&prefix).is_some_and(|n| n.parse::<u32>().is_ok());
                stored.iter().find(|(key, _)| digits(key)).map(|(_, array)| array)
            };
            let mut same = |what: &str, ours: &ArrayD<f64>, theirs: Option<&ArrayD<f64>>| {
                let Some(theirs) = theirs else { return };
                assert!(
                    equal(ours, theirs),
                    "{}: {what} of `{}`: {ours} is not {theirs}",
                    case.display(),
                    node.name
                );
                compared += 1;
                *by_class.entry(node.op.class_name()).or_default() += 1;
            };
            let vector = |v: &[f64]| ArrayD::from_shape_vec(IxDyn(&[v.len()]), v.to_vec()).expect("a vector");
            // Words that hold one bit or a power of two are written as such.
            let plain = |weight: &Weight, theirs: Option<&ArrayD<f64>>| {
                let scale = weight.quantizer.as_ref().and_then(|q| q.scale.as_ref());
                let data = scale.map_or(&weight.data, |s| &s.unit);
                let bits = theirs.is_some_and(|k| k.iter().all(|v| *v == 0.0 || *v == 1.0));
                data.mapv(|v| if bits { f64::from(u8::from(v > 0.0)) } else { v })
            };
            let name = &node.name;
            match &node.op {
                Op::Dense(_) | Op::Conv(_) if normalised_away(&graph, id, &want) => {}
                Op::Dense(_) | Op::Conv(_) => {
                    let product = node.op.product().expect("has one");
                    let kernel = array(name, 'w');
                    same("kernel", &plain(&product.weight, kernel), kernel);
                    let alpha = format!("{name}_alpha");
                    match product.weight.quantizer.as_ref().and_then(|q| q.scale.as_ref()) {
                        Some(scale) => {
                            same("scale", &vector(&scale.per_channel), array(&alpha, 's'));
                            same("bias", &product.bias.data, array(&alpha, 'b'));
                        }
                        None => same("bias", &product.bias.data, array(name, 'b')),
                    }
                }
                Op::SeparableConv(conv) => {
                    let depthwise = array(&format!("{name}_depthwise"), 'w');
                    same("depthwise kernel", &plain(&conv.depthwise, depthwise), depthwise);
                    let pointwise = array(&format!("{name}_pointwise"), 'w');
                    same("pointwise kernel", &plain(&conv.pointwise, pointwise), pointwise);
                    same("bias", &conv.bias.data, array(&format!("{name}_pointwise"), 'b'));
                }
                Op::BatchNorm(bn) => {
                    same("scale", &bn.scale.data, array(name, 's'));
                    same("bias", &bn.bias.data, array(name, 'b'));
                }
                Op::LayerNorm(norm) => {
                    same("scale", &norm.scale.data, array(name, 's'));
                    same("bias", &norm.bias.data, array(name, 'b'));
                }
                Op::Embedding(embedding) => same("table", &embedding.table.data, array(name, 'e')),
                Op::Activation(Activation { function: Function::PRelu { alpha }, .. }) => {
                    same("slopes", &alpha.data, array(name, 'a'));
                }
                _ => {}
            }
        }
    }
    eprintln!("{compared} weights compared: {by_class:?}");
    assert!(compared >= 450, "{compared} weights compared");
    for class in ["Conv1D", "Conv2D", "DepthwiseConv1D", "SeparableConv2D", "Embedding", "PReLU"] {
        assert!(by_class.contains_key(class), "no weight of a {class} was compared: {by_class:?}");
    }
}

#[test]
fn bad_files_are_refused_by_name() {
    let Some(folder) = folder("bad_files_are_refused_by_name") else { return };
    let bad = folder.join("bad");
    let files: [(&str, &[&str]); 9] = [
        ("01_unsupported_layer.keras", &["unit_norm", "UnitNormalization"]),
        ("02_truncated.h5", &["truncated", "17208", "11472"]),
        ("03_wrong_weight_shape.keras", &["d1", "kernel", "[6, 9]", "[6, 8]"]),
        ("04_zip_bomb.keras", &["model.weights.h5", "536870912"]),
        ("05_nan_inf_weights.keras", &["d1", "kernel", "[2, 3]", "NaN", "bias", "[1]", "inf"]),
        ("06_lambda.keras", &["Lambda", "Python code"]),
        ("09_cyclic_graph.keras", &["cycle", "a -> b -> a"]),
        ("11_config_not_json.keras", &["config.json", "line 1 column 2"]),
        ("12_no_weights.keras", &["model.weights.h5", "missing"]),
    ];
    for (file, says) in files {
        let start = std::time::Instant::now();
        let text = read(bad.join(file)).expect_err(file).to_string();
        for word in says {
            assert!(text.contains(word), "{file}: `{text}` does not say `{word}`");
        }
        assert!(start.elapsed().as_secs() < 2, "{file} took {:?}", start.elapsed());
    }
    let types =
        ["ap_fixed<16>", "ap_fixed<5000,6>", "ap_fixed<-4,2>", "AP_SATURATE", "ap_fixd<16,6>", "16.5"];
    for (number, text) in [0, 10, 2, 4, 6, 8].into_iter().zip(types) {
        let file = bad.join(format!("08_illegal_precision_{number}.config.json"));
        let error = config::read(&file).expect_err("illegal precision").to_string();
        assert!(error.contains("Model.Precision") && error.contains(text), "{error}");
    }
    let error = config::read(bad.join("15_unknown_strategy.config.json")).expect_err("strategy").to_string();
    assert!(error.contains("Fastest") && error.contains("Latency"), "{error}");
    let unknown =
        config::read(bad.join("07_config_unknown_layer.config.json")).expect("the graph's to refuse");
    assert!(unknown.config.layer_name.contains_key("dense_99"));
    read(bad.join("07_config_unknown_layer.keras")).expect("a good model");
}
