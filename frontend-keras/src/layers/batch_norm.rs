//! BatchNormalization, as scale and bias.

use ndarray::{ArrayD, IxDyn, Zip};
use netlathe_ir::op::batch_norm::BatchNorm;
use netlathe_ir::{Diagnostic, Op, Weight};

use super::{Piece, Scene};
use crate::weights::{Stored, Variable};

/// `scale = gamma / sqrt(variance + epsilon)`, `bias = beta - scale * mean`, each step rounded to float32 as numpy does
/// on float32 weights (hls4ml `model/layers.py`), or in float64 where the file holds float64.
pub(super) fn batch_norm(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let channels = channels(scene).map_err(|d| vec![d])?;
    let flag = |key| scene.flag(key, true).map_err(|d| vec![d]);
    let (has_gamma, has_beta) = (flag("scale")?, flag("center")?);
    let epsilon = scene.number("epsilon").map_err(|d| vec![d])?.unwrap_or(1e-3);

    let mut findings = Vec::new();
    let mut position = 0;
    let mut read = |name: &str, present: bool| -> Option<Stored> {
        if !present {
            return None;
        }
        let variable = Variable { name, position, shape: &[channels] };
        position += 1;
        scene.weights.get(scene.layer, &variable).map_err(|d| findings.push(d)).ok()
    };
    let gamma = read("gamma", has_gamma);
    let beta = read("beta", has_beta);
    let mean = read("moving_mean", true);
    let variance = read("moving_variance", true);
    let (Some(mean), Some(variance), true) = (mean, variance, findings.is_empty()) else {
        return Err(findings);
    };

    let constant = |v: f64| Stored { data: ArrayD::from_elem(IxDyn(&[channels]), v), single: true };
    let (gamma, beta) = (gamma.unwrap_or_else(|| constant(1.0)), beta.unwrap_or_else(|| constant(0.0)));
    let single = [&gamma, &beta, &mean, &variance].iter().all(|w| w.single);
    let mut scale = ArrayD::zeros(IxDyn(&[channels]));
    let mut bias = ArrayD::zeros(IxDyn(&[channels]));
    Zip::from(&mut scale).and(&gamma.data).and(&variance.data).for_each(|scale, &gamma, &variance| {
        *scale = if single {
            f64::from(gamma as f32 / (variance as f32 + epsilon as f32).sqrt())
        } else {
            gamma / (variance + epsilon).sqrt()
        };
    });
    Zip::from(&mut bias).and(&beta.data).and(&mean.data).and(&scale).for_each(
        |bias, &beta, &mean, &scale| {
            *bias = if single {
                f64::from(beta as f32 - scale as f32 * mean as f32)
            } else {
                beta - scale * mean
            };
        },
    );
    if let Some((at, _)) =
        scale.iter().zip(&bias).enumerate().find(|(_, (s, b))| !(s.is_finite() && b.is_finite()))
    {
        let message = format!(
            "channel {at} has moving_variance {} and epsilon {epsilon}: its scale is not finite",
            variance.data[at]
        );
        return Err(vec![scene.error(crate::error::code::WEIGHT_VALUE, message)]);
    }
    let (scale, bias) = (Weight::new(scale, single), Weight::new(bias, single));
    let op = Op::BatchNorm(BatchNorm { scale, bias, alpha: false, reuse_factor: 1 });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}

/// Extent of the normalised axis, which must be the last.
fn channels(scene: &Scene<'_>) -> Result<usize, Diagnostic> {
    let shape = &scene.inputs[0];
    let axis = scene.axis(scene.integer("axis", -1)?, shape.len())?;
    if axis + 1 != shape.len() {
        return Err(scene
            .unsupported(format!("normalises axis {} of {shape:?}; only the last is supported", axis + 1)));
    }
    Ok(shape[axis])
}
