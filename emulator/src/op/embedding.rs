//! Rows of a table, picked by integers: the input's whole part, the nearest row where there is none of that number.

use super::{Counts, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, TooWide};
use netlathe_ir::op::embedding::Embedding;

/// An embedding ready to run.
pub struct Kernel<R> {
    table: Vec<R>,
    /// Elements of a row, and the last row.
    n: usize,
    last: R,
    /// Fraction bits of the input, or, negative, bits that it lacks before the point.
    frac: i32,
    result: Cast,
}

impl<R: Int> Kernel<R> {
    pub fn compile(
        e: &Embedding,
        x: &FixedType,
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let &[rows, n] = e.table.data.shape() else { unreachable!("validated") };
        let table = e.table.raw().iter().map(|&w| R::of(w)).collect();
        Ok(Self {
            table,
            n,
            last: R::truncate(rows as i128 - 1),
            frac: x.frac(),
            result: cast_from(&e.table.ty(), y, budget)?,
        })
    }

    fn row(&self, x: R) -> usize {
        if self.frac >= 0 {
            // Rounding down or toward zero: below 0 both end in row 0.
            let whole = x >> self.frac.unsigned_abs().min(R::BITS - 1);
            return whole.clamp(R::ZERO, self.last).widen() as usize;
        }
        // Before the shift: what is off the table stays off it.
        let x = x.clamp(R::ZERO, self.last).widen();
        let whole = x.saturating_mul(1 << self.frac.unsigned_abs().min(62));
        whole.min(self.last.widen()) as usize
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        for (y, &x) in y.chunks_exact_mut(self.n).zip(x) {
            let row = &self.table[self.row(x) * self.n..][..self.n];
            for (y, &e) in y.iter_mut().zip(row) {
                *y = convert::<R, COUNT>(&self.result, e, &mut counts.result);
            }
        }
    }
}
