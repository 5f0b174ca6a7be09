//! A smaller case with the same kind of fault: greedy, edit by edit.

use super::case::Case;
use super::edit::{Change, Edit, apply, cut_weight};
use super::gxx::{Job, Workshop};
use super::judge::{Fault, FaultKind, Prepared, Stop, prepare};
use crate::csim::Compiler;
use crate::error::Error;
use crate::tool::ToolError;
use ndarray::Dimension;
use netlathe_apfixed::{FixedType, Overflow, Precision, Rounding};
use netlathe_emulator::{Plan, Trace};
use netlathe_ir::config::{IoType, Strategy};
use netlathe_ir::op::pool::Extent;
use netlathe_ir::weight::Encoding;
use netlathe_ir::{NodeId, Op};
use std::time::{Duration, Instant};

/// After this the smallest case so far is good enough.
const TIME: Duration = Duration::from_secs(60);
/// The name of the kernel that is tried.
const NAME: &str = "shrunk";

/// What is wrong with a case, if anything; a refused one has no fault.
pub(super) fn judge(case: &Case, workshop: &Workshop) -> Result<Option<Fault>, Error> {
    match prepare(case, NAME) {
        Ok(prepared) => run(&prepared, case, workshop),
        Err(Stop::Fault(fault)) => Ok(Some(fault)),
        Err(Stop::Refused(_)) => Ok(None),
    }
}

fn run(prepared: &Prepared, case: &Case, shop: &Workshop) -> Result<Option<Fault>, Error> {
    let job = Job { name: NAME, prepared, inputs: &case.inputs };
    Ok(shop.run(0, &[job])?.pop().flatten())
}

/// The smallest case found that fails as this one does.
pub(super) fn shrink(case: &Case, kind: FaultKind, shop: &Workshop) -> Result<Case, Error> {
    let begun = Instant::now();
    let mut best = case.clone();
    'again: loop {
        for edit in edits(&best) {
            if begun.elapsed() > TIME {
                return Ok(best);
            }
            let Some(smaller) = apply(&best, &edit) else { continue };
            if judge(&smaller, shop)?.is_some_and(|fault| fault.kind == kind) {
                best = smaller;
                continue 'again;
            }
        }
        return Ok(best);
    }
}

/// The first layer whose trace in the C++ is not the emulator's, and what it is of the two; `None` when the C++ does not run.
///
/// # Errors
/// The cache cannot be written, or there is no g++.
pub(super) fn first_layer(case: &Case, compiler: &Compiler) -> Result<Option<String>, Error> {
    let (Ok(prepared), Some(ours)) = (prepare(case, NAME), trace(case)) else { return Ok(None) };
    let cpp = match prepared.emitted.trace(compiler, &case.inputs) {
        Ok(cpp) => cpp,
        Err(Error::Tool(ToolError::Failed { .. } | ToolError::Timeout { .. })) => return Ok(None),
        Err(other) => return Err(other),
    };
    Ok(ours.layers.iter().find_map(|layer| {
        let (_, theirs) = cpp.iter().find(|(name, _)| *name == layer.name)?;
        let ((at, want), got) = layer.values.indexed_iter().zip(theirs).find(|((_, a), b)| a != b)?;
        Some(format!("{} at {:?}: emulator {want}, C++ {got} ({})", layer.name, at.slice(), layer.ty))
    }))
}

/// What may be tried, the boldest first.
fn edits(case: &Case) -> Vec<Edit> {
    let graph = &case.graph;
    let mut edits = Vec::new();
    let plain = Edit::default;
    if case.samples() > 1 {
        edits.extend((0..case.samples()).map(|s| Edit { sample: Some(s), ..plain() }));
    }
    let inner: Vec<NodeId> =
        graph.order().into_iter().filter(|&id| !matches!(graph.node(id).op, Op::Input(_))).collect();
    for &id in &inner {
        if graph.outputs != [id] {
            edits.push(Edit { outputs: Some(vec![id]), ..plain() });
        }
    }
    let of = |id: NodeId, change: Change| Edit { change: Some((id, change)), ..plain() };
    if let Some(trace) = trace(case) {
        for &id in inner.iter().rev() {
            let node = graph.node(id);
            if graph.outputs.contains(&id) && graph.consumers(id).is_empty() {
                continue;
            }
            if let Some(layer) = trace.layer(&node.name)
                && layer.values.shape()[1..] == node.shape[..]
            {
                edits.push(of(id, Change::Input(layer.ty, layer.values.clone())));
            }
        }
    }
    for &id in &inner {
        let node = graph.node(id);
        let same = |i: usize| graph.node(node.inputs[i]).shape == node.shape;
        edits.extend((0..node.inputs.len()).filter(|&i| same(i)).map(|i| of(id, Change::Operand(i))));
    }
    if graph.io_type == IoType::Stream {
        edits.push(Edit { parallel: true, ..plain() });
    }
    if case.style.is_some() {
        edits.push(Edit { drop_style: true, ..plain() });
    }
    for &id in &graph.inputs {
        for (axis, &n) in graph.node(id).shape.iter().enumerate().filter(|(_, n)| **n > 1) {
            let half = n / 2;
            edits.push(of(id, Change::Shorten { axis, len: half }));
            if half != n - 1 {
                edits.push(of(id, Change::Shorten { axis, len: n - 1 }));
            }
        }
    }
    for id in graph.order() {
        let node = graph.node(id);
        for op in plainer(&node.op) {
            edits.push(of(id, Change::Op(Box::new(op))));
        }
        let is_input = matches!(node.op, Op::Input(_));
        for ty in plainer_types(node.result, is_input) {
            edits.push(of(id, Change::Result(ty)));
        }
    }
    edits
}

fn trace(case: &Case) -> Option<Trace> {
    let prepared = prepare(case, NAME).ok()?;
    let plan = Plan::compile(&prepared.network).ok()?;
    let views: Vec<_> = case.inputs.iter().map(|a| a.view()).collect();
    plan.trace_raw(&views).ok()
}

/// The type without its modes, and the plainest type of all.
fn plainer_types(p: Precision, keep_width: bool) -> Vec<Precision> {
    let mut all = Vec::new();
    let default = FixedType::fixed(16, 6);
    match p {
        Precision::Auto => all.extend((!keep_width).then_some(default)),
        Precision::Is(ty) => {
            if ty != default && !keep_width {
                all.push(default);
            }
            let modeless = ty.with_modes(Rounding::Trn, Overflow::Wrap).with_sat_bits(0);
            if modeless != ty {
                all.push(modeless);
            }
        }
    }
    all.into_iter().map(Precision::Is).collect()
}

/// The operation with one thing plainer.
fn plainer(op: &Op) -> Vec<Op> {
    let mut all = Vec::new();
    let mut push = |change: &dyn Fn(&mut Op)| {
        let mut plain = op.clone();
        change(&mut plain);
        if plain != *op {
            all.push(plain);
        }
    };
    if op.product().is_some() {
        push(&|op| {
            if let Some(d) = op.product_mut() {
                (d.strategy, d.reuse_factor) = (Strategy::Latency, 1);
            }
        });
        push(&|op| {
            if let Some(d) = op.product_mut() {
                d.reuse_factor = 1;
            }
        });
        push(&|op| fewer_filters(op));
    }
    if let Op::Conv(_) = op {
        push(&|op| {
            if let Op::Conv(c) = op {
                c.parallelization_factor = 1;
                c.implementation = Default::default();
            }
        });
        push(&|op| {
            if let Op::Conv(c) = op {
                (c.window.stride, c.window.dilation) = ([1, 1], [1, 1]);
            }
        });
        push(&|op| {
            if let Op::Conv(c) = op {
                c.window.padding = Default::default();
            }
        });
    }
    if let Op::Pool(_) = op {
        push(&|op| {
            if let Op::Pool(p) = op
                && let Extent::Window(w) = &mut p.extent
            {
                w.padding = Default::default();
            }
        });
    }
    for i in 0..op.weights().len() {
        push(&|op| op.weights_mut()[i].1.data.fill(0.0));
        push(&|op| {
            let weight = op.weights_mut().swap_remove(i).1;
            weight.data.fill(1.0);
            (weight.encoding, weight.precision) = (Encoding::Fixed, Precision::Is(FixedType::fixed(16, 6)));
        });
    }
    for (i, (_, p)) in op.inner_types().into_iter().enumerate() {
        for ty in plainer_types(p, false) {
            push(&|op| *op.inner_types_mut().swap_remove(i).1 = ty);
        }
    }
    all
}

/// One filter less.
fn fewer_filters(op: &mut Op) {
    let groups = match op {
        Op::Conv(c) => c.groups,
        _ => 1,
    };
    let Some(d) = op.product_mut() else { return };
    let (n, axis) = (d.n_out(), d.weight.data.ndim() - 1);
    if n > groups {
        let less = n - groups;
        // Both have that axis: a product's bias has one value a filter.
        let _ = cut_weight(&mut d.weight, axis, less);
        let _ = cut_weight(&mut d.bias, 0, less);
    }
}
