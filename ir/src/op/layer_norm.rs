//! Layer normalisation over the last axis.
//!
//! # The arithmetic
//!
//! For each run of `n` values along the last axis, with `A` = `accum`, `T` = the table's type, `S` and `B` the types of scale and
//! bias, `F(t)` the fraction bits of type `t`, and `Q(t, x)` the conversion of the exact value `x` to type `t`:
//!
//! ```text
//! k     = Q(A, 1 / n)                              a constant: 1 / n in float64
//! sum   = 0;  for i ascending: sum = Q(A, sum + Q(A, x_i))
//! mean  = Q(A, sum * k)
//! d_i   = Q(A, Q(A, x_i) - mean)
//! sum2  = 0;  for i ascending: sum2 = Q(A, sum2 + Q(A, d_i * d_i))
//! var   = Q(A, sum2 * k)
//! ```
//!
//! [`RootIndex::Uniform`] (hls4ml's `nnet_layernorm.h`) with `N` table entries:
//!
//! ```text
//! index = var * N * 2^range_power2, exact, its fraction cut off toward zero, then clamped to 0 ..= N - 1
//! y_i   = Q(result, d_i * table[index] * scale_i + bias_i), one exact expression
//! ```
//!
//! Entry `j` is `1 / sqrt(10^-p + j * 2^-range_power2 / N)`, `p = -round(log10 epsilon)`: hls4ml's float32 steps.
//!
//! [`RootIndex::Normalised`] with `N = 2^(M + 1)` table entries (a power of two, at least 2), on raw integers. `e` is
//! [`LayerNorm::epsilon_raw`], `G` is [`NORMALISED_FRAC`]:
//!
//! ```text
//! u     = max(raw(var), 0) + e                     at least 1; one bit wider than A
//! p     = position of u's highest set bit          0 for u = 1
//! s     = (p - F(A)) mod 2                         0 or 1, also for negative p - F(A)
//! q     = (p - F(A) - s) / 2                       so u * 2^-F(A) = m * 4^q with 1 <= m < 4; may be negative
//! t     = the M bits of u below its highest:  p >= M ? (u >> (p - M)) - 2^M : (u << (M - p)) - 2^M
//! index = s * 2^M + t
//! sh    = F(A) + F(T) + q - G
//! v_i   = raw(d_i) * raw(table[index])             exact
//! z_i   = sh > 0 ? (v_i + 2^(sh - 1)) >> sh : v_i << -sh        arithmetic shift; raw, G fraction bits
//! y_i   = Q(result, Q(Z, z_i * 2^-G) * scale_i + bias_i), one exact expression
//! ```
//!
//! Entry `s * 2^M + t` is `1 / sqrt(2^s * (1 + (t + 1/2) / 2^M))`: between 1/2 and 1. Because `d_i^2 <= n * var`, `|z_i| * 2^-G` stays
//! below `2 * sqrt(n)`: `Z`, [`LayerNorm::normalised_type`], holds it. Only where the accumulator itself has wrapped or saturated, or
//! is too coarse for `1 / n`, may it wrap.

use crate::table::Table;
use crate::weight::Weight;
use netlathe_apfixed::{FixedType, Overflow, Precision, Rounding};

/// How the table of `1 / sqrt(variance)` is indexed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RootIndex {
    /// hls4ml: equal steps over 0 to `2^-range_power2`, larger variances take the last entry.
    Uniform { range_power2: i32 },
    /// NetLathe's own choice: the variance's leading bits and its power of four, so that every variance is as exact.
    Normalised,
}

/// Fraction bits of the normalised value `z` of [`RootIndex::Normalised`].
pub const NORMALISED_FRAC: i32 = 20;

/// `y = Q(result, (x - mean) / sqrt(variance) * scale + bias)`; the [module](self) has every step.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerNorm {
    /// Shape (last axis).
    pub scale: Weight,
    pub bias: Weight,
    pub epsilon: f64,
    pub accum: Precision,
    pub table_ty: Precision,
    pub table_size: u32,
    pub root: RootIndex,
    /// Made by pass `attach_tables`.
    pub table: Option<Table>,
    pub reuse_factor: u32,
}

impl LayerNorm {
    /// A layer with hls4ml's defaults.
    pub fn new(scale: Weight, bias: Weight, epsilon: f64) -> Self {
        let exact = |t: FixedType| Precision::Is(t.with_modes(Rounding::RndConv, Overflow::Sat));
        Self {
            scale,
            bias,
            epsilon,
            accum: exact(FixedType::fixed(14, 4)),
            table_ty: exact(FixedType::ufixed(8, 5)),
            table_size: 4096,
            root: RootIndex::Uniform { range_power2: 0 },
            table: None,
            reuse_factor: 1,
        }
    }

    /// Epsilon in units of the accumulator's step, to the nearest and at least 1: what [`RootIndex::Normalised`] adds to the
    /// variance's raw integer. `accum` must be known.
    pub fn epsilon_raw(&self) -> i64 {
        let frac = match self.accum {
            Precision::Is(ty) => ty.frac(),
            Precision::Auto => 0,
        };
        (libm::floor(libm::ldexp(self.epsilon, frac) + 0.5) as i64).max(1)
    }

    /// Integer bits, sign included, that hold every normalised value of `n` values: `ceil(log2 n) / 2` rounded up, plus 2.
    pub fn normalised_integer_bits(n: usize) -> u32 {
        n.next_power_of_two().trailing_zeros().div_ceil(2) + 2
    }

    /// The type of a normalised value of n: [`NORMALISED_FRAC`] fraction bits, wrapping.
    pub fn normalised_type(n: usize) -> FixedType {
        let integer = Self::normalised_integer_bits(n) as i32;
        FixedType::fixed((integer + NORMALISED_FRAC) as u32, integer)
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let (n, m) = (self.scale.data.len(), self.bias.data.len());
        if n == 0 || n != m || input.last() != Some(&n) {
            return Err(format!("input has shape {input:?}, scale has {n} and bias {m} values"));
        }
        Ok(input.to_vec())
    }
}
