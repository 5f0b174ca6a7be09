//! Strategies, reuse factors and parallelization factors that can be laid out (hls4ml's `init_dense`, `init_conv2d`, ...).
//!
//! A factor that cannot becomes the nearest that can, and its user is told which ones can.

use super::Context;
use crate::config::{IoType, Strategy};
use crate::diag::{Diagnostic, Refused};
use crate::graph::{Graph, Node};
use crate::op::Op;
use crate::op::conv::Kind;
use crate::op::dense::{legal_reuse_factors, nearest_reuse_factor};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    let io_type = graph.io_type;
    for id in graph.order() {
        let node = graph.node_mut(id);
        let mut notes = reuse_factor(node, io_type);
        notes.extend(parallelization_factor(node));
        cx.notes.extend(notes.into_iter().map(|d| d.layer(&node.name)));
    }
    Ok(())
}

fn reuse_factor(node: &mut Node, io_type: IoType) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    // To hls4ml a dense layer of several axes is a convolution.
    let convolution = matches!(node.op, Op::Conv(_)) || node.shape.len() > 1;
    let depthwise = matches!(&node.op, Op::Conv(c) if c.kind == Kind::Depthwise);
    let Some(d) = node.op.product_mut() else { return notes };
    // Of a convolution in groups: one group's window, all filters. That is the matrix that is cut into blocks; hls4ml counts
    // all channels' windows, most of whose products it never forms.
    let (n_in, n_out) = (d.n_in(), d.n_out());
    let unrolled = d.strategy == Strategy::ResourceUnrolled;
    if unrolled && (d.reuse_factor == 1 || (convolution && io_type == IoType::Parallel) || depthwise) {
        let why = if depthwise {
            "Resource_unrolled cannot be had for a depthwise convolution"
        } else if d.reuse_factor == 1 {
            "Resource_unrolled needs a ReuseFactor above 1"
        } else {
            "Resource_unrolled cannot be had for a convolution in io_parallel"
        };
        // hls4ml takes Latency for a depthwise one.
        d.strategy = if depthwise { Strategy::Latency } else { Strategy::Resource };
        notes.push(Diagnostic::warning("NL221", format!("{why}; {} is used", d.strategy.name())));
    }
    if matches!(d.strategy, Strategy::Latency | Strategy::DistributedArithmetic) {
        return notes;
    }
    let mut legal = legal_reuse_factors(n_in, n_out);
    if d.strategy == Strategy::ResourceUnrolled && legal.len() > 1 {
        legal.pop();
    }
    let rf = nearest_reuse_factor(&legal, d.reuse_factor);
    if rf != d.reuse_factor {
        notes.push(
            Diagnostic::warning(
                "NL220",
                format!("ReuseFactor {} cannot be laid out; {rf} is used", d.reuse_factor),
            )
            .help(format!("legal for {n_in} x {n_out}: {}", list(&legal))),
        );
        d.reuse_factor = rf;
    }
    notes
}

/// The factor divides the number of output positions.
fn parallelization_factor(node: &mut Node) -> Option<Diagnostic> {
    let positions: usize = node.shape.split_last().map_or(1, |(_, spatial)| spatial.iter().product());
    let Op::Conv(c) = &mut node.op else { return None };
    if c.parallelization_factor == 1 {
        return None;
    }
    let legal: Vec<u32> = (1..=positions as u32).filter(|&f| positions.is_multiple_of(f as usize)).collect();
    let chosen = c.parallelization_factor;
    c.parallelization_factor = nearest_reuse_factor(&legal, chosen);
    (c.parallelization_factor != chosen).then(|| {
        Diagnostic::warning(
            "NL224",
            format!(
                "ParallelizationFactor {chosen} does not divide its {positions} output positions; {} is used",
                c.parallelization_factor
            ),
        )
        .help(format!("legal: {}", list(&legal)))
    })
}

fn list(factors: &[u32]) -> String {
    factors.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
