//! Dense: products and partial sums in the accumulator's type, in the strategy's order.

use super::{Counts, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, Overflow, TooWide};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::Encoding;

/// A dense layer ready to run.
pub struct Kernel<R> {
    n_out: usize,
    /// Input index of each step of the accumulation.
    order: Vec<usize>,
    /// Weights, row by row in the order of accumulation: `order.len() x n_out`.
    weight: Vec<R>,
    /// Bias in the accumulator's type.
    bias: Vec<R>,
    product: Cast,
    sum: Cast,
    result: Cast,
    /// Products are only shifted left by this, and wrapping once at the end equals wrapping at every step.
    one_sum: Option<u32>,
}

impl<R: Int> Kernel<R> {
    pub fn compile(d: &Dense, x: &FixedType, y: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        let netlathe_apfixed::Precision::Is(accum) = d.accum else { unreachable!("validated") };
        let (n_in, n_out) = (d.n_in(), d.n_out());
        // A one-bit weight means -1 or 1: the product is the input or its negation.
        let xnor = d.weight.encoding == Encoding::Xnor;
        let weight_ty = if xnor { FixedType::int(2) } else { d.weight.ty() };
        let product_ty = x.mul(&weight_ty);
        let product = cast_from(&product_ty, &accum, budget)?;
        let sum = cast_from(&accum.add(&accum), &accum, budget)?;
        let result = cast_from(&accum, y, budget)?;
        let bias_cast = cast_from(&d.bias.ty(), &accum, budget)?;
        let bias = d.bias.raw().iter().map(|&b| R::truncate(bias_cast.apply(i128::from(b)))).collect();

        let order = d.accumulation_order();
        let raw = d.weight.raw();
        let mut weight = Vec::with_capacity(n_in * n_out);
        for &i in &order {
            for j in 0..n_out {
                let w = raw[[i, j]];
                weight.push(R::of(if xnor { 2 * w - 1 } else { w }));
            }
        }
        let shift = accum.frac() - product_ty.frac();
        let wraps = accum.overflow == Overflow::Wrap && accum.sat_bits == 0;
        // With a plain wrapping accumulator the sum modulo 2^W does not depend on where it wraps, so any integer of at
        // least W bits may carry it, overflowing as it likes.
        let one_sum = (wraps && shift >= 0 && accum.raw_bits() <= R::BITS).then_some(shift.unsigned_abs());
        Ok(Self { n_out, order, weight, bias, product, sum, result, one_sum })
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        if let (Some(shift), false) = (self.one_sum, COUNT) {
            y.copy_from_slice(&self.bias);
            for (&i, row) in self.order.iter().zip(self.weight.chunks_exact(self.n_out)) {
                let x = x[i] << shift;
                if x != R::ZERO {
                    for (y, &w) in y.iter_mut().zip(row) {
                        *y = y.wrapping_add(x.wrapping_mul(w));
                    }
                }
            }
            for y in y {
                *y = self.result.apply(self.sum.apply(*y));
            }
            return;
        }
        for (j, y) in y.iter_mut().enumerate() {
            let mut sum = self.bias[j];
            for (k, &i) in self.order.iter().enumerate() {
                let product = x[i] * self.weight[k * self.n_out + j];
                let product = convert::<R, COUNT>(&self.product, product, &mut counts.inner);
                sum = convert::<R, COUNT>(&self.sum, sum + product, &mut counts.inner);
            }
            *y = convert::<R, COUNT>(&self.result, sum, &mut counts.result);
        }
    }
}
