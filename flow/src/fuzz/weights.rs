//! Random constants: values on and off their type's grid, powers of two, one and two bits; and the products that use them.

use super::draw::Draw;
use ndarray::{ArrayD, IxDyn};
use netlathe_apfixed::{FixedType, Precision, to_f64};
use netlathe_ir::Weight;
use netlathe_ir::config::Strategy;
use netlathe_ir::op::dense::{Dense, legal_reuse_factors};
use netlathe_ir::weight::Encoding;

/// A constant of a shape, its type drawn or open.
pub(super) fn constant(d: &mut Draw<'_>, shape: &[usize]) -> Weight {
    let precision = if d.rng.one_in(4) { Precision::Auto } else { Precision::Is(d.ty()) };
    let ty = match precision {
        Precision::Is(ty) => ty,
        Precision::Auto => FixedType::fixed(16, 6),
    };
    let zeros = d.rng.one_in(3);
    let mut value = || {
        let x = match d.rng.range(0, 9) {
            0 | 1 if zeros => 0.0,
            // Off the grid, so that the decimal rounding of weights is met.
            0 => to_f64(d.rng.raw(&ty), &ty) + ty.lsb() * 0.375,
            // Perhaps out of range.
            1 => d.rng.range(-400, 400) as f64 / 64.0,
            _ => to_f64(d.rng.raw(&ty), &ty),
        };
        f64::from(x as f32)
    };
    let data = ArrayD::from_shape_simple_fn(IxDyn(shape), &mut value);
    let mut weight = Weight::new(data, !d.rng.one_in(8));
    weight.precision = precision;
    weight
}

/// A constant of one axis.
pub(super) fn vector(d: &mut Draw<'_>, n: usize) -> Weight {
    constant(d, &[n])
}

/// The weight becomes one of one or two bits.
pub(super) fn few_bits(d: &mut Draw<'_>, weight: &mut Weight) {
    let one = d.rng.one_in(2);
    let values: &[f64] = if one { &[-1.0, 1.0] } else { &[-1.0, 0.0, 1.0] };
    weight.data.mapv_inplace(|_| d.rng.pick(values));
    weight.encoding = if one { Encoding::Xnor } else { Encoding::Fixed };
    weight.precision = Precision::Is(if one { FixedType::uint(1) } else { FixedType::int(2) });
}

/// The weight becomes one of powers of two.
fn powers(d: &mut Draw<'_>, weight: &mut Weight) {
    let ty = FixedType::int(d.rng.range(2, 4) as u32);
    weight.data.mapv_inplace(|_| {
        let exponent = d.rng.range(ty.min_raw() as i64, ty.max_raw() as i64);
        let sign = if d.rng.one_in(2) { -1.0 } else { 1.0 };
        sign * 2f64.powi(exponent as i32)
    });
    weight.encoding = Encoding::Exponent;
    weight.precision = Precision::Is(ty);
}

/// A product with a kernel of that shape: every strategy, legal and illegal reuse factors, every coding of weights.
pub(super) fn product(d: &mut Draw<'_>, kernel: &[usize]) -> Dense {
    let mut weight = constant(d, kernel);
    match d.rng.range(0, 11) {
        0 => few_bits(d, &mut weight),
        1 | 2 => powers(d, &mut weight),
        _ => {}
    }
    let n_out = kernel[kernel.len() - 1];
    let bias = if d.rng.one_in(4) { Weight::no_bias(n_out) } else { vector(d, n_out) };
    let mut product = Dense::new(weight, bias);
    product.accum = d.precision();
    product.strategy = d.rng.pick(&[
        Strategy::Latency,
        Strategy::Resource,
        Strategy::Resource,
        Strategy::ResourceUnrolled,
        Strategy::DistributedArithmetic,
    ]);
    let legal = legal_reuse_factors(product.n_in(), n_out);
    product.reuse_factor = match product.strategy {
        Strategy::DistributedArithmetic => 1,
        Strategy::Latency => d.rng.range(1, 4) as u32,
        _ if d.rng.one_in(8) => d.rng.range(1, 9) as u32,
        _ => d.rng.pick(&legal),
    };
    product
}
