//! From the file's layers to a graph: every layer is judged, and all that is wrong is said at once.

use std::collections::{BTreeMap, BTreeSet};

use netlathe_ir::op::input::Input;
use netlathe_ir::{Diagnostic, Graph, NodeId, Op, Origin, Refused};

use crate::error::{Error, code};
use crate::layers::{self, Scene};
use crate::model::{Keras, Layer, Model, TensorRef};
use crate::topology;
use crate::weights::{Scope, Weights};

/// Most uses of layers, those of models within the model counted at each use of the model.
const MAX_USES: usize = 20_000;

/// Refuses what no layer-by-layer look can help: unsupported classes and broken connections.
pub(crate) fn check(model: &Model) -> Result<(), Error> {
    let mut findings = Vec::new();
    check_into(model, &mut findings);
    if findings.is_empty() { Ok(()) } else { Err(findings.into()) }
}

fn check_into(model: &Model, findings: &mut Vec<Diagnostic>) {
    findings.extend(model.layers.iter().filter_map(layers::refuse_class));
    if let Err(more) = topology::order(model) {
        findings.extend(more);
    }
    for inner in model.layers.iter().filter_map(|l| l.inner.as_deref()) {
        check_into(inner, findings);
    }
}

/// Makes the graph of a network that passed [`check`]. Models within the model are laid out in it.
///
/// # Errors
/// All findings of all layers that could be looked at: nothing is known behind a layer whose output has no known shape.
pub(crate) fn graph(model: &Model, weights: &Weights) -> Result<(Graph, Vec<Diagnostic>), Error> {
    let mut build = Build {
        keras: model.keras,
        graph: Graph::new(&model.name),
        names: Names::new(model.keras),
        weights,
        findings: Vec::new(),
        notes: Vec::new(),
        uses: 0,
    };
    let made = build.network(model, weights.root(), None)?;
    let Build { mut graph, findings, mut notes, .. } = build;
    if !findings.is_empty() {
        // A model that is used twice is wrong in the same way twice.
        let mut once: Vec<Diagnostic> = Vec::new();
        for finding in findings {
            if !once.contains(&finding) {
                once.push(finding);
            }
        }
        return Err(Error::Refused(Refused(once)));
    }
    if model.keras == Keras::V2 && made.items.iter().any(|item| matches!(item, Item::Group(_))) {
        let mut next = 1;
        number(&mut graph, &made.items, &mut next);
        graph.skip_to_index(next);
    }
    graph.inputs = made.inputs.into_iter().flatten().collect();
    graph.outputs = made.outputs.into_iter().flatten().collect();
    notes.dedup();
    Ok((graph, notes))
}

/// What became of a use of a layer, in order.
enum Item {
    Node(NodeId),
    /// The input of a model within the model: whoever reads it reads the model's operand.
    Gone,
    /// A model within the model.
    Group(Vec<Item>),
}

/// hls4ml's numbers for Keras 2 networks: models within the model count as one layer first, and are then laid out one
/// after the other (`expand_layer_group`), their inputs counted too.
fn number(graph: &mut Graph, items: &[Item], next: &mut u32) {
    for item in items {
        if let Item::Node(id) = item {
            graph.node_mut(*id).index = *next;
        }
        *next += 1;
    }
    for item in items {
        if let Item::Group(inner) = item {
            number(graph, inner, next);
        }
    }
}

/// A network that was laid out.
struct Made {
    /// Tensors that enter and leave it; `None` where a finding lies before.
    inputs: Vec<Option<NodeId>>,
    outputs: Vec<Option<NodeId>>,
    items: Vec<Item>,
}

/// The graph that is being made.
struct Build<'a> {
    keras: Keras,
    graph: Graph,
    names: Names,
    weights: &'a Weights,
    findings: Vec<Diagnostic>,
    notes: Vec<Diagnostic>,
    uses: usize,
}

impl Build<'_> {
    /// Lays a network out. `given`: the tensors that a model within the model is used on.
    fn network(&mut self, model: &Model, scope: Scope, given: Option<&[NodeId]>) -> Result<Made, Error> {
        let mut tensors: BTreeMap<TensorRef, NodeId> = BTreeMap::new();
        let mut items = Vec::new();
        for (at, call) in topology::order(model)? {
            let layer = &model.layers[at];
            let output = |tensor| TensorRef { layer: layer.name.clone(), node: call, tensor };
            let operands: Option<Vec<NodeId>> =
                layer.calls[call].iter().map(|t| tensors.get(t).copied()).collect();
            let Some(operands) = operands else { continue };
            self.uses += 1;
            if self.uses > MAX_USES {
                let message = format!("with the models in it the network has more than {MAX_USES} layers");
                return Err(Diagnostic::error(code::MALFORMED, message).into());
            }
            if let (Some(given), "InputLayer") = (given, layer.class.as_str()) {
                items.push(Item::Gone);
                if let Some(id) = self.bind(model, layer, given) {
                    tensors.insert(output(0), id);
                }
            } else if let Some(inner) = &layer.inner {
                if inner.inputs.len() != operands.len() {
                    let (takes, has) = (inner.inputs.len(), operands.len());
                    let message = format!("the model takes {takes} input(s), it has {has}");
                    self.findings.push(Diagnostic::error(code::SHAPE, message).layer(&layer.name));
                    continue;
                }
                let made = self.network(inner, self.weights.inner(&scope, layer, inner)?, Some(&operands))?;
                for (number, id) in made.outputs.iter().enumerate() {
                    if let Some(id) = *id {
                        tensors.insert(output(number), id);
                    }
                }
                self.graph.groups.insert(layer.name.clone());
                items.push(Item::Group(made.items));
            } else if let Some(id) = self.layer(layer, call, &scope, operands, &mut items) {
                tensors.insert(output(0), id);
            }
        }
        let ends = |list: &[TensorRef]| list.iter().map(|t| tensors.get(t).copied()).collect();
        Ok(Made { inputs: ends(&model.inputs), outputs: ends(&model.outputs), items })
    }

    /// The tensor that the input layer of a model within the model stands for.
    fn bind(&mut self, model: &Model, layer: &Layer, given: &[NodeId]) -> Option<NodeId> {
        let position = model.inputs.iter().position(|t| t.layer == layer.name);
        let Some(&id) = position.and_then(|i| given.get(i)) else {
            let message = format!("it is no input of the model `{}` that it stands in", model.name);
            self.findings.push(Diagnostic::error(code::TOPOLOGY, message).layer(&layer.name));
            return None;
        };
        let shape = &self.graph.node(id).shape;
        let wanted = ["batch_shape", "batch_input_shape"].iter().find_map(|key| layer.config.get(*key));
        let wanted = wanted.and_then(|v| v.as_array()).and_then(|list| list.get(1..)).unwrap_or(&[]);
        // What is open, or not said at all, fits everything.
        let fits = wanted.is_empty()
            || wanted.len() == shape.len()
                && wanted.iter().zip(shape).all(|(w, n)| w.is_null() || w.as_u64() == Some(*n as u64));
        if !fits {
            let wanted = serde_json::Value::from(wanted.to_vec());
            let message = format!("the model takes an input of shape {wanted}, it has {shape:?}");
            self.findings.push(Diagnostic::error(code::SHAPE, message).layer(&model.name));
            return None;
        }
        Some(id)
    }

    /// Makes the nodes of one use of a layer; `None` where a finding leaves its output's shape unknown.
    fn layer(
        &mut self,
        layer: &Layer,
        call: usize,
        scope: &Scope,
        mut operands: Vec<NodeId>,
        items: &mut Vec<Item>,
    ) -> Option<NodeId> {
        let inputs: Vec<Vec<usize>> = operands.iter().map(|&id| self.graph.node(id).shape.clone()).collect();
        let weights = self.weights.within(scope);
        let mut scene = Scene { keras: self.keras, layer, inputs: &inputs, weights, notes: &mut self.notes };
        let origin = |role: &str| Origin { layer: layer.name.clone(), role: role.into() };
        let pieces = match layers::convert(&mut scene) {
            Ok(pieces) => pieces,
            Err(more) => {
                // The same layer used twice is wrong in the same way twice.
                self.findings.extend(more.into_iter().filter(|d| call == 0 || d.code == code::SHAPE));
                // The graph is lost; a stand-in of the right shape lets the layers behind be judged too.
                let shape = layers::shape_behind(layer, &inputs)?;
                let stand_in = Op::Input(Input { shape, integer: None });
                return self.graph.add(layer.name.clone(), origin(""), stand_in, &[]).ok();
            }
        };
        for piece in pieces {
            let added =
                self.graph.add(self.names.unique(&piece.name), origin(piece.role), piece.op, &operands);
            match added.and_then(|id| bounded(&self.graph.node(id).shape).map(|()| id)) {
                Ok(id) => {
                    items.push(Item::Node(id));
                    operands = vec![id];
                }
                Err(why) => {
                    self.findings.push(Diagnostic::error(code::SHAPE, why).layer(&layer.name));
                    return None;
                }
            }
        }
        operands.first().copied()
    }
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
struct Names {
    used: BTreeSet<String>,
    /// The number from which on a name may be free, so that the thousandth use of a layer is found as fast as the first.
    free: BTreeMap<String, usize>,
}

impl Names {
    fn new(keras: Keras) -> Self {
        let reserved = if keras == Keras::V3 { "input" } else { "" };
        Self { used: reserved.chars().map(String::from).collect(), free: BTreeMap::new() }
    }

    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_string();
        if self.used.contains(name) {
            let number = self.free.entry(name.to_string()).or_default();
            while self.used.contains(&unique) {
                unique = format!("{name}_{number}");
                *number += 1;
            }
        }
        self.used.insert(unique.clone());
        unique
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
