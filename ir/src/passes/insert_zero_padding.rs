//! In `io_stream` the zeros around a convolution's input become a layer of their own (hls4ml's
//! `insert_zero_padding_before_conv1d` and `_conv2d`): a line buffer sees an image that is already padded.
//!
//! Pooling keeps its padding, whose cells are no zeros: they do not count.

use super::Context;
use crate::config::IoType;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::op::window::Sides;
use crate::op::zero_padding::ZeroPadding;

pub(super) fn run(graph: &mut Graph, _: &mut Context<'_>) -> Result<(), Refused> {
    if graph.io_type != IoType::Stream {
        return Ok(());
    }
    for id in graph.order() {
        let node = graph.node_mut(id);
        let Op::Conv(conv) = &mut node.op else { continue };
        let sides = std::mem::take(&mut conv.window.padding);
        if sides == Sides::default() {
            continue;
        }
        let spatial = conv.spatial;
        let name = node.name.clone();
        let source = node.inputs[0];
        let inserted = graph
            .insert_before(
                id,
                0,
                format!("zp{}d_{name}", spatial.digit()),
                "padding",
                Op::ZeroPadding(ZeroPadding { spatial, sides }),
            )
            .map_err(|why| Diagnostic::error("NL105", why).layer(&name))?;
        graph.node_mut(inserted).result = graph.node(source).result;
    }
    Ok(())
}
