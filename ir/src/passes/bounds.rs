//! Bounds on the values of a layer's output, from those of its inputs and from its very constants.

use crate::op::activation::Function;
use crate::op::batch_norm::BatchNorm;
use crate::op::dense::Dense;
use crate::op::layer_norm::LayerNorm;
use crate::op::merge::MergeOp;
use crate::range::Interval;
use crate::table::{SELU_ALPHA, SELU_LAMBDA};
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::{FixedType, to_f64, weight_raw};

/// Fraction bits of the product of a value and a weight.
pub(super) fn product_frac(weight: &Weight, input: &FixedType) -> i32 {
    match weight.encoding {
        Encoding::Fixed => weight.ty().frac() + input.frac(),
        Encoding::Xnor => input.frac(),
        // The product's own type, see `Encoding::Exponent`.
        Encoding::Exponent => (weight.ty().width + input.width) as i32,
    }
}

/// The values of a constant tensor as the hardware will hold them.
pub(super) fn constant(weight: &Weight) -> Interval {
    Interval::over(weight.data.iter().map(|&x| held(weight, x))).unwrap_or(Interval::point(0.0))
}

/// A constant's value as the hardware will hold it.
fn held(weight: &Weight, x: f64) -> f64 {
    match weight.encoding {
        Encoding::Xnor => {
            if x > 0.0 {
                1.0
            } else {
                -1.0
            }
        }
        Encoding::Exponent => x,
        Encoding::Fixed => {
            let ty = weight.ty();
            weight_raw(x, &ty).map_or(x, |raw| to_f64(raw, &ty))
        }
    }
}

/// No partial sum of any output leaves this interval.
pub(super) fn dense(d: &Dense, x: &Interval) -> Interval {
    let n_out = d.n_out();
    let largest = x.magnitude();
    let mut sums: Vec<f64> = d.bias.data.iter().map(|&b| held(&d.bias, b).abs()).collect();
    for (k, &w) in d.weight.data.iter().enumerate() {
        sums[k % n_out] += held(&d.weight, w).abs() * largest;
    }
    let most = sums.into_iter().fold(0.0, f64::max);
    Interval { min: -most, max: most }
}

/// The values of `x * scale + bias`, those of the product alone too.
pub(super) fn affine(n: &BatchNorm, x: &Interval) -> Interval {
    n.scale
        .data
        .iter()
        .zip(&n.bias.data)
        .flat_map(|(&s, &b)| {
            let (s, b) = (held(&n.scale, s), held(&n.bias, b));
            // The product alone is an intermediate, too.
            [s * x.min + b, s * x.max + b, s * x.min, s * x.max]
        })
        .map(Interval::point)
        .reduce(Interval::hull)
        .unwrap_or(*x)
}

/// The values of operands combined.
pub(super) fn merge(op: MergeOp, operands: &[Interval]) -> Interval {
    let folded = operands.iter().copied().reduce(|a, b| match op {
        MergeOp::Add | MergeOp::Average => Interval { min: a.min + b.min, max: a.max + b.max },
        MergeOp::Subtract => Interval { min: a.min - b.max, max: a.max - b.min },
        MergeOp::Maximum | MergeOp::Minimum => a.hull(b),
        MergeOp::Multiply => [a.min * b.max, a.max * b.min, a.max * b.max]
            .into_iter()
            .fold(Interval::point(a.min * b.min), |i, x| i.hull(Interval::point(x))),
    });
    let all = folded.unwrap_or(Interval::point(0.0));
    match op {
        MergeOp::Average => {
            let n = operands.len().max(1) as f64;
            Interval { min: all.min / n, max: all.max / n }
        }
        _ => all,
    }
}

/// A normalised value of n is at most sqrt(n).
pub(super) fn layer_norm(l: &LayerNorm) -> Interval {
    let most = (l.scale.data.len() as f64).sqrt();
    l.scale
        .data
        .iter()
        .zip(&l.bias.data)
        .flat_map(|(&s, &b)| {
            let (s, b) = (held(&l.scale, s), held(&l.bias, b));
            [b - (s * most).abs(), b + (s * most).abs()]
        })
        .map(Interval::point)
        .reduce(Interval::hull)
        .unwrap_or(Interval::point(0.0))
}

/// The values of an activation over an interval.
pub(super) fn function(function: &Function, x: Interval) -> Interval {
    let positive = x.max.max(0.0);
    // 0 at 0, and below that between these.
    let below = |low: f64, high: f64| Interval { min: low.min(0.0), max: positive.max(high) };
    match function {
        Function::Linear => x,
        Function::Relu => Interval { min: 0.0, max: positive },
        Function::ThresholdedRelu { theta, .. } => Interval { min: theta.min(0.0), max: positive },
        Function::LeakyRelu { alpha, .. } => {
            let low = *alpha * x.min;
            below(low, low)
        }
        Function::PRelu { alpha } => {
            let slopes = constant(alpha);
            below((slopes.max * x.min).min(slopes.min * x.min), (slopes.min * x.min).max(slopes.max * x.min))
        }
        Function::ClippedRelu { max } => Interval { min: 0.0, max: positive.min(f64::from(*max)) },
        Function::GeneralRelu { max, slope, threshold } => {
            let under = |x: f64| slope * (x.min(*threshold) - threshold);
            let all = Interval::point(under(x.min))
                .hull(Interval::point(under(x.max)))
                .hull(Interval::point(x.max.max(*threshold)))
                .hull(Interval::point(x.min.max(*threshold)));
            match max {
                Some(max) => Interval {
                    min: all.min.min(*max),
                    max: all.max.min(max.max(under(x.min)).max(under(x.max))),
                },
                None => all,
            }
        }
        Function::Elu { alpha, .. } => below(-alpha, -alpha),
        Function::Selu => Interval { min: -SELU_LAMBDA * SELU_ALPHA, max: SELU_LAMBDA * positive },
        Function::Softplus => Interval { min: 0.0, max: positive + 1.0 },
        Function::Exponential { .. } => Interval { min: 0.0, max: libm::exp(x.max) },
        Function::Gelu { .. } => Interval { min: -0.17, max: positive },
        Function::Silu => Interval { min: -0.28, max: positive },
        Function::Sigmoid | Function::HardSigmoid { .. } => Interval { min: 0.0, max: 1.0 },
        Function::Tanh
        | Function::Softsign
        | Function::HardTanh { .. }
        | Function::BinaryTanh
        | Function::TernaryTanh { .. } => Interval { min: -1.0, max: 1.0 },
    }
}
