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
        use netlathe_apfixed::{Overflow, Rounding};
        let wrap = FixedType::fixed(18, 8);
        let sat = wrap.with_modes(Rounding::Rnd, Overflow::Sat);
        assert_eq!(
            softmax_inverse(sat, 4, &FixedType::ufixed(4, 2)).unwrap().entries,
            [131_071, 1024, 512, 341]
        );
        assert_eq!(softmax_inverse(wrap, 2, &FixedType::ufixed(4, 2)).unwrap().entries, [0, 512]);
    }

    #[test]
    fn middle_of_the_sigmoid() {
        let t = sigmoid(FixedType::fixed(18, 8), 1024).unwrap();
        assert_eq!((t.entries[512], t.entries.len()), (512, 1024));
    }
}
