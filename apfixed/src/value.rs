//! A value with its type, and the operators of the C++ classes on it.
//!
//! Results carry the operator's result type (truncating, wrapping) and are exact, except where C++ itself drops bits:
//! shifts, `/` and `~`.

use std::cmp::Ordering;

use thiserror::Error;

use crate::cast::{Cast, Overflows, TooWide};
use crate::convert::{from_f64, to_f64};
use crate::ty::{FixedType, Overflow};

/// A division that has no answer here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DivideError {
    /// By zero (the C++ program stops).
    #[error("division by zero")]
    ByZero,
    /// Exceeds 128 bits.
    #[error(transparent)]
    TooWide(#[from] TooWide),
}

/// A raw integer and its type; value = raw * 2^-frac.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fixed {
    /// The type.
    pub ty: FixedType,
    /// The raw integer, within the type's width.
    pub raw: i128,
}

impl Fixed {
    /// A value from its bits: those above the type's width are dropped, as by C++ bit access.
    ///
    /// # Errors
    /// [`TooWide`] if the type exceeds 128 bits.
    pub fn from_bits(bits: i128, ty: FixedType) -> Result<Fixed, TooWide> {
        TooWide::check(ty.raw_bits(), "holding a value of the type")?;
        Ok(Fixed { ty, raw: wrap(bits, &ty) })
    }

    /// A double converted to a type.
    ///
    /// # Errors
    /// [`TooWide`] if the type exceeds 128 bits.
    pub fn from_f64(x: f64, ty: FixedType) -> Result<Fixed, TooWide> {
        from_f64(x, &ty).map(|raw| Fixed { ty, raw })
    }

    /// The value as a double, correctly rounded.
    pub fn to_f64(&self) -> f64 {
        to_f64(self.raw, &self.ty)
    }

    fn exact(ty: FixedType, raw: Option<i128>, operation: &'static str) -> Result<Fixed, TooWide> {
        TooWide::check(ty.raw_bits(), operation)?;
        let needed_bits = ty.raw_bits().max(129);
        raw.map(|raw| Fixed { ty, raw }).ok_or(TooWide { needed_bits, operation })
    }

    /// Both raw integers on the finer grid of the two, if 128 bits hold them.
    fn align(&self, o: &Fixed) -> Option<(i128, i128)> {
        let frac = self.ty.frac().max(o.ty.frac());
        Some((shift_exact(self.raw, frac - self.ty.frac())?, shift_exact(o.raw, frac - o.ty.frac())?))
    }

    /// `a * b`.
    ///
    /// # Errors
    /// [`TooWide`] if the result type exceeds 128 bits; so for the operators below.
    pub fn mul(&self, o: &Fixed) -> Result<Fixed, TooWide> {
        Self::exact(self.ty.mul(&o.ty), self.raw.checked_mul(o.raw), "a product")
    }

    /// `a + b`.
    pub fn add(&self, o: &Fixed) -> Result<Fixed, TooWide> {
        let raw = self.align(o).and_then(|(a, b)| a.checked_add(b));
        Self::exact(self.ty.add(&o.ty), raw, "a sum")
    }

    /// `a - b`.
    pub fn sub(&self, o: &Fixed) -> Result<Fixed, TooWide> {
        let raw = self.align(o).and_then(|(a, b)| a.checked_sub(b));
        Self::exact(self.ty.sub(&o.ty), raw, "a difference")
    }

    /// `-a`.
    pub fn neg(&self) -> Result<Fixed, TooWide> {
        Self::exact(self.ty.neg(), self.raw.checked_neg(), "a negation")
    }

    /// `a / b`: (raw1 << max(F2, 0)) / raw2, truncated towards zero.
    ///
    /// # Errors
    /// [`DivideError::ByZero`], or a result type beyond 128 bits.
    pub fn div(&self, o: &Fixed) -> Result<Fixed, DivideError> {
        if o.raw == 0 {
            return Err(DivideError::ByZero);
        }
        let raw = shift_exact(self.raw, o.ty.frac().max(0)).and_then(|a| a.checked_div(o.raw));
        Ok(Self::exact(self.ty.div(&o.ty), raw, "a quotient")?)
    }

    /// `a % b` of integers: the remainder of the truncated quotient, signed as `a`. Fractions are ignored: both
    /// operands should be of the `ap_int` class, the only one that C++ gives this operator.
    ///
    /// # Errors
    /// [`DivideError::ByZero`], or a result type beyond 128 bits.
    pub fn rem(&self, o: &Fixed) -> Result<Fixed, DivideError> {
        if o.raw == 0 {
            return Err(DivideError::ByZero);
        }
        // MIN % -1 is 0; Rust calls it an overflow.
        Ok(Self::exact(self.ty.rem(&o.ty), Some(self.raw.wrapping_rem(o.raw)), "a remainder")?)
    }

    /// `a << by`: same type, modes included; bits that leave the width are lost. Negative `by` shifts right.
    pub fn shl(&self, by: i32) -> Fixed {
        let shifted = if by >= 0 {
            self.raw.checked_shl(by.unsigned_abs()).unwrap_or(0)
        } else {
            self.raw >> by.unsigned_abs().min(127)
        };
        Fixed { ty: self.ty, raw: wrap(shifted, &self.ty) }
    }

    /// `a >> by`: same type; the low bits are lost (towards minus infinity). Negative `by` shifts left.
    pub fn shr(&self, by: i32) -> Fixed {
        self.shl(by.saturating_neg())
    }

    fn bitwise(&self, o: &Fixed, f: impl Fn(i128, i128) -> i128) -> Result<Fixed, TooWide> {
        let raw = self.align(o).map(|(a, b)| f(a, b));
        Self::exact(self.ty.bitwise(&o.ty), raw, "a bitwise operation")
    }

    /// `a & b`, aligned at the point.
    pub fn bitand(&self, o: &Fixed) -> Result<Fixed, TooWide> {
        self.bitwise(o, |a, b| a & b)
    }

    /// `a | b`, aligned at the point.
    pub fn bitor(&self, o: &Fixed) -> Result<Fixed, TooWide> {
        self.bitwise(o, |a, b| a | b)
    }

    /// `a ^ b`, aligned at the point.
    pub fn bitxor(&self, o: &Fixed) -> Result<Fixed, TooWide> {
        self.bitwise(o, |a, b| a ^ b)
    }

    /// `~a`: every bit of the width.
    pub fn not(&self) -> Fixed {
        let ty = self.ty.not();
        Fixed { ty, raw: wrap(!self.raw, &ty) }
    }

    /// Compares the values exactly, whatever the types.
    #[expect(
        clippy::should_implement_trait,
        reason = "Ord would contradict Eq: equal values of different types are not the same"
    )]
    pub fn cmp(&self, o: &Fixed) -> Ordering {
        let sign = self.raw.signum().cmp(&o.raw.signum());
        if sign != Ordering::Equal || self.raw == 0 {
            return sign;
        }
        let (a, b) = (self.raw.unsigned_abs(), o.raw.unsigned_abs());
        // Weight of the leading bit, then the bits below it.
        let top = |m: u128, ty: &FixedType| i64::from(128 - m.leading_zeros()) - i64::from(ty.frac());
        let by_magnitude = top(a, &self.ty)
            .cmp(&top(b, &o.ty))
            .then((a << a.leading_zeros()).cmp(&(b << b.leading_zeros())));
        if self.raw < 0 { by_magnitude.reverse() } else { by_magnitude }
    }

    /// Conversion to another type, with that type's modes.
    pub fn cast_to(&self, ty: &FixedType) -> Result<Fixed, TooWide> {
        Ok(Fixed { ty: *ty, raw: Cast::new(&self.ty, ty)?.apply(self.raw) })
    }

    /// `a = b`: converts to the own type; overflows are counted.
    pub fn assign(&mut self, o: &Fixed, n: &mut Overflows) -> Result<(), TooWide> {
        self.raw = Cast::new(&o.ty, &self.ty)?.apply_counted(o.raw, n);
        Ok(())
    }

    /// `a += b`: the exact sum, converted to the own type.
    pub fn add_assign(&mut self, o: &Fixed) -> Result<(), TooWide> {
        self.assign(&self.add(o)?, &mut Overflows::default())
    }

    /// `a -= b`.
    pub fn sub_assign(&mut self, o: &Fixed) -> Result<(), TooWide> {
        self.assign(&self.sub(o)?, &mut Overflows::default())
    }

    /// `a *= b`.
    pub fn mul_assign(&mut self, o: &Fixed) -> Result<(), TooWide> {
        self.assign(&self.mul(o)?, &mut Overflows::default())
    }

    /// The integer part, truncated towards zero (unlike a conversion between fixed-point types).
    ///
    /// # Errors
    /// [`TooWide`] if a type of negative fraction bits holds an integer beyond 128 bits.
    pub fn to_int(&self) -> Result<i128, TooWide> {
        let frac = self.ty.frac();
        let raw = match frac {
            // 2^127 does not fit, and no |raw| but that of the minimum reaches it.
            127 => Some(if self.raw == i128::MIN { -1 } else { 0 }),
            1.. => Some(1i128.checked_shl(frac as u32).map_or(0, |one| self.raw / one)),
            _ => shift_exact(self.raw, frac.saturating_neg()),
        };
        let needed_bits = self.ty.raw_bits().saturating_add(frac.unsigned_abs());
        raw.ok_or(TooWide { needed_bits, operation: "the integer part of a value" })
    }
}

/// The low bits of `x` as a number of the type.
fn wrap(x: i128, ty: &FixedType) -> i128 {
    if ty.signed {
        let unused = 128 - ty.width.clamp(1, 128);
        (x << unused) >> unused
    } else {
        x & FixedType { overflow: Overflow::Wrap, ..*ty }.max_raw()
    }
}

/// `x` * 2^`by`, by >= 0, if it fits.
fn shift_exact(x: i128, by: i32) -> Option<i128> {
    if x == 0 {
        return Some(0);
    }
    let shifted = x.checked_shl(u32::try_from(by).ok()?)?;
    (shifted >> by == x).then_some(shifted)
}
