//! What each operation adds to the generated code: types, constants, a configuration, calls.

mod activation;
mod adders;
mod batch_norm;
mod concatenate;
pub(crate) mod conv;
mod dense;
mod merge;
pub(crate) mod product;
mod reshape;
mod softmax;
mod threshold;
pub(crate) mod window;

use crate::layer::Layer;
use crate::names::Namer;
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
pub(crate) fn lower(layer: &mut Layer, node: &Node, operands: &[Operand<'_>], namer: &mut Namer) {
    match &node.op {
        Op::Input(_) => {}
        Op::Dense(d) => dense::lower(layer, d, &operands[0], namer),
        Op::Conv(c) => conv::lower(layer, c, &operands[0], namer),
        Op::Activation(a) => activation::lower(layer, a, node, &operands[0], namer),
        Op::Softmax(s) => softmax::lower(layer, s, node, &operands[0], namer),
        Op::BatchNorm(b) => batch_norm::lower(layer, b, &operands[0], namer),
        Op::Merge(m) => merge::lower(layer, m, operands),
        Op::Concatenate(c) => concatenate::lower(layer, c, node, operands),
        Op::Reshape(_) => reshape::lower(layer, &operands[0]),
        Op::Threshold(t) => threshold::lower(layer, t, &operands[0], namer),
        _ => unreachable!("not made by any front end yet"),
    }
}

/// Cycles after which the operation can take the next tensor: its reuse factor where multipliers are shared, else 1.
pub(crate) fn interval(op: &Op) -> u32 {
    match op {
        Op::Dense(d) => d.reuse_factor,
        Op::Conv(c) => c.product.reuse_factor,
        Op::BatchNorm(b) => b.reuse_factor,
        Op::Input(_)
        | Op::Activation(_)
        | Op::Softmax(_)
        | Op::Merge(_)
        | Op::Concatenate(_)
        | Op::Reshape(_)
        | Op::Threshold(_) => 1,
        _ => 1,
    }
    .max(1)
}

/// A type that a validated graph knows.
fn known(precision: Precision) -> FixedType {
    match precision {
        Precision::Is(ty) => ty,
        Precision::Auto => unreachable!("a validated graph has no open type that is used"),
    }
}
