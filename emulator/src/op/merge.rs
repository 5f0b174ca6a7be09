//! Element-wise combination: exact, then one conversion.

use super::{Counts, alignment, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, TooWide};
use netlathe_ir::op::merge::MergeOp;

/// A merge ready to run.
pub struct Kernel {
    op: MergeOp,
    /// Left shifts that bring both operands to one grid.
    shift: [u32; 2],
    result: Cast,
    /// Conversions of an operand itself, for maximum and minimum.
    select: [Cast; 2],
}

impl Kernel {
    pub fn compile(
        op: MergeOp,
        a: &FixedType,
        b: &FixedType,
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let exact = match op {
            MergeOp::Add | MergeOp::Maximum | MergeOp::Minimum => a.add(b),
            MergeOp::Subtract => a.sub(b),
            MergeOp::Multiply => a.mul(b),
            // Half of the sum: one more fraction bit, one integer bit less.
            MergeOp::Average => {
                let sum = a.add(b);
                FixedType { integer: sum.integer - 1, ..sum }
            }
        };
        let common = a.frac().max(b.frac());
        let shift = if op == MergeOp::Multiply {
            [0, 0]
        } else {
            [alignment(a.frac(), common), alignment(b.frac(), common)]
        };
        Ok(Self {
            op,
            shift,
            result: cast_from(&exact, y, budget)?,
            select: [cast_from(a, y, budget)?, cast_from(b, y, budget)?],
        })
    }

    pub fn run<R: Int, const COUNT: bool>(&self, a: &[R], b: &[R], y: &mut [R], counts: &mut Counts) {
        let n = &mut counts.result;
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            let (p, q) = (a << self.shift[0], b << self.shift[1]);
            *y = match self.op {
                MergeOp::Add | MergeOp::Average => convert::<R, COUNT>(&self.result, p + q, n),
                MergeOp::Subtract => convert::<R, COUNT>(&self.result, p - q, n),
                MergeOp::Multiply => convert::<R, COUNT>(&self.result, p * q, n),
                // Of two equal values the second is taken: they may differ in type, not in value.
                MergeOp::Maximum if p > q => convert::<R, COUNT>(&self.select[0], a, n),
                MergeOp::Minimum if p < q => convert::<R, COUNT>(&self.select[0], a, n),
                MergeOp::Maximum | MergeOp::Minimum => convert::<R, COUNT>(&self.select[1], b, n),
            };
        }
    }
}
