//! Dot product along one axis of each operand: `s = 0`; for each `k` in order `s = Q(accum, s + Q(accum, a_k * b_k))`;
//! `Q(result, s)`.

use super::{Counts, Operand, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, Precision, TooWide};
use netlathe_ir::op::dot::Dot;

/// A dot product ready to run.
pub struct Kernel {
    /// Sizes before, along and behind the axis of each operand.
    split: [[usize; 3]; 2],
    product: Cast,
    sum: Cast,
    result: Cast,
}

impl Kernel {
    pub fn compile(
        d: &Dot,
        operands: &[Operand],
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let Precision::Is(accum) = d.accum else { unreachable!("validated") };
        let split = [0, 1].map(|o| {
            let (shape, axis) = (&operands[o].shape, d.axes[o]);
            [shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product()]
        });
        Ok(Self {
            split,
            product: cast_from(&operands[0].ty.mul(&operands[1].ty), &accum, budget)?,
            sum: cast_from(&accum.add(&accum), &accum, budget)?,
            result: cast_from(&accum, y, budget)?,
        })
    }

    pub fn run<R: Int, const COUNT: bool>(&self, a: &[R], b: &[R], y: &mut [R], counts: &mut Counts) {
        let [[_, n, inner_a], [outer_b, _, inner_b]] = self.split;
        let free_b = outer_b * inner_b;
        for (flat, y) in y.iter_mut().enumerate() {
            let (i, j) = (flat / free_b, flat % free_b);
            let at_a = i / inner_a * n * inner_a + i % inner_a;
            let at_b = j / inner_b * n * inner_b + j % inner_b;
            let mut sum = R::ZERO;
            for k in 0..n {
                let product = a[at_a + k * inner_a] * b[at_b + k * inner_b];
                let product = convert::<R, COUNT>(&self.product, product, &mut counts.inner);
                sum = convert::<R, COUNT>(&self.sum, sum + product, &mut counts.inner);
            }
            *y = convert::<R, COUNT>(&self.result, sum, &mut counts.result);
        }
    }
}
