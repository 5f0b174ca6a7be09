//! Two affine maps in a row become one (hls4ml's `fuse_consecutive_batch_normalization`).
//!
//! Only where the first one's output type is open (or the configuration says `Fuse` of it), nobody else reads it, and at most
//! one of two factors and of two biases is quantised. The arithmetic is numpy's: float32 unless one side is float64. A quantiser
//! outlives the product only where the other side is 1 throughout (hls4ml asks this of biases, too); else the type is the one
//! that the configuration has for the second map.

use super::Context;
use super::Types;
use super::fuse_batch_norm::round;
use crate::diag::Refused;
use crate::graph::Graph;
use crate::op::Op;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::Precision;

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        let Op::BatchNorm(second) = &graph.node(id).op else { continue };
        let parent = graph.node(id).inputs[0];
        let Op::BatchNorm(first) = &graph.node(parent).op else { continue };
        let first_node = graph.node(parent);
        let wanted = cx
            .config
            .layer(&first_node.name, first_node.op.class_name(), |l| l.fuse)
            .unwrap_or(first_node.result == Precision::Auto);
        if !wanted
            || graph.uses(parent) != 1
            || first.channels() != second.channels()
            || !combinable(&first.scale, &second.scale, 1.0)
            || !combinable(&first.bias, &second.bias, 0.0)
        {
            continue;
        }
        let mut fused = second.clone();
        fused.scale.single = first.scale.single && second.scale.single;
        let scaled = first.bias.single && second.scale.single;
        fused.bias.single = scaled && second.bias.single;
        for ((s, b), (s0, b0)) in fused
            .scale
            .data
            .iter_mut()
            .zip(&mut fused.bias.data)
            .zip(first.scale.data.iter().zip(&first.bias.data))
        {
            *b = round(fused.bias.single, round(scaled, *s * b0) + *b);
            *s = round(fused.scale.single, s0 * *s);
        }
        let (name, class) = (graph.node(id).name.clone(), graph.node(id).op.class_name());
        for (var, new, a, b) in [
            ("scale", &mut fused.scale, &first.scale, &second.scale),
            ("bias", &mut fused.bias, &first.bias, &second.bias),
        ] {
            new.quantizer = match (is(a, 1.0), is(b, 1.0)) {
                (true, _) => b.quantizer.clone(),
                (false, true) => a.quantizer.clone(),
                (false, false) => None,
            };
            match (&new.quantizer, cx.types) {
                (Some(q), _) => (new.precision, new.encoding) = (Precision::Is(q.ty), q.encoding),
                (None, Types::Configured) if b.quantizer.is_some() => {
                    (new.precision, new.encoding) = (cx.config.precision(&name, class, var), Encoding::Fixed);
                }
                (None, _) => {}
            }
        }
        graph.node_mut(id).op = Op::BatchNorm(fused);
        graph.bypass(parent);
    }
    Ok(())
}

/// Whether at most one of two constants has a quantiser, or one of them changes nothing.
fn combinable(a: &Weight, b: &Weight, neutral: f64) -> bool {
    a.quantizer.is_none() || b.quantizer.is_none() || is(a, neutral) || is(b, neutral)
}

/// Whether every value of a constant is this one.
fn is(weight: &Weight, value: f64) -> bool {
    weight.data.iter().all(|&x| x == value)
}
