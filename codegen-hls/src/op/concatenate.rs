//! Concatenation: every operand is put into its place.

use super::Operand;
use crate::layer::Layer;
use netlathe_ir::Node;
use netlathe_ir::op::concatenate::Concatenate;

pub(super) fn lower(layer: &mut Layer, c: &Concatenate, node: &Node, operands: &[Operand<'_>]) {
    layer.headers.push("nnet_concatenate.h");
    // The axis counted from the end: the operands may be tokens.
    let axis = c.axis + layer.shape.len() - node.shape.len();
    let outer: usize = layer.shape[..axis].iter().product();
    let total: usize = layer.shape[axis..].iter().product();
    let mut offset = 0;
    for operand in operands {
        let row: usize = operand.shape[axis..].iter().product();
        layer.calls.push(format!(
            "nnet::concatenate<{outer}, {row}, {total}, {offset}>({}, {});",
            operand.array, layer.out
        ));
        offset += row;
    }
}
