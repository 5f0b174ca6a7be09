//! In `io_stream` an operand of another shape is repeated before its merge (hls4ml's `broadcast_stream`): a merge reads one word
//! of each operand at a time.
//!
//! The node is called `broadcast_` and its operand's name, as in hls4ml; where that is taken, the merge's name follows.

use super::Context;
use crate::config::IoType;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::op::broadcast::Broadcast;

pub(super) fn run(graph: &mut Graph, _: &mut Context<'_>) -> Result<(), Refused> {
    if graph.io_type != IoType::Stream {
        return Ok(());
    }
    for id in graph.order() {
        if !matches!(graph.node(id).op, Op::Merge(_)) {
            continue;
        }
        for port in 0..graph.node(id).inputs.len() {
            let node = graph.node(id);
            let source = graph.node(node.inputs[port]);
            if source.shape == node.shape {
                continue;
            }
            let (shape, result, merge) = (node.shape.clone(), source.result, node.name.clone());
            let mut name = format!("broadcast_{}", source.name);
            if graph.find(&name).is_some() {
                name = format!("{name}_{merge}_{port}");
            }
            let inserted = graph
                .insert_before(id, port, name, "broadcast", Op::Broadcast(Broadcast { shape }))
                .map_err(|why| Diagnostic::error("NL105", why).layer(&merge))?;
            graph.node_mut(inserted).result = result;
        }
    }
    Ok(())
}
