//! A dense layer on several axes has its weights as the file holds them (hls4ml's `replace_multidimensional_dense_with_conv`).
//!
//! hls4ml 1.3.0 makes a convolution of the layer and forgets the quantisers of its weights: what the configuration says of their
//! types alone converts them. Its user gets the same numbers here, and a warning. A kernel of one bit, and one with a scale,
//! would mean nothing that way: these keep their quantiser, as every kernel does when NetLathe chooses the types.

use super::apply_config::config_class;
use super::{Context, Types};
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::weight::{Encoding, WeightQuantizer};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    if !matches!(cx.types, Types::Configured) {
        return Ok(());
    }
    for id in graph.order() {
        let Op::Dense(dense) = &graph.node(id).op else { continue };
        let keeps = |q: &WeightQuantizer| q.encoding != Encoding::Fixed || q.unquantized.is_none();
        let scaled = graph.find(&format!("{}_alpha", graph.node(id).name)).is_some();
        if scaled || dense.weight.quantizer.as_ref().is_some_and(keeps) {
            continue;
        }
        let rank = graph.node(graph.node(id).inputs[0]).shape.len();
        let node = graph.node_mut(id);
        let (name, class) = (node.name.clone(), config_class(&node.op, rank));
        for (var, weight) in node.op.weights_mut() {
            let Some(WeightQuantizer { unquantized: Some(data), text, .. }) = &weight.quantizer else {
                continue;
            };
            weight.precision = cx.config.precision(&name, class, var);
            cx.notes.push(
                Diagnostic::warning(
                    "NL213",
                    format!(
                        "the quantiser {text} of its {var} is lost, as in hls4ml: the layer works on several axes, and its \
                         {var} is converted to {} as the file holds it",
                        weight.precision
                    ),
                )
                .layer(&name)
                .help("use a convolution with a kernel of 1, which keeps it"),
            );
            weight.data = data.clone();
            weight.encoding = Encoding::Fixed;
            weight.quantizer = None;
        }
    }
    Ok(())
}
