//! The same elements under another shape: `reshape`.

use super::Operand;
use crate::layer::Layer;

pub(super) fn lower(layer: &mut Layer, x: &Operand<'_>) {
    layer.headers.push("nnet_reshape.h");
    layer.calls.push(format!("nnet::reshape<{}>({}, {});", layer.len, x.array, layer.out));
}
