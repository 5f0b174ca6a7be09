//! A quantiser's scale leaves its weights and becomes a layer of its own (hls4ml's `qkeras_factorize_alpha`).
//!
//! `y = x (s w) + b` becomes `x w`, then `s y + b`: the weights fit their quantiser's type again. The bias moves to the new
//! layer; the dense layer or convolution keeps a zero bias of the same type, which hls4ml counts when it infers the accumulator.

use super::Context;
use super::apply_config::configure_inserted;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::op::batch_norm::BatchNorm;
use crate::op::conv::Kind;
use crate::weight::{Encoding, Weight, WeightQuantizer};
use ndarray::{ArrayD, IxDyn};
use netlathe_apfixed::{FixedType, Precision};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        if matches!(&graph.node(id).op, Op::Conv(c) if c.kind == Kind::Depthwise) {
            continue; // hls4ml leaves the scale in these weights
        }
        let Some(dense) = graph.node_mut(id).op.product_mut() else { continue };
        let Some(scale) = dense.weight.quantizer.as_mut().and_then(|q| q.scale.take()) else { continue };
        dense.weight.data = scale.unit;
        let reuse_factor = dense.reuse_factor;
        let zeros = ArrayD::zeros(dense.bias.data.raw_dim());
        let mut bias = Weight::new(std::mem::replace(&mut dense.bias.data, zeros), dense.bias.single);
        if let Some(q) = &dense.bias.quantizer {
            bias.precision = Precision::Is(q.ty);
            bias.quantizer = Some(q.clone());
        }
        let mut factor = Weight::new(
            ArrayD::from_shape_vec(IxDyn(&[scale.per_channel.len()]), scale.per_channel.clone())
                .expect("a vector has its own length"),
            true,
        );
        if scale.po2 {
            let ty = power_of_two_type(&scale.per_channel);
            factor.precision = Precision::Is(ty);
            factor.quantizer = Some(WeightQuantizer {
                ty,
                encoding: Encoding::Fixed,
                loose: false,
                text: "quantized_po2".into(),
                scale: None,
                unquantized: None,
            });
        }
        let name = graph.node(id).name.clone();
        let op = Op::BatchNorm(BatchNorm { scale: factor, bias, alpha: true, reuse_factor });
        let inserted = graph.insert_after(id, format!("{name}_alpha"), "alpha", op).map_err(|why| {
            Diagnostic::error("NL111", format!("its quantiser's scale does not fit its output: {why}"))
                .layer(&name)
        })?;
        configure_inserted(graph.node_mut(inserted), cx);
    }
    Ok(())
}

/// The smallest unsigned type with every one of these powers of two.
fn power_of_two_type(values: &[f64]) -> FixedType {
    let exponents: Vec<i32> = values.iter().map(|&v| libm::ilogb(v)).collect();
    let (low, high) =
        (exponents.iter().min().copied().unwrap_or(0), exponents.iter().max().copied().unwrap_or(0));
    FixedType::ufixed((high - low + 1) as u32, high + 1)
}
