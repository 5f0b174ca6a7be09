//! Layers of strategy `distributed_arithmetic` get exact weights and sums.
//!
//! Products become shifts and additions of the very constants: as in hls4ml, the weights' types and the accumulator's say
//! nothing here. A weight that a quantiser has put on its grid keeps its type; any other gets the smallest type that holds every
//! stored value exactly. The accumulator holds every partial sum that the input's type allows, so the layer's one conversion is
//! that of its result.

use super::Context;
use super::bounds;
use super::choose_types::sized;
use crate::config::Strategy;
use crate::diag::{Diagnostic, Refused, UNSUPPORTED_LAYER};
use crate::graph::{Graph, Node};
use crate::op::Op;
use crate::op::conv::Kind;
use crate::op::dense::Dense;
use crate::range::{Interval, exact_type};
use crate::weight::Weight;
use netlathe_apfixed::{FixedType, Precision};

/// Widest exact weight.
const MAX_WIDTH: u32 = 64;

pub(super) fn run(graph: &mut Graph, _: &mut Context<'_>) -> Result<(), Refused> {
    let mut errors = Vec::new();
    for id in graph.order() {
        let input = graph.node(id).inputs.first().map(|&i| graph.node(i).ty());
        let node = graph.node_mut(id);
        let asked = node.op.product().is_some_and(|d| d.strategy == Strategy::DistributedArithmetic);
        if let (true, Some(input)) = (asked, input)
            && let Err(e) = distribute(node, &input)
        {
            errors.push(e.layer(&node.name).subject("distributed_arithmetic"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Refused(errors)) }
}

fn distribute(node: &mut Node, input: &FixedType) -> Result<(), Diagnostic> {
    if matches!(&node.op, Op::Conv(c) if c.kind == Kind::Depthwise) {
        return Err(Diagnostic::error(
            UNSUPPORTED_LAYER,
            "a depthwise convolution cannot have strategy distributed_arithmetic",
        )
        .help("use Latency for this layer"));
    }
    let Some(d) = node.op.product_mut() else { return Ok(()) };
    if d.reuse_factor != 1 {
        return Err(Diagnostic::error(
            "NL222",
            format!("strategy distributed_arithmetic needs ReuseFactor 1, it has {}", d.reuse_factor),
        )
        .help("set its ReuseFactor to 1, or use Latency"));
    }
    exact_weight("weight", &mut d.weight)?;
    exact_weight("bias", &mut d.bias)?;
    let accum = exact_sum(d, input);
    if accum.raw_bits() > 128 {
        return Err(Diagnostic::error(
            "NL223",
            format!("its exact sum needs {accum}, wider than the 128 bits that are exact here"),
        )
        .help("quantise the weights, or use Latency"));
    }
    d.accum = Precision::Is(accum);
    Ok(())
}

fn exact_weight(var: &str, weight: &mut Weight) -> Result<(), Diagnostic> {
    if weight.quantizer.is_some() || weight.data.iter().any(|x| !x.is_finite()) {
        return Ok(()); // on its grid already; validation refuses what is not finite
    }
    let ty = exact_type(weight.data.iter().copied());
    if ty.width > MAX_WIDTH {
        return Err(Diagnostic::error(
            "NL223",
            format!("its {var} values need {ty} to be exact, wider than {MAX_WIDTH} bits"),
        )
        .help("quantise the weights (QKeras, HGQ), or use Latency"));
    }
    weight.precision = Precision::Is(ty);
    Ok(())
}

/// The type of any sum of some of the products and the bias.
fn exact_sum(d: &Dense, input: &FixedType) -> FixedType {
    let bound = bounds::dense(d, &Interval::of(input));
    // The bound is a float64 sum: a little more than its rounding.
    let most = bound.magnitude() * (1.0 + f64::from(f32::EPSILON));
    sized(Interval { min: -most, max: most }, bounds::product_frac(&d.weight, input).max(d.bias.ty().frac()))
}
