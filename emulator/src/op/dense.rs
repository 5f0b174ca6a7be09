//! Dense: products and partial sums in the accumulator's type, in the strategy's order.

use super::{Counts, alignment, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, Overflow, TooWide};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::Encoding;

/// A dense layer ready to run.
pub struct Kernel<R> {
    /// Length of a dot product, on a grid that has the accumulator's values and 1; the accumulator's shift to that grid.
    length: R,
    lift: u32,
    n_out: usize,
    /// Input index of each step of the accumulation.
    order: Vec<usize>,
    /// Weights, row by row in the order of accumulation: `order.len() x n_out`.
    weight: Vec<R>,
    /// Bias in the accumulator's type.
    bias: Vec<R>,
    /// Inputs are bits: 0 means -1.
    bits: bool,
    product: Cast,
    sum: Cast,
    /// Twice the count of equal bits less `n_in`, where that is what is summed.
    balance: Option<Cast>,
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
        let bits = d.input == Encoding::Xnor;
        let counts = d.counts();
        let product_ty = match (bits, xnor) {
            (true, true) if counts => FixedType::uint(1),
            (true, true) => FixedType::int(2),
            (true, false) => weight_ty.neg(),
            (false, _) => x.mul(&weight_ty),
        };
        let product = cast_from(&product_ty, &accum, budget)?;
        let sum = cast_from(&accum.add(&accum), &accum, budget)?;
        // accum * 2 - n_in, n_in a 32-bit integer.
        let balanced = FixedType::int(d.balance_bits());
        let twice = accum.mul(&FixedType::int(32)).sub(&FixedType::int(32));
        let balance = if counts { Some(cast_from(&twice, &balanced, budget)?) } else { None };
        let result = cast_from(if counts { &balanced } else { &accum }, y, budget)?;
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
        let one_sum = if bits { None } else { one_sum };
        let grid = accum.frac().max(0);
        let length = if grid < 96 { R::truncate((n_in as i128) << grid) } else { R::ZERO };
        let lift = alignment(accum.frac(), grid);
        Ok(Self { length, lift, n_out, order, weight, bias, bits, product, sum, balance, result, one_sum })
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
                let weight = self.weight[k * self.n_out + j];
                let product = match (self.bits, &self.balance) {
                    (false, _) => x[i] * weight,
                    // Weights are -1 and 1 here.
                    (true, Some(_)) => R::from_bool((x[i] == R::ONE) == (weight == R::ONE)),
                    (true, None) if x[i] == R::ONE => weight,
                    (true, None) => -weight,
                };
                let product = convert::<R, COUNT>(&self.product, product, &mut counts.inner);
                sum = convert::<R, COUNT>(&self.sum, sum + product, &mut counts.inner);
            }
            if let Some(balance) = &self.balance {
                sum =
                    convert::<R, COUNT>(balance, ((sum + sum) << self.lift) - self.length, &mut counts.inner);
            }
            *y = convert::<R, COUNT>(&self.result, sum, &mut counts.result);
        }
    }
}
