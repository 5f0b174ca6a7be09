//! Concatenation: every operand is put into its place.

use super::Operand;
use crate::layer::Layer;
use netlathe_ir::Node;
use netlathe_ir::op::concatenate::Concatenate;

pub(super) fn lower(layer: &mut Layer, c: &Concatenate, node: &Node, operands: &[Operand<'_>]) {
    layer.headers.push("nnet_concatenate.h");
    let outer: usize = node.shape[..c.axis].iter().product();
    let total: usize = node.shape[c.axis..].iter().product();
    let mut offset = 0;
    for operand in operands {
        let row: usize = operand.node.shape[c.axis..].iter().product();
        layer.calls.push(format!(
            "nnet::concatenate<{outer}, {row}, {total}, {offset}>({}, {});",
            operand.array, layer.out
        ));
        offset += row;
    }
}
