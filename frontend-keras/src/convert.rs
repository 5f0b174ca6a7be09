//! From the file's layers to a graph: every layer is judged, and all that is wrong is said at once.

use std::collections::{BTreeMap, BTreeSet};

use netlathe_ir::op::input::Input;
use netlathe_ir::{Diagnostic, Graph, NodeId, Op, Origin, Refused};

use crate::error::{Error, code};
use crate::layers::{self, Scene};
use crate::model::{Keras, Model, TensorRef};
use crate::topology;
use crate::weights::Weights;

/// Refuses what no layer-by-layer look can help: unsupported classes and broken connections.
pub(crate) fn check(model: &Model) -> Result<Vec<topology::Use>, Error> {
    let mut findings: Vec<Diagnostic> = model.layers.iter().filter_map(layers::refuse_class).collect();
    match topology::order(model) {
        Ok(order) if findings.is_empty() => Ok(order),
        Ok(_) => Err(findings.into()),
        Err(more) => {
            findings.extend(more);
            Err(findings.into())
        }
    }
}

/// Makes the graph; `order` is [`check`]'s.
///
/// # Errors
/// All findings of all layers that could be looked at: nothing is known behind a layer whose output has no known shape.
pub(crate) fn graph(
    model: &Model,
    order: &[topology::Use],
    weights: &Weights,
) -> Result<(Graph, Vec<Diagnostic>), Error> {
    let mut graph = Graph::new(&model.name);
    let mut names = Names::new(model.keras);
    let mut tensors: BTreeMap<TensorRef, NodeId> = BTreeMap::new();
    let (mut findings, mut notes) = (Vec::new(), Vec::new());
    for &(at, call) in order {
        let layer = &model.layers[at];
        let operands: Option<Vec<NodeId>> =
            layer.calls[call].iter().map(|t| tensors.get(t).copied()).collect();
        let Some(mut operands) = operands else { continue };
        let inputs: Vec<Vec<usize>> = operands.iter().map(|&id| graph.node(id).shape.clone()).collect();
        let mut scene = Scene { keras: model.keras, layer, inputs: &inputs, weights, notes: &mut notes };
        let pieces = match layers::convert(&mut scene) {
            Ok(pieces) => pieces,
            Err(more) => {
                // The same layer used twice is wrong in the same way twice.
                findings.extend(more.into_iter().filter(|d| call == 0 || d.code == code::SHAPE));
                // The graph is lost; a stand-in of the right shape lets the layers behind be judged too.
                let Some(shape) = layers::shape_behind(layer, &inputs) else { continue };
                let origin = Origin { layer: layer.name.clone(), role: String::new() };
                let stand_in = Op::Input(Input { shape, integer: None });
                if let Ok(id) = graph.add(layer.name.clone(), origin, stand_in, &[]) {
                    tensors.insert(TensorRef { layer: layer.name.clone(), node: call }, id);
                }
                continue;
            }
        };
        let mut whole = true;
        for piece in pieces {
            let origin = Origin { layer: layer.name.clone(), role: piece.role.into() };
            let added = graph.add(names.unique(&piece.name), origin, piece.op, &operands);
            match added.and_then(|id| bounded(&graph.node(id).shape).map(|()| id)) {
                Ok(id) => operands = vec![id],
                Err(why) => {
                    findings.push(Diagnostic::error(code::SHAPE, why).layer(&layer.name));
                    whole = false;
                    break;
                }
            }
        }
        if let (Some(&id), true) = (operands.first(), whole) {
            tensors.insert(TensorRef { layer: layer.name.clone(), node: call }, id);
        }
    }
    if !findings.is_empty() {
        return Err(Error::Refused(Refused(findings)));
    }
    let ends = |list: &[TensorRef]| list.iter().filter_map(|t| tensors.get(t).copied()).collect::<Vec<_>>();
    graph.inputs = ends(&model.inputs);
    graph.outputs = ends(&model.outputs);
    notes.dedup();
    Ok((graph, notes))
}

/// Refuses tensors that no hardware holds, before anything is allocated for one.
fn bounded(shape: &[usize]) -> Result<(), String> {
    let elements = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    match elements {
        Some(1..=layers::MAX_ELEMENTS) => Ok(()),
        _ => Err(format!(
            "its output would have the shape {shape:?}: 1 to {} elements are read",
            layers::MAX_ELEMENTS
        )),
    }
}

/// Node names as hls4ml makes them unique: the second `fc` is `fc_0`.
///
/// hls4ml's Keras 3 parser reserves the letters of the word `input` one by one, so a layer `n` becomes `n_0` there;
/// configurations address it by that name, so it is kept.
struct Names(BTreeSet<String>);

impl Names {
    fn new(keras: Keras) -> Self {
        let reserved = if keras == Keras::V3 { "input" } else { "" };
        Self(reserved.chars().map(String::from).collect())
    }

    fn unique(&mut self, name: &str) -> String {
        let free = if self.0.contains(name) {
            (0..).map(|i| format!("{name}_{i}")).find(|n| !self.0.contains(n)).unwrap_or_default()
        } else {
            name.to_string()
        };
        self.0.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_unique_as_hls4ml_does() {
        let mut names = Names::new(Keras::V3);
        let made: Vec<String> = ["fc", "fc", "fc", "n", "fc_0"].iter().map(|n| names.unique(n)).collect();
        assert_eq!(made, ["fc", "fc_0", "fc_1", "n_0", "fc_0_0"]);
        assert_eq!(Names::new(Keras::V2).unique("n"), "n");
    }
}
