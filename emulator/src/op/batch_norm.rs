//! Affine map per channel: one exact expression, one conversion.

use super::{Counts, alignment, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, TooWide};
use netlathe_ir::op::batch_norm::BatchNorm;

/// An affine map ready to run: `(x * scale << shift) + bias`, bias aligned already.
pub struct Kernel<R> {
    scale: Vec<R>,
    bias: Vec<R>,
    shift: u32,
    result: Cast,
}

impl<R: Int> Kernel<R> {
    pub fn compile(
        b: &BatchNorm,
        x: &FixedType,
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let product = x.mul(&b.scale.ty());
        let sum = product.add(&b.bias.ty());
        let result = cast_from(&sum, y, budget)?;
        let lift = alignment(b.bias.ty().frac(), sum.frac());
        if sum.raw_bits() > 128 {
            return Ok(Self { scale: Vec::new(), bias: Vec::new(), shift: 0, result });
        }
        Ok(Self {
            scale: b.scale.raw().iter().map(|&s| R::of(s)).collect(),
            bias: b.bias.raw().iter().map(|&t| R::truncate(i128::from(t) << lift)).collect(),
            shift: alignment(product.frac(), sum.frac()),
            result,
        })
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let n = self.scale.len();
        for (y, x) in y.chunks_mut(n).zip(x.chunks(n)) {
            for (((y, &x), &s), &t) in y.iter_mut().zip(x).zip(&self.scale).zip(&self.bias) {
                *y = convert::<R, COUNT>(&self.result, ((x * s) << self.shift) + t, &mut counts.result);
            }
        }
    }
}
