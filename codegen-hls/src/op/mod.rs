//! What each operation adds to the generated code: types, constants, a configuration, calls.

mod activation;
mod adders;
mod batch_norm;
mod concatenate;
pub(crate) mod conv;
mod dense;
mod dot;
mod embedding;
mod gather;
mod layer_norm;
mod merge;
mod pool;
pub(crate) mod product;
mod reshape;
mod resize;
mod softmax;
mod threshold;
pub(crate) mod window;

use crate::layer::Layer;
use crate::names::Namer;
use netlathe_ir::config::IoType;
use netlathe_ir::{FixedType, Node, Op, Precision};

/// An operand: the array that holds it, and what it is.
pub(crate) struct Operand<'a> {
    pub(crate) array: &'a str,
    /// What of the tensor the array holds: all of it, or a token.
    pub(crate) shape: Vec<usize>,
    pub(crate) ty: FixedType,
}

impl Operand<'_> {
    /// Elements of the array.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Fills in the layer of `node`.
///
/// Lengths and shapes are those of the operands and of the layer as they are handed in, not the node's: with a token (the
/// elements of the last axis, or of the last few) in place of the whole tensors, the calls compute that token of any operation
/// that works token by token. An axis counts from the end for that reason.
pub(crate) fn lower(
    layer: &mut Layer,
    node: &Node,
    operands: &[Operand<'_>],
    io_type: IoType,
    namer: &mut Namer,
) {
    let x = operands.first();
    let x = || x.unwrap_or_else(|| unreachable!("a validated graph gives every operation its operands"));
    match &node.op {
        Op::Input(_) => {}
        Op::Dense(d) => dense::lower(layer, d, x(), namer),
        Op::Conv(c) => conv::lower(layer, c, x(), namer),
        Op::SeparableConv(_) => unreachable!("the passes make two convolutions of a separable one"),
        Op::Activation(a) => activation::lower(layer, a, node, x(), io_type, namer),
        Op::Softmax(s) => softmax::lower(layer, s, node, x(), namer),
        Op::BatchNorm(b) => batch_norm::lower(layer, b, x(), namer),
        Op::LayerNorm(l) => layer_norm::lower(layer, l, x(), namer),
        Op::Pool(p) => pool::lower(layer, p, x(), namer),
        Op::Merge(m) => merge::lower(layer, m, operands, namer),
        Op::Concatenate(c) => concatenate::lower(layer, c, node, operands),
        Op::Dot(d) => dot::lower(layer, d, operands, namer),
        Op::Embedding(e) => embedding::lower(layer, e, x(), namer),
        Op::Reshape(_) => reshape::lower(layer, x()),
        Op::Threshold(t) => threshold::lower(layer, t, x(), namer),
        Op::Transpose(t) => gather::transpose(layer, t, x()),
        Op::RepeatVector(_) | Op::Broadcast(_) => gather::repeated(layer, x()),
        Op::ZeroPadding(z) => gather::zero_padding(layer, z, x()),
        Op::Cropping(c) => gather::cropping(layer, c, x()),
        Op::Resize(r) => resize::lower(layer, r, x()),
    }
}

/// Cycles after which the operation can take the next tensor: its reuse factor where multipliers are shared, else 1.
pub(crate) fn interval(op: &Op) -> u32 {
    match op {
        Op::Dense(_) | Op::Conv(_) => op.product().map_or(1, |d| d.reuse_factor),
        Op::BatchNorm(b) => b.reuse_factor,
        _ => 1,
    }
    .max(1)
}

/// A type that a validated graph knows.
pub(crate) fn known(precision: Precision) -> FixedType {
    match precision {
        Precision::Is(ty) => ty,
        Precision::Auto => unreachable!("a validated graph has no open type that is used"),
    }
}
