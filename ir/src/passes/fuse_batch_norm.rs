//! Batch normalisation goes into the dense layer or convolution before it (hls4ml's `fuse_batch_normalization`).
//!
//! Only where that layer's output type is open (or the configuration says `Fuse`) and nobody else reads it, and where at most
//! one of two factors and at most one of two biases is quantised. The product is formed in float32 (as numpy does with float32 arrays), before any weight
//! becomes fixed point.

use super::Context;
use super::apply_config::config_class;
use crate::config::Config;
use crate::diag::Refused;
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::op::batch_norm::BatchNorm;
use crate::op::dense::Dense;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::{FixedType, Precision};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        let Some((parent, fused)) = fused(graph, id, &cx.config) else { continue };
        let name = graph.node(parent).name.clone();
        let rank = graph.node(graph.node(parent).inputs[0]).shape.len();
        let class = config_class(&graph.node(parent).op, rank);
        let Some(dense) = graph.node_mut(parent).op.product_mut() else { continue };
        *dense = fused;
        // hls4ml looks the fused weights' types up again, as if the layer had been read with them.
        for (var, weight) in [("weight", &mut dense.weight), ("bias", &mut dense.bias)] {
            weight.precision = match (&weight.quantizer, cx.types) {
                (Some(q), _) => Precision::Is(q.ty),
                (None, super::Types::Configured) => cx.config.precision(&name, class, var),
                (None, super::Types::Chosen(_)) => Precision::Auto,
                (None, super::Types::Wide(ty)) => Precision::Is(*ty),
            };
        }
        graph.bypass(id);
    }
    Ok(())
}

fn fused(graph: &Graph, id: NodeId, config: &Config) -> Option<(NodeId, Dense)> {
    let node = graph.node(id);
    let Op::BatchNorm(norm) = &node.op else { return None };
    let parent_id = *node.inputs.first()?;
    let parent = graph.node(parent_id);
    let dense = parent.op.product()?;
    let wanted = config
        .layer(&node.name, node.op.class_name(), |l| l.fuse)
        .unwrap_or(parent.result == Precision::Auto);
    let open = wanted && graph.uses(parent_id) == 1;
    let plain = dense.weight.encoding == Encoding::Fixed && !has_po2_scale(norm);
    let channels = norm.channels() == dense.n_out();
    let fits = combinable(&dense.weight, &norm.scale, 1.0) && combinable(&dense.bias, &norm.bias, 0.0);
    if !(open && plain && channels && fits) {
        return None;
    }
    let n = dense.n_out();
    let scale: Vec<f64> = norm.scale.data.iter().copied().collect();
    let shift: Vec<f64> = norm.bias.data.iter().copied().collect();
    let mut out = dense.clone();
    out.weight.single = dense.weight.single && norm.scale.single;
    for (k, w) in out.weight.data.iter_mut().enumerate() {
        *w = round(out.weight.single, *w * scale[k % n]);
    }
    out.weight.quantizer = norm.scale.quantizer.clone().or_else(|| dense.weight.quantizer.clone());
    let scaled_single = dense.bias.single && norm.scale.single;
    out.bias.single = scaled_single && norm.bias.single;
    for (j, b) in out.bias.data.iter_mut().enumerate() {
        *b = round(out.bias.single, round(scaled_single, *b * scale[j]) + shift[j]);
    }
    out.bias.quantizer = norm.bias.quantizer.clone().or_else(|| dense.bias.quantizer.clone());
    Some((parent_id, out))
}

/// hls4ml keeps powers of two as exponents and does not multiply them into weights.
fn has_po2_scale(norm: &BatchNorm) -> bool {
    norm.scale.quantizer.is_some() && norm.scale.ty_is_known()
}

/// Two constants may become one when at most one of them is quantised, the other being neutral.
fn combinable(a: &Weight, b: &Weight, neutral: f64) -> bool {
    let is_neutral = |w: &Weight| w.quantizer.is_none() && w.data.iter().all(|&x| x == neutral);
    (a.quantizer.is_none() && b.quantizer.is_none()) || is_neutral(a) || is_neutral(b)
}

pub(super) fn round(single: bool, x: f64) -> f64 {
    if single { f64::from(x as f32) } else { x }
}

impl Weight {
    fn ty_is_known(&self) -> bool {
        matches!(self.precision, Precision::Is(FixedType { .. }))
    }
}
