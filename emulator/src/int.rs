//! The integers that a plan works on.

use netlathe_apfixed::{FixedType, Raw};
use std::ops::Mul;

/// `i64` or `i128`.
pub trait Int: Raw + Mul<Output = Self> + Default {
    /// Sum modulo 2^BITS.
    fn wrapping_add(self, o: Self) -> Self;
    /// Product modulo 2^BITS.
    fn wrapping_mul(self, o: Self) -> Self;
    /// Quotient toward zero.
    fn div_toward_zero(self, o: Self) -> Self;
    /// A 64-bit constant.
    fn of(x: i64) -> Self;
}

macro_rules! int {
    ($t:ty) => {
        impl Int for $t {
            #[inline]
            fn wrapping_add(self, o: Self) -> Self {
                <$t>::wrapping_add(self, o)
            }
            #[inline]
            fn wrapping_mul(self, o: Self) -> Self {
                <$t>::wrapping_mul(self, o)
            }
            #[inline]
            fn div_toward_zero(self, o: Self) -> Self {
                self / o
            }
            #[inline]
            fn of(x: i64) -> Self {
                x.into()
            }
        }
    };
}
int!(i64);
int!(i128);

/// Widest intermediate of a plan, in bits of a signed integer.
#[derive(Default, Debug)]
pub struct Budget {
    pub bits: u32,
    /// The layer that needs them.
    pub layer: String,
    current: String,
}

impl Budget {
    /// What follows belongs to this layer.
    pub fn enter(&mut self, layer: &str) {
        self.current = layer.to_string();
    }

    /// An intermediate of that many bits occurs.
    pub fn need(&mut self, bits: u32) {
        if bits > self.bits {
            self.bits = bits;
            self.layer.clone_from(&self.current);
        }
    }

    /// A value of that type occurs.
    pub fn hold(&mut self, ty: &FixedType) {
        self.need(ty.raw_bits());
    }
}
