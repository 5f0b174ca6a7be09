//! Intervals of values.

use netlathe_apfixed::{Class, FixedType};

/// All values between two numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    pub min: f64,
    pub max: f64,
}

impl Interval {
    /// The interval of one value.
    pub fn point(x: f64) -> Self {
        Self { min: x, max: x }
    }

    /// All values of a type.
    pub fn of(ty: &FixedType) -> Self {
        Self { min: ty.min_value(), max: ty.max_value() }
    }

    /// The smallest interval with both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// The interval of all values, `None` when there is none.
    pub fn over(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        values.into_iter().map(Self::point).reduce(Self::hull)
    }

    /// Largest magnitude.
    pub fn magnitude(self) -> f64 {
        self.min.abs().max(self.max.abs())
    }

    /// Integer bits that hold the interval: of a signed type (sign bit included) or of an unsigned one.
    ///
    /// A bound that is a power of two itself is held by saturating half an LSB below it only when it is the upper one, so the
    /// upper bound counts as exclusive above, the lower one as inclusive below.
    pub fn integer_bits(self, signed: bool) -> i32 {
        let upper = if self.max > 0.0 { exponent_above(self.max) } else { i32::MIN };
        let lower = if self.min < 0.0 { exponent_at_least(-self.min) } else { i32::MIN };
        let bits = upper.max(lower);
        if bits == i32::MIN { i32::from(signed) } else { bits + i32::from(signed) }
    }
}

/// Smallest e with `x < 2^e`.
fn exponent_above(x: f64) -> i32 {
    let e = exponent_at_least(x);
    if x == libm::ldexp(1.0, e) { e + 1 } else { e }
}

/// Smallest e with `x <= 2^e`.
fn exponent_at_least(x: f64) -> i32 {
    let (mantissa, e) = libm::frexp(x);
    if mantissa == 0.5 { e - 1 } else { e }
}

/// The smallest type of a constant, at most `max_width` bits (and a sign), truncating (hls4ml's `_get_precision_from_constant`).
pub fn constant_type(value: f64, max_width: u32) -> FixedType {
    if value == 0.0 {
        return FixedType::ufixed(1, 1);
    }
    let signed = value < 0.0;
    let magnitude = value.abs();
    let integer = libm::ilogb(magnitude) + 1;
    // Fraction bits until nothing is left, within the width.
    let mut width = 1;
    let mut scaled = libm::ldexp(magnitude, 1 - integer);
    while width < max_width && scaled != libm::floor(scaled) {
        scaled *= 2.0;
        width += 1;
    }
    let sign = u32::from(signed);
    FixedType { signed, class: Class::Fixed, ..FixedType::fixed(width + sign, integer + sign as i32) }
}

/// The smallest type that holds every one of these finite values exactly; its width has no limit.
pub fn exact_type(values: impl IntoIterator<Item = f64>) -> FixedType {
    let mut bounds = Interval::point(0.0);
    let mut frac: Option<i32> = None;
    for x in values.into_iter().filter(|&x| x != 0.0) {
        bounds = bounds.hull(Interval::point(x));
        let (mantissa, exponent) = libm::frexp(x);
        let whole = libm::ldexp(mantissa.abs(), 53) as u64;
        let needed = 53 - exponent - whole.trailing_zeros() as i32;
        frac = Some(frac.map_or(needed, |f| f.max(needed)));
    }
    let Some(frac) = frac else { return FixedType::uint(1) };
    let signed = bounds.min < 0.0;
    let integer = bounds.integer_bits(signed);
    FixedType { signed, ..FixedType::fixed((integer + frac).max(1) as u32, integer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaky_relu_constants_keep_eight_bits() {
        // hls4ml: 0.3 becomes ufixed<8,-1>, 153/512.
        assert_eq!(constant_type(0.3, 8), FixedType::ufixed(8, -1));
        assert_eq!(constant_type(0.25, 8), FixedType::ufixed(1, -1));
        assert_eq!(constant_type(1.0, 8), FixedType::ufixed(1, 1));
        assert_eq!(constant_type(-1.5, 8), FixedType::fixed(3, 2));
    }

    #[test]
    fn exact_types_are_the_smallest() {
        assert_eq!(exact_type([0.0, 0.0]), FixedType::uint(1));
        assert_eq!(exact_type([0.75, 2.0]), FixedType::ufixed(4, 2));
        assert_eq!(exact_type([-1.0, 0.25]), FixedType::fixed(3, 1));
        assert_eq!(exact_type([-1.0, 1.0]), FixedType::fixed(2, 2));
        assert_eq!(exact_type([96.0]), FixedType::ufixed(2, 7));
        // 0.1 as float32 is 13421773 * 2^-27.
        assert_eq!(exact_type([f64::from(0.1f32)]), FixedType::ufixed(24, -3));
    }

    #[test]
    fn integer_bits_hold_the_interval() {
        let bits = |min, max, signed| Interval { min, max }.integer_bits(signed);
        assert_eq!(bits(-1.0, 0.9, true), 1);
        assert_eq!(bits(-1.0, 1.0, true), 2);
        assert_eq!(bits(-1.1, 0.0, true), 2);
        assert_eq!(bits(0.0, 0.99, false), 0);
        assert_eq!(bits(0.0, 1.0, false), 1);
        assert_eq!(bits(0.0, 0.2, false), -2);
        assert_eq!(bits(0.0, 0.0, true), 1);
        assert_eq!(bits(-8.0, 7.5, true), 4);
    }
}
