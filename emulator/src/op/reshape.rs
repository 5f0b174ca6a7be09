//! The same elements under another shape, converted to the result's type.

use super::{Counts, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, TooWide};

/// A reshape ready to run.
pub struct Kernel {
    result: Cast,
}

impl Kernel {
    pub fn compile(x: &FixedType, y: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        Ok(Self { result: cast_from(x, y, budget)? })
    }

    pub fn run<R: Int, const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = convert::<R, COUNT>(&self.result, x, &mut counts.result);
        }
    }
}
