//! Dense: dot products with each row of the last axis.

use super::Counts;
use super::product::Product;
use crate::int::{Budget, Int};
use netlathe_apfixed::{FixedType, TooWide};
use netlathe_ir::op::dense::Dense;

/// A dense layer ready to run.
pub struct Kernel<R> {
    product: Product<R>,
}

impl<R: Int> Kernel<R> {
    pub fn compile(d: &Dense, x: &FixedType, y: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        Ok(Self { product: Product::compile(d, x, y, budget)? })
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let p = &self.product;
        for (x, y) in x.chunks_exact(p.n_in).zip(y.chunks_exact_mut(p.n_out)) {
            p.accumulate::<COUNT>(x, 0, y, counts);
        }
        p.finish::<COUNT>(y, counts);
    }
}
