//! BatchNormalization, as scale and bias.

use ndarray::{ArrayD, IxDyn, Zip};
use netlathe_ir::op::batch_norm::BatchNorm;
use netlathe_ir::{Diagnostic, Op, Weight};

use super::{Piece, Scene, weight};
use crate::weights::{Stored, Variable};

/// The four vectors of a batch normalisation.
pub(super) struct Moments {
    pub gamma: Stored,
    pub beta: Stored,
    pub mean: Stored,
    pub variance: Stored,
    pub epsilon: f64,
}

impl Moments {
    /// Reads them for `channels` channels, the first of them as the layer's variable number `position`.
    pub(super) fn read(
        scene: &mut Scene<'_>,
        channels: usize,
        mut position: usize,
    ) -> Result<Self, Vec<Diagnostic>> {
        let flag = |key| scene.flag(key, true).map_err(|d| vec![d]);
        let (has_gamma, has_beta) = (flag("scale")?, flag("center")?);
        let epsilon = scene.number("epsilon").map_err(|d| vec![d])?.unwrap_or(1e-3);
        let mut findings = Vec::new();
        let mut read = |name: &str, key: &str, without: Option<f64>| -> Option<Stored> {
            if let Some(value) = without {
                return Some(Stored { data: ArrayD::from_elem(IxDyn(&[channels]), value), single: true });
            }
            let variable = Variable { name, position, shape: &[channels] };
            position += 1;
            let stored = scene.weights.get(scene.layer, &variable);
            let stored = match (stored, scene.layer.class == "QBatchNormalization") {
                (Ok(stored), true) => weight::values(scene, stored, key),
                (stored, _) => stored,
            };
            stored.map_err(|d| findings.push(d)).ok()
        };
        let gamma = read("gamma", "gamma_quantizer", (!has_gamma).then_some(1.0));
        let beta = read("beta", "beta_quantizer", (!has_beta).then_some(0.0));
        let mean = read("moving_mean", "mean_quantizer", None);
        let variance = read("moving_variance", "variance_quantizer", None);
        match (gamma, beta, mean, variance) {
            (Some(gamma), Some(beta), Some(mean), Some(variance)) => {
                Ok(Self { gamma, beta, mean, variance, epsilon })
            }
            _ => Err(findings),
        }
    }

    /// Whether all are float32.
    pub(super) fn single(&self) -> bool {
        [&self.gamma, &self.beta, &self.mean, &self.variance].iter().all(|w| w.single)
    }

    /// Refuses what follows from these values where it is not finite.
    pub(super) fn check<'a>(
        &self,
        scene: &Scene<'_>,
        factors: impl IntoIterator<Item = &'a f64>,
    ) -> Result<(), Diagnostic> {
        let Some(at) = factors.into_iter().position(|v| !v.is_finite()) else { return Ok(()) };
        let at = at % self.variance.data.len().max(1);
        let message = format!(
            "channel {at} has moving_variance {} and epsilon {}: its scale is not finite",
            self.variance.data[at], self.epsilon
        );
        Err(scene.error(crate::error::code::WEIGHT_VALUE, message))
    }
}

/// `scale = gamma / sqrt(variance + epsilon)`, `bias = beta - scale * mean`, each step rounded to float32 as numpy does
/// on float32 weights (hls4ml `model/layers.py`), or in float64 where the file holds float64. QKeras's quantisers of the
/// four vectors are applied first; hls4ml ignores them.
pub(super) fn batch_norm(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let channels = channels(scene).map_err(|d| vec![d])?;
    let moments = Moments::read(scene, channels, 0)?;
    let Moments { gamma, beta, mean, variance, epsilon } = &moments;
    let (epsilon, single) = (*epsilon, moments.single());
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
    moments.check(scene, scale.iter()).map_err(|d| vec![d])?;
    moments.check(scene, bias.iter()).map_err(|d| vec![d])?;
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
