//! A softmax that the configuration skips goes (hls4ml's `skip_softmax`): the network answers with logits.

use super::Context;
use crate::diag::Refused;
use crate::graph::Graph;
use crate::op::Op;

pub(super) fn run(graph: &mut Graph, _: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        if matches!(&graph.node(id).op, Op::Softmax(s) if s.skip) {
            graph.bypass(id);
        }
    }
    Ok(())
}
