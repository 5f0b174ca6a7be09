//! A case with something taken away or made plainer.

use super::case::Case;
use ndarray::{ArrayD, Axis, Slice};
use netlathe_apfixed::{FixedType, Precision};
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::input::Input;
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::{Graph, NodeId, Op, Weight};
use std::collections::{BTreeMap, BTreeSet};

/// What happens to a node.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Another operation of the same operands.
    Op(Box<Op>),
    /// Another type of its output.
    Result(Precision),
    /// Whoever reads it reads this operand of it.
    Operand(usize),
    /// It becomes an input of that type with these values.
    Input(FixedType, ArrayD<i128>),
    /// An input becomes shorter along an axis; what reads it is cut to fit.
    Shorten { axis: usize, len: usize },
}

/// What happens to a case.
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    pub(super) change: Option<(NodeId, Change)>,
    /// These alone leave the network.
    pub(super) outputs: Option<Vec<NodeId>>,
    /// This sample alone.
    pub(super) sample: Option<usize>,
    pub(super) drop_style: bool,
    pub(super) parallel: bool,
}

/// The case after the edit, without what no output depends on; `None` when the edit makes no network.
pub(super) fn apply(case: &Case, edit: &Edit) -> Option<Case> {
    let old = &case.graph;
    let change = |id: NodeId| edit.change.as_ref().filter(|(at, _)| *at == id).map(|(_, c)| c);
    let operands = |id: NodeId| match change(id) {
        Some(Change::Operand(i)) => vec![old.node(id).inputs[*i]],
        Some(Change::Input(..)) => Vec::new(),
        _ => old.node(id).inputs.clone(),
    };
    let outputs = edit.outputs.clone().unwrap_or_else(|| old.outputs.clone());
    let mut needed: BTreeSet<NodeId> = BTreeSet::new();
    let mut open = outputs.clone();
    while let Some(id) = open.pop() {
        if needed.insert(id) {
            open.extend(operands(id));
        }
    }
    let mut new = Graph::new(old.name.clone());
    new.io_type = if edit.parallel { Default::default() } else { old.io_type };
    let mut map: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut inputs = Vec::new();
    for id in old.order().into_iter().filter(|id| needed.contains(id)) {
        let node = old.node(id);
        if let Some(Change::Operand(i)) = change(id) {
            map.insert(id, *map.get(&node.inputs[*i])?);
            continue;
        }
        let given = old.inputs.iter().position(|&i| i == id).map(|i| &case.inputs[i]);
        let (op, result, values) = match (change(id), given) {
            (Some(Change::Input(ty, values)), _) => {
                let input = Op::Input(Input { shape: node.shape.clone(), integer: None });
                (input, Precision::Is(*ty), Some(values.clone()))
            }
            (Some(Change::Shorten { axis, len }), Some(values)) => {
                let Op::Input(input) = &node.op else { return None };
                let mut input = input.clone();
                input.shape[*axis] = *len;
                (Op::Input(input), node.result, Some(cut(values, axis + 1, *len)))
            }
            (Some(Change::Op(op)), values) => ((**op).clone(), node.result, values.cloned()),
            (Some(Change::Result(p)), values) => (node.op.clone(), *p, values.cloned()),
            (_, values) => (node.op.clone(), node.result, values.cloned()),
        };
        let from: Vec<NodeId> =
            operands(id).iter().map(|i| map.get(i).copied()).collect::<Option<Vec<_>>>()?;
        let before: Vec<&[usize]> = operands(id).iter().map(|&i| old.node(i).shape.as_slice()).collect();
        let after: Vec<&[usize]> = from.iter().map(|&i| new.node(i).shape.as_slice()).collect();
        let op = if before == after { op } else { fitted(op, &before, &after)? };
        let made = new.add(node.name.clone(), node.origin.clone(), op, &from).ok()?;
        new.node_mut(made).result = result;
        map.insert(id, made);
        if let Some(values) = values {
            new.inputs.push(made);
            inputs.push(match edit.sample {
                Some(s) => values.slice_axis(Axis(0), Slice::from(s..s + 1)).to_owned(),
                None => values,
            });
        }
    }
    new.outputs = outputs.iter().map(|id| map.get(id).copied()).collect::<Option<Vec<_>>>()?;
    new.outputs.dedup();
    let style = if edit.drop_style { None } else { case.style };
    Some(Case { graph: new, style, inputs })
}

fn cut<T: Clone>(array: &ArrayD<T>, axis: usize, len: usize) -> ArrayD<T> {
    array.slice_axis(Axis(axis), Slice::from(..len)).to_owned()
}

/// The weight with its axis cut to a length.
pub(super) fn cut_weight(weight: &mut Weight, axis: usize, len: usize) -> Option<()> {
    (len >= 1 && weight.data.shape().get(axis).is_some_and(|&n| len <= n))
        .then(|| weight.data = cut(&weight.data, axis, len))
}

/// The operation for smaller operands.
fn fitted(mut op: Op, before: &[&[usize]], after: &[&[usize]]) -> Option<Op> {
    let (&old, &new) = (before.first()?, after.first()?);
    let (old_last, last) = (*old.last()?, *new.last()?);
    // One value a channel or one an element.
    let per_channel = |weight: &mut Weight| {
        let n = weight.data.len();
        let len = if n == old_last { last } else { new.iter().product() };
        cut_weight(weight, 0, len)
    };
    match &mut op {
        Op::Dense(d) => cut_weight(&mut d.weight, 0, last)?,
        Op::Conv(c) if c.groups == 1 => cut_weight(&mut c.product.weight, 2, last)?,
        Op::Conv(c) if c.groups == old_last => {
            let filters = c.filters() / c.groups * last;
            c.groups = last;
            cut_weight(&mut c.product.weight, 3, filters)?;
            cut_weight(&mut c.product.bias, 0, filters)?;
        }
        Op::Conv(_) | Op::SeparableConv(_) if old_last != last => return None,
        Op::BatchNorm(b) => {
            per_channel(&mut b.scale)?;
            per_channel(&mut b.bias)?;
        }
        Op::LayerNorm(l) => {
            per_channel(&mut l.scale)?;
            per_channel(&mut l.bias)?;
        }
        Op::Activation(a) => {
            if let Function::PRelu { alpha } = &mut a.function {
                per_channel(alpha)?;
            }
        }
        Op::Reshape(r) => *r = Reshape { shape: vec![new.iter().product()] },
        _ => {}
    }
    Some(op)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::case::{parse, print};
    use std::path::Path;

    fn case() -> Case {
        let text = "network \"t\" io_stream\n\
            \"x\" #1 = Input() shape=[2, 3] : ap_fixed<8,3>\n\
            \"b\" #2 = BatchNormalization(\"x\") scale=f32[3]{1, 2, 3} scale_type=auto bias=f32[3]{4, 5, 6} bias_type=auto reuse=1 : auto\n\
            \"d\" #3 = Dense(\"b\") weight=f32[3x2]{1, 2, 3, 4, 5, 6} weight_type=auto bias=f32[2]{7, 8} bias_type=auto accum=auto strategy=Latency reuse=1 : auto\n\
            \"r\" #4 = Reshape(\"d\") shape=[4] : auto\n\
            inputs \"x\"\n\
            outputs \"d\" \"r\"\n\
            // style dataflow\n\
            // input 0: 1 2 3 4 5 6\n\
            // input 0: -1 -2 -3 -4 -5 -6\n";
        parse(text, Path::new("t.ir")).unwrap()
    }

    fn id(case: &Case, name: &str) -> NodeId {
        case.graph.find(name).unwrap()
    }

    fn change(case: &Case, name: &str, change: Change) -> Case {
        let edit = Edit { change: Some((id(case, name), change)), ..Edit::default() };
        apply(case, &edit).unwrap()
    }

    #[test]
    fn a_case_reads_back_as_it_was_written() {
        let text = print(&case());
        assert_eq!(print(&parse(&text, Path::new("t.ir")).unwrap()), text);
        assert!(
            text.contains("// style dataflow") && text.contains("// input 0: -1 -2 -3 -4 -5 -6"),
            "{text}"
        );
    }

    #[test]
    fn what_no_output_needs_goes() {
        let case = case();
        let edit = Edit { outputs: Some(vec![id(&case, "b")]), sample: Some(1), ..Edit::default() };
        let less = apply(&case, &edit).unwrap();
        assert_eq!((less.graph.len(), less.samples()), (2, 1));
        assert_eq!(less.inputs[0].iter().copied().collect::<Vec<_>>(), [-1, -2, -3, -4, -5, -6]);
    }

    #[test]
    fn a_node_becomes_an_input_or_its_operand() {
        let case = case();
        let values = ArrayD::from_elem(ndarray::IxDyn(&[2, 2, 3]), 9);
        let cut = change(&case, "b", Change::Input(FixedType::fixed(6, 2), values));
        assert_eq!(cut.graph.len(), 3);
        assert_eq!(cut.graph.node(cut.graph.inputs[0]).name, "b");
        assert!(cut.inputs[0].iter().all(|&v| v == 9));
        let bypassed = change(&case, "b", Change::Operand(0));
        assert_eq!(bypassed.graph.node(id(&bypassed, "d")).inputs, [id(&bypassed, "x")]);
    }

    #[test]
    fn what_reads_a_shorter_input_is_cut_to_fit() {
        let shorter = change(&case(), "x", Change::Shorten { axis: 1, len: 2 });
        assert_eq!(shorter.inputs[0].iter().copied().collect::<Vec<_>>(), [1, 2, 4, 5, -1, -2, -4, -5]);
        let Op::Dense(d) = &shorter.graph.node(id(&shorter, "d")).op else { unreachable!() };
        // The rows of the inputs that are left.
        assert_eq!(d.weight.data.iter().copied().collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
        let Op::BatchNorm(b) = &shorter.graph.node(id(&shorter, "b")).op else { unreachable!() };
        assert_eq!(b.bias.data.iter().copied().collect::<Vec<_>>(), [4.0, 5.0]);
        let lower = change(&case(), "x", Change::Shorten { axis: 0, len: 1 });
        assert_eq!(lower.graph.node(id(&lower, "r")).shape, [2]);
    }
}
