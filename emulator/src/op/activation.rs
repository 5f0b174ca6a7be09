//! Element-wise activations.

use super::index::Index;
use super::{Counts, alignment, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, Class, FixedType, Overflows, Precision, TooWide, from_f64};
use netlathe_ir::config::IoType;
use netlathe_ir::op::activation::{
    Activation, Function, clipped_relu_type, relu_constant_type, selu_lambda_type,
};
use netlathe_ir::table::SELU_LAMBDA;

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
    /// 0 below 0, the result of `max` above it.
    Clipped {
        max: R,
        highest: R,
        result: Cast,
    },
    General {
        /// From here on the result of the maximum, from there on the input.
        max: Option<(Bound<R>, R)>,
        threshold: Bound<R>,
        slope: R,
        /// `slope * ((x << shift) - offset)`.
        shift: u32,
        offset: R,
        positive: Cast,
        negative: Cast,
    },
    PRelu {
        alpha: Vec<R>,
        positive: Cast,
        negative: Cast,
    },
    /// `gain * x` from 0 on, `alpha * entry` below.
    Exponential {
        gain: R,
        positive: Cast,
        index: Index<R>,
        entries: Vec<R>,
        alpha: R,
        negative: Cast,
    },
    /// `x * entry`.
    Gated {
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
    /// The input itself, or doubled in its own type; above which integers it passes 1 and -1; results of -1, 0 and 1.
    Ternary {
        double: Option<Cast>,
        upper: R,
        lower: R,
        results: [R; 3],
    },
}

/// An inclusive lower bound on a grid that the input is shifted to.
pub struct Bound<R> {
    shift: u32,
    from: R,
}

impl<R: Int> Bound<R> {
    fn new(from: f64, ty: &FixedType, x: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        let common = x.frac().max(ty.frac());
        let sum = x.add(ty);
        budget.hold(&sum);
        let raw = from_f64(from, ty)?;
        let from = if sum.raw_bits() > 128 { 0 } else { raw << alignment(ty.frac(), common) };
        Ok(Self { shift: alignment(x.frac(), common), from: R::truncate(from) })
    }

    #[inline]
    fn reached(&self, x: R) -> bool {
        (x << self.shift) >= self.from
    }
}

fn constant<R: Int>(x: f64, ty: &FixedType) -> Result<R, TooWide> {
    Ok(R::truncate(from_f64(x, ty)?))
}

/// The function's table: what indexes it, its entries and their type.
fn table<R: Int>(a: &Activation, x: &FixedType, budget: &mut Budget) -> (Index<R>, Vec<R>, FixedType) {
    let (Some(table), Some(span)) = (&a.table, a.function.table_span()) else { unreachable!("validated") };
    let entries = table.entries.iter().map(|&e| R::of(e)).collect();
    (Index::of_span(x, span, a.table_size, budget), entries, table.ty)
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
            Function::ClippedRelu { max } => {
                let ty = clipped_relu_type(*max);
                budget.hold(&x.add(&ty));
                let max = i128::from(*max);
                // The largest input that passes, on the input's grid; from 96 fraction bits on the sum is refused.
                let highest = match x.frac() {
                    f @ 0..96 => max << f,
                    f @ ..0 => max >> f.unsigned_abs().min(127),
                    _ => 0,
                };
                Kernel::Clipped {
                    max: R::truncate(cast_from(&ty, y, budget)?.apply(max)),
                    highest: R::truncate(highest),
                    result: cast_from(x, y, budget)?,
                }
            }
            Function::GeneralRelu { max, slope, threshold } => {
                Self::general(x, y, *max, *slope, *threshold, budget)?
            }
            Function::PRelu { alpha } => Kernel::PRelu {
                alpha: alpha.raw().iter().map(|&a| R::of(a)).collect(),
                positive: cast_from(x, y, budget)?,
                negative: cast_from(&x.mul(&alpha.ty()), y, budget)?,
            },
            Function::Elu { alpha, param } => {
                let param = known(*param);
                let (index, entries, entry) = table(a, x, budget);
                Kernel::Exponential {
                    gain: R::ONE,
                    positive: cast_from(x, y, budget)?,
                    index,
                    entries,
                    alpha: constant(*alpha, &param)?,
                    negative: cast_from(&param.mul(&entry), y, budget)?,
                }
            }
            Function::Selu => {
                let (index, entries, entry) = table(a, x, budget);
                let lambda = selu_lambda_type(io, x);
                Kernel::Exponential {
                    gain: constant(SELU_LAMBDA, &lambda)?,
                    positive: cast_from(&lambda.mul(x), y, budget)?,
                    index,
                    entries,
                    alpha: R::ONE,
                    negative: cast_from(&entry, y, budget)?,
                }
            }
            Function::Sigmoid
            | Function::Tanh
            | Function::Softplus
            | Function::Softsign
            | Function::Exponential { .. } => {
                let (index, entries, entry) = table(a, x, budget);
                Kernel::Table { index, entries, result: cast_from(&entry, y, budget)? }
            }
            Function::Gelu { .. } | Function::Silu => {
                let (index, entries, entry) = table(a, x, budget);
                Kernel::Gated { index, entries, result: cast_from(&x.mul(&entry), y, budget)? }
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
                    // hls4ml's io_stream compares the input itself.
                    double: (io == IoType::Parallel).then_some(double),
                    upper: R::truncate(one),
                    lower: R::truncate(if on_grid { -one } else { -1 }),
                    results: [of_integer(-1, y)?, of_integer(0, y)?, of_integer(1, y)?],
                }
            }
        })
    }

    fn general(
        x: &FixedType,
        y: &FixedType,
        max: Option<f64>,
        slope: f64,
        threshold: f64,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let ty = relu_constant_type;
        let (slope_ty, threshold_ty) = (ty(slope), ty(threshold));
        let max = match max {
            Some(m) => {
                let (ty, bound) = (ty(m), Bound::new(m, &ty(m), x, budget)?);
                Some((bound, R::truncate(cast_from(&ty, y, budget)?.apply(from_f64(m, &ty)?))))
            }
            None => None,
        };
        let bound = Bound::new(threshold, &threshold_ty, x, budget)?;
        let negative = cast_from(&slope_ty.mul(&x.sub(&threshold_ty)), y, budget)?;
        Ok(Kernel::General {
            max,
            slope: constant(slope, &slope_ty)?,
            shift: bound.shift,
            offset: bound.from,
            threshold: bound,
            positive: cast_from(x, y, budget)?,
            negative,
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
        // The sum's grid may be too coarse for 1, the difference's is not.
        let exact_frac = if tanh { frac.max(0) } else { frac };
        let result = Cast::from_frac(exact.raw_bits(), exact_frac, y)?;
        budget.hold(&exact);
        budget.need(result.needed_bits());
        let lift = |raw: i128, from: i32, to: i32| {
            let by = alignment(from, to);
            R::truncate(if exact.raw_bits() > 128 { 0 } else { raw << by })
        };
        let one = if frac >= 0 { lift(1, 0, frac) } else { R::ZERO };
        Ok(Kernel::Hard {
            slope: constant(slope, slope_ty)?,
            shift: alignment(product.frac(), frac),
            offset: lift(from_f64(shift, shift_ty)?, shift_ty.frac(), frac),
            one,
            gain: if tanh { lift(2, frac, exact_frac) } else { R::ONE },
            less: if tanh { lift(1, 0, exact_frac) } else { R::ZERO },
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
            Kernel::Clipped { max, highest, result } => each(x, y, |x| {
                if x < R::ZERO {
                    R::ZERO
                } else if x > *highest {
                    *max
                } else {
                    convert::<R, COUNT>(result, x, n)
                }
            }),
            Kernel::General { max, threshold, slope, shift, offset, positive, negative } => {
                each(x, y, |x| match max {
                    Some((bound, max)) if bound.reached(x) => *max,
                    _ if threshold.reached(x) => convert::<R, COUNT>(positive, x, n),
                    _ => convert::<R, COUNT>(negative, *slope * ((x << *shift) - *offset), n),
                });
            }
            Kernel::PRelu { alpha, positive, negative } => {
                for (y, x) in y.chunks_mut(alpha.len()).zip(x.chunks(alpha.len())) {
                    for ((y, &x), &alpha) in y.iter_mut().zip(x).zip(alpha) {
                        *y = if x > R::ZERO {
                            convert::<R, COUNT>(positive, x, n)
                        } else {
                            convert::<R, COUNT>(negative, alpha * x, n)
                        };
                    }
                }
            }
            Kernel::Exponential { gain, positive, index, entries, alpha, negative } => each(x, y, |x| {
                if x >= R::ZERO {
                    convert::<R, COUNT>(positive, *gain * x, n)
                } else {
                    convert::<R, COUNT>(negative, *alpha * entries[index.of(x)], n)
                }
            }),
            Kernel::Gated { index, entries, result } => {
                each(x, y, |x| convert::<R, COUNT>(result, x * entries[index.of(x)], n));
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
                    let t = match double {
                        Some(double) => convert::<R, COUNT>(double, x + x, &mut inner),
                        None => x,
                    };
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
