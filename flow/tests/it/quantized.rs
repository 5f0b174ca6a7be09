//! The quantised jet tagger of docs/pynq.md: with the configuration that hls4ml wrote, exactly what hls4ml computed.

use ndarray::Axis;
use netlathe_flow::model::{self, Source};
use netlathe_flow::{npy, predict};
use std::path::Path;

#[test]
fn the_quantized_jet_tagger_is_hls4mls_to_the_bit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/jet_tagger");
    let source = Source {
        model: folder.join("quantized.h5"),
        weights: None,
        config: Some(folder.join("quantized.yml")),
    };
    let loaded = model::load(&source).unwrap();
    let network = model::lower(&loaded, &source, &[]).unwrap().network;
    let x = npy::read(&folder.join("x.npy")).unwrap();
    let theirs = npy::read(&folder.join("y_hls4ml.npy")).unwrap();
    let ours = predict::compile(&network).unwrap().predict(&[x.view()]).unwrap().remove(0);
    assert_eq!(ours.len_of(Axis(0)), 200);
    assert_eq!(ours, theirs);
}
