//! Element-wise combination of two tensors: `merge` with the function of two elements.

use super::Operand;
use crate::layer::Layer;
use netlathe_ir::op::merge::Merge;

pub(super) fn lower(layer: &mut Layer, m: &Merge, operands: &[Operand<'_>]) {
    layer.headers.push("nnet_merge.h");
    layer.calls.push(format!(
        "nnet::merge<nnet::{}, {}>({}, {}, {});",
        m.op.name(),
        layer.len,
        operands[0].array,
        operands[1].array,
        layer.out
    ));
}
