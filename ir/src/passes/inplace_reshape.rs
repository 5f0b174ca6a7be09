//! A reshape that moves nothing has its operand's type (hls4ml's `inplace_parallel_reshape`, `inplace_stream_flatten`).
//!
//! In io_parallel that is every reshape, in io_stream one to a single axis that is no output of the network. Its own type has
//! been seen by inference and by the layers that copy their operand's type, but its tensor is the operand's. Other reshapes in
//! io_stream repack their words and convert to their own type.

use super::{Context, Types};
use crate::config::IoType;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use netlathe_apfixed::Precision;

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    if !matches!(cx.types, Types::Configured) {
        return Ok(());
    }
    for id in graph.order() {
        let node = graph.node(id);
        let in_place = matches!(node.op, Op::Reshape(_))
            && (graph.io_type == IoType::Parallel || node.shape.len() == 1 && !graph.outputs.contains(&id));
        if !in_place {
            continue;
        }
        let said = |var: &str| cx.config.layer_precision(&node.name, node.op.class_name(), var);
        if said("result_t").is_some_and(|p| p != Precision::Auto) {
            continue;
        }
        let operand = graph.node(node.inputs[0]).result;
        if let (Some(Precision::Is(ty)), Precision::Is(used)) = (said("result"), operand)
            && ty != used
        {
            cx.notes.push(
                Diagnostic::warning(
                    "NL212",
                    format!("Precision.result is {}: it has no effect, as in hls4ml", ty.hls4ml()),
                )
                .layer(&node.name)
                .help(format!("a reshape in place has its operand's type, {}", used.hls4ml())),
            );
        }
        graph.node_mut(id).result = operand;
    }
    Ok(())
}
