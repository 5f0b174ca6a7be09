//! Batch normalisation before a binary or ternary tanh becomes a comparison (hls4ml's `merge_batch_norm_quantized_tanh`).
//!
//! `s x + b >= 0` is `x >= -b / s` for positive `s`. Thresholds are rounded down to the input's grid. hls4ml does the same to
//! negative scales, where the comparison points the other way; such a layer is left as it is here, which is right.

use super::Context;
use crate::diag::{Diagnostic, Refused, UNSUPPORTED_LAYER};
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::batch_norm::BatchNorm;
use crate::op::pool::{Pool, PoolOp};
use crate::op::threshold::{Levels, Threshold};
use crate::op::window::Sides;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::{FixedType, Precision};

pub(super) fn run(graph: &mut Graph, _: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        let Op::Activation(a) = &graph.node(id).op else { continue };
        let ternary = match a.function {
            Function::BinaryTanh => None,
            Function::TernaryTanh { threshold } => Some(threshold),
            _ => continue,
        };
        let norm_id = graph.node(id).inputs[0];
        let Op::BatchNorm(norm) = &graph.node(norm_id).op else { continue };
        if graph.uses(norm_id) != 1 || norm.scale.data.iter().any(|&s| s <= 0.0) {
            continue;
        }
        let source = graph.node(norm_id).inputs[0];
        let levels = levels(norm, ternary, &graph.node(source).ty());
        let name = format!("bnbt_{}", graph.node(norm_id).name);
        if ternary.is_none() {
            tell_readers(graph, id)?;
        }
        let index = graph.take_index();
        let node = graph.node_mut(id);
        node.result = Precision::Is(if ternary.is_some() { FixedType::int(2) } else { FixedType::uint(1) });
        node.name = name;
        node.index = index;
        node.op = Op::Threshold(Threshold { levels });
        graph.bypass(norm_id);
    }
    Ok(())
}

/// Tells the readers of a bit that 0 means -1; layers that only move elements, or take the largest, hand the bit on (hls4ml's
/// `xnor_pooling`).
fn tell_readers(graph: &mut Graph, id: NodeId) -> Result<(), Refused> {
    for reader in graph.consumers(id) {
        let node = graph.node_mut(reader);
        // Its zeros would be -1.
        let padded = match &node.op {
            Op::Conv(c) => c.window.padding != Sides::default(),
            Op::ZeroPadding(_) => true,
            _ => false,
        };
        match &mut node.op {
            Op::Dense(d) => d.input = Encoding::Xnor,
            Op::Conv(c) if !padded => c.product.input = Encoding::Xnor,
            Op::Pool(Pool { op: PoolOp::Max, accum, .. }) => {
                *accum = Precision::Is(FixedType::uint(1));
                node.result = Precision::Is(FixedType::uint(1));
                tell_readers(graph, reader)?;
            }
            Op::Reshape(_) | Op::Transpose(_) | Op::Cropping(_) | Op::RepeatVector(_) => {
                node.result = Precision::Is(FixedType::uint(1));
                tell_readers(graph, reader)?;
            }
            op => {
                let why = if padded { "puts zeros around" } else { "reads" };
                return Err(Diagnostic::error(
                    UNSUPPORTED_LAYER,
                    format!(
                        "a {} layer {why} the one-bit output of `{}`, which stands for -1 and 1: only dense layers and \
                         convolutions without padding can read that",
                        op.class_name(),
                        graph.node(id).name
                    ),
                )
                .layer(&graph.node(reader).name)
                .subject("one-bit inputs")
                .help("use a ternary activation, or quantized_bits")
                .into());
            }
        }
    }
    Ok(())
}

fn levels(norm: &BatchNorm, ternary: Option<f64>, input: &FixedType) -> Levels {
    let single = norm.scale.single && norm.bias.single;
    let f32ed = |single: bool, x: f64| if single { f64::from(x as f32) } else { x };
    let grid = libm::exp2(f64::from(input.frac()));
    let threshold = |offset: f64| {
        let at = ndarray::Zip::from(&norm.scale.data).and(&norm.bias.data).map_collect(|&s, &b| {
            let zero = f32ed(single, -b / s);
            let at = f32ed(single, f32ed(norm.scale.single, offset / s) + zero);
            libm::floor(at * grid) / grid
        });
        let mut weight = Weight::new(at, single);
        weight.precision = Precision::Is(*input);
        weight
    };
    match ternary {
        None => Levels::Binary { at: threshold(0.0) },
        Some(t) => Levels::Ternary { high: threshold(t), low: threshold(-t) },
    }
}
