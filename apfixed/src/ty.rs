//! The types: what `ap_fixed<W,I,Q,O,N>` and `ap_int<W>` say, their ranges, their text, their operators' result types.

use std::fmt;

use crate::convert::pow2;

/// The widest type that can be named, as in the C++ headers without `AP_INT_MAX_W`.
pub const MAX_WIDTH: u32 = 1024;
/// The largest magnitude of the integer-bits argument that is accepted in text; beyond any `double`.
pub const MAX_INTEGER: i32 = 4096;

/// What happens to the bits below the target's last one (`AP_TRN` and its family).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rounding {
    /// Towards minus infinity.
    Trn,
    /// Towards zero.
    TrnZero,
    /// To nearest, halves towards plus infinity.
    Rnd,
    /// To nearest, halves towards zero.
    RndZero,
    /// To nearest, halves away from zero.
    RndInf,
    /// To nearest, halves towards minus infinity.
    RndMinInf,
    /// To nearest, halves to even.
    RndConv,
}

impl Rounding {
    /// Every mode, in the order of the C++ enumeration's documentation.
    pub const ALL: [Rounding; 7] = [
        Rounding::Trn,
        Rounding::TrnZero,
        Rounding::Rnd,
        Rounding::RndZero,
        Rounding::RndInf,
        Rounding::RndMinInf,
        Rounding::RndConv,
    ];

    /// The name without its `AP_` prefix.
    pub const fn name(self) -> &'static str {
        match self {
            Rounding::Trn => "TRN",
            Rounding::TrnZero => "TRN_ZERO",
            Rounding::Rnd => "RND",
            Rounding::RndZero => "RND_ZERO",
            Rounding::RndInf => "RND_INF",
            Rounding::RndMinInf => "RND_MIN_INF",
            Rounding::RndConv => "RND_CONV",
        }
    }
}

/// What happens to a rounded value that the target cannot hold (`AP_WRAP` and its family).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Overflow {
    /// The low bits remain (two's complement); with `sat_bits` > 0 the upper ones are saturated.
    Wrap,
    /// The nearest value of the range.
    Sat,
    /// Zero.
    SatZero,
    /// The nearest value of the symmetric range -max..=max.
    SatSym,
    /// Sign-magnitude wrapping; signed types only.
    WrapSm,
}

impl Overflow {
    /// Every mode.
    pub const ALL: [Overflow; 5] =
        [Overflow::Wrap, Overflow::Sat, Overflow::SatZero, Overflow::SatSym, Overflow::WrapSm];

    /// The name without its `AP_` prefix.
    pub const fn name(self) -> &'static str {
        match self {
            Overflow::Wrap => "WRAP",
            Overflow::Sat => "SAT",
            Overflow::SatZero => "SAT_ZERO",
            Overflow::SatSym => "SAT_SYM",
            Overflow::WrapSm => "WRAP_SM",
        }
    }
}

/// Which C++ class a type is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// `ap_fixed` / `ap_ufixed`.
    Fixed,
    /// `ap_int` / `ap_uint`: no fraction, conversions to it truncate towards zero and wrap whatever the modes say.
    Int,
}

/// A fixed-point type. Value of a raw integer r: r * 2^-(width - integer).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FixedType {
    /// Bits in all, sign included; at least 1.
    pub width: u32,
    /// Bits left of the point, sign included; may be negative or exceed `width`.
    pub integer: i32,
    /// Two's complement if true.
    pub signed: bool,
    /// What a conversion to this type does with low bits.
    pub rounding: Rounding,
    /// What a conversion to this type does with values out of range.
    pub overflow: Overflow,
    /// The fifth template argument: number of saturated bits of the two wrapping modes. Ignored by the others.
    pub sat_bits: u32,
    /// `ap_fixed` or `ap_int` family.
    pub class: Class,
}

const fn max_i32(a: i32, b: i32) -> i32 {
    if a > b { a } else { b }
}

impl FixedType {
    const fn plain(width: u32, integer: i32, signed: bool, class: Class) -> Self {
        Self { width, integer, signed, rounding: Rounding::Trn, overflow: Overflow::Wrap, sat_bits: 0, class }
    }

    /// `ap_fixed<width, integer>`.
    pub const fn fixed(width: u32, integer: i32) -> Self {
        Self::plain(width, integer, true, Class::Fixed)
    }

    /// `ap_ufixed<width, integer>`.
    pub const fn ufixed(width: u32, integer: i32) -> Self {
        Self::plain(width, integer, false, Class::Fixed)
    }

    /// `ap_int<width>`.
    pub const fn int(width: u32) -> Self {
        Self::plain(width, width as i32, true, Class::Int)
    }

    /// `ap_uint<width>`.
    pub const fn uint(width: u32) -> Self {
        Self::plain(width, width as i32, false, Class::Int)
    }

    /// The same type with other modes (`sat_bits` stays).
    pub const fn with_modes(self, rounding: Rounding, overflow: Overflow) -> Self {
        Self { rounding, overflow, ..self }
    }

    /// The same type with another number of saturated bits.
    pub const fn with_sat_bits(self, sat_bits: u32) -> Self {
        Self { sat_bits, ..self }
    }

    /// Bits right of the point: width - integer. Negative when the step is above 1.
    pub const fn frac(&self) -> i32 {
        (self.width as i32).saturating_sub(self.integer)
    }

    /// Rounding that a conversion to this type really uses: integers always truncate towards zero.
    pub const fn effective_rounding(&self) -> Rounding {
        match self.class {
            Class::Fixed => self.rounding,
            Class::Int => Rounding::TrnZero,
        }
    }

    /// Overflow handling that a conversion to this type really uses: integers always wrap.
    pub const fn effective_overflow(&self) -> Overflow {
        match self.class {
            Class::Fixed => self.overflow,
            Class::Int => Overflow::Wrap,
        }
    }

    /// True for `ap_fixed<W,I>` without further arguments and for integers.
    pub fn has_default_modes(&self) -> bool {
        self.class == Class::Int
            || (self.rounding == Rounding::Trn && self.overflow == Overflow::Wrap && self.sat_bits == 0)
    }

    /// Saturated bits that a conversion to this type really uses: none for integers.
    pub const fn effective_sat_bits(&self) -> u32 {
        match self.class {
            Class::Fixed => self.sat_bits,
            Class::Int => 0,
        }
    }

    /// Smallest raw integer a conversion can give: 0 when unsigned, -2^(W-1) when signed, and -(2^(W-1)-1) under
    /// `SAT_SYM` (except W = 1, which keeps -1). Saturates at `i128::MIN` for signed types wider than 128 bits.
    pub fn min_raw(&self) -> i128 {
        if !self.signed {
            return 0;
        }
        if self.width > 128 {
            return i128::MIN;
        }
        let min = i128::MIN >> (128 - self.width.max(1));
        if self.effective_overflow() == Overflow::SatSym && self.width > 1 { min + 1 } else { min }
    }

    /// Largest raw integer: 2^W - 1 or 2^(W-1) - 1. Saturates at `i128::MAX` for types that `i128` cannot hold
    /// (unsigned from 128 bits on, signed from 129).
    pub fn max_raw(&self) -> i128 {
        let bits = self.raw_bits();
        if bits > 128 { i128::MAX } else { i128::MAX >> (128 - bits.max(1)) }
    }

    /// Smallest value a conversion can give, rounded to a double.
    pub fn min_value(&self) -> f64 {
        if !self.signed {
            0.0
        } else if self.width > 128 {
            // 2^n and 2^n - 1 are the same double here.
            -pow2(self.integer - 1)
        } else {
            crate::convert::to_f64(self.min_raw(), self)
        }
    }

    /// Largest value, rounded to a double.
    pub fn max_value(&self) -> f64 {
        if self.raw_bits() > 128 {
            pow2(self.integer - i32::from(self.signed))
        } else {
            crate::convert::to_f64(self.max_raw(), self)
        }
    }

    /// The step between neighbours: 2^-frac.
    pub fn lsb(&self) -> f64 {
        pow2(self.frac().saturating_neg())
    }

    /// Bits of a signed integer that holds every raw value: `width`, one more when unsigned.
    pub const fn raw_bits(&self) -> u32 {
        self.width + !self.signed as u32
    }

    /// hls4ml's configuration spelling: `fixed<16,6,TRN,WRAP,0>`, `ufixed<8,0,RND_CONV,SAT,0>`, `int<6>`, `uint<1>`.
    pub fn hls4ml(&self) -> String {
        let u = if self.signed { "" } else { "u" };
        match self.class {
            Class::Int => format!("{u}int<{}>", self.width),
            Class::Fixed => format!(
                "{u}fixed<{},{},{},{},{}>",
                self.width,
                self.integer,
                self.rounding.name(),
                self.overflow.name(),
                self.sat_bits
            ),
        }
    }

    /// The C++ spelling: `ap_fixed<16,6>` with default modes, else `ap_fixed<16,6,AP_RND,AP_SAT>` and the saturated
    /// bits only when there are some; `ap_int<6>`, `ap_uint<1>`.
    pub fn cpp(&self) -> String {
        self.to_string()
    }

    fn joint_class(&self, o: &Self) -> Class {
        if self.class == Class::Int && o.class == Class::Int { Class::Int } else { Class::Fixed }
    }

    /// Integer bits that hold both operands: a sign bit is added to an unsigned one beside a signed one.
    fn joint_integer(&self, o: &Self) -> i32 {
        max_i32(
            self.integer + i32::from(o.signed && !self.signed),
            o.integer + i32::from(self.signed && !o.signed),
        )
    }

    fn aligned(&self, o: &Self, carry: i32, signed: bool) -> Self {
        let integer = self.joint_integer(o) + carry;
        let width = (integer + max_i32(self.frac(), o.frac())).max(1) as u32;
        Self::plain(width, integer, signed, self.joint_class(o))
    }

    /// Type of `a * b`: exact, widths and integer bits add.
    pub fn mul(&self, o: &Self) -> Self {
        Self::plain(
            self.width + o.width,
            self.integer + o.integer,
            self.signed || o.signed,
            self.joint_class(o),
        )
    }

    /// Type of `a + b`: exact, one carry bit.
    pub fn add(&self, o: &Self) -> Self {
        self.aligned(o, 1, self.signed || o.signed)
    }

    /// Type of `a - b`: sized as the sum, always signed.
    pub fn sub(&self, o: &Self) -> Self {
        self.aligned(o, 1, true)
    }

    /// Type of `-a`: one bit more, signed.
    pub fn neg(&self) -> Self {
        match self.class {
            Class::Fixed => Self::plain(self.width + 1, self.integer + 1, true, Class::Fixed),
            // ap_int computes 0 - a with an ap_uint<1> zero: for ap_int<1> that is 3 bits, not 2.
            Class::Int => Self::uint(1).sub(self),
        }
    }

    /// Type of `a / b`: truncated towards zero, exact in the sense of C++ (W1 + max(F2,0) + S2 bits).
    pub fn div(&self, o: &Self) -> Self {
        let s2 = i32::from(o.signed);
        Self::plain(
            (self.width as i32 + max_i32(o.frac(), 0) + s2) as u32,
            self.integer + o.frac() + s2,
            self.signed || o.signed,
            self.joint_class(o),
        )
    }

    /// Type of `a % b` of two `ap_int`s: signed as the dividend, no wider than either needs.
    pub fn rem(&self, o: &Self) -> Self {
        let width = self.width.min(o.width + u32::from(!o.signed && self.signed));
        Self::plain(width, width as i32, self.signed, self.joint_class(o))
    }

    /// Type of `a & b`, `a | b`, `a ^ b`: aligned at the point, no carry bit.
    pub fn bitwise(&self, o: &Self) -> Self {
        self.aligned(o, 0, self.signed || o.signed)
    }

    /// Type of `~a`: the same without modes.
    pub fn not(&self) -> Self {
        Self::plain(self.width, self.integer, self.signed, self.class)
    }
}

impl fmt::Display for FixedType {
    /// The C++ spelling, see [`FixedType::cpp`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let u = if self.signed { "" } else { "u" };
        if self.class == Class::Int {
            return write!(f, "ap_{u}int<{}>", self.width);
        }
        write!(f, "ap_{u}fixed<{},{}", self.width, self.integer)?;
        if !self.has_default_modes() {
            write!(f, ",AP_{},AP_{}", self.rounding.name(), self.overflow.name())?;
            if self.sat_bits != 0 {
                write!(f, ",{}", self.sat_bits)?;
            }
        }
        f.write_str(">")
    }
}

/// A type in a configuration: given, or left to be inferred.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Precision {
    /// `auto`.
    Auto,
    /// A type.
    Is(FixedType),
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Precision::Auto => f.write_str("auto"),
            Precision::Is(ty) => ty.fmt(f),
        }
    }
}

impl From<FixedType> for Precision {
    fn from(ty: FixedType) -> Self {
        Precision::Is(ty)
    }
}
