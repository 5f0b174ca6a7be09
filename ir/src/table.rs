//! Look-up tables, computed in one place for the emulator and the generated code alike.
//!
//! hls4ml builds its tables at run time with the host's float functions; here the function is evaluated by the pure-Rust crate
//! `libm` in float64 and rounded to float32 once, where hls4ml has a float32, so every machine gets the same table. Formulas:
//! hls4ml's `nnet_activation.h`.

use netlathe_apfixed::{FixedType, TooWide, from_f64, to_f64};

/// A constant table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// Type of the entries.
    pub ty: FixedType,
    /// Raw integers of that type.
    pub entries: Vec<i64>,
}

/// Largest table that is made: 64 Ki entries.
pub const MAX_ENTRIES: u32 = 1 << 16;

fn expf(x: f32) -> f32 {
    libm::exp(f64::from(x)) as f32
}

fn build(ty: FixedType, size: u32, entry: impl Fn(u32) -> f32) -> Result<Table, TooWide> {
    let entries = (0..size)
        .map(|i| from_f64(f64::from(entry(i)), &ty).map(|raw| raw as i64))
        .collect::<Result<_, _>>()?;
    Ok(Table { ty, entries })
}

/// The argument of entry `i` of a table over `+-range`, as float32.
fn argument(i: u32, size: u32, range: u32) -> f32 {
    (2.0 * f64::from(range) * (f64::from(i) - f64::from(size) / 2.0) / f64::from(size)) as f32
}

/// `1 / (1 + exp(-x))` over +-8.
///
/// # Errors
/// The entries' type is too wide.
pub fn sigmoid(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    build(ty, size, |i| (1.0 / f64::from(1.0 + expf(-argument(i, size, 8)))) as f32)
}

/// `tanh(x)` over +-4.
///
/// # Errors
/// The entries' type is too wide.
pub fn tanh(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    build(ty, size, |i| libm::tanh(f64::from(argument(i, size, 4))) as f32)
}

/// `log(exp(x) + 1)` over +-8.
///
/// # Errors
/// The entries' type is too wide.
pub fn softplus(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    build(ty, size, |i| libm::log(f64::from(expf(argument(i, size, 8))) + 1.0) as f32)
}

/// `x / (|x| + 1)` over +-8.
///
/// # Errors
/// The entries' type is too wide.
pub fn softsign(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    build(ty, size, |i| {
        let x = f64::from(argument(i, size, 8));
        (x / (x.abs() + 1.0)) as f32
    })
}

/// `exp(x) - 1` over -8 to 0: entry `i` is that of `-8 i / size`.
///
/// # Errors
/// The entries' type is too wide.
pub fn elu(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    build(ty, size, |i| elu_entry(i, size) as f32)
}

/// `lambda * alpha * (exp(x) - 1)` over -8 to 0, with selu's constants.
///
/// # Errors
/// The entries' type is too wide.
pub fn selu(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    build(ty, size, |i| (SELU_LAMBDA * (SELU_ALPHA * elu_entry(i, size))) as f32)
}

/// selu's scale.
pub const SELU_LAMBDA: f64 = 1.050_700_987_355_480_5;
/// selu's factor of the exponential.
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// hls4ml's float32 exponential less 1, in float64.
fn elu_entry(i: u32, size: u32) -> f64 {
    let x = (-8.0 * f64::from(i) / f64::from(size)) as f32;
    f64::from(expf(x)) - 1.0
}

/// `function` over `+-range`, each entry its value at the entry's middle, float64 (NetLathe's own tables).
///
/// # Errors
/// The entries' type is too wide.
pub fn centred(
    ty: FixedType,
    size: u32,
    range: u32,
    function: impl Fn(f64) -> f64,
) -> Result<Table, TooWide> {
    let step = 2.0 * f64::from(range) / f64::from(size);
    let middle = |i: u32| (f64::from(i) - f64::from(size / 2) + 0.5) * step;
    exact(ty, (0..size).map(|i| function(middle(i))))
}

/// The distribution function of the standard normal distribution; `approximate`: `(1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.
pub fn normal_cdf(x: f64, approximate: bool) -> f64 {
    if approximate {
        0.5 * (1.0 + libm::tanh((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)))
    } else {
        0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
    }
}

/// `1 / sqrt(epsilon + x)` over x from 0 to `2^-range_power2` (layer normalisation); epsilon is taken as the nearest power of ten.
///
/// # Errors
/// The entries' type is too wide.
pub fn inverse_root(ty: FixedType, size: u32, epsilon: f64, range_power2: i32) -> Result<Table, TooWide> {
    let least = libm::pow(10.0, libm::round(libm::log10(epsilon))) as f32;
    let step = libm::exp2(f64::from(-range_power2)) as f32 / size as f32;
    exact(ty, (0..size).map(|i| 1.0 / f64::from((least + step * i as f32).sqrt())))
}

/// `1 / sqrt(m)` for m from 1 to 4, each power of two in equal steps, an entry's value at its middle: the table of
/// [`RootIndex::Normalised`](crate::op::layer_norm::RootIndex).
///
/// # Errors
/// The entries' type is too wide.
pub fn normalised_inverse_root(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    let half = (size / 2).max(1);
    exact(
        ty,
        (0..size).map(|i| {
            let m = 1.0 + (f64::from(i % half) + 0.5) / f64::from(half);
            1.0 / (if i < half { m } else { 2.0 * m }).sqrt()
        }),
    )
}

fn exact(ty: FixedType, values: impl Iterator<Item = f64>) -> Result<Table, TooWide> {
    let entries = values.map(|x| from_f64(x, &ty).map(|raw| raw as i64)).collect::<Result<_, _>>()?;
    Ok(Table { ty, entries })
}

/// The value that index `i` of a table over `index`'s type stands for: the index is the type's upper bits, the rest zero.
pub fn grid_value(i: u32, size: u32, index: &FixedType) -> f64 {
    let bits = ceil_log2(size);
    let raw = if bits > index.width { i128::from(i) } else { i128::from(i) << (index.width - bits) };
    let sign = i128::from(index.signed && raw >> (index.width - 1) & 1 == 1);
    to_f64(raw - (sign << index.width), index)
}

/// Bits of an index into a table of that size (1 for a table of one entry, as hls4ml's `ceillog2`).
pub fn ceil_log2(size: u32) -> u32 {
    if size <= 2 { 1 } else { 32 - (size - 1).leading_zeros() }
}

/// `exp(x)`, or `exp(-x)` when `negative`, of the values of type `index`.
///
/// # Errors
/// The entries' type is too wide.
pub fn softmax_exp(ty: FixedType, size: u32, index: &FixedType, negative: bool) -> Result<Table, TooWide> {
    build(ty, size, |i| {
        let x = grid_value(i, size, index) as f32;
        expf(if negative { -x } else { x })
    })
}

/// `1 / x` of the values of type `index`; the entry of 0 is the conversion of infinity.
///
/// # Errors
/// The entries' type is too wide.
pub fn softmax_inverse(ty: FixedType, size: u32, index: &FixedType) -> Result<Table, TooWide> {
    build(ty, size, |i| 1.0f32 / (grid_value(i, size, index) as f32))
}

/// `exp(x)` over +-8 (legacy softmax).
///
/// # Errors
/// The entries' type is too wide.
pub fn legacy_exp(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    build(ty, size, |i| expf(argument(i, size, 8)))
}

/// `1 / x` over 0 to 64, 0 for 0 (legacy softmax).
///
/// # Errors
/// The entries' type is too wide.
pub fn legacy_inverse(ty: FixedType, size: u32) -> Result<Table, TooWide> {
    let entries = (0..size)
        .map(|i| {
            let x = (64.0 * f64::from(i) / f64::from(size)) as f32;
            let y = if x > 0.0 { 1.0 / f64::from(x) } else { 0.0 };
            from_f64(y, &ty).map(|raw| raw as i64)
        })
        .collect::<Result<_, _>>()?;
    Ok(Table { ty, entries })
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlathe_apfixed::{Overflow, Rounding};

    #[test]
    fn grid_is_the_upper_bits() {
        let ty = FixedType::fixed(8, 4);
        assert_eq!(grid_value(0, 16, &ty), 0.0);
        assert_eq!(grid_value(7, 16, &ty), 7.0);
        assert_eq!(grid_value(8, 16, &ty), -8.0);
        assert_eq!(grid_value(15, 16, &FixedType::ufixed(8, 4)), 15.0);
        assert_eq!(grid_value(255, 256, &ty), -1.0 / 16.0);
    }

    #[test]
    fn inverse_of_zero_is_the_conversion_of_infinity() {
        let wrap = FixedType::fixed(18, 8);
        let sat = wrap.with_modes(Rounding::Rnd, Overflow::Sat);
        assert_eq!(
            softmax_inverse(sat, 4, &FixedType::ufixed(4, 2)).unwrap().entries,
            [131_071, 1024, 512, 341]
        );
        assert_eq!(softmax_inverse(wrap, 2, &FixedType::ufixed(4, 2)).unwrap().entries, [0, 512]);
    }

    /// Expected: numpy, float64 rounded to the type.
    #[test]
    fn tables_hold_their_functions() {
        let ty = FixedType::fixed(18, 8).with_modes(Rounding::Rnd, Overflow::Sat);
        let at = |t: Table, i: usize| t.entries[i];
        assert_eq!(at(softplus(ty, 1024).unwrap(), 512), 710); // log 2
        assert_eq!(at(softsign(ty, 1024).unwrap(), 0), -910); // -8 / 9
        assert_eq!(at(elu(ty, 1024).unwrap(), 128), -647); // exp(-1) - 1
        assert_eq!(at(selu(ty, 1024).unwrap(), 128), -1138);
        // Bin 2 of 4 over +-2 is 0 to 1: its middle is 1/2.
        assert_eq!(centred(ty, 4, 2, |x| x).unwrap().entries, [-1536, -512, 512, 1536]);
        assert!((normal_cdf(1.0, false) - 0.841_344_746_068_543).abs() < 1e-14);
        assert!((normal_cdf(1.0, true) - 0.841_191_990_608_276_2).abs() < 1e-14);
        // 1 / sqrt(0.001) = 31.6 and 1 / sqrt(0.501) = 1.4128.
        assert_eq!(inverse_root(ty, 2, 1e-3, 0).unwrap().entries, [32_382, 1447]);
        // 1 / sqrt of 1.25, 1.75, 2.5 and 3.5.
        assert_eq!(normalised_inverse_root(ty, 4).unwrap().entries, [916, 774, 648, 547]);
    }

    #[test]
    fn middle_of_the_sigmoid() {
        let t = sigmoid(FixedType::fixed(18, 8), 1024).unwrap();
        assert_eq!((t.entries[512], t.entries.len()), (512, 1024));
    }
}
