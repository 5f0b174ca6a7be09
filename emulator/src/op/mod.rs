//! The arithmetic of each operation on raw integers; `docs/numerics.md` states it.

pub mod activation;
pub mod batch_norm;
pub mod concatenate;
pub mod dense;
pub mod merge;
pub mod reshape;
pub mod softmax;
pub mod threshold;

use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, Overflows, TooWide};
use netlathe_ir::{Node, Op};

/// What a layer's conversions did to values that did not fit.
#[derive(Clone, Copy, Default, Debug)]
pub struct Counts {
    /// Conversions to the result's type.
    pub result: Overflows,
    /// All conversions inside the layer.
    pub inner: Overflows,
}

/// A node ready to run.
pub enum Kernel<R> {
    Input(usize),
    Dense(dense::Kernel<R>),
    Activation(activation::Kernel<R>),
    Softmax(softmax::Kernel<R>),
    BatchNorm(batch_norm::Kernel<R>),
    Merge(merge::Kernel),
    Concatenate(concatenate::Kernel),
    Reshape(reshape::Kernel),
    Threshold(threshold::Kernel<R>),
}

/// A node's operand: its type and shape.
pub struct Operand {
    pub ty: FixedType,
    pub shape: Vec<usize>,
}

impl<R: Int> Kernel<R> {
    /// Prepares a node. `port` is its place among the network's inputs if it is one.
    pub fn compile(
        node: &Node,
        operands: &[Operand],
        port: usize,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        budget.hold(&node.ty());
        for o in operands {
            budget.hold(&o.ty);
        }
        Ok(match &node.op {
            Op::Input(_) => Kernel::Input(port),
            Op::Dense(d) => Kernel::Dense(dense::Kernel::compile(d, &operands[0].ty, &node.ty(), budget)?),
            Op::Activation(a) => {
                Kernel::Activation(activation::Kernel::compile(a, &operands[0].ty, &node.ty(), budget)?)
            }
            Op::Softmax(s) => Kernel::Softmax(softmax::Kernel::compile(s, &operands[0], &node.ty(), budget)?),
            Op::BatchNorm(b) => {
                Kernel::BatchNorm(batch_norm::Kernel::compile(b, &operands[0].ty, &node.ty(), budget)?)
            }
            Op::Merge(m) => Kernel::Merge(merge::Kernel::compile(
                m.op,
                &operands[0].ty,
                &operands[1].ty,
                &node.ty(),
                budget,
            )?),
            Op::Concatenate(c) => {
                Kernel::Concatenate(concatenate::Kernel::compile(c.axis, operands, &node.ty(), budget)?)
            }
            Op::Threshold(t) => Kernel::Threshold(threshold::Kernel::compile(t)),
            _ if !matches!(node.op, Op::Reshape(_)) => unreachable!("not made by any front end yet"),
            _ => Kernel::Reshape(reshape::Kernel::compile(&operands[0].ty, &node.ty(), budget)?),
        })
    }

    /// Runs the node on one sample. `COUNT` also counts overflows, which costs time.
    pub fn run<const COUNT: bool>(&self, x: &[&[R]], y: &mut [R], counts: &mut Counts) {
        match self {
            // The plan puts the quantised input there.
            Kernel::Input(_) => {}
            Kernel::Dense(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::Activation(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::Softmax(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::BatchNorm(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::Merge(k) => k.run::<R, COUNT>(x[0], x[1], y, counts),
            Kernel::Concatenate(k) => k.run::<R, COUNT>(x, y, counts),
            Kernel::Threshold(k) => k.run(x[0], y),
            Kernel::Reshape(k) => k.run::<R, COUNT>(x[0], y, counts),
        }
    }
}

/// Prepares a conversion and books what it needs.
fn cast_from(src: &FixedType, dst: &FixedType, budget: &mut Budget) -> Result<Cast, TooWide> {
    budget.hold(src);
    budget.hold(dst);
    let cast = Cast::new(src, dst)?;
    budget.need(cast.needed_bits());
    Ok(cast)
}

/// Converts, counting if asked.
#[inline]
fn convert<R: Int, const COUNT: bool>(cast: &Cast, raw: R, n: &mut Overflows) -> R {
    if COUNT { cast.apply_counted(raw, n) } else { cast.apply(raw) }
}

/// Left shift that brings a value with `frac` fraction bits to `common`.
fn alignment(frac: i32, common: i32) -> u32 {
    debug_assert!(common >= frac, "values are aligned to the finest grid");
    (common - frac).unsigned_abs()
}
