//! Native numbers and text to raw integers, and back.

use half::f16;
use thiserror::Error;

use crate::cast::{Cast, TooWide, wrap_rare};
use crate::ty::{Class, FixedType, Overflow};

/// 2^e, exact where a double can hold it, else 0 or infinity.
pub(crate) fn pow2(e: i32) -> f64 {
    match e {
        1024.. => f64::INFINITY,
        -1022..=1023 => f64::from_bits(((e + 1023) as u64) << 52),
        -1074..=-1023 => f64::from_bits(1 << (e + 1074)),
        _ => 0.0,
    }
}

/// Converts a double, as the C++ constructor does: the exact value is rounded, then brought into range.
///
/// The headers' treatment of special numbers is kept. Infinities are +-2^1024 (so SAT gives an end of the range and
/// WRAP gives 0), NaN is some number of magnitude 2^1024 or more with NaN's sign, and a denormal is read with an
/// implicit leading 1 (only types with more than a thousand fraction bits can tell). To an integer type the value is
/// truncated towards zero and wraps.
///
/// # Errors
/// [`TooWide`] only if the type itself exceeds 128 bits.
pub fn from_f64(x: f64, ty: &FixedType) -> Result<i128, TooWide> {
    TooWide::check(ty.raw_bits(), "holding a value of the target type")?;
    if x == 0.0 {
        return Ok(0);
    }
    // x = man * 2^-src_frac, man of 54 bits with its sign.
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let magnitude = (1i128 << 52) | i128::from(bits & ((1 << 52) - 1));
    let man = if x.is_sign_negative() { -magnitude } else { magnitude };
    let src_frac = 52 - exponent;
    let left = ty.frac().saturating_sub(src_frac);
    if left <= 74 {
        return Ok(Cast::from_frac(54, src_frac, ty)?.apply(man));
    }
    // |man| * 2^left >= 2^127: beyond every type of up to 128 bits, save that -2^127 is the minimum of a signed one.
    Ok(far_above(man, left as u32, ty))
}

/// The conversion of man * 2^left, left >= 75, which no type holds (with the one exception of -2^127).
fn far_above(man: i128, left: u32, ty: &FixedType) -> i128 {
    let negative = man < 0;
    let low = if left < 128 { man << left } else { 0 };
    let wrapped = match (128 - ty.width.min(128), ty.signed) {
        (unused, true) => (low << unused) >> unused,
        (_, false) => low & ty.max_raw(),
    };
    let is_minimum = ty.width == 128 && ty.signed && left == 75 && man == -(1 << 52);
    match ty.effective_overflow() {
        Overflow::Sat | Overflow::SatSym if negative => ty.min_raw(),
        Overflow::Sat | Overflow::SatSym => ty.max_raw(),
        _ if is_minimum => wrapped,
        Overflow::SatZero => 0,
        Overflow::Wrap if ty.effective_sat_bits() == 0 => wrapped,
        Overflow::Wrap | Overflow::WrapSm => {
            let index = i64::from(ty.width) - i64::from(left);
            let deleted = index >= 0 && (man >> index.min(127)) & 1 == 1;
            wrap_rare(wrapped, negative, deleted, ty)
        }
    }
}

/// Converts a float through double, as C++ does.
///
/// # Errors
/// As [`from_f64`].
pub fn from_f32(x: f32, ty: &FixedType) -> Result<i128, TooWide> {
    from_f64(f64::from(x), ty)
}

/// Converts a half-precision number through double.
///
/// # Errors
/// As [`from_f64`].
pub fn from_f16(x: f16, ty: &FixedType) -> Result<i128, TooWide> {
    from_f64(x.to_f64(), ty)
}

/// A text that is not a number, or a type that is too wide.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TextError {
    /// Not a number of the kind that the type reads.
    #[error("`{text}` is not {expected}")]
    NotANumber {
        /// The text.
        text: String,
        /// What the type reads.
        expected: &'static str,
    },
    /// The type exceeds 128 bits.
    #[error(transparent)]
    TooWide(#[from] TooWide),
}

/// Reads a number as `istream >>` does: an `ap_fixed` reads a double and converts it with its modes (numbers beyond
/// the largest double become that double), an `ap_int` reads an integer, decimal or with a prefix 0x, 0o or 0b,
/// modulo 2^W; a decimal fraction is dropped.
///
/// # Errors
/// [`TextError`] if the whole text (spaces around it aside) is not such a number, or the type exceeds 128 bits.
pub fn from_text(s: &str, ty: &FixedType) -> Result<i128, TextError> {
    let not = |expected| TextError::NotANumber { text: s.chars().take(80).collect(), expected };
    let text = s.trim();
    match ty.class {
        Class::Fixed => {
            let decimal = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
            let x: f64 = text.parse().ok().filter(|_| decimal).ok_or_else(|| not("a decimal number"))?;
            Ok(from_f64(x.clamp(f64::MIN, f64::MAX), ty)?)
        }
        Class::Int => {
            TooWide::check(ty.raw_bits(), "holding a value of the target type")?;
            let low = integer_low_bits(text).ok_or_else(|| not("an integer"))?;
            Ok(Cast::from_frac(128, 0, ty)?.apply(low))
        }
    }
}

/// The integer modulo 2^128, fraction dropped.
fn integer_low_bits(text: &str) -> Option<i128> {
    let (negative, body) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match body.get(..2) {
        Some("0x" | "0X") => (16, &body[2..]),
        Some("0o" | "0O") => (8, &body[2..]),
        Some("0b" | "0B") => (2, &body[2..]),
        _ => (10, body),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if radix == 10 => (whole, fraction),
        _ => (digits, ""),
    };
    if whole.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut low = 0i128;
    for c in whole.chars() {
        let digit = c.to_digit(radix)?;
        low = low.wrapping_mul(i128::from(radix)).wrapping_add(i128::from(digit));
    }
    Some(if negative { low.wrapping_neg() } else { low })
}

/// Prints `x` with exactly that many decimals, halves of the exact binary value to the even digit, and reads the
/// text back: what happens to a weight between Python and the C++ program.
///
/// NaN and infinities are returned as they are.
pub fn decimal_round(x: f64, decimals: u32) -> f64 {
    if !x.is_finite() {
        return x;
    }
    // No double has more than 1074 decimals.
    if decimals >= 1074 {
        return x;
    }
    // On the grid of 2^-decimals all digits are printed.
    if decimals <= 1023 {
        let scaled = x * pow2(decimals as i32);
        let exact = scaled.is_finite() && (scaled != 0.0 || x == 0.0);
        if exact && scaled.fract() == 0.0 {
            return x;
        }
    }
    // std prints the correctly rounded decimal of the exact value, ties to even, and parses correctly rounded.
    format!("{x:.*}", decimals as usize).parse().unwrap_or(x)
}

/// The raw integer of a weight: printed with max(0, F) decimals, read back, and converted with the type's modes. For
/// an integer type the text is that of no decimals and is read as an integer.
///
/// # Errors
/// As [`from_f64`].
pub fn weight_raw(x: f64, ty: &FixedType) -> Result<i128, TooWide> {
    let decimals = match ty.class {
        Class::Fixed => ty.frac().max(0) as u32,
        Class::Int => 0,
    };
    from_f64(decimal_round(x, decimals), ty)
}

/// `magnitude` * 2^`exponent` rounded half-even to a binary format of `digits` significant bits whose least
/// exponent is `least`, as (integer of at most `digits` + 1 bits, exponent).
fn round_binary(magnitude: u128, exponent: i32, digits: i32, least: i32) -> (u64, i32) {
    let top = 128 - magnitude.leading_zeros() as i32;
    let e = exponent.saturating_add(top - digits).max(least);
    let drop = e.saturating_sub(exponent);
    if drop <= 0 {
        return ((magnitude << -drop) as u64, e);
    }
    if drop > 128 {
        return (0, e);
    }
    let (floor, half) = (magnitude.checked_shr(drop as u32).unwrap_or(0), 1u128 << (drop as u32 - 1));
    let rem = magnitude & (half | (half - 1));
    let up = rem > half || (rem == half && floor & 1 == 1);
    (floor as u64 + u64::from(up), e)
}

fn signed(magnitude: f64, negative: bool) -> f64 {
    if negative { -magnitude } else { magnitude }
}

/// The value as a double, correctly rounded half-even.
pub fn to_f64(raw: i128, ty: &FixedType) -> f64 {
    let exponent = ty.frac().saturating_neg();
    if raw == 0 {
        return 0.0;
    }
    let (m, e) = round_binary(raw.unsigned_abs(), exponent, 53, -1074);
    // Both factors and the product are exact, or the product overflows.
    signed(m as f64 * pow2(e), raw < 0)
}

/// The value as a float, correctly rounded half-even, once.
pub fn to_f32(raw: i128, ty: &FixedType) -> f32 {
    if raw == 0 {
        return 0.0;
    }
    let (m, e) = round_binary(raw.unsigned_abs(), ty.frac().saturating_neg(), 24, -149);
    // Exact in double and already on the float's grid.
    signed(m as f64 * pow2(e), raw < 0) as f32
}
