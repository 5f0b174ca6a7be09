//! A batch normalisation by 1 and 0 goes, and its conversion with it (hls4ml's `remove_nop_batch_normalization`).

use super::Context;
use crate::diag::Refused;
use crate::graph::Graph;
use crate::op::Op;

pub(super) fn run(graph: &mut Graph, _: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        if let Op::BatchNorm(b) = &graph.node(id).op
            && b.scale.data.iter().all(|&s| s == 1.0)
            && b.bias.data.iter().all(|&t| t == 0.0)
        {
            graph.bypass(id);
        }
    }
    Ok(())
}
