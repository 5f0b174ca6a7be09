//! Numbers to run a network over: the user's, or made up; and real numbers on a type's grid.

use crate::error::Error;
use ndarray::{ArrayD, Axis, Slice};
use netlathe_apfixed::{Cast, FixedType, to_f32, to_f64};
use netlathe_emulator::Port;
use netlathe_overlay::{Element, Tensor};

/// Samples that C simulation runs.
pub const SAMPLES: usize = 100;
/// Samples that the choice of types looks at.
pub const CALIBRATION: usize = 1000;

/// The first `n` samples of a batch.
pub fn head(batch: &[ArrayD<f64>], n: usize) -> Vec<ArrayD<f64>> {
    batch.iter().map(|a| a.slice_axis(Axis(0), Slice::from(..n.min(a.len_of(Axis(0))))).to_owned()).collect()
}

/// Made-up integers for a network's inputs, always the same for the same ports.
///
/// Sample number k is uniform over the input type's range divided by 2^(k mod 8): whatever range the network means, some samples
/// are in it and some are beyond.
pub fn made_up(ports: &[Port], samples: usize) -> Vec<ArrayD<i128>> {
    let mut state = 0x6E65_746C_6174_6865_u64; // any number but 0
    ports
        .iter()
        .map(|port| {
            let shape: Vec<usize> = std::iter::once(samples).chain(port.shape.iter().copied()).collect();
            let elements: usize = port.shape.iter().product();
            let values = (0..samples * elements)
                .map(|i| {
                    // xorshift64*
                    state ^= state >> 12;
                    state ^= state << 25;
                    state ^= state >> 27;
                    let unit = (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64;
                    let shift = (i / elements.max(1)) % 8;
                    let (min, max) = (port.ty.min_raw() >> shift, port.ty.max_raw() >> shift);
                    // In float64, because the span of a type of 128 bits does not fit i128.
                    let (low, span) = (min as f64, max as f64 - min as f64 + 1.0);
                    ((low + span * unit).floor() as i128).clamp(min, max)
                })
                .collect();
            ArrayD::from_shape_vec(shape, values)
                .unwrap_or_else(|_| unreachable!("as many values as the shape has"))
        })
        .collect()
}

/// The integer of `ty` with exactly this value; `None` when the type has no such number.
pub fn exact_raw(value: f64, ty: &FixedType) -> Option<i128> {
    if !value.is_finite() {
        return None;
    }
    if value == 0.0 {
        return Some(0);
    }
    // value = mantissa * 2^exponent with an odd mantissa of at most 53 bits.
    let bits = value.to_bits();
    let field = ((bits >> 52) & 0x7ff) as i32;
    let fraction = (bits & ((1 << 52) - 1)) as i128;
    let (mantissa, exponent) =
        if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    let zeros = mantissa.trailing_zeros();
    let (mantissa, exponent) = (mantissa >> zeros, exponent + zeros as i32);
    let shift = exponent.checked_add(ty.frac())?;
    // Odd: below the grid nothing is left to divide. Above 126 bits no raw integer holds it.
    if shift < 0 || shift as u32 + (128 - mantissa.leading_zeros()) > 126 {
        return None;
    }
    let raw = if value < 0.0 { -(mantissa << shift) } else { mantissa << shift };
    (ty.min_raw()..=ty.max_raw()).contains(&raw).then_some(raw)
}

/// The numbers that a host reads for these integers of an output: through the port's element, as the hardware gives them.
///
/// # Errors
/// [`Error::Internal`]: the element's arithmetic is too wide.
pub fn as_read(raw: &ArrayD<i128>, tensor: &Tensor) -> Result<ArrayD<f64>, Error> {
    let ty = &tensor.ty;
    match &tensor.packing.element {
        Element::Float32 => Ok(raw.mapv(|r| f64::from(to_f32(r, ty)))),
        Element::Float64 => Ok(raw.mapv(|r| to_f64(r, ty))),
        Element::Fixed(element) => {
            let cast = Cast::new(ty, element)
                .map_err(|e| Error::Internal(format!("output `{}`: {e}", tensor.name)))?;
            Ok(raw.mapv(|r| to_f64(cast.apply(r), element)))
        }
    }
}

/// The index of the largest element, the first of equals.
pub fn argmax(values: impl IntoIterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (i, x) in values.into_iter().enumerate() {
        if x > best.1 {
            best = (i, x);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_on_the_grid_and_in_range() {
        let ty = FixedType::fixed(8, 4); // -8 ..= 7.9375 in steps of 1/16
        assert_eq!(exact_raw(1.5, &ty), Some(24));
        assert_eq!(exact_raw(-8.0, &ty), Some(-128));
        assert_eq!(exact_raw(7.9375, &ty), Some(127));
        assert_eq!(exact_raw(8.0, &ty), None);
        assert_eq!(exact_raw(0.03125, &ty), None);
        assert_eq!(exact_raw(f64::NAN, &ty), None);
        assert_eq!(exact_raw(-0.0, &ty), Some(0));
        // Fewer than no fraction bits: steps of 4.
        let coarse = FixedType::fixed(4, 6);
        assert_eq!(exact_raw(-12.0, &coarse), Some(-3));
        assert_eq!(exact_raw(2.0, &coarse), None);
        assert_eq!(exact_raw(-0.5, &FixedType::ufixed(8, 4)), None);
    }

    #[test]
    fn made_up_vectors_cover_the_type_and_repeat() {
        let port = Port { name: "x".into(), shape: vec![3, 5], ty: FixedType::fixed(10, 4) };
        let a = made_up(std::slice::from_ref(&port), 64);
        assert_eq!(a, made_up(std::slice::from_ref(&port), 64));
        assert_eq!(a[0].shape(), [64, 3, 5]);
        assert!(a[0].iter().all(|x| (-512..=511).contains(x)));
        assert!(a[0].iter().any(|x| *x > 300) && a[0].iter().any(|x| *x < -300));
        // Sample 7 is within 1/128 of the range.
        assert!(a[0].index_axis(Axis(0), 7).iter().all(|x| (-4..=3).contains(x)));
    }
}
