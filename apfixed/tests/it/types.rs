//! Result types, ranges and spellings.

use netlathe_apfixed::*;

#[test]
fn result_types() {
    let (a, b) = (FixedType::fixed(16, 6), FixedType::ufixed(8, 0));
    assert_eq!(a.mul(&b), FixedType::fixed(24, 6));
    assert_eq!(a.add(&b), FixedType::fixed(17, 7));
    assert_eq!(b.sub(&b), FixedType::fixed(9, 1));
    assert_eq!(b.add(&b), FixedType::ufixed(9, 1));
    assert_eq!(a.neg(), FixedType::fixed(17, 7));
    assert_eq!(a.div(&b), FixedType::fixed(24, 14));
    assert_eq!(b.div(&a), FixedType::fixed(19, 11));
    // Modes are not inherited.
    assert_eq!(a.with_modes(Rounding::Rnd, Overflow::Sat).mul(&b), FixedType::fixed(24, 6));
    // Steps above 1: the point is right of the last bit.
    assert_eq!(FixedType::fixed(4, 8).add(&FixedType::fixed(6, 6)), FixedType::fixed(9, 9));
    let (i, u) = (FixedType::int(6), FixedType::uint(3));
    assert_eq!(i.mul(&u), FixedType::int(9));
    assert_eq!(u.sub(&u), FixedType::int(4));
    assert_eq!(u.div(&i), FixedType::int(4));
    assert_eq!(i.rem(&u), FixedType::int(4));
    assert_eq!(u.rem(&i), FixedType::uint(3));
    assert_eq!(i.mul(&a).class, Class::Fixed);
    assert_eq!(FixedType::int(1).neg(), FixedType::int(3));
    assert_eq!(FixedType::fixed(1, 1).neg(), FixedType::fixed(2, 2));
    // 1 - x with a C++ int.
    assert_eq!(FixedType::int(32).sub(&a), FixedType::fixed(43, 33));
}

#[test]
fn ranges() {
    let a = FixedType::fixed(4, 2);
    assert_eq!((a.min_raw(), a.max_raw(), a.raw_bits()), (-8, 7, 4));
    assert_eq!((a.min_value(), a.max_value(), a.lsb()), (-2.0, 1.75, 0.25));
    let sym = a.with_modes(Rounding::Trn, Overflow::SatSym);
    assert_eq!((sym.min_raw(), sym.min_value()), (-7, -1.75));
    let u = FixedType::ufixed(4, 6);
    assert_eq!((u.min_raw(), u.max_raw(), u.raw_bits(), u.frac()), (0, 15, 5, -2));
    assert_eq!((u.min_value(), u.max_value(), u.lsb()), (0.0, 60.0, 4.0));
    assert_eq!(FixedType::fixed(128, 1).min_raw(), i128::MIN);
    assert_eq!(FixedType::ufixed(127, 1).max_raw(), i128::MAX);
    assert_eq!(FixedType::ufixed(300, 10).max_value(), 1024.0);
    assert_eq!(FixedType::fixed(300, 10).min_value(), -512.0);
    assert_eq!(FixedType::uint(1).max_raw(), 1);
}

#[test]
fn spellings() {
    let cases = [
        (FixedType::fixed(16, 6), "ap_fixed<16,6>", "fixed<16,6,TRN,WRAP,0>"),
        (FixedType::ufixed(8, -2), "ap_ufixed<8,-2>", "ufixed<8,-2,TRN,WRAP,0>"),
        (
            FixedType::ufixed(8, 0).with_modes(Rounding::RndConv, Overflow::Sat),
            "ap_ufixed<8,0,AP_RND_CONV,AP_SAT>",
            "ufixed<8,0,RND_CONV,SAT,0>",
        ),
        (FixedType::fixed(8, 9).with_sat_bits(2), "ap_fixed<8,9,AP_TRN,AP_WRAP,2>", "fixed<8,9,TRN,WRAP,2>"),
        (FixedType::int(6), "ap_int<6>", "int<6>"),
        (FixedType::uint(1), "ap_uint<1>", "uint<1>"),
    ];
    for (ty, cpp, hls4ml) in cases {
        assert_eq!(ty.cpp(), cpp);
        assert_eq!(ty.to_string(), cpp);
        assert_eq!(ty.hls4ml(), hls4ml);
        assert_eq!(cpp.parse::<FixedType>().unwrap(), ty);
        assert_eq!(hls4ml.parse::<FixedType>().unwrap(), ty);
    }
    assert_eq!(Precision::Auto.to_string(), "auto");
    assert_eq!(Precision::Is(FixedType::int(6)).to_string(), "ap_int<6>");
}
