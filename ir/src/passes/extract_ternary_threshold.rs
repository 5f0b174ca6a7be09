//! A ternary tanh that does not switch at 0.5 gets a scale before it (hls4ml's `extract_ternary_threshold`).

use super::Context;
use super::apply_config::configure_inserted;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::batch_norm::BatchNorm;
use crate::weight::Weight;
use ndarray::{ArrayD, IxDyn};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        let node = graph.node_mut(id);
        let len = node.len();
        let name = node.name.clone();
        let Op::Activation(a) = &mut node.op else { continue };
        let Function::TernaryTanh { threshold } = &mut a.function else { continue };
        if *threshold == 0.5 {
            continue;
        }
        let factor = 0.5 / *threshold;
        *threshold = 0.5;
        let reuse_factor = a.reuse_factor;
        let scale = Weight::new(ArrayD::from_elem(IxDyn(&[len]), factor), false);
        let bias = Weight::new(ArrayD::zeros(IxDyn(&[len])), false);
        let op = Op::BatchNorm(BatchNorm { scale, bias, alpha: true, reuse_factor });
        let inserted = graph
            .insert_before(id, 0, format!("{name}_scale"), "scale", op)
            .map_err(|why| Diagnostic::error("NL111", why).layer(&name))?;
        configure_inserted(graph.node_mut(inserted), cx);
    }
    Ok(())
}
