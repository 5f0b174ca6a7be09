//! Joins tensors along an axis; each element is converted to the result's type.

use super::{Counts, Operand, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, TooWide};

/// A concatenation ready to run.
pub struct Kernel {
    /// Consecutive elements of each operand in one row of the output, and their conversion.
    parts: Vec<(usize, Cast)>,
}

impl Kernel {
    pub fn compile(
        axis: usize,
        operands: &[Operand],
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let parts = operands
            .iter()
            .map(|o| Ok((o.shape[axis..].iter().product(), cast_from(&o.ty, y, budget)?)))
            .collect::<Result<_, TooWide>>()?;
        Ok(Self { parts })
    }

    pub fn run<R: Int, const COUNT: bool>(&self, x: &[&[R]], y: &mut [R], counts: &mut Counts) {
        let width: usize = self.parts.iter().map(|p| p.0).sum();
        for (row, y) in y.chunks_mut(width).enumerate() {
            let mut y = y.iter_mut();
            for ((n, cast), x) in self.parts.iter().zip(x) {
                for (&x, y) in x[row * n..(row + 1) * n].iter().zip(&mut y) {
                    *y = convert::<R, COUNT>(cast, x, &mut counts.result);
                }
            }
        }
    }
}
