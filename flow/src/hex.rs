//! The text files of vectors that test benches read and write: a line a sample, a hexadecimal token an element.
//!
//! A token is the element's integer in two's complement, `width` bits; all tensors of a sample stand in one line, in order.

use ndarray::{ArrayD, ArrayViewD, Axis};
use netlathe_apfixed::FixedType;

/// The text of a batch of tensors.
pub fn write(tensors: &[(ArrayViewD<'_, i128>, FixedType)]) -> String {
    let samples = tensors.first().map_or(0, |(t, _)| t.len_of(Axis(0)));
    let mut text = String::new();
    for sample in 0..samples {
        let mut first = true;
        for (tensor, ty) in tensors {
            for &raw in tensor.index_axis(Axis(0), sample) {
                if !first {
                    text.push(' ');
                }
                first = false;
                text.push_str(&token(raw, ty.width));
            }
        }
        text.push('\n');
    }
    text
}

fn token(raw: i128, width: u32) -> String {
    let digits = width.div_ceil(4) as usize;
    format!("{:0digits$x}", raw as u128 & mask(width))
}

fn mask(width: u32) -> u128 {
    if width >= 128 { u128::MAX } else { (1 << width) - 1 }
}

/// Reads a batch of tensors of these shapes (without the batch) and types.
///
/// # Errors
/// What is wrong, with the line.
pub fn read(text: &str, tensors: &[(Vec<usize>, FixedType)]) -> Result<Vec<ArrayD<i128>>, String> {
    let mut values: Vec<Vec<i128>> = vec![Vec::new(); tensors.len()];
    let mut samples = 0;
    for (number, line) in text.lines().enumerate() {
        let line_number = number + 1;
        let mut tokens = line.split_whitespace();
        for ((shape, ty), values) in tensors.iter().zip(&mut values) {
            for _ in 0..shape.iter().product() {
                let token = tokens.next().ok_or_else(|| format!("line {line_number} has too few values"))?;
                let bits = u128::from_str_radix(token, 16)
                    .ok()
                    .filter(|bits| bits & !mask(ty.width) == 0)
                    .ok_or_else(|| {
                        format!("line {line_number}: `{token}` is no hexadecimal number of {} bits", ty.width)
                    })?;
                values.push(extend(bits, ty));
            }
        }
        if tokens.next().is_some() {
            return Err(format!("line {line_number} has too many values"));
        }
        samples += 1;
    }
    tensors
        .iter()
        .zip(values)
        .map(|((shape, _), values)| {
            let shape: Vec<usize> = std::iter::once(samples).chain(shape.iter().copied()).collect();
            ArrayD::from_shape_vec(shape, values).map_err(|e| e.to_string())
        })
        .collect()
}

fn extend(bits: u128, ty: &FixedType) -> i128 {
    let free = 128 - ty.width.min(128);
    if ty.signed { ((bits << free) as i128) >> free } else { bits as i128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twos_complement_of_the_width() {
        let a = ndarray::array![[-1i128, 5], [7, -8]].into_dyn();
        let b = ndarray::array![[511i128], [0]].into_dyn();
        let (ta, tb) = (FixedType::int(4), FixedType::uint(9));
        let text = write(&[(a.view(), ta), (b.view(), tb)]);
        assert_eq!(text, "f 5 1ff\n7 8 000\n");
        assert_eq!(read(&text, &[(vec![2], ta), (vec![1], tb)]), Ok(vec![a, b]));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let t = [(vec![2], FixedType::int(4))];
        assert_eq!(read("1 2\n3\n", &t), Err("line 2 has too few values".into()));
        assert_eq!(read("1 2 3\n", &t), Err("line 1 has too many values".into()));
        assert_eq!(read("1 1f\n", &t), Err("line 1: `1f` is no hexadecimal number of 4 bits".into()));
    }
}
