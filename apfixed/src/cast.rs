//! Conversions between types: round exactly, then apply the overflow mode (C++ `operator=` of the fixed-point class).
//!
//! With s = source fraction bits - target fraction bits, the exact rounded value q is found first, in an integer wide
//! enough for it; then q is brought into the target's range. Everything that depends on the types alone is decided
//! in [`Cast::new`].

use std::fmt::Debug;
use std::ops::{Add, AddAssign, BitAnd, BitOr, BitXor, Neg, Not, Shl, Shr, Sub};

use thiserror::Error;

use crate::ty::{FixedType, Overflow, Rounding};

/// An exact result or an intermediate of it needs more than 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error(
    "{operation} needs {needed_bits} bits (sign included) to be exact, and 128 are the most that are computed; use narrower types"
)]
pub struct TooWide {
    /// Bits, as a signed integer, that it would take.
    pub needed_bits: u32,
    /// What was asked for.
    pub operation: &'static str,
}

impl TooWide {
    pub(crate) fn check(needed_bits: u32, operation: &'static str) -> Result<(), TooWide> {
        if needed_bits > 128 { Err(TooWide { needed_bits, operation }) } else { Ok(()) }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i64 {}
    impl Sealed for i128 {}
}

/// The integer a raw value lives in: `i64` or `i128`.
pub trait Raw:
    sealed::Sealed
    + Copy
    + Ord
    + Debug
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Neg<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    /// Width of the integer.
    const BITS: u32;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The low bits of `x`.
    fn truncate(x: i128) -> Self;
    /// The same number.
    fn widen(self) -> i128;
    /// `self - 1` modulo 2^BITS.
    fn wrapping_dec(self) -> Self;
    /// 1 for true.
    fn from_bool(b: bool) -> Self;
}

macro_rules! raw {
    ($int:ty) => {
        impl Raw for $int {
            const BITS: u32 = <$int>::BITS;
            const ZERO: Self = 0;
            const ONE: Self = 1;
            #[inline(always)]
            fn truncate(x: i128) -> Self {
                x as $int
            }
            #[inline(always)]
            fn widen(self) -> i128 {
                self as i128
            }
            #[inline(always)]
            fn wrapping_dec(self) -> Self {
                self.wrapping_sub(1)
            }
            #[inline(always)]
            fn from_bool(b: bool) -> Self {
                b as $int
            }
        }
    };
}
raw!(i64);
raw!(i128);

/// How often conversions lost a value to the target's range.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overflows {
    /// Under `WRAP` and `WRAP_SM`.
    pub wrapped: u64,
    /// Under `SAT`, `SAT_ZERO` and `SAT_SYM` (which also moves -2^(W-1)).
    pub saturated: u64,
}

impl Overflows {
    /// Both together.
    pub const fn total(&self) -> u64 {
        self.wrapped + self.saturated
    }
}

impl Add for Overflows {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self { wrapped: self.wrapped + o.wrapped, saturated: self.saturated + o.saturated }
    }
}

impl AddAssign for Overflows {
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

/// How q is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// Same grid.
    Keep,
    /// Finer grid.
    Left(u32),
    /// Coarser grid, by less than the source's width.
    Right(u32, Rounding),
    /// All values lie in [-half, half) of the target's step. TRN.
    BelowTrn,
    /// The same, other modes: 0, save that this one raw value (-half, if it is representable) gives -1.
    Below(Option<i128>),
}

/// How q is brought into range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fit {
    /// Every possible q is in range.
    Always,
    WrapSigned,
    WrapUnsigned,
    Clamp,
    Zero,
    /// WRAP with saturated bits, and WRAP_SM.
    Rare,
}

/// A conversion raw * 2^-f -> type, prepared once and applied many times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cast {
    dst: FixedType,
    step: Step,
    fit: Fit,
    lo: i128,
    hi: i128,
    needed_bits: u32,
}

#[inline(always)]
fn round_right<R: Raw>(raw: R, s: u32, mode: Rounding) -> R {
    let floor = raw >> s;
    // For s = BITS - 1 the shifted one is the minimum and the mask the maximum.
    let rem = raw & (R::ONE << s).wrapping_dec();
    let half = R::ONE << (s - 1);
    let up = match mode {
        Rounding::Trn => false,
        Rounding::TrnZero => raw < R::ZERO && rem != R::ZERO,
        Rounding::Rnd => rem >= half,
        Rounding::RndZero => rem > half - R::from_bool(raw < R::ZERO),
        Rounding::RndInf => rem > half - R::from_bool(raw >= R::ZERO),
        Rounding::RndMinInf => rem > half,
        Rounding::RndConv => rem > half - (floor & R::ONE),
    };
    floor + R::from_bool(up)
}

#[inline(always)]
fn wrap_signed<R: Raw>(q: R, width: u32) -> R {
    let unused = R::BITS - width;
    (q << unused) >> unused
}

#[inline(always)]
fn wrap_unsigned<R: Raw>(q: R, width: u32) -> R {
    q & (R::ONE << width).wrapping_dec()
}

/// `n` ones.
fn ones(n: u32) -> i128 {
    if n >= 128 { -1 } else { (1i128 << n) - 1 }
}

/// Out-of-range results of the wrapping modes. `wrapped`: the low bits, as a number of the type. `negative`: below
/// the range rather than above. `deleted`: the source's bit just above the target's most significant one, before
/// rounding (what WRAP_SM looks at).
pub(crate) fn wrap_rare(wrapped: i128, negative: bool, deleted: bool, ty: &FixedType) -> i128 {
    let (w, n) = (ty.width, ty.sat_bits.min(ty.width));
    let sign = i128::from(negative);
    let v = wrapped & ones(w);
    let msb = 1i128 << (w - 1);
    let with_msb = |v: i128, bit: bool| if bit { v | msb } else { v & !msb };
    // Bits w-n ..= w-2 become the complement of the sign.
    let guard = if n > 1 { ones(n - 1) << (w - n) } else { 0 };
    let with_guard = |v: i128| if negative { v & !guard } else { v | guard };
    let v = match ty.overflow {
        Overflow::WrapSm if ty.signed => {
            if n == 0 {
                if deleted != (v & msb != 0) { with_msb(!v, deleted) } else { v }
            } else {
                let look = if n == 1 { (v & msb != 0) != negative } else { (v >> (w - n)) & 1 == sign };
                with_msb(with_guard(if look { !v } else { v }), negative)
            }
        }
        _ if n == 0 => v,
        _ if ty.signed => with_msb(with_guard(v), negative),
        _ => v | (ones(n) << (w - n)),
    };
    if ty.signed { wrap_signed(v, w) } else { v & ones(w) }
}

impl Cast {
    /// A conversion from one type to another; of `src` only width, integer bits and sign matter.
    ///
    /// # Errors
    /// [`TooWide`] if the source, the target, or the source shifted to the target's finer grid exceeds 128 bits
    /// (also under WRAP, where the upper ones would be dropped again).
    pub fn new(src: &FixedType, dst: &FixedType) -> Result<Cast, TooWide> {
        TooWide::check(src.raw_bits(), "reading a value of the source type")?;
        // Modes of the source do not narrow its range: SAT_SYM types can still hold -2^(W-1) through bit access.
        let src_plain = FixedType { overflow: Overflow::Wrap, ..*src };
        Self::with_range(src_plain.min_raw(), src_plain.max_raw(), src.raw_bits(), src.frac(), dst)
    }

    /// A conversion from any signed integer of `src_bits` bits times 2^-`src_frac`.
    ///
    /// # Errors
    /// As [`Cast::new`].
    pub fn from_frac(src_bits: u32, src_frac: i32, dst: &FixedType) -> Result<Cast, TooWide> {
        TooWide::check(src_bits, "reading a value of the source type")?;
        let src_bits = src_bits.max(1);
        let lo = i128::MIN >> (128 - src_bits);
        Self::with_range(lo, !lo, src_bits, src_frac, dst)
    }

    fn with_range(
        lo: i128,
        hi: i128,
        src_bits: u32,
        src_frac: i32,
        dst: &FixedType,
    ) -> Result<Cast, TooWide> {
        TooWide::check(dst.raw_bits(), "holding a value of the target type")?;
        let shift = i64::from(src_frac) - i64::from(dst.frac());
        let rounding = dst.effective_rounding();
        let mut needed_bits = src_bits.max(dst.raw_bits());
        let step = if shift == 0 {
            Step::Keep
        } else if shift < 0 {
            let bits = i64::from(src_bits) - shift;
            needed_bits = needed_bits.max(u32::try_from(bits).unwrap_or(u32::MAX));
            TooWide::check(needed_bits, "shifting a value to a finer fixed-point grid")?;
            Step::Left(-shift as u32)
        } else if shift < i64::from(src_bits) {
            Step::Right(shift as u32, rounding)
        } else if rounding == Rounding::Trn {
            Step::BelowTrn
        } else {
            // -2^(src_bits-1) is exactly -half when shift == src_bits; two modes take it to -1.
            let downward = matches!(rounding, Rounding::RndInf | Rounding::RndMinInf);
            let minus_half = i128::MIN >> (128 - src_bits);
            Step::Below((downward && shift == i64::from(src_bits)).then_some(minus_half))
        };
        let overflow = dst.effective_overflow();
        let mut cast =
            Cast { dst: *dst, step, fit: Fit::Always, lo: dst.min_raw(), hi: dst.max_raw(), needed_bits };
        // Rounding is monotone: the images of the range's ends bound all q.
        if cast.step_of(lo) < cast.lo || cast.step_of(hi) > cast.hi {
            cast.fit = match overflow {
                Overflow::Wrap if dst.effective_sat_bits() == 0 && dst.signed => Fit::WrapSigned,
                Overflow::Wrap if dst.effective_sat_bits() == 0 => Fit::WrapUnsigned,
                Overflow::Wrap | Overflow::WrapSm => Fit::Rare,
                Overflow::Sat | Overflow::SatSym => Fit::Clamp,
                Overflow::SatZero => Fit::Zero,
            };
        }
        Ok(cast)
    }

    /// Bits of the largest signed integer that occurs, source, target and shifts included: up to 64, `i64` will do.
    pub fn needed_bits(&self) -> u32 {
        self.needed_bits
    }

    /// The target type.
    pub fn dst(&self) -> &FixedType {
        &self.dst
    }

    /// True if every raw value of the source is its own result.
    pub fn is_identity(&self) -> bool {
        self.step == Step::Keep && self.fit == Fit::Always
    }

    /// True if no value of the source can leave the target's range.
    pub fn never_overflows(&self) -> bool {
        self.fit == Fit::Always
    }

    /// The exact rounded value q.
    #[inline(always)]
    fn step_of<R: Raw>(&self, raw: R) -> R {
        match self.step {
            Step::Keep => raw,
            Step::Left(s) => raw << s,
            Step::Right(s, Rounding::Trn) => raw >> s,
            Step::Right(s, mode) => round_right(raw, s, mode),
            Step::BelowTrn => raw >> (R::BITS - 1),
            Step::Below(minus_half) => R::ZERO - R::from_bool(minus_half == Some(raw.widen())),
        }
    }

    #[inline(always)]
    fn fit_to<R: Raw>(&self, raw: R, q: R) -> R {
        match self.fit {
            Fit::Always => q,
            Fit::WrapSigned => wrap_signed(q, self.dst.width),
            Fit::WrapUnsigned => wrap_unsigned(q, self.dst.width),
            Fit::Clamp => q.max(R::truncate(self.lo)).min(R::truncate(self.hi)),
            Fit::Zero => {
                let inside = q >= R::truncate(self.lo) && q <= R::truncate(self.hi);
                if inside { q } else { R::ZERO }
            }
            Fit::Rare => self.rare(raw, q),
        }
    }

    #[inline(never)]
    fn rare<R: Raw>(&self, raw: R, q: R) -> R {
        let (raw, q) = (raw.widen(), q.widen());
        if q >= self.lo && q <= self.hi {
            return R::truncate(q);
        }
        // Bit W of the truncated value. Where the source has no such bit, q cannot be out of range in a way that looks at it.
        let floor = match self.step {
            Step::Right(s, _) => raw >> s,
            _ => q,
        };
        let deleted = (floor >> self.dst.width.min(127)) & 1 == 1;
        R::truncate(wrap_rare(q, q < self.lo, deleted, &self.dst))
    }

    #[cold]
    fn apply_wide<R: Raw>(&self, raw: R) -> R {
        let result = self.apply::<i128>(raw.widen());
        assert!(
            R::truncate(result).widen() == result,
            "a conversion to {} is applied to {}-bit integers, which do not hold its result",
            self.dst,
            R::BITS
        );
        R::truncate(result)
    }

    /// Converts one raw value; it must lie in the source's range. `R` should have at least
    /// [`needed_bits`](Self::needed_bits) bits: with fewer the detour is slow, and a result that does not fit in `R`
    /// panics.
    #[inline]
    pub fn apply<R: Raw>(&self, raw: R) -> R {
        if R::BITS < self.needed_bits {
            return self.apply_wide(raw);
        }
        self.fit_to(raw, self.step_of(raw))
    }

    /// As [`apply`](Self::apply), and counts the value in `n` if the exact rounded value was not in the target's range.
    #[inline]
    pub fn apply_counted<R: Raw>(&self, raw: R, n: &mut Overflows) -> R {
        if R::BITS < self.needed_bits {
            let q = self.step_of(raw.widen());
            self.count(q, n);
            return self.apply_wide(raw);
        }
        let q = self.step_of(raw);
        if self.fit == Fit::Always {
            return q;
        }
        self.count(q, n);
        self.fit_to(raw, q)
    }

    #[inline(always)]
    fn count<R: Raw>(&self, q: R, n: &mut Overflows) {
        let outside = self.fit != Fit::Always && (q < R::truncate(self.lo) || q > R::truncate(self.hi));
        match self.dst.effective_overflow() {
            Overflow::Wrap | Overflow::WrapSm => n.wrapped += u64::from(outside),
            _ => n.saturated += u64::from(outside),
        }
    }

    /// Converts a slice in place.
    pub fn apply_all<R: Raw>(&self, raw: &mut [R]) {
        if R::BITS < self.needed_bits {
            return each(raw, |x| self.apply_wide(x));
        }
        // The shapes that inner loops meet get a loop of their own each, free of decisions.
        let (lo, hi, w) = (R::truncate(self.lo), R::truncate(self.hi), self.dst.width);
        match (self.step, self.fit) {
            (Step::Keep, Fit::Always) => {}
            (Step::Keep, Fit::WrapSigned) => each(raw, |x| wrap_signed(x, w)),
            (Step::Keep, Fit::Clamp) => each(raw, |x| x.max(lo).min(hi)),
            (Step::Left(s), Fit::Always) => each(raw, |x| x << s),
            (Step::Left(s), Fit::WrapSigned) => each(raw, |x| wrap_signed(x << s, w)),
            (Step::Right(s, Rounding::Trn), Fit::Always) => each(raw, |x| x >> s),
            (Step::Right(s, Rounding::Trn), Fit::WrapSigned) => each(raw, |x| wrap_signed(x >> s, w)),
            (Step::Right(s, Rounding::Trn), Fit::WrapUnsigned) => each(raw, |x| wrap_unsigned(x >> s, w)),
            (Step::Right(s, Rounding::Trn), Fit::Clamp) => each(raw, |x| (x >> s).max(lo).min(hi)),
            (Step::Right(s, Rounding::Rnd), Fit::Clamp) => {
                each(raw, |x| round_right(x, s, Rounding::Rnd).max(lo).min(hi))
            }
            (Step::Right(s, Rounding::RndConv), Fit::Clamp) => {
                each(raw, |x| round_right(x, s, Rounding::RndConv).max(lo).min(hi))
            }
            _ => each(raw, |x| self.fit_to(x, self.step_of(x))),
        }
    }
}

#[inline(always)]
fn each<R: Raw>(xs: &mut [R], f: impl Fn(R) -> R) {
    for x in xs {
        *x = f(*x);
    }
}

/// Converts one raw value of `src` to `dst`.
///
/// # Errors
/// As [`Cast::new`].
pub fn cast(raw: i128, src: &FixedType, dst: &FixedType) -> Result<i128, TooWide> {
    Cast::new(src, dst).map(|cast| cast.apply(raw))
}
