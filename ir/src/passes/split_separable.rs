//! A separable convolution becomes a depthwise and a pointwise one (hls4ml's `separable_to_depthwise_and_conv`).
//!
//! `NAME` becomes `NAME_depthwise` without a bias and `NAME_pointwise`. What the configuration says of `NAME` is said of both;
//! its `depthwise`, `depthwise_accum` and `depthwise_result` are the first one's `weight`, `accum` and `result`, and likewise
//! `pointwise`. An entry for one of the halves itself comes first.

use super::Context;
use crate::config::LayerConfig;
use crate::diag::{Diagnostic, Refused};
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::op::conv::{Conv, Kind};
use crate::op::dense::Dense;
use crate::op::separable_conv::SeparableConv;
use crate::op::window::{Sides, Window};
use crate::weight::Weight;

/// How the halves' names end, and their roles.
pub(super) const HALVES: [&str; 2] = ["depthwise", "pointwise"];

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        let Op::SeparableConv(separable) = &graph.node(id).op else { continue };
        let separable = separable.clone();
        configure(graph, id, cx);
        split(graph, id, separable)?;
    }
    Ok(())
}

fn split(graph: &mut Graph, id: NodeId, s: SeparableConv) -> Result<(), Diagnostic> {
    let name = graph.node(id).name.clone();
    let [first, second] = HALVES.map(|half| format!("{name}_{half}"));
    let middle = s.depthwise.data.shape().last().copied().unwrap_or(0);
    let depthwise = Dense::new(s.depthwise, Weight::no_bias(middle));
    let cell = Window { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: Sides::default() };
    let depthwise = Conv::new(Kind::Depthwise, s.spatial, s.window, s.channels, depthwise);
    let pointwise = Conv::new(Kind::Pointwise, s.spatial, cell, 1, Dense::new(s.pointwise, s.bias));
    graph
        .insert_before(id, 0, first, HALVES[0], Op::Conv(depthwise))
        .map_err(|why| Diagnostic::error("NL105", why).layer(&name))?;
    let index = graph.take_index();
    let node = graph.node_mut(id);
    node.name = second;
    node.index = index;
    node.origin.role = HALVES[1].into();
    node.op = Op::Conv(pointwise);
    Ok(())
}

/// Gives each half its entry in the configuration.
fn configure(graph: &Graph, id: NodeId, cx: &mut Context<'_>) {
    let node = graph.node(id);
    let of_class = cx.config.layer_type.get(node.op.class_name()).cloned();
    let Some(whole) = merged(of_class, cx.config.layer_name.get(&node.name).cloned()) else { return };
    for (half, other) in [(HALVES[0], HALVES[1]), (HALVES[1], HALVES[0])] {
        let name = format!("{}_{half}", node.name);
        let mut entry = whole.clone();
        for (from, to) in [("", "weight"), ("_accum", "accum"), ("_result", "result")] {
            if let Some(ty) = entry.precision.remove(&format!("{half}{from}")) {
                entry.precision.insert(to.into(), ty);
            }
            entry.precision.remove(&format!("{other}{from}"));
        }
        let own = cx.config.layer_name.get(&name).cloned();
        if let Some(entry) = merged(Some(entry), own) {
            cx.config.to_mut().layer_name.insert(name, entry);
        }
    }
}

/// Settings with others on top.
fn merged(base: Option<LayerConfig>, top: Option<LayerConfig>) -> Option<LayerConfig> {
    let (base, top) = match (base, top) {
        (Some(base), Some(top)) => (base, top),
        (base, top) => return base.or(top),
    };
    let mut precision = base.precision;
    // A layer's own default hides whatever its class says.
    if top.precision.contains_key("default") {
        precision.clear();
    }
    precision.extend(top.precision);
    let mut other = base.other;
    other.extend(top.other);
    Some(LayerConfig {
        precision,
        reuse_factor: top.reuse_factor.or(base.reuse_factor),
        strategy: top.strategy.or(base.strategy),
        table_size: top.table_size.or(base.table_size),
        exp_table_size: top.exp_table_size.or(base.exp_table_size),
        inv_table_size: top.inv_table_size.or(base.inv_table_size),
        implementation: top.implementation.or(base.implementation),
        skip: top.skip.or(base.skip),
        fuse: top.fuse.or(base.fuse),
        parallelization_factor: top.parallelization_factor.or(base.parallelization_factor),
        conv_implementation: top.conv_implementation.or(base.conv_implementation),
        table_range_power2: top.table_range_power2.or(base.table_range_power2),
        normalised_index: top.normalised_index.or(base.normalised_index),
        other,
    })
}
