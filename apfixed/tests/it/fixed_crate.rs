//! Against the `fixed` crate, in the modes that it has.

use fixed::types::extra::{U0, U3, U8, U15, U16};
use fixed::{FixedI8, FixedI16, FixedI32, FixedU8, FixedU16};
use netlathe_apfixed::*;
use proptest::prelude::*;

type Wide = FixedI32<U15>;
const WIDE: FixedType = FixedType::fixed(32, 17);

macro_rules! against {
    ($raw:expr, $x:expr, $($to:ty => $ty:expr),* $(,)?) => {$({
        let (raw, wide) = ($raw, Wide::from_bits($raw));
        let ty: FixedType = $ty;
        let to = |q, o| cast(i128::from(raw), &WIDE, &ty.with_modes(q, o)).unwrap();
        let bits = |x: $to| i128::from(x.to_bits());
        // Fixed to fixed: low bits dropped.
        prop_assert_eq!(to(Rounding::Trn, Overflow::Wrap), bits(<$to>::wrapping_from_num(wide)));
        prop_assert_eq!(to(Rounding::Trn, Overflow::Sat), bits(<$to>::saturating_from_num(wide)));
        // Double to fixed: to nearest, halves to even.
        let from = |o| from_f64($x, &ty.with_modes(Rounding::RndConv, o)).unwrap();
        prop_assert_eq!(from(Overflow::Wrap), bits(<$to>::wrapping_from_num($x)));
        prop_assert_eq!(from(Overflow::Sat), bits(<$to>::saturating_from_num($x)));
    })*};
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5_000) })]

    #[test]
    fn conversions(raw in any::<i32>(), drop in 0u32..32, fine in any::<i64>(), scale in 0i32..60) {
        // Few bits, so that halves occur.
        let raw = raw >> drop;
        let x = (fine >> (drop + 11)) as f64 * 2f64.powi(-scale);
        against!(raw, x,
            FixedI8<U3> => FixedType::fixed(8, 5),
            FixedI16<U8> => FixedType::fixed(16, 8),
            FixedI16<U16> => FixedType::fixed(16, 0),
            FixedU8<U8> => FixedType::ufixed(8, 0),
            FixedU16<U3> => FixedType::ufixed(16, 13),
            FixedI32<U0> => FixedType::fixed(32, 32),
            FixedI8<U0> => FixedType::fixed(8, 8),
        );
    }

    #[test]
    fn rounding_to_integers(raw in any::<i32>(), drop in 0u32..16) {
        let raw = raw >> drop;
        let x = Wide::from_bits(raw);
        let to = |q| cast(i128::from(raw), &WIDE, &FixedType::fixed(20, 20).with_modes(q, Overflow::Wrap)).unwrap();
        // In 64 bits, so that rounding up the largest value is no matter.
        let x = fixed::FixedI64::<U15>::from_num(x);
        let whole = |x: fixed::FixedI64<U15>| i128::from(x.to_num::<i64>());
        prop_assert_eq!(to(Rounding::Trn), whole(x.floor()));
        prop_assert_eq!(to(Rounding::TrnZero), whole(x.round_to_zero()));
        prop_assert_eq!(to(Rounding::RndInf), whole(x.round()));
        prop_assert_eq!(to(Rounding::RndConv), whole(x.round_ties_even()));
    }

    #[test]
    fn products_and_quotients(a in any::<i16>(), b in any::<i16>()) {
        let ty = FixedType::fixed(16, 8);
        let (x, y) = (Fixed { ty, raw: a.into() }, Fixed { ty, raw: b.into() });
        let (u, v) = (FixedI16::<U8>::from_bits(a), FixedI16::<U8>::from_bits(b));
        let mut product = x;
        product.mul_assign(&y).unwrap();
        prop_assert_eq!(product.raw, i128::from(u.wrapping_mul(v).to_bits()));
        let mut sum = x;
        sum.add_assign(&y).unwrap();
        prop_assert_eq!(sum.raw, i128::from(u.wrapping_add(v).to_bits()));
        let mut difference = x;
        difference.sub_assign(&y).unwrap();
        prop_assert_eq!(difference.raw, i128::from(u.wrapping_sub(v).to_bits()));
        if b != 0 {
            let quotient = x.div(&y).unwrap().cast_to(&ty).unwrap();
            prop_assert_eq!(quotient.raw, i128::from(u.wrapping_div(v).to_bits()));
        }
        prop_assert_eq!(x.cmp(&y), u.cmp(&v));
    }
}
