//! Comparisons with thresholds.

use crate::int::Int;
use netlathe_ir::op::threshold::{Levels, Threshold};
use netlathe_ir::weight::Weight;

/// A comparison ready to run.
pub enum Kernel<R> {
    /// `x >= at`.
    Binary { at: Vec<R> },
    /// `x > high`, `x <= low`.
    Ternary { high: Vec<R>, low: Vec<R> },
}

fn raw<R: Int>(weight: &Weight) -> Vec<R> {
    weight.raw().iter().map(|&t| R::of(t)).collect()
}

impl<R: Int> Kernel<R> {
    /// Thresholds are of the input's type, so integers compare.
    pub fn compile(t: &Threshold) -> Self {
        match &t.levels {
            Levels::Binary { at } => Kernel::Binary { at: raw(at) },
            Levels::Ternary { high, low } => Kernel::Ternary { high: raw(high), low: raw(low) },
        }
    }

    pub fn run(&self, x: &[R], y: &mut [R]) {
        match self {
            Kernel::Binary { at } => {
                for (i, (y, &x)) in y.iter_mut().zip(x).enumerate() {
                    *y = R::from_bool(x >= at[i % at.len()]);
                }
            }
            Kernel::Ternary { high, low } => {
                for (i, (y, &x)) in y.iter_mut().zip(x).enumerate() {
                    let c = i % high.len();
                    *y = if x > high[c] {
                        R::ONE
                    } else if x <= low[c] {
                        -R::ONE
                    } else {
                        R::ZERO
                    };
                }
            }
        }
    }
}
