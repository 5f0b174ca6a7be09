//! The rules of a correct network. Whoever holds a [`Validated`] need not check them again.
//!
//! Checked: names and indices are unique; every operand and output exists and there is no cycle; shapes follow from the
//! operations; no type is open or wider than 128 bits; every weight is there, finite and quantised. Whether every intermediate
//! stays within 128 bits, the emulator's plan checks.

use crate::diag::{Diagnostic, Refused};
use crate::graph::{Graph, Node, NodeId};
use crate::op::Op;
use crate::op::pool::{Extent, Pool};
use netlathe_apfixed::Precision;
use std::collections::BTreeMap;

/// Elements of one tensor: far above any network that fits an FPGA, far below what exhausts a host.
pub const MAX_ELEMENTS: usize = 1 << 26;

/// A network in which every rule of this module holds. Cannot be changed.
#[derive(Clone, Debug)]
pub struct Validated {
    graph: Graph,
    order: Vec<NodeId>,
}

impl Validated {
    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// All nodes, operands before their readers.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        self.graph.node(id)
    }

    /// The nodes in order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.order.iter().map(|&id| (id, self.graph.node(id)))
    }

    /// The input nodes in the model's order.
    pub fn inputs(&self) -> impl Iterator<Item = &Node> {
        self.graph.inputs.iter().map(|&id| self.graph.node(id))
    }

    /// The nodes whose tensors leave the network, in the model's order.
    pub fn outputs(&self) -> impl Iterator<Item = &Node> {
        self.graph.outputs.iter().map(|&id| self.graph.node(id))
    }
}

/// Checks every rule, collecting all findings.
///
/// # Errors
/// All violations. Remarks that do not refuse the network go to `notes`.
pub fn validate(graph: Graph, notes: &mut Vec<Diagnostic>) -> Result<Validated, Refused> {
    let order = graph.order();
    let mut errors = Vec::new();
    if order.len() < graph.len() {
        errors.push(Diagnostic::error("NL101", "the graph has a cycle"));
    }
    if graph.inputs.is_empty() || graph.outputs.is_empty() {
        errors.push(Diagnostic::error("NL102", "the network has no input or no output"));
    }
    let mut names: BTreeMap<&str, NodeId> = BTreeMap::new();
    for &id in &order {
        let node = graph.node(id);
        if names.insert(&node.name, id).is_some() {
            errors.push(
                Diagnostic::error("NL103", "two layers have this name")
                    .layer(&node.name)
                    .help("give every layer a name of its own"),
            );
        }
        errors.extend(check_node(&graph, node).into_iter().map(|d| d.layer(&node.name)));
        let read = graph.uses(id) > 0;
        if !read {
            notes.push(Diagnostic::note("NL104", "nobody reads its output").layer(&node.name));
        }
    }
    if errors.is_empty() { Ok(Validated { graph, order }) } else { Err(Refused(errors)) }
}

fn check_node(graph: &Graph, node: &Node) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let shapes: Vec<&[usize]> = node.inputs.iter().map(|&i| graph.node(i).shape.as_slice()).collect();
    match node.op.output_shape(&shapes) {
        Ok(shape) if shape == node.shape => {}
        Ok(shape) => {
            errors.push(Diagnostic::error("NL105", format!("shape {:?} should be {shape:?}", node.shape)))
        }
        Err(why) => errors.push(Diagnostic::error("NL105", why)),
    }
    let size = node.shape.iter().try_fold(1usize, |a, &b| a.checked_mul(b));
    if !size.is_some_and(|s| (1..=MAX_ELEMENTS).contains(&s)) {
        errors.push(Diagnostic::error(
            "NL106",
            format!("its tensor of shape {:?} is empty or has more than {MAX_ELEMENTS} elements", node.shape),
        ));
    }
    let mut types = vec![("result", node.result)];
    types.extend(node.op.weights().iter().map(|(n, w)| (*n, w.precision)));
    types.extend(node.op.inner_types().into_iter().filter(|(n, _)| is_used(&node.op, n)));
    for (var, precision) in types {
        match precision {
            Precision::Auto => {
                errors.push(Diagnostic::error("NL120", format!("type `{var}` is open after inference")));
            }
            Precision::Is(ty) if ty.raw_bits() > 128 => errors.push(
                Diagnostic::error(
                    "NL122",
                    format!("type `{var}` is {ty}: wider than the 128 bits that are exact here"),
                )
                .help("use narrower types; Model.Precision.maximum bounds what is inferred"),
            ),
            Precision::Is(_) => {}
        }
    }
    for (var, weight) in node.op.weights() {
        if weight.raw.is_none() {
            errors.push(Diagnostic::error("NL123", format!("{var} is not quantised")));
        }
        if let Some(x) = weight.data.iter().find(|x| !x.is_finite()) {
            errors.push(Diagnostic::error("NL124", format!("{var} holds {x}")));
        }
    }
    if let Op::Pool(Pool { extent: Extent::Window(w), .. }) = &node.op {
        let p = w.padding;
        if w.dilation != [1, 1] || p.top.max(p.bottom) >= w.kernel[0] || p.left.max(p.right) >= w.kernel[1] {
            errors.push(Diagnostic::error(
                "NL107",
                format!(
                    "a pooling window of {:?} with padding {p:?} has gaps, or would see padding alone",
                    w.kernel
                ),
            ));
        }
    }
    errors
}

/// Whether the operation's arithmetic uses an inner type; the others may stay open.
fn is_used(op: &Op, var: &str) -> bool {
    use crate::op::softmax::Implementation as I;
    match op {
        Op::Softmax(s) => match s.implementation {
            I::Argmax => false,
            I::Legacy => var == "table",
            I::Latency => !matches!(var, "table" | "inp_norm"),
            I::Stable => var != "table",
        },
        _ => true,
    }
}
