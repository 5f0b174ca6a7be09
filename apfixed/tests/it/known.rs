//! Answers known from the reference, written out.

use netlathe_apfixed::*;

const WRAP: Overflow = Overflow::Wrap;

#[test]
fn rounding_table() {
    // -2.5 -1.5 -0.5 0.5 1.5 2.5
    let table = [
        (Rounding::Trn, [-3, -2, -1, 0, 1, 2]),
        (Rounding::TrnZero, [-2, -1, 0, 0, 1, 2]),
        (Rounding::Rnd, [-2, -1, 0, 1, 2, 3]),
        (Rounding::RndZero, [-2, -1, 0, 0, 1, 2]),
        (Rounding::RndInf, [-3, -2, -1, 1, 2, 3]),
        (Rounding::RndMinInf, [-3, -2, -1, 0, 1, 2]),
        (Rounding::RndConv, [-2, -2, 0, 0, 2, 2]),
    ];
    for (mode, expected) in table {
        let ty = FixedType::fixed(8, 8).with_modes(mode, WRAP);
        for (halves, want) in [-5i128, -3, -1, 1, 3, 5].into_iter().zip(expected) {
            let src = FixedType::fixed(8, 7);
            assert_eq!(cast(halves, &src, &ty).unwrap(), want, "{mode:?} of {halves}/2");
            assert_eq!(from_f64(halves as f64 / 2.0, &ty).unwrap(), want, "{mode:?} of {halves}/2");
        }
    }
}

#[test]
fn wrapping_modes_table() {
    let inputs = [8, 9, 15, 16, 17, 24, -9, -16, -17, -24];
    let table = [
        (Overflow::WrapSm, 0, [7, 6, 0, -1, -2, -8, -8, -1, 0, 7]),
        (Overflow::WrapSm, 1, [7, 6, 0, 0, 1, 7, -8, -1, -1, -8]),
        (WRAP, 1, [0, 1, 7, 0, 1, 0, -1, -8, -1, -8]),
        (WRAP, 2, [4, 5, 7, 4, 5, 4, -5, -8, -5, -8]),
        (WRAP, 3, [6, 7, 7, 6, 7, 6, -7, -8, -7, -8]),
        (WRAP, 0, [-8, -7, -1, 0, 1, -8, 7, 0, -1, -8]),
        (Overflow::Sat, 0, [7, 7, 7, 7, 7, 7, -8, -8, -8, -8]),
        (Overflow::SatSym, 0, [7, 7, 7, 7, 7, 7, -7, -7, -7, -7]),
        (Overflow::SatZero, 0, [0; 10]),
    ];
    for (mode, n, expected) in table {
        let ty = FixedType::fixed(4, 4).with_modes(Rounding::Trn, mode).with_sat_bits(n);
        for (x, want) in inputs.into_iter().zip(expected) {
            let context = format!("{x} to {ty}");
            assert_eq!(cast(x, &FixedType::fixed(9, 9), &ty).unwrap(), want, "{context}");
            assert_eq!(from_f64(x as f64, &ty).unwrap(), want, "{context}, from double");
            let prepared = Cast::from_frac(9, 0, &ty).unwrap();
            let mut n = Overflows::default();
            assert_eq!(prepared.apply_counted(x as i64, &mut n), want as i64, "{context}");
            assert_eq!(n.total(), 1, "{context}");
        }
    }
}

#[test]
fn quirks_of_symmetric_saturation() {
    let sym = |w| FixedType::fixed(w, w as i32).with_modes(Rounding::Trn, Overflow::SatSym);
    // In range and of the same type, and yet rewritten.
    assert_eq!(cast(-8, &sym(4), &sym(4)).unwrap(), -7);
    assert!(!Cast::new(&sym(4), &sym(4)).unwrap().is_identity());
    let mut n = Overflows::default();
    Cast::new(&sym(4), &sym(4)).unwrap().apply_counted(-8i64, &mut n);
    assert_eq!(n, Overflows { wrapped: 0, saturated: 1 });
    // One bit: -1 and 0.
    for (x, want) in [(-2, -1), (-1, -1), (0, 0), (1, 0)] {
        assert_eq!(cast(x, &FixedType::fixed(3, 3), &sym(1)).unwrap(), want);
    }
}

#[test]
fn rounding_carries_before_the_overflow_mode() {
    let from = FixedType::fixed(8, 5);
    let to = |o| FixedType::fixed(5, 4).with_modes(Rounding::Rnd, o);
    // 7.75 rounds to 8.
    assert_eq!(cast(62, &from, &to(WRAP)).unwrap(), -16);
    assert_eq!(cast(62, &from, &to(Overflow::Sat)).unwrap(), 15);
    assert_eq!(
        cast(-1, &from, &FixedType::ufixed(4, 4).with_modes(Rounding::Trn, Overflow::Sat)).unwrap(),
        0
    );
    assert_eq!(cast(-8, &from, &FixedType::ufixed(4, 4)).unwrap(), 15);
}

#[test]
fn source_below_half_a_step() {
    let src = FixedType::fixed(3, -6); // -4..=3 times 2^-9
    for mode in Rounding::ALL {
        let dst = FixedType::fixed(5, 3).with_modes(mode, WRAP);
        for raw in -4..=3 {
            let want = if mode == Rounding::Trn && raw < 0 { -1 } else { 0 };
            assert_eq!(cast(raw, &src, &dst).unwrap(), want, "{mode:?} of {raw}");
        }
    }
    // -half exactly: the table's column of -0.5.
    let half = FixedType::fixed(4, -3 + 3); // -8 * 2^-4 = -0.5
    let expected = [-1, 0, 0, 0, -1, -1, 0];
    for (mode, want) in Rounding::ALL.into_iter().zip(expected) {
        let dst = FixedType::fixed(5, 5).with_modes(mode, WRAP);
        assert_eq!(cast(-8, &half, &dst).unwrap(), want, "{mode:?}");
        assert_eq!(Cast::new(&half, &dst).unwrap().apply(-8i64), want as i64, "{mode:?}");
    }
    // The same at the ends of the integers.
    for bits in [64u32, 128] {
        for (mode, want) in Rounding::ALL.into_iter().zip(expected) {
            let dst = FixedType::fixed(5, 5).with_modes(mode, WRAP);
            let prepared = Cast::from_frac(bits, bits as i32, &dst).unwrap();
            let raw = i128::MIN >> (128 - bits);
            assert_eq!(prepared.apply(raw), want, "{mode:?} of {bits} bits");
            if bits == 64 {
                assert_eq!(prepared.apply(i64::MIN), want as i64, "{mode:?}");
            }
            let above = if mode == Rounding::Trn { -1 } else { 0 };
            assert_eq!(prepared.apply(raw + 1), above, "{mode:?} of {bits} bits");
        }
    }
}

#[test]
fn special_doubles() {
    let ty = |o| FixedType::fixed(16, 6).with_modes(Rounding::Trn, o);
    let raw = |x, o| from_f64(x, &ty(o)).unwrap();
    assert_eq!(raw(f64::INFINITY, Overflow::Sat), 32767);
    assert_eq!(raw(f64::INFINITY, WRAP), 0);
    assert_eq!(raw(f64::NEG_INFINITY, Overflow::Sat), -32768);
    assert_eq!(raw(f64::NEG_INFINITY, Overflow::SatSym), -32767);
    assert_eq!(raw(f64::NEG_INFINITY, Overflow::SatZero), 0);
    assert_eq!(raw(-f64::NAN.abs(), Overflow::Sat), -32768);
    assert_eq!(raw(f64::NAN.abs(), Overflow::Sat), 32767);
    assert_eq!(raw(1e300, WRAP), 0);
    assert_eq!(raw(-1e300, Overflow::Sat), -32768);
    assert_eq!(raw(-5e-324, WRAP), -1);
    assert_eq!(raw(5e-324, WRAP), 0);
    assert_eq!(raw(-0.0, WRAP), 0);
    assert_eq!(from_f32(0.1, &ty(WRAP)).unwrap(), 102);
    assert_eq!(from_f16(half::f16::from_f32(-0.5), &ty(WRAP)).unwrap(), -512);
    let wide = FixedType::fixed(128, 128);
    assert_eq!(from_f64(-(2f64.powi(127)), &wide).unwrap(), i128::MIN);
    let zero = wide.with_modes(Rounding::Trn, Overflow::SatZero);
    assert_eq!(from_f64(-(2f64.powi(127)), &zero).unwrap(), i128::MIN);
    assert_eq!(from_f64(2f64.powi(127), &zero).unwrap(), 0);
    assert_eq!(from_f64(2f64.powi(127), &wide).unwrap(), i128::MIN);
    assert_eq!(from_f64(1.0, &FixedType::fixed(129, 4)).unwrap_err().needed_bits, 129);
    // Integers: towards zero, then the low bits.
    assert_eq!(from_f64(-2.75, &FixedType::int(8)).unwrap(), -2);
    assert_eq!(from_f64(-0.25, &FixedType::int(8)).unwrap(), 0);
    assert_eq!(from_f64(300.5, &FixedType::int(8)).unwrap(), 44);
    assert_eq!(from_f64(-1.0, &FixedType::uint(1)).unwrap(), 1);
}

#[test]
fn text_and_weights() {
    let fix = FixedType::fixed(16, 14);
    assert_eq!(from_text("0.75", &FixedType::uint(8)).unwrap(), 0);
    assert_eq!(from_text(" -1 ", &FixedType::uint(1)).unwrap(), 1);
    assert_eq!(from_text("0x1ff", &FixedType::int(8)).unwrap(), -1);
    assert_eq!(from_text("99999999999999999999999999999999999999999", &FixedType::uint(4)).unwrap(), 15);
    assert_eq!(from_text("-1.3", &fix).unwrap(), -6);
    assert_eq!(from_text("1e2", &fix).unwrap(), 400);
    for bad in ["", "abc", "1.5x", "nan", "inf", "--1", "1 2", "0x", "é", "-"] {
        assert!(from_text(bad, &fix).is_err(), "{bad}");
        assert!(from_text(bad, &FixedType::int(8)).is_err(), "{bad}");
    }
    // Decimal rounding moves values across a grid line.
    assert_eq!(weight_raw(0.2475, &FixedType::fixed(8, 6)).unwrap(), 1);
    assert_eq!(from_f64(0.2475, &FixedType::fixed(8, 6)).unwrap(), 0);
    assert_eq!(weight_raw(0.46, &FixedType::fixed(8, 7)).unwrap(), 1);
    assert_eq!(weight_raw(0.7, &FixedType::fixed(8, 8)).unwrap(), 1);
    assert_eq!(weight_raw(0.7, &FixedType::fixed(8, 10)).unwrap(), 0);
    assert_eq!(weight_raw(2.5, &FixedType::int(4)).unwrap(), 2);
    assert_eq!(weight_raw(-3.5, &FixedType::int(4)).unwrap(), -4);
    assert_eq!(weight_raw(-0.7, &FixedType::uint(1)).unwrap(), 1);
    // Out of range wraps.
    assert_eq!(weight_raw(9.0, &FixedType::fixed(4, 4)).unwrap(), -7);
}

#[test]
fn native_floats_are_rounded_once() {
    let ty = FixedType::fixed(70, 30);
    // 2^60 + 2^36 + 1: a float's half-way point plus a bit that a double drops... were it rounded twice.
    let raw = (1i128 << 60) + (1 << 36) + 1;
    let ulp = (1i128 << 37) as f64;
    assert_eq!(f64::from(to_f32(raw, &ty)), ((1i128 << 60) as f64 + ulp) / 2f64.powi(40));
    assert_eq!(f64::from(to_f32(raw - 1, &ty)), 2f64.powi(20));
    assert_eq!(to_f64((1i128 << 53) + 1, &ty), 2f64.powi(13));
    assert_eq!(to_f64((1i128 << 53) + 3, &ty), (2f64.powi(53) + 4.0) / 2f64.powi(40));
    assert_eq!(to_f64(-3, &FixedType::fixed(8, -1066)), -3.0 * 5e-324);
    assert_eq!(to_f64(3, &FixedType::fixed(8, -1067)), 2.0 * 5e-324);
    assert_eq!(to_f64(1, &FixedType::fixed(8, 1032)), f64::INFINITY);
    assert_eq!(to_f32(-1, &FixedType::fixed(8, 137)), f32::NEG_INFINITY);
    assert_eq!(to_f64(i128::MIN, &FixedType::fixed(128, 128)), -(2f64.powi(127)));
    assert_eq!(to_f64(i128::MAX, &FixedType::fixed(128, 128)), 2f64.powi(127));
}

#[test]
fn too_wide_is_refused() {
    // A shift to a finer grid counts, wrapping or not.
    let err = cast(0, &FixedType::fixed(100, 100), &FixedType::fixed(40, 0)).unwrap_err();
    assert_eq!(err.needed_bits, 140);
    assert_eq!(Cast::new(&FixedType::fixed(60, 60), &FixedType::fixed(10, 3)).unwrap().needed_bits(), 67);
    assert_eq!(Cast::new(&FixedType::ufixed(64, 60), &FixedType::fixed(10, 9)).unwrap().needed_bits(), 65);
    assert!(Cast::new(&FixedType::ufixed(128, 60), &FixedType::fixed(10, 9)).is_err());
    assert!(Cast::new(&FixedType::fixed(10, 9), &FixedType::ufixed(128, 9)).is_err());
    let wide = Fixed { ty: FixedType::fixed(80, 10), raw: 1 };
    assert_eq!(wide.mul(&wide).unwrap_err().needed_bits, 160);
    assert!(err.to_string().contains("140 bits"));
}

#[test]
fn narrow_integers_take_the_detour() {
    // 67 bits are needed, the results fit in an i64.
    let prepared = Cast::new(&FixedType::fixed(60, 60), &FixedType::fixed(10, 3)).unwrap();
    assert_eq!(
        prepared.apply(3i64),
        cast(3, &FixedType::fixed(60, 60), &FixedType::fixed(10, 3)).unwrap() as i64
    );
    let mut all = [3i64, -1 << 50];
    prepared.apply_all(&mut all);
    assert_eq!(all, [3 * 128, 0]);
}

#[test]
fn operators() {
    let f = |raw, ty| Fixed { ty, raw };
    let a = f(-13, FixedType::fixed(8, 5)); // -1.625
    let b = f(3, FixedType::ufixed(4, 2)); // 0.75
    assert_eq!(a.mul(&b).unwrap(), f(-39, FixedType::fixed(12, 7)));
    assert_eq!(a.add(&b).unwrap(), f(-7, FixedType::fixed(9, 6)));
    assert_eq!(b.sub(&a).unwrap(), f(19, FixedType::fixed(9, 6)));
    assert_eq!(a.div(&b).unwrap(), f(-17, FixedType::fixed(10, 7))); // trunc(-52/3), F = 3
    assert_eq!(a.neg().unwrap(), f(13, FixedType::fixed(9, 6)));
    assert_eq!(a.shr(2).raw, -4);
    assert_eq!(a.shl(4).raw, 48);
    assert_eq!(a.shl(-200).raw, -1);
    assert_eq!(a.shr(-200).raw, 0);
    assert_eq!(b.not(), f(12, FixedType::ufixed(4, 2)));
    assert_eq!(a.bitand(&b).unwrap(), f(-13 & 6, FixedType::fixed(8, 5)));
    assert_eq!(a.bitor(&b).unwrap().raw, -13 | 6);
    assert_eq!(a.bitxor(&b).unwrap().raw, -13 ^ 6);
    assert_eq!(a.to_int().unwrap(), -1);
    assert_eq!(a.cmp(&b), std::cmp::Ordering::Less);
    assert_eq!(f(4, FixedType::fixed(8, 5)).cmp(&f(2, FixedType::fixed(8, 6))), std::cmp::Ordering::Equal);
    assert_eq!(a.div(&f(0, b.ty)).unwrap_err(), DivideError::ByZero);
    let (x, y) = (f(-7, FixedType::int(5)), f(3, FixedType::uint(2)));
    assert_eq!(x.div(&y).unwrap(), f(-2, FixedType::int(5)));
    assert_eq!(x.rem(&y).unwrap(), f(-1, FixedType::int(3)));
    assert_eq!(f(-1, FixedType::int(1)).neg().unwrap(), f(1, FixedType::int(3)));
    let mut acc = f(30, FixedType::fixed(6, 6).with_modes(Rounding::Trn, Overflow::Sat));
    acc.add_assign(&f(9, FixedType::fixed(8, 8))).unwrap();
    assert_eq!(acc.raw, 31);
    let mut n = Overflows::default();
    acc.assign(&f(-100, FixedType::fixed(8, 8)), &mut n).unwrap();
    assert_eq!((acc.raw, n.saturated), (-32, 1));
}
