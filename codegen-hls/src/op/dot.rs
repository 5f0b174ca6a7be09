//! Dot product along one axis of each operand: `dot`.

use super::{Operand, known};
use crate::layer::Layer;
use crate::names::Namer;
use netlathe_ir::op::dot::Dot;

pub(super) fn lower(layer: &mut Layer, d: &Dot, operands: &[Operand<'_>], namer: &mut Namer) {
    layer.headers.push("nnet_dot.h");
    let accum = layer.ty("accum", &known(d.accum), namer);
    layer.alias("accum_t", &accum);
    let n = operands[0].shape[d.axes[0]];
    layer.constant("n", n);
    for ((name, operand), axis) in ["a", "b"].iter().zip(operands).zip(d.axes) {
        layer.constant(&format!("{name}_free"), operand.len() / n);
        layer.constant(&format!("{name}_inner"), operand.shape[axis + 1..].iter().product());
    }
    layer.calls.push(format!(
        "nnet::dot<{}>({}, {}, {});",
        layer.config_name, operands[0].array, operands[1].array, layer.out
    ));
}
