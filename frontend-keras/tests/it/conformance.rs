//! The conformance cases: names and numbers of nodes, weights after their quantisers, and the bad files.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use ndarray_npy::ReadNpyExt;
use netlathe_frontend_keras::{Error, Reading, config, read, read_with_weights};
use netlathe_ir::{Graph, Op};
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
                compared += 1;
            }
            None => assert!(index >= u64::from(graph.next_index()), "node `{name}` ({index}) is missing"),
        }
    }
    let names =
        |ids: &[netlathe_ir::NodeId]| ids.iter().map(|&i| graph.node(i).name.clone()).collect::<Vec<_>>();
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
                        reading.graph.find(layer).is_some(),
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

#[test]
fn quantised_weights_equal_hls4mls() {
    let Some(folder) = folder("quantised_weights_equal_hls4mls") else { return };
    let mut compared = 0;
    for case in [
        "qk_bits_auto_alpha",
        "qk_bits4",
        "qk_binary",
        "qk_binary_auto",
        "qk_sigmoid",
        "qk_tanh",
        "ex_qkeras_3layer",
        "qk_bn_ternary",
        "jet_default",
        "ex_3layer",
        "ex_binary_small",
        "ex_ternary_small",
        "bn_alone",
        "residual_mlp_par",
    ] {
        let case = folder.join(case);
        let graph = model(&case).unwrap_or_else(|e| panic!("{}: {e}", case.display())).graph;
        let stored = npz(&case.join("weights.npz"));
        for id in graph.order() {
            let node = graph.node(id);
            let array = |name: &str, letter: char| {
                let prefix = format!("{name}.{letter}");
                stored.iter().find(|(key, _)| key.starts_with(&prefix)).map(|(_, array)| array)
            };
            let mut same = |what: &str, ours: Vec<f64>, theirs: Option<&ArrayD<f64>>| {
                let Some(theirs) = theirs else { return };
                let theirs: Vec<f64> = theirs.iter().copied().collect();
                assert_eq!(ours, theirs, "{}: {what} of `{}`", case.display(), node.name);
                compared += 1;
            };
            match &node.op {
                Op::Dense(dense) => {
                    let quantizer = dense.weight.quantizer.as_ref();
                    let scale = quantizer.and_then(|q| q.scale.as_ref());
                    let data = scale.map_or(&dense.weight.data, |s| &s.unit);
                    let kernel = array(&node.name, 'w');
                    let bits = kernel.is_some_and(|k| k.iter().all(|v| *v == 0.0 || *v == 1.0));
                    let xnor = |v: &f64| if bits { f64::from(u8::from(*v > 0.0)) } else { *v };
                    same("kernel", data.iter().map(xnor).collect(), kernel);
                    let alpha = format!("{}_alpha", node.name);
                    if let Some(scale) = scale {
                        same("scale", scale.per_channel.clone(), array(&alpha, 's'));
                        same("bias", dense.bias.data.iter().copied().collect(), array(&alpha, 'b'));
                    } else {
                        same("bias", dense.bias.data.iter().copied().collect(), array(&node.name, 'b'));
                    }
                }
                Op::BatchNorm(bn) => {
                    same("scale", bn.scale.data.iter().copied().collect(), array(&node.name, 's'));
                    same("bias", bn.bias.data.iter().copied().collect(), array(&node.name, 'b'));
                }
                _ => {}
            }
        }
    }
    eprintln!("{compared} weights compared");
    assert!(compared >= 60, "{compared} weights compared");
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
