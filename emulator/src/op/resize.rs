//! A larger image. To the nearest: a rearrangement. Bilinear: `Q(result, s / d)`, see `netlathe_ir::op::resize`.

use super::gather::cells;
use super::{Counts, Operand, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, TooWide};
use netlathe_ir::op::resize::Resize;

/// Where each output comes from, to the nearest (see `gather`).
pub fn nearest(r: &Resize, input: &[usize]) -> Vec<usize> {
    let Ok(shape @ [h, w, _]) = r.spatial.split(input) else { unreachable!("validated") };
    let [v, u] = r.factors;
    cells([h * v, w * u], shape, |i, j| Some([i / v, j / u]))
}

/// A bilinear resize ready to run.
pub struct Bilinear<R> {
    rows: Vec<Between<R>>,
    columns: Vec<Between<R>>,
    width: usize,
    channels: usize,
    /// What the weighted sum is divided by, toward zero: 1 where the division is a shift of the binary point.
    divisor: R,
    result: Cast,
}

/// Two neighbours along an axis and their weights.
struct Between<R> {
    at: [usize; 2],
    weight: [R; 2],
}

fn between<R: Int>(n: usize, factor: usize) -> Vec<Between<R>> {
    (0..n * factor)
        .map(|i| {
            // Centres: (i + 1/2) / factor - 1/2 input cells, counted in 1 / (2 factor).
            let (steps, whole) = (2 * i as i64 + 1 - factor as i64, 2 * factor as i64);
            let (cell, rest) = (steps.div_euclid(whole), steps.rem_euclid(whole));
            let inside = |k: i64| k.clamp(0, n as i64 - 1) as usize;
            Between { at: [inside(cell), inside(cell + 1)], weight: [R::of(whole - rest), R::of(rest)] }
        })
        .collect()
}

impl<R: Int> Bilinear<R> {
    pub fn compile(r: &Resize, x: &Operand, y: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        let Ok([h, w, channels]) = r.spatial.split(&x.shape) else { unreachable!("validated") };
        let [v, u] = r.factors;
        let divisor = 4 * v as u64 * u as u64;
        // The weights sum to the divisor: the sum has so many bits more than an input.
        let more = 64 - divisor.leading_zeros();
        let bits = x.ty.raw_bits() + more;
        budget.need(bits);
        let shift = if divisor.is_power_of_two() { divisor.trailing_zeros() } else { 0 };
        let result = Cast::from_frac(bits, x.ty.frac() + shift as i32, y)?;
        budget.need(result.needed_bits());
        Ok(Self {
            rows: between(h, v),
            columns: between(w, u),
            width: w,
            channels,
            divisor: if shift > 0 { R::ONE } else { R::of(divisor as i64) },
            result,
        })
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let mut y = y.iter_mut();
        for row in &self.rows {
            for column in &self.columns {
                let at = |r: usize, c: usize| (row.at[r] * self.width + column.at[c]) * self.channels;
                let at = [[at(0, 0), at(0, 1)], [at(1, 0), at(1, 1)]];
                for (c, y) in (0..self.channels).zip(&mut y) {
                    let line =
                        |r: usize| x[at[r][0] + c] * column.weight[0] + x[at[r][1] + c] * column.weight[1];
                    let sum = line(0) * row.weight[0] + line(1) * row.weight[1];
                    let sum = if self.divisor == R::ONE { sum } else { sum.div_toward_zero(self.divisor) };
                    *y = convert::<R, COUNT>(&self.result, sum, &mut counts.result);
                }
            }
        }
    }
}
