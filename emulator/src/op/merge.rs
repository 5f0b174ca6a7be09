//! Element-wise combination: exact, then one conversion.

use super::{Counts, Operand, alignment, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, TooWide};
use netlathe_ir::op::broadcast::sources;
use netlathe_ir::op::merge::MergeOp;

/// A merge ready to run.
pub struct Kernel<R> {
    op: MergeOp,
    operands: Vec<Source>,
    /// What the sum is divided by, toward zero, before the conversion: 1 unless an average's number of operands is no power of
    /// two.
    divisor: R,
    result: Cast,
}

struct Source {
    /// For each output the operand's element, where it is not the one of the same place.
    places: Option<Vec<usize>>,
    /// Left shift to the grid that all operands share.
    shift: u32,
    /// Conversion of the operand itself, for maximum and minimum.
    select: Cast,
}

impl Source {
    #[inline]
    fn of<R: Int>(&self, x: &[R], i: usize) -> R {
        x[self.places.as_ref().map_or(i, |p| p[i])]
    }
}

impl<R: Int> Kernel<R> {
    pub fn compile(
        op: MergeOp,
        operands: &[Operand],
        shape: &[usize],
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let types = || operands.iter().map(|o| o.ty);
        let exact = types().reduce(|a, b| match op {
            MergeOp::Add | MergeOp::Average | MergeOp::Maximum | MergeOp::Minimum => a.add(&b),
            MergeOp::Subtract => a.sub(&b),
            MergeOp::Multiply => a.mul(&b),
        });
        let Some(mut exact) = exact else { unreachable!("validated") };
        let mut divisor = R::ONE;
        if op == MergeOp::Average {
            let n = operands.len();
            if n.is_power_of_two() {
                // More fraction bits, as many integer bits less.
                exact.integer -= n.trailing_zeros() as i32;
            } else {
                divisor = R::of(n as i64);
                budget.need(32);
            }
        }
        let common = types().map(|t| t.frac()).max().unwrap_or(0);
        let sources = operands
            .iter()
            .map(|o| {
                let multiply = op == MergeOp::Multiply;
                Ok(Source {
                    places: (o.shape != shape).then(|| sources(&o.shape, shape)),
                    shift: if multiply { 0 } else { alignment(o.ty.frac(), common) },
                    select: cast_from(&o.ty, y, budget)?,
                })
            })
            .collect::<Result<_, TooWide>>()?;
        Ok(Self { op, operands: sources, divisor, result: cast_from(&exact, y, budget)? })
    }

    pub fn run<const COUNT: bool>(&self, x: &[&[R]], y: &mut [R], counts: &mut Counts) {
        let n = &mut counts.result;
        for (i, y) in y.iter_mut().enumerate() {
            let mut all = self.operands.iter().zip(x).map(|(s, x)| (s, s.of(x, i)));
            let Some((first, a)) = all.next() else { unreachable!("validated") };
            if matches!(self.op, MergeOp::Maximum | MergeOp::Minimum) {
                // Of two equal values the later is taken: they may differ in type, not in value.
                let keeps = |p: R, q: R| if self.op == MergeOp::Maximum { p > q } else { p < q };
                let (source, best, _) = all.fold((first, a, a << first.shift), |best, (s, b)| {
                    let q = b << s.shift;
                    if keeps(best.2, q) { best } else { (s, b, q) }
                });
                *y = convert::<R, COUNT>(&source.select, best, n);
                continue;
            }
            let exact = all.fold(a << first.shift, |p, (s, b)| match self.op {
                MergeOp::Subtract => p - (b << s.shift),
                MergeOp::Multiply => p * b,
                _ => p + (b << s.shift),
            });
            let exact = if self.divisor == R::ONE { exact } else { exact.div_toward_zero(self.divisor) };
            *y = convert::<R, COUNT>(&self.result, exact, n);
        }
    }
}
