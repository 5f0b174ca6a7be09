//! Without a configuration: open types follow from what the data show and from what intervals prove.
//!
//! Weights and activations get 16 bits. Integer bits come from the values: weights are known; activations are observed by
//! running the network in float64 over samples, with a factor of two to spare, never more than intervals prove possible; they
//! round half to even and saturate. Sums are exact: their width follows from the very weights. A sum that only feeds an
//! activation is not rounded in between. Tables are the subject of `choose_tables`, bounds that of `bounds`.

use super::{Context, Types, bounds, choose_tables};
use crate::diag::{Diagnostic, Refused};
use crate::float;
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::dense::Dense;
use crate::op::pool::{Pool, PoolOp};
use crate::op::resize::Interpolation;
use crate::range::Interval;
use crate::range::constant_type;
use crate::weight::Weight;
use netlathe_apfixed::{FixedType, Overflow, Precision, Rounding};

/// Bits of weights and activations.
const WIDTH: u32 = 16;
/// Observed ranges are doubled before bits are counted.
const MARGIN: f64 = 2.0;

/// Samples that show which values occur: for each sample, for each input of the network, the flat tensor.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    /// Empty: inputs are made up, normal around 0 with deviation 4 (behind a batch normalisation, around its mean).
    pub samples: Vec<Vec<Vec<f64>>>,
}

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    let order = graph.order();
    match cx.types {
        Types::Configured | Types::Wide(_) => {
            for &id in &order {
                choose_tables::run(graph, id, cx);
            }
            return Ok(());
        }
        Types::Chosen(_) => {}
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
    let mut known = vec![Interval::point(0.0); graph.bound()];
    for id in order {
        let seen = observed[id.index()];
        let inputs = graph.node(id).inputs.clone();
        let operands: Vec<Operand> = inputs
            .iter()
            .map(|&i| Operand {
                ty: graph.node(i).ty(),
                values: known[i.index()],
                shape: graph.node(i).shape.clone(),
            })
            .collect();
        let feeds_activation = feeds_only_an_activation(graph, id);
        let node = graph.node_mut(id);
        // Made after types are chosen, with its type.
        if matches!(node.op, Op::Threshold(_)) {
            continue;
        }
        let (choice, bound) = choose(&mut node.op, &operands, seen);
        if node.result == Precision::Auto {
            node.result = Precision::Is(match choice {
                Choice::Sum(ty) if feeds_activation => ty,
                Choice::Exactly(ty) => ty,
                Choice::Sum(_) | Choice::Activation => activation_type(seen, bound),
            });
        }
        let ty = Interval::of(&node.ty());
        known[id.index()] = match node.op {
            // Whatever the samples show, every value of its type may come in.
            Op::Input(_) => ty,
            _ => Interval { min: bound.min.max(ty.min), max: bound.max.min(ty.max) },
        };
        choose_tables::run(graph, id, cx);
    }
    Ok(())
}

/// What a layer reads.
struct Operand {
    ty: FixedType,
    values: Interval,
    shape: Vec<usize>,
}

/// How a result's type is found.
enum Choice {
    /// Sixteen bits around the values.
    Activation,
    /// So too, unless an activation alone reads the sum: then the sum's own type, so that nothing is rounded twice.
    Sum(FixedType),
    Exactly(FixedType),
}

/// Sets the operation's weights and inner types; says how its result's type is found, and between what bounds its values are.
fn choose(op: &mut Op, operands: &[Operand], seen: Interval) -> (Choice, Interval) {
    match op {
        Op::Input(_) => (Choice::Activation, Interval { min: seen.min * MARGIN, max: seen.max * MARGIN }),
        Op::Dense(d) => product(d, &operands[0]),
        Op::Conv(c) => product(&mut c.product, &operands[0]),
        Op::BatchNorm(n) => {
            constant(&mut n.scale);
            let b = constant(&mut n.bias);
            let bound = bounds::affine(n, &operands[0].values);
            let frac = bounds::product_frac(&n.scale, &operands[0].ty).max(b.frac());
            (Choice::Sum(sized(bound, frac)), bound)
        }
        Op::Activation(a) => {
            match &mut a.function {
                Function::ThresholdedRelu { param, theta: c }
                | Function::LeakyRelu { param, alpha: c }
                | Function::Elu { param, alpha: c } => *param = Precision::Is(constant_type(*c, WIDTH)),
                Function::PRelu { alpha } => {
                    constant(alpha);
                }
                _ => {}
            }
            (Choice::Activation, bounds::function(&a.function, operands[0].values))
        }
        Op::Softmax(_) => (Choice::Activation, Interval { min: 0.0, max: 1.0 }),
        Op::Merge(m) => {
            let values: Vec<Interval> = operands.iter().map(|o| o.values).collect();
            (Choice::Activation, bounds::merge(m.op, &values))
        }
        Op::Concatenate(_) => {
            (Choice::Activation, operands.iter().map(|o| o.values).reduce(Interval::hull).unwrap_or(seen))
        }
        Op::Pool(p) => pool(p, &operands[0]),
        Op::LayerNorm(l) => {
            constant(&mut l.scale);
            constant(&mut l.bias);
            (Choice::Activation, bounds::layer_norm(l))
        }
        Op::Dot(d) => {
            let [a, b] = operands else { return (Choice::Activation, seen) };
            let terms = a.shape[d.axes[0]] as f64;
            let most = terms * a.values.magnitude() * b.values.magnitude();
            let bound = Interval { min: -most, max: most };
            let accum = sized(bound, a.ty.frac() + b.ty.frac());
            d.accum = Precision::Is(accum);
            (Choice::Sum(accum), bound)
        }
        Op::Embedding(e) => {
            let ty = constant(&mut e.table);
            (Choice::Exactly(ty), bounds::constant(&e.table))
        }
        Op::ZeroPadding(_) => {
            (Choice::Exactly(operands[0].ty), operands[0].values.hull(Interval::point(0.0)))
        }
        Op::Resize(r) if r.interpolation == Interpolation::Bilinear => {
            (Choice::Activation, operands[0].values)
        }
        // Elements only move. A separable convolution has been split.
        Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Cropping(_)
        | Op::Resize(_)
        | Op::RepeatVector(_)
        | Op::Broadcast(_)
        | Op::SeparableConv(_)
        | Op::Threshold(_) => (Choice::Exactly(operands[0].ty), operands[0].values),
    }
}

fn product(d: &mut Dense, x: &Operand) -> (Choice, Interval) {
    constant(&mut d.weight);
    let b = constant(&mut d.bias);
    let bound = bounds::dense(d, &x.values);
    let accum = sized(bound, bounds::product_frac(&d.weight, &x.ty).max(b.frac()));
    d.accum = Precision::Is(accum);
    (Choice::Sum(accum), bound)
}

/// The largest cell keeps its type. A mean is cut off at the accumulator's step, which is a quarter of what the division needs.
fn pool(p: &mut Pool, x: &Operand) -> (Choice, Interval) {
    if p.op == PoolOp::Max {
        p.accum = Precision::Is(x.ty);
        return (Choice::Exactly(x.ty), x.values);
    }
    let cells = match p.spatial.split(&x.shape) {
        Ok([h, w, _]) => p.window([h, w]).kernel.iter().product(),
        Err(_) => 1usize, // refused by validation
    };
    let sum = Interval { min: x.values.min * cells as f64, max: x.values.max * cells as f64 };
    let finer = cells.next_power_of_two().trailing_zeros() as i32 + 2;
    p.accum = Precision::Is(sized(sum.hull(x.values), x.ty.frac() + finer));
    (Choice::Activation, x.values)
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

pub(super) fn chosen(width: u32, values: Interval) -> FixedType {
    FixedType::fixed(width, values.integer_bits(true)).with_modes(Rounding::RndConv, Overflow::Sat)
}

/// An exact type for a sum within `bound`.
pub(super) fn sized(bound: Interval, frac: i32) -> FixedType {
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

/// Made-up inputs: normal, deviation 4 around 0; behind an input that is normalised first, around that layer's mean. Fewer of
/// them for a large network, each of whose tensors shows many values by itself.
fn synthetic(graph: &Graph) -> Vec<Vec<Vec<f64>>> {
    const SAMPLES: u64 = 256;
    const FEWEST: u64 = 8;
    /// What may be spent on all of them: about half a second.
    const MULTIPLICATIONS: u64 = 300_000_000;
    let each: u64 =
        graph.order().iter().map(|&id| graph.node(id)).map(|n| n.op.multiplications(&n.shape)).sum();
    let samples = (MULTIPLICATIONS / each.max(1)).clamp(FEWEST, SAMPLES);
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
    (0..samples)
        .map(|_| shapes.iter().map(|s| s.iter().map(|(c, d)| c + d * normal()).collect()).collect())
        .collect()
}

fn centre_and_deviation(graph: &Graph, input: NodeId) -> Vec<(f64, f64)> {
    let len = graph.node(input).len();
    let readers = graph.consumers(input);
    // x * s + t is 0 at -t/s and moves by 1 over 1/s.
    let normalised = readers.iter().find_map(|&c| match &graph.node(c).op {
        Op::BatchNorm(b) => Some(b),
        _ => None,
    });
    if let Some(b) = normalised {
        let pairs: Vec<(f64, f64)> = b
            .scale
            .data
            .iter()
            .zip(&b.bias.data)
            .map(|(&s, &t)| if s == 0.0 { (0.0, 4.0) } else { (-t / s, 4.0 / s.abs()) })
            .collect();
        return (0..len).map(|i| pairs[i % pairs.len()]).collect();
    }
    // Indices of a table's rows.
    let rows = readers.iter().find_map(|&c| match &graph.node(c).op {
        Op::Embedding(e) => e.table.data.shape().first().map(|&n| n as f64),
        _ => None,
    });
    vec![rows.map_or((0.0, 4.0), |n| (n / 2.0, n / 6.0)); len]
}
