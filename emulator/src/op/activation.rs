//! Element-wise activations.

use super::{Counts, alignment, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, Class, FixedType, Overflows, Precision, TooWide, from_f64};
use netlathe_ir::config::IoType;
use netlathe_ir::op::activation::{Activation, Function, Span};

/// An activation ready to run.
pub enum Kernel<R> {
    Linear(Cast),
    Relu(Cast),
    Leaky {
        alpha: R,
        positive: Cast,
        negative: Cast,
    },
    /// `x << x_shift > theta` passes.
    Threshold {
        theta: R,
        x_shift: u32,
        result: Cast,
    },
    Table {
        index: Index<R>,
        entries: Vec<R>,
        result: Cast,
    },
    /// `clip(slope * x << shift + offset, 0, one)`, then times `gain` minus `less`.
    Hard {
        slope: R,
        shift: u32,
        offset: R,
        one: R,
        gain: R,
        less: R,
        result: Cast,
    },
    /// Results of x >= 0 and of x < 0.
    Binary(R, R),
    /// Doubled input in the input's own type; above which integers it passes 1 and -1; results of -1, 0 and 1.
    Ternary {
        double: Cast,
        upper: R,
        lower: R,
        results: [R; 3],
    },
}

/// Index of a table over +-range: `trunc(x * size / (2 * range)) + size / 2`, clamped; truncation toward zero.
pub struct Index<R> {
    /// Steps are `x * size / denominator << up`: cut off toward zero at x's own step, and at 1 where that is finer.
    size: R,
    denominator: R,
    up: u32,
    middle: i128,
    last: i128,
}

impl<R: Int> Index<R> {
    /// For values with `frac` fraction bits.
    pub fn new(x: &FixedType, size: u32, span: u32, budget: &mut Budget) -> Self {
        let frac = x.frac();
        // 33 bits: hls4ml multiplies by an unsigned int.
        budget.need(x.raw_bits() + 33);
        // A coarse grid shifts the quotient up (beyond 18 bits every step leaves the table); a fine one divides further, for
        // truncations toward zero nest.
        let (up, down) = if frac >= 0 { (0, frac.unsigned_abs()) } else { (frac.unsigned_abs().min(18), 0) };
        budget.need(34 + down);
        let down = if R::BITS <= 34 + down { 0 } else { down };
        Self {
            size: R::of(i64::from(size)),
            denominator: R::of(i64::from(span)) << down,
            up,
            middle: i128::from(size / 2),
            last: i128::from(size - 1),
        }
    }

    /// For a table over 0 to `span` instead.
    pub fn from_zero(x: &FixedType, size: u32, span: u32, budget: &mut Budget) -> Self {
        Self { middle: 0, ..Self::new(x, size, span, budget) }
    }

    #[inline]
    pub fn of(&self, x: R) -> usize {
        let steps = (x * self.size).div_toward_zero(self.denominator).widen();
        // Before the shift: what is off the table stays off it, and nothing overflows.
        let steps = steps.clamp(-self.last - 1, self.last + 1) << self.up;
        (steps + self.middle).clamp(0, self.last) as usize
    }
}

fn constant<R: Int>(x: f64, ty: &FixedType) -> Result<R, TooWide> {
    Ok(R::truncate(from_f64(x, ty)?))
}

fn known(p: Precision) -> FixedType {
    match p {
        Precision::Is(ty) => ty,
        Precision::Auto => unreachable!("validated"),
    }
}

/// The result of a small integer in type `y`; in one unsigned bit 0 stands for -1, as hls4ml has it.
fn of_integer<R: Int>(x: i64, y: &FixedType) -> Result<R, TooWide> {
    if x < 0 && y.class == Class::Int && !y.signed && y.width == 1 {
        return Ok(R::ZERO);
    }
    Ok(R::truncate(Cast::new(&FixedType::int(2), y)?.apply(i128::from(x))))
}

impl<R: Int> Kernel<R> {
    pub fn compile(
        a: &Activation,
        x: &FixedType,
        y: &FixedType,
        io: IoType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        Ok(match &a.function {
            Function::Linear => Kernel::Linear(cast_from(x, y, budget)?),
            Function::Relu => Kernel::Relu(cast_from(x, y, budget)?),
            Function::LeakyRelu { alpha, param } => {
                let param = known(*param);
                Kernel::Leaky {
                    alpha: constant(*alpha, &param)?,
                    positive: cast_from(x, y, budget)?,
                    negative: cast_from(&x.mul(&param), y, budget)?,
                }
            }
            Function::ThresholdedRelu { theta, param } => {
                let param = known(*param);
                let common = x.frac().max(param.frac());
                budget.hold(&x.add(&param));
                let lift = alignment(param.frac(), common);
                let theta = from_f64(*theta, &param)?;
                Kernel::Threshold {
                    theta: R::truncate(if x.add(&param).raw_bits() > 128 { 0 } else { theta << lift }),
                    x_shift: alignment(x.frac(), common),
                    result: cast_from(x, y, budget)?,
                }
            }
            Function::Sigmoid | Function::Tanh => {
                let (Some(table), Some(Span::Around { range })) = (&a.table, a.function.table_span()) else {
                    unreachable!("validated")
                };
                Kernel::Table {
                    index: Index::new(x, a.table_size, 2 * range, budget),
                    entries: table.entries.iter().map(|&e| R::of(e)).collect(),
                    result: cast_from(&table.ty, y, budget)?,
                }
            }
            Function::HardSigmoid { slope, shift, slope_ty, shift_ty } => {
                Self::hard(x, y, (*slope, slope_ty), (*shift, shift_ty), false, budget)?
            }
            Function::HardTanh { slope, shift, slope_ty, shift_ty } => {
                Self::hard(x, y, (*slope, slope_ty), (*shift, shift_ty), true, budget)?
            }
            Function::BinaryTanh => Kernel::Binary(of_integer(1, y)?, of_integer(-1, y)?),
            Function::TernaryTanh { .. } => {
                budget.need(x.raw_bits() + 1);
                let double = Cast::from_frac(x.raw_bits() + 1, x.frac(), x)?;
                budget.need(double.needed_bits());
                // On a grid coarser than 1, the values above 1 are those above 0, the ones above -1 those from 0.
                let on_grid = x.frac() >= 0;
                let one = if on_grid && x.frac() < 127 { 1i128 << x.frac() } else { 0 };
                Kernel::Ternary {
                    double,
                    upper: R::truncate(one),
                    lower: R::truncate(if on_grid { -one } else { -1 }),
                    results: [of_integer(-1, y)?, of_integer(0, y)?, of_integer(1, y)?],
                }
            }
            _ => unreachable!("not made by any front end yet"),
        })
    }

    fn hard(
        x: &FixedType,
        y: &FixedType,
        (slope, slope_ty): (f64, &FixedType),
        (shift, shift_ty): (f64, &FixedType),
        tanh: bool,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let product = slope_ty.mul(x);
        let sum = product.add(shift_ty);
        let frac = sum.frac();
        // 2 * s - 1, exact in 32-bit integers times the sum's type.
        let exact = if tanh { FixedType::int(3).mul(&sum).sub(&FixedType::int(2)) } else { sum };
        let result = Cast::from_frac(exact.raw_bits(), frac, y)?;
        budget.hold(&exact);
        budget.need(result.needed_bits());
        let lift = |raw: i128, from: i32| {
            let by = alignment(from, frac);
            R::truncate(if exact.raw_bits() > 128 { 0 } else { raw << by })
        };
        let one = if frac >= 0 { lift(1, 0) } else { R::ZERO };
        Ok(Kernel::Hard {
            slope: constant(slope, slope_ty)?,
            shift: alignment(product.frac(), frac),
            offset: lift(from_f64(shift, shift_ty)?, shift_ty.frac()),
            one,
            gain: if tanh { R::of(2) } else { R::ONE },
            less: if tanh { one } else { R::ZERO },
            result,
        })
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let n = &mut counts.result;
        match self {
            Kernel::Linear(cast) => each(x, y, |x| convert::<R, COUNT>(cast, x, n)),
            Kernel::Relu(cast) => {
                each(x, y, |x| if x > R::ZERO { convert::<R, COUNT>(cast, x, n) } else { R::ZERO });
            }
            Kernel::Leaky { alpha, positive, negative } => each(x, y, |x| {
                if x > R::ZERO {
                    convert::<R, COUNT>(positive, x, n)
                } else {
                    convert::<R, COUNT>(negative, *alpha * x, n)
                }
            }),
            Kernel::Threshold { theta, x_shift, result } => {
                each(
                    x,
                    y,
                    |x| {
                        if (x << *x_shift) > *theta { convert::<R, COUNT>(result, x, n) } else { R::ZERO }
                    },
                )
            }
            Kernel::Table { index, entries, result } => {
                each(x, y, |x| convert::<R, COUNT>(result, entries[index.of(x)], n));
            }
            Kernel::Hard { slope, shift, offset, one, gain, less, result } => each(x, y, |x| {
                let t = ((*slope * x) << *shift) + *offset;
                let t = if t > *one {
                    *one
                } else if t < R::ZERO {
                    R::ZERO
                } else {
                    t
                };
                convert::<R, COUNT>(result, *gain * t - *less, n)
            }),
            Kernel::Binary(positive, negative) => {
                each(x, y, |x| if x >= R::ZERO { *positive } else { *negative });
            }
            Kernel::Ternary { double, upper, lower, results } => {
                let mut inner = Overflows::default();
                each(x, y, |x| {
                    let t = convert::<R, COUNT>(double, x + x, &mut inner);
                    if t > *upper {
                        results[2]
                    } else if t > *lower {
                        results[1]
                    } else {
                        results[0]
                    }
                });
                counts.inner.wrapped += inner.wrapped;
                counts.inner.saturated += inner.saturated;
            }
        }
    }
}

#[inline]
fn each<R: Copy>(x: &[R], y: &mut [R], mut f: impl FnMut(R) -> R) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = f(x);
    }
}
