//! In which order the layers' uses become nodes, and what is wrong with the connections.

use std::collections::{BTreeMap, BTreeSet};

use netlathe_ir::Diagnostic;

use crate::error::code;
use crate::model::{Keras, Model, TensorRef};

/// One use of a layer: (position of the layer in the file, number of the use).
pub(crate) type Use = (usize, usize);

/// The uses in hls4ml's order: of those whose operands are there, the first in the file comes next.
///
/// Keras 3 networks end as soon as all outputs are there (hls4ml leaves the rest out); Keras 2 networks keep every
/// layer.
///
/// # Errors
/// Operands that do not exist, and cycles, each with the layers' names.
pub(crate) fn order(model: &Model) -> Result<Vec<Use>, Vec<Diagnostic>> {
    let mut position: BTreeMap<&str, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    for (at, layer) in model.layers.iter().enumerate() {
        if position.insert(&layer.name, at).is_some() {
            findings.push(
                Diagnostic::error(code::TOPOLOGY, "two layers of the file have this name").layer(&layer.name),
            );
        }
    }
    let find = |tensor: &TensorRef| -> Option<Use> {
        let at = *position.get(tensor.layer.as_str())?;
        (tensor.node < model.layers[at].calls.len()).then_some((at, tensor.node))
    };
    let mut missing: BTreeMap<Use, usize> = BTreeMap::new();
    let mut readers: BTreeMap<Use, Vec<Use>> = BTreeMap::new();
    for (at, layer) in model.layers.iter().enumerate() {
        for (call, operands) in layer.calls.iter().enumerate() {
            missing.insert((at, call), operands.len());
            for operand in operands {
                match find(operand) {
                    Some(source) => readers.entry(source).or_default().push((at, call)),
                    None => findings.push(
                        Diagnostic::error(
                            code::TOPOLOGY,
                            format!("reads `{}`, which does not exist", show(operand)),
                        )
                        .layer(&layer.name),
                    ),
                }
            }
        }
    }
    let mut wanted = BTreeSet::new();
    for end in model.inputs.iter().chain(&model.outputs) {
        match find(end) {
            Some(source) => {
                wanted.insert(source);
            }
            None => findings.push(Diagnostic::error(
                code::TOPOLOGY,
                format!("`{}` is an input or output of the model, and does not exist", show(end)),
            )),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }

    let mut ready: BTreeSet<Use> = missing.iter().filter(|(_, n)| **n == 0).map(|(u, _)| *u).collect();
    let mut order = Vec::with_capacity(missing.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        wanted.remove(&next);
        if wanted.is_empty() && model.keras == Keras::V3 {
            return Ok(order);
        }
        for reader in readers.get(&next).map_or(&[][..], Vec::as_slice) {
            if let Some(count) = missing.get_mut(reader) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*reader);
                }
            }
        }
    }
    if order.len() == missing.len() {
        return Ok(order);
    }
    let done: BTreeSet<Use> = order.into_iter().collect();
    Err(vec![cycle(model, &done, |tensor| find(tensor))])
}

fn show(tensor: &TensorRef) -> String {
    if tensor.node == 0 {
        tensor.layer.clone()
    } else {
        format!("{} (use {})", tensor.layer, tensor.node + 1)
    }
}

/// Walks from a use that never became ready to an operand that never did, until one comes up again: that is a cycle.
fn cycle(model: &Model, done: &BTreeSet<Use>, find: impl Fn(&TensorRef) -> Option<Use>) -> Diagnostic {
    let stuck = |tensor: &TensorRef| find(tensor).filter(|source| !done.contains(source));
    let all =
        model.layers.iter().enumerate().flat_map(|(at, l)| (0..l.calls.len()).map(move |call| (at, call)));
    let mut path: Vec<Use> = all.filter(|u| !done.contains(u)).take(1).collect();
    while let Some(&(at, call)) = path.last() {
        let Some(next) = model.layers[at].calls[call].iter().find_map(stuck) else { break };
        if let Some(start) = path.iter().position(|u| *u == next) {
            path.drain(..start);
            break;
        }
        path.push(next);
    }
    // The walk went against the data; the message goes with it.
    path.reverse();
    let first = path.iter().enumerate().min_by_key(|(_, u)| **u).map_or(0, |(i, _)| i);
    path.rotate_left(first);
    let mut names: Vec<&str> = path.iter().map(|(at, _)| model.layers[*at].name.as_str()).collect();
    names.extend(names.first().copied());
    Diagnostic::error(code::TOPOLOGY, format!("the network has a cycle: {}", names.join(" -> ")))
        .help("only feed-forward networks can be converted; save the model again with Keras")
}
