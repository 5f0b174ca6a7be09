//! Element-wise combination of tensors: `merge` with the function of two elements, operand after operand.

use super::{Operand, gather};
use crate::layer::Layer;
use crate::names::Namer;
use netlathe_ir::FixedType;
use netlathe_ir::op::merge::{Merge, MergeOp};

pub(super) fn lower(layer: &mut Layer, m: &Merge, operands: &[Operand<'_>], namer: &mut Namer) {
    layer.headers.push("nnet_merge.h");
    let whole: Vec<(String, FixedType)> =
        operands.iter().enumerate().map(|(i, x)| (repeated(layer, i, x, namer), x.ty)).collect();
    let (mut left, mut ty) = whole[0].clone();
    for (right, right_ty) in &whole[1..whole.len() - 1] {
        // What is not the last step is exact.
        ty = match m.op {
            MergeOp::Multiply => ty.mul(right_ty),
            // The sum's type also holds each of two values.
            _ => ty.add(right_ty),
        };
        let step = match m.op {
            MergeOp::Average => MergeOp::Add,
            op => op,
        };
        let name = layer.ty("partial", &ty, namer);
        let partial = local(layer, &name, "partial", namer);
        layer.calls.push(call(step.name(), layer.len, &left, right, &partial));
        left = partial;
    }
    let n = operands.len();
    let function = match m.op {
        MergeOp::Average if n > 2 => {
            layer.headers.push("nnet_average.h");
            let log2 = if n.is_power_of_two() { n.ilog2() } else { 0 };
            format!("average_of<{n}, {log2}>")
        }
        op => op.name().to_owned(),
    };
    layer.calls.push(call(&function, layer.len, &left, &whole[n - 1].0, &layer.out));
}

fn call(function: &str, len: usize, a: &str, b: &str, y: &str) -> String {
    format!("nnet::merge<nnet::{function}, {len}>({a}, {b}, {y});")
}

/// The array of an operand in the layer's shape: its own, or one that repeats it.
fn repeated(layer: &mut Layer, number: usize, x: &Operand<'_>, namer: &mut Namer) -> String {
    if x.len() == layer.len {
        return x.array.to_owned();
    }
    layer.headers.push("nnet_gather.h");
    let source = format!("source_{number}");
    layer.config.push(gather::source(&source, &gather::repeated_index(&x.shape, &layer.shape)));
    let ty = layer.ty("repeated", &x.ty, namer);
    let name = local(layer, &ty, "repeated", namer);
    let config = &layer.config_name;
    layer.calls.push(format!("nnet::gather<{config}::{source}, {}>({}, {name});", layer.len, x.array));
    name
}

/// An array between the calls, of the layer's length.
fn local(layer: &mut Layer, ty: &str, role: &str, namer: &mut Namer) -> String {
    let name = namer.unique(&format!("{}_{role}", layer.ident));
    layer.calls.push(format!("{ty} {name}[{}];", layer.len));
    layer.calls.push(format!("NNET_PARTITION({name})"));
    name
}
