//! The arithmetic of each operation on raw integers; `docs/numerics.md` states it.

pub mod activation;
pub mod batch_norm;
pub mod concatenate;
pub mod conv;
pub mod cropping;
pub mod dense;
pub mod dot;
pub mod embedding;
pub mod gather;
pub mod index;
pub mod layer_norm;
pub mod merge;
pub mod pool;
pub mod product;
pub mod repeat_vector;
pub mod reshape;
pub mod resize;
pub mod softmax;
pub mod threshold;
pub mod transpose;
pub mod zero_padding;

use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, Overflows, TooWide};
use netlathe_ir::config::IoType;
use netlathe_ir::op::broadcast;
use netlathe_ir::op::resize::Interpolation;
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
    Conv(conv::Kernel<R>),
    Pool(pool::Kernel),
    Activation(activation::Kernel<R>),
    Softmax(softmax::Kernel<R>),
    BatchNorm(batch_norm::Kernel<R>),
    LayerNorm(layer_norm::Kernel<R>),
    Merge(merge::Kernel<R>),
    Dot(dot::Kernel),
    Concatenate(concatenate::Kernel),
    Reshape(reshape::Kernel),
    Threshold(threshold::Kernel<R>),
    /// Padding, cropping, resizing to the nearest, transposing, repeating.
    Gather(gather::Kernel),
    Bilinear(resize::Bilinear<R>),
    Embedding(embedding::Kernel<R>),
}

/// A node's operand: its type and shape.
pub struct Operand {
    pub ty: FixedType,
    pub shape: Vec<usize>,
}

impl<R: Int> Kernel<R> {
    /// Prepares a node. `port` is its place among the network's inputs if it is one; some operations compute otherwise in
    /// another I/O style.
    pub fn compile(
        node: &Node,
        operands: &[Operand],
        port: usize,
        io: IoType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let y = &node.ty();
        budget.hold(y);
        for o in operands {
            budget.hold(&o.ty);
        }
        let Some(x) = operands.first() else { return Ok(Kernel::Input(port)) };
        let gather = |sources: Vec<usize>, budget: &mut Budget| {
            gather::Kernel::compile(sources, x, y, budget).map(Kernel::Gather)
        };
        Ok(match &node.op {
            Op::Input(_) => Kernel::Input(port),
            Op::Dense(d) => Kernel::Dense(dense::Kernel::compile(d, &x.ty, y, budget)?),
            Op::Conv(c) => Kernel::Conv(conv::Kernel::compile(c, x, y, budget)?),
            Op::Pool(p) => Kernel::Pool(pool::Kernel::compile(p, x, y, io, budget)?),
            Op::Activation(a) => Kernel::Activation(activation::Kernel::compile(a, &x.ty, y, io, budget)?),
            Op::Softmax(s) => Kernel::Softmax(softmax::Kernel::compile(s, x, y, budget)?),
            Op::BatchNorm(b) => Kernel::BatchNorm(batch_norm::Kernel::compile(b, &x.ty, y, budget)?),
            Op::Merge(m) => Kernel::Merge(merge::Kernel::compile(m.op, operands, &node.shape, y, budget)?),
            Op::Dot(d) => Kernel::Dot(dot::Kernel::compile(d, operands, y, budget)?),
            Op::Concatenate(c) => {
                Kernel::Concatenate(concatenate::Kernel::compile(c.axis, operands, y, budget)?)
            }
            Op::Threshold(t) => Kernel::Threshold(threshold::Kernel::compile(t)),
            Op::Reshape(_) => Kernel::Reshape(reshape::Kernel::compile(&x.ty, y, budget)?),
            Op::ZeroPadding(z) => gather(zero_padding::sources(z, &x.shape), budget)?,
            Op::Cropping(c) => gather(cropping::sources(c, &x.shape), budget)?,
            Op::Transpose(t) => gather(transpose::sources(t, &x.shape), budget)?,
            Op::RepeatVector(r) => gather(repeat_vector::sources(r, &x.shape), budget)?,
            Op::Broadcast(b) => gather(broadcast::sources(&x.shape, &b.shape), budget)?,
            Op::Resize(r) if r.interpolation == Interpolation::Nearest => {
                gather(resize::nearest(r, &x.shape), budget)?
            }
            Op::Resize(r) => Kernel::Bilinear(resize::Bilinear::compile(r, x, y, budget)?),
            Op::Embedding(e) => Kernel::Embedding(embedding::Kernel::compile(e, &x.ty, y, budget)?),
            Op::LayerNorm(l) => Kernel::LayerNorm(layer_norm::Kernel::compile(l, &x.ty, y, budget)?),
            Op::SeparableConv(_) => unreachable!("pass split_separable leaves none"),
        })
    }

    /// Runs the node on one sample. `COUNT` also counts overflows, which costs time.
    pub fn run<const COUNT: bool>(&self, x: &[&[R]], y: &mut [R], counts: &mut Counts) {
        match self {
            // The plan puts the quantised input there.
            Kernel::Input(_) => {}
            Kernel::Dense(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::Conv(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::Pool(k) => k.run::<R, COUNT>(x[0], y, counts),
            Kernel::Activation(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::Softmax(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::BatchNorm(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::LayerNorm(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::Merge(k) => k.run::<COUNT>(x, y, counts),
            Kernel::Dot(k) => k.run::<R, COUNT>(x[0], x[1], y, counts),
            Kernel::Concatenate(k) => k.run::<R, COUNT>(x, y, counts),
            Kernel::Threshold(k) => k.run(x[0], y),
            Kernel::Reshape(k) => k.run::<R, COUNT>(x[0], y, counts),
            Kernel::Gather(k) => k.run::<R, COUNT>(x[0], y, counts),
            Kernel::Bilinear(k) => k.run::<COUNT>(x[0], y, counts),
            Kernel::Embedding(k) => k.run::<COUNT>(x[0], y, counts),
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

/// Balanced sum: the left half is the largest power of two below the length.
fn tree<R: Int>(x: &[R], add: &mut impl FnMut(R, R) -> R) -> R {
    match x {
        [one] => *one,
        _ => {
            let left = (x.len() - 1).next_power_of_two().max(1);
            let left = if left >= x.len() { left / 2 } else { left };
            let (a, b) = (tree(&x[..left], add), tree(&x[left..], add));
            add(a, b)
        }
    }
}
