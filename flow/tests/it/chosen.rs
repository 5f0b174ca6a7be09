//! The types that NetLathe chooses by itself are good: the predicted class is Keras's for at least 99 % of the samples.

use ndarray::{ArrayD, Axis};
use netlathe_flow::model::{self, Source};
use netlathe_flow::{check, npy, predict};
use std::path::{Path, PathBuf};

fn largest(row: &ndarray::ArrayViewD<'_, f64>) -> usize {
    row.iter()
        .enumerate()
        .fold((0, f64::NEG_INFINITY), |best, (i, &x)| if x > best.1 { (i, x) } else { best })
        .0
}

/// The share of samples whose largest output is where Keras has it, with types chosen from `calibration`.
fn agreement(source: &Source, x: &ArrayD<f64>, keras: &ArrayD<f64>, calibration: &[ArrayD<f64>]) -> f64 {
    let loaded = model::load(source).unwrap();
    let network = model::lower(&loaded, source, calibration).unwrap().network;
    let y = predict::compile(&network).unwrap().predict(&[x.view()]).unwrap().remove(0);
    let same =
        y.axis_iter(Axis(0)).zip(keras.axis_iter(Axis(0))).filter(|(a, b)| largest(a) == largest(b)).count();
    same as f64 / x.len_of(Axis(0)) as f64
}

/// With sample data and without.
fn check_folder(folder: &Path) {
    let source = match ["model.keras", "model.h5"].iter().map(|n| folder.join(n)).find(|p| p.is_file()) {
        Some(model) => Source { model, weights: None, config: None },
        None => Source {
            model: folder.join("model.json"),
            weights: Some(folder.join("weights.h5")),
            config: None,
        },
    };
    let x = npy::read(&folder.join("x.npy")).unwrap();
    let keras = npy::read(&folder.join("y_keras.npy")).unwrap();
    for (how, calibration) in [("with data", vec![x.clone()]), ("without data", vec![])] {
        let share = agreement(&source, &x, &keras, &calibration);
        assert!(share >= 0.99, "{} {how}: {:.1} %", folder.display(), 100.0 * share);
    }
}

#[test]
fn on_the_example() {
    check_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/jet_tagger"));
}

#[test]
fn on_networks_that_hls4ml_users_have() {
    let Some(cases) = std::env::var_os(check::CASES).map(PathBuf::from) else { return };
    let mut seen = 0;
    for case in std::fs::read_dir(&cases).unwrap().map(|e| e.unwrap().path()) {
        let name = case.file_name().unwrap().to_str().unwrap();
        let named = [
            "ex_1layer",
            "ex_3layer",
            "ex_3layer_l16",
            "ex_qkeras_3layer",
            "ex_qkeras_3layer_l16",
            "ex_3layer_95pruned",
        ];
        if named.contains(&name) || name.starts_with("jet_") && case.join("y_keras.npy").is_file() {
            check_folder(&case);
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} networks");
}
