//! Without a configuration: open types follow from what the data show and from what intervals prove.
//!
//! Weights and activations get 16 bits. Integer bits come from the values: weights are known; activations are observed by
//! running the network in float64 over samples, with a factor of two to spare, never more than intervals prove possible; they
//! round half to even and saturate. Sums are exact: their width follows from the very weights. A sum that only feeds an
//! activation is not rounded in between. Softmax gets tables with one entry for every value of their index, so that no output
//! is further than 2^-8 from the exact function for up to 128 classes.

use super::{Context, Types};
use crate::diag::{Diagnostic, Refused};
use crate::float;
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::softmax::{Implementation, Softmax};
use crate::range::Interval;
use crate::range::constant_type;
use crate::table::ceil_log2;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::{FixedType, Overflow, Precision, Rounding, to_f64, weight_raw};

/// Bits of weights and activations.
const WIDTH: u32 = 16;
/// Observed ranges are doubled before bits are counted.
const MARGIN: f64 = 2.0;
/// Entries of the tables of sigmoid (within 2^-11 of the function) and tanh (2^-10).
const TABLE_SIZE: u32 = 8192;

/// Samples that show which values occur: for each sample, for each input of the network, the flat tensor.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    /// Empty: inputs are made up, normal around 0 with deviation 4 (behind a batch normalisation, around its mean).
    pub samples: Vec<Vec<Vec<f64>>>,
}

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    let order = graph.order();
    if cx.types.chooses_tables() {
        for &id in &order {
            tables(graph, id, cx);
        }
    }
    let Types::Chosen(calibration) = cx.types else { return Ok(()) };
    let made_up = calibration.samples.is_empty();
    let samples = if made_up { synthetic(graph) } else { calibration.samples.clone() };
    if made_up {
        cx.notes.push(
            Diagnostic::note(
                "NL250",
                "no sample data: ranges are estimated from made-up inputs around 0, deviation 4",
            )
            .help("give typical inputs, so that types fit what really occurs"),
        );
    }
    let observed = observe(graph, &order, &samples);
    let mut bounds = vec![Interval::point(0.0); graph.bound()];
    for id in order {
        if matches!(graph.node(id).op, Op::Softmax(_)) {
            tables(graph, id, cx);
        }
        let seen = observed[id.index()];
        let operands: Vec<(FixedType, Interval)> =
            graph.node(id).inputs.iter().map(|&i| (graph.node(i).ty(), bounds[i.index()])).collect();
        let feeds_activation = feeds_only_an_activation(graph, id);
        let node = graph.node_mut(id);
        let (exact, bound) = match &mut node.op {
            Op::Input(_) => (None, Interval { min: seen.min * MARGIN, max: seen.max * MARGIN }),
            Op::Dense(d) => {
                let w = constant(&mut d.weight);
                let b = constant(&mut d.bias);
                let bound = dense_bound(d, &operands[0].1);
                let frac = (w.frac() + operands[0].0.frac()).max(b.frac());
                let accum = sized(bound, frac);
                d.accum = Precision::Is(accum);
                (Some(accum), bound)
            }
            Op::BatchNorm(n) => {
                let s = constant(&mut n.scale);
                let b = constant(&mut n.bias);
                let bound = affine_bound(n, &operands[0].1);
                (Some(sized(bound, (s.frac() + operands[0].0.frac()).max(b.frac()))), bound)
            }
            Op::Activation(a) => {
                let x = operands[0].1;
                let bound = match &mut a.function {
                    Function::Linear => x,
                    Function::Relu => Interval { min: 0.0, max: x.max.max(0.0) },
                    Function::ThresholdedRelu { param, theta } => {
                        *param = Precision::Is(constant_type(*theta, WIDTH));
                        Interval { min: theta.min(0.0), max: x.max.max(0.0) }
                    }
                    Function::LeakyRelu { alpha, param } => {
                        *param = Precision::Is(constant_type(*alpha, WIDTH));
                        let low = *alpha * x.min;
                        Interval { min: low.min(0.0), max: x.max.max(low).max(0.0) }
                    }
                    Function::Sigmoid | Function::HardSigmoid { .. } => Interval { min: 0.0, max: 1.0 },
                    Function::Tanh
                    | Function::HardTanh { .. }
                    | Function::BinaryTanh
                    | Function::TernaryTanh { .. } => Interval { min: -1.0, max: 1.0 },
                    _ => unreachable!("not made by any front end yet"),
                };
                (None, bound)
            }
            Op::Softmax(_) => (None, Interval { min: 0.0, max: 1.0 }),
            Op::Merge(m) => (None, merge_bound(m.op, operands[0].1, operands[1].1)),
            Op::Concatenate(_) => (None, operands.iter().map(|o| o.1).reduce(Interval::hull).unwrap_or(seen)),
            Op::Reshape(_) => (Some(operands[0].0), operands[0].1),
            // Made after types are chosen, with its type.
            Op::Threshold(_) => continue,
            _ => unreachable!("not made by any front end yet"),
        };
        let is_reshape = matches!(node.op, Op::Reshape(_));
        if node.result == Precision::Auto {
            node.result = Precision::Is(match exact {
                Some(ty) if feeds_activation || is_reshape => ty,
                _ => activation_type(seen, bound),
            });
        }
        let ty = Interval::of(&node.ty());
        bounds[id.index()] = Interval { min: bound.min.max(ty.min), max: bound.max.min(ty.max) };
    }
    Ok(())
}

fn feeds_only_an_activation(graph: &Graph, id: NodeId) -> bool {
    graph.uses(id) == 1
        && graph.consumers(id).iter().all(|&c| {
            matches!(&graph.node(c).op, Op::Activation(_))
                || matches!(&graph.node(c).op, Op::BatchNorm(b) if b.alpha)
        })
}

/// Sixteen bits, rounding half to even, saturating; as many integer bits as the values need.
fn activation_type(seen: Interval, bound: Interval) -> FixedType {
    let spare = Interval { min: seen.min * MARGIN, max: seen.max * MARGIN };
    let signed = bound.min < 0.0;
    let clipped = Interval { min: spare.min.max(bound.min), max: spare.max.min(bound.max) };
    FixedType { signed, ..FixedType::fixed(WIDTH, clipped.integer_bits(signed)) }
        .with_modes(Rounding::RndConv, Overflow::Sat)
}

fn chosen(width: u32, values: Interval) -> FixedType {
    FixedType::fixed(width, values.integer_bits(true)).with_modes(Rounding::RndConv, Overflow::Sat)
}

/// An exact type for a sum within `bound`.
fn sized(bound: Interval, frac: i32) -> FixedType {
    let integer = bound.integer_bits(true);
    FixedType::fixed((integer + frac).max(1) as u32, integer)
}

/// The type of a constant tensor: its quantiser's, else sixteen bits around its values, fewer if fewer hold them exactly.
fn constant(weight: &mut Weight) -> FixedType {
    if weight.precision == Precision::Auto {
        let values = Interval::over(weight.data.iter().copied()).unwrap_or(Interval::point(0.0));
        let mut ty = chosen(WIDTH, values);
        let exact = |frac: i32| weight.data.iter().all(|&x| libm::ldexp(x, frac).fract() == 0.0);
        while ty.width > 1 && exact(ty.frac() - 1) {
            ty.width -= 1;
        }
        weight.precision = Precision::Is(ty);
    }
    weight.ty()
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
fn dense_bound(d: &crate::op::dense::Dense, x: &Interval) -> Interval {
    let n_out = d.n_out();
    let largest = x.magnitude();
    let mut sums: Vec<f64> = d.bias.data.iter().map(|&b| held(&d.bias, b).abs()).collect();
    for (k, &w) in d.weight.data.iter().enumerate() {
        sums[k % n_out] += held(&d.weight, w).abs() * largest;
    }
    let most = sums.into_iter().fold(0.0, f64::max);
    Interval { min: -most, max: most }
}

fn affine_bound(n: &crate::op::batch_norm::BatchNorm, x: &Interval) -> Interval {
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

fn merge_bound(op: crate::op::merge::MergeOp, a: Interval, b: Interval) -> Interval {
    use crate::op::merge::MergeOp as M;
    match op {
        M::Add => Interval { min: a.min + b.min, max: a.max + b.max },
        M::Subtract => Interval { min: a.min - b.max, max: a.max - b.min },
        M::Average => Interval { min: (a.min + b.min) / 2.0, max: (a.max + b.max) / 2.0 },
        M::Maximum | M::Minimum => a.hull(b),
        M::Multiply => [a.min * b.max, a.max * b.min, a.max * b.max]
            .into_iter()
            .fold(Interval::point(a.min * b.min), |i, x| i.hull(Interval::point(x))),
    }
}

/// Tables of sigmoid and tanh; softmax's once its operand's type is known.
fn tables(graph: &mut Graph, id: NodeId, cx: &mut Context<'_>) {
    let input = graph.node(id).inputs.first().map(|&i| graph.node(i).result);
    let node = graph.node_mut(id);
    let shape = node.shape.clone();
    match (&mut node.op, input) {
        (Op::Activation(a), _) => {
            if a.function.table_span().is_some() {
                a.table_size = TABLE_SIZE;
            }
            a.table_ty = Precision::Is(chosen(18, Interval { min: -1.0, max: 1.0 }));
        }
        (Op::Softmax(s), Some(Precision::Is(input))) => softmax(s, &input, shape[s.axis], cx),
        _ => {}
    }
}

/// Tables with an entry for every value of their index: no index drops a bit.
fn softmax(s: &mut Softmax, input: &FixedType, classes: usize, cx: &mut Context<'_>) {
    let sat = |ty: FixedType| Precision::Is(ty.with_modes(Rounding::Rnd, Overflow::Sat));
    let growth = ceil_log2(classes.max(2) as u32);
    // exp(-16) is below every entry's LSB, so differences saturate there; a step of 2^-10 moves no output by 2^-11.
    let norm_frac = input.frac().clamp(-3, 10);
    let norm = FixedType::ufixed((4 + norm_frac) as u32, 4);
    // The sum is at least 1; its index keeps 10 fraction bits while 64 Ki entries allow.
    let sum = FixedType::ufixed((1 + growth + 10).min(16), 1 + growth as i32);
    s.table_ty = Precision::Is(FixedType::fixed(18, 8));
    s.exp_table_ty = sat(FixedType::ufixed(18, 1));
    s.inv_table_ty = sat(FixedType::ufixed(18, 1));
    s.accum = Precision::Is(FixedType::ufixed(18 + growth, 1 + growth as i32));
    s.inp_norm = sat(norm);
    s.inv_inp = sat(sum);
    s.inv_table_size = Some(1 << sum.width);
    if s.implementation == Implementation::Stable {
        s.exp_table_size = Some(1 << norm.width);
    }
    if growth > 7 {
        cx.notes.push(
            Diagnostic::warning(
                "NL233",
                format!(
                    "a softmax over {classes} classes is only within 2^-{} of the exact function",
                    sum.frac()
                ),
            )
            .help("compare logits instead (Skip: true), or use implementation argmax"),
        );
    }
}

/// The values that every node takes over the samples.
fn observe(graph: &Graph, order: &[NodeId], samples: &[Vec<Vec<f64>>]) -> Vec<Interval> {
    let mut seen: Vec<Option<Interval>> = vec![None; graph.bound()];
    for sample in samples {
        let inputs: Vec<&[f64]> = sample.iter().map(Vec::as_slice).collect();
        let values = float::run(graph, order, &inputs);
        for (slot, values) in seen.iter_mut().zip(&values) {
            let here = Interval::over(values.iter().copied().filter(|x| x.is_finite()));
            *slot = match (*slot, here) {
                (Some(a), Some(b)) => Some(a.hull(b)),
                (a, b) => a.or(b),
            };
        }
    }
    seen.into_iter().map(|i| i.unwrap_or(Interval::point(0.0))).collect()
}

/// Made-up inputs: normal, deviation 4 around 0; behind an input that is normalised first, around that layer's mean.
fn synthetic(graph: &Graph) -> Vec<Vec<Vec<f64>>> {
    const SAMPLES: usize = 256;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut uniform = move || {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut normal = move || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    let shapes: Vec<Vec<(f64, f64)>> =
        graph.inputs.iter().map(|&id| centre_and_deviation(graph, id)).collect();
    (0..SAMPLES)
        .map(|_| shapes.iter().map(|s| s.iter().map(|(c, d)| c + d * normal()).collect()).collect())
        .collect()
}

fn centre_and_deviation(graph: &Graph, input: NodeId) -> Vec<(f64, f64)> {
    let len = graph.node(input).len();
    let norm = graph.consumers(input).into_iter().find_map(|c| match &graph.node(c).op {
        Op::BatchNorm(b) => Some(b),
        _ => None,
    });
    match norm {
        // x * s + t is 0 at -t/s and moves by 1 over 1/s.
        Some(b) => {
            let pairs: Vec<(f64, f64)> = b
                .scale
                .data
                .iter()
                .zip(&b.bias.data)
                .map(|(&s, &t)| if s == 0.0 { (0.0, 4.0) } else { (-t / s, 4.0 / s.abs()) })
                .collect();
            (0..len).map(|i| pairs[i % pairs.len()]).collect()
        }
        None => vec![(0.0, 4.0); len],
    }
}
