//! LayerNormalization over the last axis.

use ndarray::{ArrayD, IxDyn};
use netlathe_ir::op::layer_norm::LayerNorm;
use netlathe_ir::{Diagnostic, Op, Weight};

use super::{Piece, Scene};
use crate::error::code;
use crate::weights::Variable;

pub(super) fn layer_norm(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let (channels, epsilon) = settings(scene).map_err(|d| vec![d])?;
    let flag = |key| scene.flag(key, true).map_err(|d| vec![d]);
    let (has_gamma, has_beta) = (flag("scale")?, flag("center")?);
    let mut findings = Vec::new();
    let mut read = |name: &str, position: usize, present: bool, without: f64| {
        if !present {
            return Some(Weight::new(ArrayD::from_elem(IxDyn(&[channels]), without), true));
        }
        match scene.weights.get(scene.layer, &Variable { name, position, shape: &[channels] }) {
            Ok(stored) => Some(Weight::new(stored.data, stored.single)),
            Err(finding) => {
                findings.push(finding);
                None
            }
        }
    };
    let scale = read("gamma", 0, has_gamma, 1.0);
    let bias = read("beta", usize::from(has_gamma), has_beta, 0.0);
    match (scale, bias) {
        (Some(scale), Some(bias)) => {
            let op = Op::LayerNorm(LayerNorm::new(scale, bias, epsilon));
            Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
        }
        _ => Err(findings),
    }
}

/// Extent of the normalised axis, which must be the last, and epsilon.
fn settings(scene: &Scene<'_>) -> Result<(usize, f64), Diagnostic> {
    if scene.layer.config.get("axis").and_then(|a| a.as_array()).is_some_and(|a| a.len() != 1) {
        return Err(scene.unsupported("normalises several axes together; only the last axis is supported"));
    }
    let shape = &scene.inputs[0];
    let axis = scene.axis(scene.integer("axis", -1)?, shape.len())?;
    if axis + 1 != shape.len() {
        return Err(scene
            .unsupported(format!("normalises axis {} of {shape:?}; only the last is supported", axis + 1)));
    }
    if scene.flag("rms_scaling", false)? {
        return Err(scene.unsupported("rms_scaling = true is not supported"));
    }
    let epsilon = scene.number("epsilon")?.unwrap_or(1e-3);
    if !(epsilon > 0.0 && epsilon.is_finite()) {
        let message = format!("`epsilon` is {epsilon}, a positive number is wanted");
        return Err(scene.error(code::MALFORMED, message));
    }
    Ok((shape[axis], epsilon))
}
