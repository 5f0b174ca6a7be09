//! A network to text.

use super::{Value, attributes};
use crate::graph::{Graph, NodeId};
use netlathe_apfixed::Precision;
use std::fmt::Write;

/// The network as text; see the [module](super) for the form.
pub fn print(graph: &Graph) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(out, "network {} {}", quoted(&graph.name), graph.io_type.name());
    for id in graph.order() {
        let node = graph.node(id);
        let operands: Vec<String> = node.inputs.iter().map(|&i| quoted(&graph.node(i).name)).collect();
        let _ = write!(
            out,
            "{} #{} = {}({})",
            quoted(&node.name),
            node.index,
            node.op.class_name(),
            operands.join(", ")
        );
        for (key, v) in attributes::of(&node.op) {
            let _ = write!(out, " {key}={}", value(&v));
        }
        if node.origin.layer != node.name || !node.origin.role.is_empty() {
            let _ = write!(out, " @ {}/{}", quoted(&node.origin.layer), quoted(&node.origin.role));
        }
        let _ = writeln!(out, " : {}", precision(node.result));
    }
    for (what, ids) in [("inputs", &graph.inputs), ("outputs", &graph.outputs)] {
        let names: Vec<String> = ids.iter().map(|&i: &NodeId| quoted(&graph.node(i).name)).collect();
        let _ = writeln!(out, "{what} {}", names.join(" "));
    }
    out
}

fn quoted(s: &str) -> String {
    format!("{s:?}")
}

fn precision(p: Precision) -> String {
    match p {
        Precision::Auto => "auto".into(),
        Precision::Is(ty) => ty.cpp(),
    }
}

fn value(v: &Value) -> String {
    let join = |items: Vec<String>| items.join(", ");
    match v {
        Value::Int(i) => i.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Word(w) => w.clone(),
        Value::Text(t) => quoted(t),
        Value::Type(p) => precision(*p),
        Value::List(l) => format!("[{}]", join(l.iter().map(i64::to_string).collect())),
        Value::Tensor(single, shape, data) => {
            let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
            let number = |x: &f64| if *single { (*x as f32).to_string() } else { x.to_string() };
            let kind = if *single { "f32" } else { "f64" };
            format!("{kind}[{}]{{{}}}", dims.join("x"), join(data.iter().map(number).collect()))
        }
    }
}
