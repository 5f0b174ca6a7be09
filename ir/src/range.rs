//! Intervals of values.

use netlathe_apfixed::FixedType;

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

#[cfg(test)]
mod tests {
    use super::*;

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
