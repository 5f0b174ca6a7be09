//! Layer normalisation over the last axis; `netlathe_ir::op::layer_norm` has every step.

use super::{Counts, alignment, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, Overflows, Precision, TooWide, from_f64};
use netlathe_ir::op::layer_norm::{LayerNorm, NORMALISED_FRAC, RootIndex};

/// A layer normalisation ready to run.
pub struct Kernel<R> {
    /// An input, a sum, a difference, a square, a mean: to the accumulator's type.
    input: Cast,
    sum: Cast,
    difference: Cast,
    square: Cast,
    mean: Cast,
    /// One part in as many as there are values.
    inverse: R,
    root: Root<R>,
    entries: Vec<R>,
    /// A normalised value to its own type, which it leaves only where the accumulator did.
    normalised: Option<Cast>,
    affine: Affine<R>,
}

/// Which entry holds the root of a variance.
enum Root<R> {
    /// `variance * entries`, shifted right (negative: left).
    Uniform { entries: R, right: i32 },
    Normalised {
        epsilon: R,
        /// Fraction bits of the accumulator.
        frac: i32,
        /// Bits of the variance below its highest that are used.
        mantissa: u32,
        /// `F(A) + F(T) - G`.
        shift: i32,
    },
}

/// `Q(result, (z * scale << shift) + bias)`.
struct Affine<R> {
    scale: Vec<R>,
    bias: Vec<R>,
    shift: u32,
    result: Cast,
}

impl<R: Int> Affine<R> {
    fn new(l: &LayerNorm, z: &FixedType, y: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        let product = z.mul(&l.scale.ty());
        let exact = product.add(&l.bias.ty());
        let result = cast_from(&exact, y, budget)?;
        let lift = alignment(l.bias.ty().frac(), exact.frac());
        let bias = l.bias.raw().iter().map(|&b| R::truncate(i128::from(b) << lift)).collect();
        let scale = l.scale.raw().iter().map(|&s| R::of(s)).collect();
        Ok(Self { scale, bias, shift: alignment(product.frac(), exact.frac()), result })
    }
}

impl<R: Int> Kernel<R> {
    pub fn compile(
        l: &LayerNorm,
        x: &FixedType,
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let (Precision::Is(accum), Some(table)) = (l.accum, &l.table) else { unreachable!("validated") };
        let n = l.scale.data.len();
        let squares = accum.mul(&accum);
        let (root, z, normalised) = match l.root {
            RootIndex::Uniform { range_power2 } => {
                // A table has at most 2^16 entries.
                budget.need(accum.raw_bits() + 18);
                let entries = R::of(table.entries.len() as i64);
                let right = accum.frac() - range_power2;
                (Root::Uniform { entries, right }, accum.mul(&table.ty), None)
            }
            RootIndex::Normalised => {
                let shift = accum.frac() + table.ty.frac() - NORMALISED_FRAC;
                // A variance with epsilon; a difference times an entry, its rounding's carry, its largest shift to the left.
                budget.need(accum.raw_bits() + 1);
                let epsilon = l.epsilon_raw();
                budget.need(66 - epsilon.leading_zeros());
                let lowest = shift + (epsilon.ilog2() as i32 - accum.frac()).div_euclid(2);
                let bits = accum.mul(&table.ty).raw_bits() + 1 + (-lowest).max(0).unsigned_abs();
                budget.need(bits);
                let product = FixedType::fixed(bits, bits as i32 - NORMALISED_FRAC);
                let z = LayerNorm::normalised_type(n);
                let normalised = cast_from(&product, &z, budget)?;
                let root = Root::Normalised {
                    epsilon: R::of(epsilon),
                    frac: accum.frac(),
                    mantissa: table.entries.len().ilog2().saturating_sub(1),
                    shift,
                };
                (root, z, Some(normalised))
            }
        };
        Ok(Self {
            input: cast_from(x, &accum, budget)?,
            sum: cast_from(&accum.add(&accum), &accum, budget)?,
            difference: cast_from(&accum.sub(&accum), &accum, budget)?,
            square: cast_from(&squares, &accum, budget)?,
            mean: cast_from(&squares, &accum, budget)?,
            inverse: R::truncate(from_f64(1.0 / n as f64, &accum)?),
            root,
            entries: table.entries.iter().map(|&e| R::of(e)).collect(),
            normalised,
            affine: Affine::new(l, &z, y, budget)?,
        })
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let n = self.affine.scale.len();
        for (x, y) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)) {
            let variance = self.differences::<COUNT>(x, y, &mut counts.inner);
            let (entry, shift) = self.entry(variance);
            let each = y.iter_mut().zip(&self.affine.scale).zip(&self.affine.bias);
            for ((y, &scale), &bias) in each {
                let mut z = rounded(*y * entry, shift);
                if let Some(cast) = &self.normalised {
                    z = convert::<R, COUNT>(cast, z, &mut counts.inner);
                }
                let exact = ((z * scale) << self.affine.shift) + bias;
                *y = convert::<R, COUNT>(&self.affine.result, exact, &mut counts.result);
            }
        }
    }

    /// Fills `d` with the differences from the mean and returns the variance.
    fn differences<const COUNT: bool>(&self, x: &[R], d: &mut [R], n: &mut Overflows) -> R {
        let mut sum = R::ZERO;
        for (d, &x) in d.iter_mut().zip(x) {
            *d = convert::<R, COUNT>(&self.input, x, n);
            sum = convert::<R, COUNT>(&self.sum, sum + *d, n);
        }
        let mean = convert::<R, COUNT>(&self.mean, sum * self.inverse, n);
        let mut squares = R::ZERO;
        for d in d {
            *d = convert::<R, COUNT>(&self.difference, *d - mean, n);
            let square = convert::<R, COUNT>(&self.square, *d * *d, n);
            squares = convert::<R, COUNT>(&self.sum, squares + square, n);
        }
        convert::<R, COUNT>(&self.mean, squares * self.inverse, n)
    }

    /// The root's entry, and by how much its product with a difference is shifted right (negative: left).
    fn entry(&self, variance: R) -> (R, i32) {
        let variance = variance.max(R::ZERO);
        match self.root {
            Root::Uniform { entries, right } => {
                let last = self.entries.len() as i128 - 1;
                let steps = (variance * entries).widen();
                let index = if right >= 0 {
                    (steps >> right.min(127)).min(last)
                } else {
                    // Before the shift: what is off the table stays off it.
                    (steps.min(last + 1) << right.unsigned_abs().min(64)).min(last)
                };
                (self.entries[index as usize], 0)
            }
            Root::Normalised { epsilon, frac, mantissa, shift } => {
                let u = (variance + epsilon).widen();
                let highest = u.ilog2();
                let power = highest as i32 - frac;
                let (odd, quarter) = (power.rem_euclid(2), power.div_euclid(2));
                let leading =
                    if highest >= mantissa { u >> (highest - mantissa) } else { u << (mantissa - highest) };
                let index = ((odd as usize) << mantissa) + (leading - (1i128 << mantissa)) as usize;
                (self.entries[index], shift + quarter)
            }
        }
    }
}

/// `v` shifted right, to the nearest, halves up.
#[inline]
fn rounded<R: Int>(v: R, right: i32) -> R {
    match right {
        0 => v,
        1.. => {
            let by = right.unsigned_abs();
            // Beyond the integer's width every value is nearer to 0 than to a step.
            if by >= R::BITS { R::ZERO } else { ((v >> (by - 1)) + R::ONE) >> 1 }
        }
        _ => v << right.unsigned_abs(),
    }
}
