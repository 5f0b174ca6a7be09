//! Comparisons with thresholds: `threshold` with binary or ternary levels.

use super::Operand;
use crate::layer::{Layer, array};
use crate::names::Namer;
use netlathe_ir::op::threshold::{Levels, Threshold};

pub(super) fn lower(layer: &mut Layer, t: &Threshold, x: &Operand<'_>, namer: &mut Namer) {
    layer.headers.push("nnet_threshold.h");
    layer.constant("n", layer.len);
    layer.constant("channels", t.channels());
    let (levels, weights) = match &t.levels {
        Levels::Binary { at } => ("binary", vec![("threshold", at)]),
        Levels::Ternary { high, low } => ("ternary", vec![("threshold_high", high), ("threshold_low", low)]),
    };
    let mut names = Vec::new();
    for (role, weight) in weights {
        let name = namer.unique(&format!("{}_{role}", layer.ident));
        let note = format!("{} channels; raw integers of {}", t.channels(), weight.ty());
        layer.weights.push(array(name.clone(), weight.raw().iter().copied(), note));
        names.push(name);
    }
    // Binary levels have one threshold: it stands for both.
    let (high, low) = (names[0].clone(), names[names.len() - 1].clone());
    layer.calls.push(format!(
        "nnet::threshold<nnet::{levels}_levels, {}>({}, {}, {high}, {low});",
        layer.config_name, x.array, layer.out
    ));
}
