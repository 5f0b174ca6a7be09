//! QKeras quantisers: what a file says of them, the type each means, and what each does to weights.
//!
//! Source: `qkeras/quantizers.py` of QKeras 0.9.0; the types follow hls4ml's `QKerasQuantizer` (weights) and
//! `_get_precision_from_quantizer` (activations).

mod apply;
mod parse;

use netlathe_ir::FixedType;
use netlathe_ir::apfixed::{Overflow, Rounding};
use netlathe_ir::weight::Encoding;

pub use apply::{Applied, Factored, apply, factor};
pub(crate) use parse::is_quantizer_name;
pub use parse::{QuantizerError, parse, parse_activation};

/// The scale that a quantiser multiplies its unit steps by.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Alpha {
    /// Not given: 1.
    Unset,
    /// A number.
    Value(f64),
    /// Least-squares scale per output channel, found from the weights.
    Auto,
    /// The same, rounded to a power of two.
    AutoPo2,
}

impl Alpha {
    /// Whether hls4ml factors the scale out of the weight.
    pub fn is_factored(self) -> bool {
        !matches!(self, Alpha::Unset) && self != Alpha::Value(1.0)
    }
}

/// `quantized_bits`.
#[derive(Clone, PartialEq, Debug)]
pub struct Bits {
    /// All bits.
    pub bits: u32,
    /// Bits left of the point, the sign not counted.
    pub integer: i32,
    /// Whether the most negative number is left out.
    pub symmetric: bool,
    /// Whether there is a sign bit.
    pub keep_negative: bool,
    /// Scale.
    pub alpha: Alpha,
}

/// `quantized_po2`, or `quantized_relu_po2`: a sign and a power of two.
#[derive(Clone, PartialEq, Debug)]
pub struct Po2 {
    /// Bits of the exponent and, of `quantized_po2`, the number's sign.
    pub bits: u32,
    /// Largest magnitude.
    pub max_value: Option<f64>,
    /// Even exponents only.
    pub quadratic: bool,
    /// Logarithms are rounded down instead of to nearest.
    pub floor: bool,
    /// Of `quantized_relu_po2`: the slope below 0.
    pub relu: Option<f64>,
}

impl Po2 {
    /// The bounds between which QKeras clips the logarithm, halved if exponents are even (`_get_min_max_exponents`);
    /// `None` where the bits do not suffice for one exponent.
    pub(crate) fn bounds(&self) -> Option<(i32, i32)> {
        let own_sign = u32::from(self.relu.is_none());
        let exponent_sign = u32::from(self.max_value.is_none_or(|max| max > 1.0));
        let bits = self.bits.checked_sub(own_sign + exponent_sign).filter(|bits| *bits < 16)?;
        let high = (1 << bits) - 1;
        Some((-(1 << bits), if self.quadratic { 2 * (high / 2) } else { high }))
    }

    /// Smallest and largest exponent that can come out.
    pub fn exponents(&self) -> (i32, i32) {
        let (low, high) = self.bounds().unwrap_or((0, 0));
        let factor = if self.quadratic { 2 } else { 1 };
        let high = match self.max_value {
            // What is rounded is at most this; rounding goes up by a half at most.
            Some(max) if max > 0.0 => high.min((libm::log2(max) / f64::from(factor)).round() as i32).max(low),
            _ => high,
        };
        (factor * low, factor * high)
    }

    /// Fixed-point type that holds every value.
    pub fn fixed(&self) -> (i64, i64) {
        let (low, high) = self.exponents();
        (i64::from(high) + 2 - i64::from(low.min(0)), i64::from(high) + 2)
    }
}

/// Which weight of a layer a quantiser is for: hls4ml stores the same quantiser's values differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The kernel of a dense layer or of a plain convolution.
    Kernel,
    /// The depthwise or pointwise kernel.
    Half,
    /// A bias.
    Bias,
}

/// A quantiser that a file names.
#[derive(Clone, PartialEq, Debug)]
pub enum Quantizer {
    /// Rounding to a fixed-point grid.
    Bits(Bits),
    /// Rounding of a ReLU.
    Relu {
        /// All bits.
        bits: u32,
        /// Bits left of the point.
        integer: i32,
        /// 0, or a power of two below 1: then one bit is the sign.
        negative_slope: f64,
    },
    /// Rounding of tanh, or of its piecewise linear form.
    Tanh {
        /// All bits.
        bits: u32,
        /// Whether -1 is left out.
        symmetric: bool,
        /// tanh itself instead of `2 * clip(0.5 x + 0.5, 0, 1) - 1`.
        real: bool,
    },
    /// Rounding of sigmoid, or of its piecewise linear form.
    Sigmoid {
        /// All bits.
        bits: u32,
        /// sigmoid itself instead of `clip(0.5 x + 0.5, 0, 1)`.
        real: bool,
    },
    /// The sign: -1 or 1, or 0 or 1.
    Binary {
        /// 0 and 1 instead of -1 and 1.
        use_01: bool,
        /// Scale.
        alpha: Alpha,
    },
    /// Powers of two.
    Po2(Po2),
    /// -1, 0 or 1.
    Ternary {
        /// Scale.
        alpha: Alpha,
        /// Magnitude from which on the result is not 0; `None`: 0.33, or found from the weights with a found scale.
        threshold: Option<f64>,
        /// Rounds of the search for the scale.
        unrolls: u32,
    },
}

/// The type that a quantiser means, and whether hls4ml gives it another.
#[derive(Clone, PartialEq, Debug)]
pub struct Meaning {
    /// Type whose values are exactly those that the quantiser can give, its scale apart.
    pub ty: FixedType,
    /// How a weight of this type is stored.
    pub encoding: Encoding,
    /// Where hls4ml 1.3.0 uses another type, and that type cannot hold the quantiser's values: the reason.
    pub differs: Option<String>,
}

impl Quantizer {
    /// QKeras's name of the class.
    pub fn class_name(&self) -> &'static str {
        match self {
            Quantizer::Bits(_) => "quantized_bits",
            Quantizer::Relu { .. } => "quantized_relu",
            Quantizer::Tanh { .. } => "quantized_tanh",
            Quantizer::Sigmoid { .. } => "quantized_sigmoid",
            Quantizer::Binary { .. } => "binary",
            Quantizer::Po2(Po2 { relu: None, .. }) => "quantized_po2",
            Quantizer::Po2(_) => "quantized_relu_po2",
            Quantizer::Ternary { .. } => "ternary",
        }
    }

    /// The scale, for quantisers that have one.
    pub fn alpha(&self) -> Alpha {
        match self {
            Quantizer::Bits(Bits { alpha, .. })
            | Quantizer::Binary { alpha, .. }
            | Quantizer::Ternary { alpha, .. } => *alpha,
            _ => Alpha::Unset,
        }
    }

    /// The type of a weight under this quantiser; `None` for quantisers that are only for activations.
    ///
    /// A binary [`Role::Kernel`] is stored in one bit (hls4ml's xnor form), other binary weights as `ap_int<2>`. Powers
    /// of two are stored as exponents (hls4ml's `ExponentPrecisionType`), those of a bias as fixed-point numbers.
    pub fn weight_type(&self, role: Role) -> Option<Meaning> {
        let same = |ty| Meaning { ty, encoding: Encoding::Fixed, differs: None };
        Some(match self {
            Quantizer::Bits(b) if !b.keep_negative => Meaning {
                ty: FixedType::ufixed(b.bits, b.integer),
                encoding: Encoding::Fixed,
                differs: Some(format!(
                    "keep_negative=False means {}, hls4ml takes the signed type {}",
                    FixedType::ufixed(b.bits, b.integer).hls4ml(),
                    FixedType::fixed(b.bits, b.integer + 1).hls4ml()
                )),
            },
            Quantizer::Bits(b) if b.bits == 1 => {
                let differs =
                    (b.integer != 1).then(|| "one bit means -1 and 1, hls4ml takes fixed<1,..>".into());
                Meaning { ty: FixedType::uint(1), encoding: Encoding::Xnor, differs }
            }
            Quantizer::Bits(b) => Meaning {
                ty: FixedType::fixed(b.bits, b.integer + 1),
                encoding: Encoding::Fixed,
                differs: (b.bits as i32 == b.integer).then(|| {
                    let ty = FixedType::fixed(b.bits, b.integer + 1).hls4ml();
                    format!("its values need {ty}, hls4ml takes int<{}>", b.bits)
                }),
            },
            Quantizer::Binary { use_01: true, .. } => Meaning {
                ty: FixedType::uint(1),
                encoding: Encoding::Fixed,
                differs: Some("use_01 means 0 and 1, hls4ml reads both as +1".into()),
            },
            Quantizer::Binary { .. } if role == Role::Kernel => {
                Meaning { ty: FixedType::uint(1), encoding: Encoding::Xnor, differs: None }
            }
            Quantizer::Binary { .. } | Quantizer::Ternary { .. } => same(FixedType::int(2)),
            Quantizer::Po2(po2) if role == Role::Bias => {
                let (width, integer) = po2.fixed();
                let ty = FixedType::fixed(u32::try_from(width).ok()?, i32::try_from(integer).ok()?);
                let differs =
                    format!("a bias of powers of two needs {}, hls4ml takes int<{}>", ty.hls4ml(), po2.bits);
                Meaning { ty, encoding: Encoding::Fixed, differs: Some(differs) }
            }
            Quantizer::Po2(po2) => {
                let (low, high) = po2.exponents();
                let fits = |bits: u32| {
                    let limit = 1i64 << (bits - 1);
                    i64::from(low) >= -limit && i64::from(high) < limit
                };
                let bits = (po2.bits.max(1)..=32).find(|bits| fits(*bits))?;
                let differs = if po2.relu.is_some() {
                    Some("hls4ml takes fixed<16,6> for it".to_string())
                } else {
                    (bits != po2.bits).then(|| {
                        format!("exponents from {low} to {high} need {bits} bits, hls4ml takes {}", po2.bits)
                    })
                };
                Meaning { ty: FixedType::int(bits), encoding: Encoding::Exponent, differs }
            }
            Quantizer::Relu { .. } | Quantizer::Tanh { .. } | Quantizer::Sigmoid { .. } => return None,
        })
    }

    /// The type of an activation's output under this quantiser; `None` for quantisers that are only for weights.
    pub fn activation_type(&self) -> Option<Meaning> {
        let rounded = |ty: FixedType, overflow| ty.with_modes(Rounding::RndConv, overflow);
        let (ty, differs) = match self {
            Quantizer::Bits(b) if b.keep_negative => {
                let overflow = if b.symmetric { Overflow::SatSym } else { Overflow::Sat };
                let differs = b.symmetric.then(|| "hls4ml saturates to the unsymmetric range".into());
                (rounded(FixedType::fixed(b.bits, b.integer + 1), overflow), differs)
            }
            Quantizer::Bits(b) => (
                rounded(FixedType::ufixed(b.bits, b.integer), Overflow::Sat),
                Some("keep_negative=False means an unsigned type, hls4ml takes a signed one".into()),
            ),
            Quantizer::Relu { bits, integer, negative_slope } if *negative_slope == 0.0 => {
                (rounded(FixedType::ufixed(*bits, *integer), Overflow::Sat), None)
            }
            Quantizer::Relu { bits, integer, .. } => {
                (rounded(FixedType::fixed(*bits, *integer + 1), Overflow::Sat), None)
            }
            Quantizer::Tanh { bits, symmetric, .. } => {
                let overflow = if *symmetric { Overflow::SatSym } else { Overflow::Sat };
                (rounded(FixedType::fixed(*bits, 1), overflow), None)
            }
            Quantizer::Sigmoid { bits, .. } => (rounded(FixedType::ufixed(*bits, 0), Overflow::Sat), None),
            Quantizer::Binary { .. } | Quantizer::Ternary { .. } => (FixedType::int(2), None),
            Quantizer::Po2(_) => return None,
        };
        // Where no fraction bit is left, hls4ml falls back on an integer type without rounding and saturation.
        let lost = ty.rounding == Rounding::RndConv && ty.frac() <= 0;
        let differs = differs.or_else(|| {
            lost.then(|| {
                format!(
                    "hls4ml takes {}int<{}> without rounding and saturation",
                    if ty.signed { "" } else { "u" },
                    ty.integer
                )
            })
        });
        Some(Meaning { ty, encoding: Encoding::Fixed, differs })
    }
}
