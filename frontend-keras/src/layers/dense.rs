//! Dense, its binary and ternary forms of early Keras contributions, and QKeras's QDense.

use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::Encoding;
use netlathe_ir::{Diagnostic, FixedType, Op, Weight, WeightQuantizer};

use super::{Piece, Scene, activation, weight};
use crate::error::code;
use crate::weights::{Stored, Variable};

pub(super) fn dense(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let mut pieces = Vec::new();
    weight::refuse_low_precision(scene, &mut findings);
    match core(scene) {
        Ok(dense) => pieces.push(Piece { name: scene.layer.name.clone(), role: "", op: Op::Dense(dense) }),
        Err(more) => findings.extend(more),
    }
    match activation::of_layer(scene) {
        Ok(activation) => pieces.extend(activation),
        Err(finding) => findings.push(finding),
    }
    if findings.is_empty() { Ok(pieces) } else { Err(findings) }
}

/// The layer itself; kernel and bias are both judged before it is given up.
fn core(scene: &mut Scene<'_>) -> Result<Dense, Vec<Diagnostic>> {
    let n_in = scene.inputs[0].last().copied().unwrap_or(0);
    let n_out = units(scene, n_in).map_err(|d| vec![d])?;
    let weight = variable(scene, &Variable { name: "kernel", position: 0, shape: &[n_in, n_out] });
    let bias = match scene.flag("use_bias", true) {
        Ok(true) => variable(scene, &Variable { name: "bias", position: 1, shape: &[n_out] }).map(Some),
        Ok(false) => Ok(None),
        Err(finding) => Err(finding),
    };
    weight::product(weight, bias)
}

/// Outputs of the layer: at least one, and a kernel that a weight file can hold.
fn units(scene: &Scene<'_>, n_in: usize) -> Result<usize, Diagnostic> {
    let units = scene.integer("units", 0)?;
    let fits = |n: &usize| *n > 0 && n.checked_mul(n_in).is_some_and(|size| size <= weight::MAX_KERNEL);
    usize::try_from(units).ok().filter(fits).ok_or_else(|| {
        let message = format!(
            "`units` is {units} with {n_in} inputs: 1 or more is wanted, and at most {} weights",
            weight::MAX_KERNEL
        );
        scene.error(code::MALFORMED, message)
    })
}

fn variable(scene: &mut Scene<'_>, variable: &Variable<'_>) -> Result<Weight, Diagnostic> {
    let stored = scene.weights.get(scene.layer, variable)?;
    quantised(scene, stored, variable.name)
}

/// The weight after the quantiser that the layer has for it.
fn quantised(scene: &mut Scene<'_>, stored: Stored, variable: &str) -> Result<Weight, Diagnostic> {
    match scene.layer.class.as_str() {
        "BinaryDense" => Ok(two_bits(stored, "BinaryQuantizer", |v| if v >= 0.0 { 1.0 } else { -1.0 })),
        "TernaryDense" => Ok(two_bits(stored, "TernaryQuantizer", |v| {
            if v > 0.5 {
                1.0
            } else if v <= -0.5 {
                -1.0
            } else {
                0.0
            }
        })),
        "QDense" => {
            let several_axes = scene.inputs[0].len() > 1;
            let raw = several_axes.then(|| stored.data.clone());
            let mut weight = weight::quantised(scene, stored, variable, &format!("{variable}_quantizer"))?;
            if let Some(q) = &mut weight.quantizer {
                q.unquantized = raw;
            }
            Ok(weight)
        }
        _ => Ok(Weight::new(stored.data, stored.single)),
    }
}

/// hls4ml's own quantisers for the layers that early Keras contributions brought: both give `ap_int<2>`.
fn two_bits(stored: Stored, text: &str, f: impl Fn(f64) -> f64) -> Weight {
    Weight::new(stored.data.mapv(f), true).quantized_by(WeightQuantizer {
        ty: FixedType::int(2),
        encoding: Encoding::Fixed,
        loose: false,
        text: text.into(),
        scale: None,
        unquantized: None,
    })
}
