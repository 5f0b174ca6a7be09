//! Open types follow from operands and weights, by hls4ml's rules (`infer_precision_types`).
//!
//! Nothing here looks at the data: an `auto` weight gets the model's default type, an exact accumulator is sized by the types
//! and the number of terms alone, and whatever has no rule gets the model's default. `maximum` clips width and integer bits
//! each by itself, as in hls4ml.

use super::{Context, Types};
use crate::diag::Refused;
use crate::graph::{Graph, Node};
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::dense::Dense;
use crate::op::merge::MergeOp;
use crate::op::pool::{Extent, PoolOp};
use crate::range::constant_type;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::{FixedType, Overflow, Precision, Rounding};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    let rules = match cx.types {
        Types::Configured => Rules {
            tables_are_chosen: false,
            default: cx.config.default_precision(),
            maximum: cx.config.maximum(),
        },
        Types::Wide(ty) => Rules { tables_are_chosen: true, default: *ty, maximum: None },
        Types::Chosen(_) => return Ok(()),
    };
    for id in graph.order() {
        let inputs: Vec<FixedType> =
            graph.node(id).inputs.clone().into_iter().map(|i| graph.node(i).ty()).collect();
        let terms = match &graph.node(id).op {
            Op::Dot(d) => graph.node(graph.node(id).inputs[0]).shape[d.axes[0]],
            _ => 1,
        };
        rules.infer(graph.node_mut(id), &inputs, terms);
    }
    Ok(())
}

struct Rules {
    /// `choose_types` does softmax's inner types.
    tables_are_chosen: bool,
    default: FixedType,
    maximum: Option<FixedType>,
}

impl Rules {
    /// `terms`: products that a `Dot` sums.
    fn infer(&self, node: &mut Node, inputs: &[FixedType], terms: usize) {
        let result = match &mut node.op {
            Op::Dense(d) => self.product(d, &inputs[0]),
            Op::Conv(c) => self.product(&mut c.product, &inputs[0]),
            Op::BatchNorm(b) => {
                let powers_of_two = b.alpha && b.scale.quantizer.is_some();
                let scale = self.constant(&mut b.scale);
                let bias = self.constant(&mut b.bias);
                // hls4ml has no rule for scales that it keeps as exponents.
                if powers_of_two { self.default } else { self.clip(affine(&inputs[0], &scale, &bias)) }
            }
            Op::Activation(a) => {
                match &mut a.function {
                    Function::LeakyRelu { alpha, param } | Function::Elu { alpha, param }
                        if *param == Precision::Auto =>
                    {
                        *param = Precision::Is(constant_type(*alpha, 8));
                    }
                    Function::ThresholdedRelu { param, .. } if *param == Precision::Auto => {
                        *param = Precision::Is(inputs[0]);
                    }
                    Function::PRelu { alpha } if alpha.precision == Precision::Auto => {
                        alpha.precision = Precision::Is(inputs[0]);
                    }
                    _ => {}
                }
                self.default
            }
            Op::Softmax(s) => {
                if s.accum == Precision::Auto && !self.tables_are_chosen {
                    s.accum = Precision::Is(self.default);
                }
                self.default
            }
            Op::Merge(m) => self.merge(m.op, inputs),
            Op::Concatenate(_) => inputs[1..].iter().fold(inputs[0], |a, b| self.join(&a, b)),
            Op::Pool(p) => {
                let (accum, result) = match p.extent {
                    Extent::Window(w) => (pool_sum(p.op, &inputs[0], w.kernel), inputs[0]),
                    // hls4ml has no rule for these.
                    Extent::Global { .. } => (self.default, self.default),
                };
                if p.accum == Precision::Auto {
                    p.accum = Precision::Is(accum);
                }
                result
            }
            Op::LayerNorm(l) => {
                let (scale, bias) = (self.constant(&mut l.scale), self.constant(&mut l.bias));
                if l.accum == Precision::Auto && !self.tables_are_chosen {
                    l.accum = Precision::Is(self.default);
                }
                self.clip(affine(&inputs[0], &scale, &bias))
            }
            Op::Dot(d) => {
                let growth = growth(terms);
                let (a, b) = (&inputs[0], &inputs[1]);
                let sum = self.clip(exact(
                    a.integer + b.integer + growth,
                    a.frac() + b.frac(),
                    a.signed || b.signed,
                ));
                if d.accum == Precision::Auto {
                    d.accum = Precision::Is(sum);
                }
                sum
            }
            Op::Embedding(e) => {
                self.constant(&mut e.table);
                self.default
            }
            // hls4ml has no rule for it.
            Op::Cropping(_) if !self.tables_are_chosen => self.default,
            Op::Reshape(_)
            | Op::Transpose(_)
            | Op::ZeroPadding(_)
            | Op::Cropping(_)
            | Op::Resize(_)
            | Op::RepeatVector(_)
            | Op::Broadcast(_) => inputs[0],
            // Made after inference, with its type; split before it.
            Op::Threshold(_) | Op::SeparableConv(_) => return,
            Op::Input(_) => self.default,
        };
        if node.result == Precision::Auto {
            node.result = Precision::Is(result);
        }
    }

    fn constant(&self, weight: &mut Weight) -> FixedType {
        if weight.precision == Precision::Auto {
            weight.precision = Precision::Is(weight.quantizer.as_ref().map_or(self.default, |q| q.ty));
            weight.encoding = weight.quantizer.as_ref().map_or(Encoding::Fixed, |q| q.encoding);
        }
        weight.ty()
    }

    fn clip(&self, ty: FixedType) -> FixedType {
        match self.maximum {
            Some(max) => {
                FixedType { width: ty.width.min(max.width), integer: ty.integer.min(max.integer), ..ty }
            }
            None => ty,
        }
    }

    /// The sum of a dense layer or convolution, also its accumulator's type if that is open.
    fn product(&self, d: &mut Dense, input: &FixedType) -> FixedType {
        let weight = self.constant(&mut d.weight);
        let bias = self.constant(&mut d.bias);
        // hls4ml has no rule for one-bit weights and for powers of two.
        let plain = d.weight.encoding == Encoding::Fixed && d.bias.encoding == Encoding::Fixed;
        let sum = if plain { self.clip(dense_sum(input, &weight, &bias, d.n_in())) } else { self.default };
        if d.accum == Precision::Auto {
            d.accum = Precision::Is(sum);
        }
        sum
    }

    /// hls4ml merges two tensors; its rules for any number of them.
    fn merge(&self, op: MergeOp, inputs: &[FixedType]) -> FixedType {
        let signed = inputs.iter().any(|t| t.signed) || op == MergeOp::Subtract;
        match op {
            MergeOp::Add | MergeOp::Subtract | MergeOp::Average => {
                // An unsigned operand needs a bit more beside a signed one.
                let beside = |i: usize| inputs.iter().enumerate().any(|(k, t)| k != i && t.signed);
                let integer = inputs
                    .iter()
                    .enumerate()
                    .map(|(i, t)| t.integer + i32::from(!t.signed && beside(i)))
                    .max()
                    .unwrap_or(0)
                    + growth(inputs.len());
                let frac = inputs.iter().map(FixedType::frac).max().unwrap_or(0);
                self.clip(exact(integer, frac, signed))
            }
            MergeOp::Multiply => self.clip(exact(
                inputs.iter().map(|t| t.integer).sum(),
                inputs.iter().map(FixedType::frac).sum(),
                signed,
            )),
            MergeOp::Maximum | MergeOp::Minimum => {
                inputs[1..].iter().fold(inputs[0], |a, b| if a == *b { a } else { hull(&a, b) })
            }
        }
    }

    fn join(&self, a: &FixedType, b: &FixedType) -> FixedType {
        if a == b {
            return *a;
        }
        FixedType {
            rounding: if a.rounding == Rounding::Trn { b.rounding } else { a.rounding },
            overflow: if a.overflow == Overflow::Wrap { b.overflow } else { a.overflow },
            sat_bits: if a.sat_bits == 0 { b.sat_bits } else { a.sat_bits },
            ..self.clip(hull(a, b))
        }
    }
}

fn exact(integer: i32, frac: i32, signed: bool) -> FixedType {
    FixedType { signed, ..FixedType::fixed((integer + frac).max(1) as u32, integer) }
}

fn hull(a: &FixedType, b: &FixedType) -> FixedType {
    let signed = a.signed || b.signed;
    let integer = |t: &FixedType| t.integer + i32::from(signed && !t.signed);
    exact(integer(a).max(integer(b)), a.frac().max(b.frac()), signed)
}

/// `ceil(log2 n)`.
fn growth(n: usize) -> i32 {
    n.next_power_of_two().trailing_zeros() as i32
}

/// A pooling window's accumulator. The largest cell needs nothing; for the mean hls4ml adds as many bits after the point as
/// before it.
fn pool_sum(op: PoolOp, input: &FixedType, kernel: [usize; 2]) -> FixedType {
    match op {
        PoolOp::Max => *input,
        PoolOp::Average => {
            let growth = growth(kernel[0] * kernel[1]);
            exact(input.integer + growth, input.frac() + growth, input.signed)
        }
    }
}

/// The type of a sum of `terms` products and a bias, sized by the types alone.
pub(super) fn dense_sum(x: &FixedType, w: &FixedType, b: &FixedType, terms: usize) -> FixedType {
    let product = exact(w.integer + x.integer + growth(terms), w.frac() + x.frac(), w.signed || x.signed);
    plus_bias(&product, b)
}

/// The type of `x * s + b`, sized by the types alone.
pub(super) fn affine(x: &FixedType, s: &FixedType, b: &FixedType) -> FixedType {
    plus_bias(&exact(x.integer + s.integer, x.frac() + s.frac(), s.signed || x.signed), b)
}

fn plus_bias(product: &FixedType, b: &FixedType) -> FixedType {
    let integer = (product.integer + i32::from(b.signed && !product.signed))
        .max(b.integer + i32::from(product.signed && !b.signed))
        + 1;
    exact(integer, product.frac().max(b.frac()), product.signed || b.signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accumulators_as_hls4ml_sizes_them() {
        let d = FixedType::fixed(16, 6);
        assert_eq!(dense_sum(&d, &d, &d, 16), FixedType::fixed(37, 17));
        assert_eq!(
            dense_sum(&d, &FixedType::fixed(4, 1), &FixedType::fixed(6, 2), 16),
            FixedType::fixed(25, 12)
        );
        assert_eq!(
            dense_sum(&FixedType::ufixed(6, 0), &FixedType::fixed(6, 1), &FixedType::fixed(6, 1), 64),
            FixedType::fixed(19, 8)
        );
        assert_eq!(affine(&FixedType::fixed(25, 12), &d, &FixedType::fixed(6, 2)), FixedType::fixed(42, 19));
    }
}
