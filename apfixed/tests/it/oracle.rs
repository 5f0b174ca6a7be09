//! Conversions against a naive model: values on one fine grid, rounding by looking at both neighbours, wrapping by
//! stepping through the ring, sign-magnitude wrapping on strings of bits.

use std::cmp::Ordering;

use netlathe_apfixed::*;
use proptest::prelude::*;

/// `x` / 2^s rounded: of the two neighbours the nearer one, or the one the mode names.
fn round(x: i128, s: u32, mode: Rounding) -> i128 {
    let unit = 1i128 << s;
    let below = x.div_euclid(unit);
    if below * unit == x {
        return below;
    }
    let above = below + 1;
    let toward_zero = if x < 0 { above } else { below };
    let away = if x < 0 { below } else { above };
    let tie = match mode {
        Rounding::Trn => return below,
        Rounding::TrnZero => return toward_zero,
        Rounding::Rnd => above,
        Rounding::RndZero => toward_zero,
        Rounding::RndInf => away,
        Rounding::RndMinInf => below,
        Rounding::RndConv => {
            if below.rem_euclid(2) == 0 {
                below
            } else {
                above
            }
        }
    };
    match (x - below * unit).cmp(&(above * unit - x)) {
        Ordering::Less => below,
        Ordering::Greater => above,
        Ordering::Equal => tie,
    }
}

/// `n` bits of `x`, most significant first.
fn bits(x: i128, n: u32) -> Vec<bool> {
    (0..n).rev().map(|i| x.div_euclid(1 << i).rem_euclid(2) == 1).collect()
}

fn number(bits: &[bool], signed: bool) -> i128 {
    let all = bits.iter().fold(0i128, |n, &b| 2 * n + i128::from(b));
    if signed && bits[0] { all - (1 << bits.len()) } else { all }
}

/// The reference's section on overflow, sentence by sentence. `floor` is the source truncated to the target's grid.
fn fit(q: i128, floor: i128, ty: &FixedType) -> i128 {
    let (w, n) = (ty.width, ty.sat_bits as usize);
    let size = 1i128 << w;
    let (min, max) = if ty.signed { (-size / 2, size / 2 - 1) } else { (0, size - 1) };
    let symmetric = ty.overflow == Overflow::SatSym && ty.signed && w > 1;
    let min = if symmetric { -max } else { min };
    if q >= min && q <= max {
        return q;
    }
    let negative = q < min;
    let mut b = bits(q, w);
    match ty.overflow {
        Overflow::Sat | Overflow::SatSym => return if negative { min } else { max },
        Overflow::SatZero => return 0,
        Overflow::Wrap if n == 0 => {}
        Overflow::Wrap if !ty.signed => b[..n].fill(true),
        Overflow::Wrap => {
            b[0] = negative;
            b[1..n].fill(!negative);
        }
        Overflow::WrapSm => {
            let deleted = bits(floor, w + 1)[0];
            let invert = match n {
                0 => deleted != b[0],
                1 => negative != b[0],
                _ => b[n - 1] == negative,
            };
            if invert {
                b.iter_mut().for_each(|bit| *bit = !*bit);
            }
            match n {
                0 if invert => b[0] = deleted,
                0 => {}
                _ => {
                    b[0] = negative;
                    b[1..n].fill(!negative);
                }
            }
        }
    }
    number(&b, ty.signed)
}

/// Converts x * 2^-frac.
fn convert(x: i128, frac: i32, ty: &FixedType) -> i128 {
    let s = frac - ty.frac();
    if s > 0 {
        let q = round(x, s as u32, ty.rounding);
        fit(q, x.div_euclid(1 << s), ty)
    } else {
        let q = x * (1i128 << -s);
        fit(q, q, ty)
    }
}

fn plain(widest: u32) -> impl Strategy<Value = FixedType> {
    (1..=widest, any::<bool>()).prop_flat_map(|(width, signed)| {
        (-8..=width as i32 + 8).prop_map(move |integer| {
            if signed { FixedType::fixed(width, integer) } else { FixedType::ufixed(width, integer) }
        })
    })
}

fn moded(widest: u32) -> impl Strategy<Value = FixedType> {
    (plain(widest), 0usize..7, 0usize..5, 0u32..5).prop_map(|(ty, q, o, n)| {
        let overflow = match Overflow::ALL[o] {
            Overflow::WrapSm if !ty.signed => Overflow::Wrap,
            o => o,
        };
        ty.with_modes(Rounding::ALL[q], overflow).with_sat_bits(n.min(ty.width))
    })
}

/// A type and a raw value, edges more often than chance would have them.
fn valued(widest: u32) -> impl Strategy<Value = (FixedType, i128)> {
    plain(widest).prop_flat_map(|ty| {
        let (lo, hi) = (ty.min_raw(), ty.max_raw());
        (Just(ty), prop_oneof![4 => lo..=hi, 1 => Just(lo), 1 => Just(hi), 1 => lo.max(-2)..=hi.min(2)])
    })
}

fn check(raw: i128, src: &FixedType, dst: &FixedType) {
    let want = convert(raw, src.frac(), dst);
    let context = || format!("{raw} of {src} to {dst}");
    let prepared = Cast::new(src, dst).unwrap();
    assert_eq!(prepared.apply(raw), want, "{}", context());
    let general = Cast::from_frac(src.raw_bits(), src.frac(), dst).unwrap();
    assert_eq!(general.apply(raw), want, "{}, general", context());
    let mut n = Overflows::default();
    assert_eq!(prepared.apply_counted(raw, &mut n), want, "{}", context());
    // It overflowed if twice the width would have held something else.
    let s = src.frac() - dst.frac();
    let q = if s > 0 { round(raw, s as u32, dst.rounding) } else { raw << -s };
    let (lo, hi) = (dst.min_raw(), dst.max_raw());
    assert_eq!(n.total(), u64::from(q < lo || q > hi), "{}", context());
    if prepared.needed_bits() <= 64 {
        let narrow = raw as i64;
        assert_eq!(i128::from(prepared.apply(narrow)), want, "{}, i64", context());
        let mut all = [narrow; 3];
        prepared.apply_all(&mut all);
        assert_eq!(all, [want as i64; 3], "{}, apply_all", context());
        let mut m = Overflows::default();
        assert_eq!(i128::from(prepared.apply_counted(narrow, &mut m)), want, "{}", context());
        assert_eq!(m, n, "{}", context());
    }
    let mut all = [raw];
    prepared.apply_all(&mut all);
    assert_eq!(all, [want], "{}, apply_all i128", context());
    assert!(!prepared.is_identity() || want == raw, "{}", context());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn fixed_to_fixed((src, raw) in valued(36), dst in moded(40)) {
        check(raw, &src, &dst);
    }

    #[test]
    fn small_types((src, raw) in valued(8), dst in moded(6)) {
        check(raw, &src, &dst);
    }

    #[test]
    fn double_to_fixed(mantissa in -(1i64 << 53)..=(1i64 << 53), drop in 0u32..53, exponent in -30i32..0, dst in moded(40)) {
        // An integer of few bits times a power of two: exact in a double.
        let mantissa = mantissa >> drop;
        let x = mantissa as f64 * 2f64.powi(exponent);
        prop_assert_eq!(from_f64(x, &dst).unwrap(), convert(i128::from(mantissa), -exponent, &dst));
    }

    #[test]
    fn double_to_integer(mantissa in -(1i64 << 53)..=(1i64 << 53), drop in 0u32..53, exponent in -30i32..0, width in 1u32..40, signed in any::<bool>()) {
        let mantissa = mantissa >> drop;
        let ty = if signed { FixedType::int(width) } else { FixedType::uint(width) };
        let model = FixedType { class: Class::Fixed, rounding: Rounding::TrnZero, ..ty };
        let want = convert(i128::from(mantissa), -exponent, &model);
        prop_assert_eq!(from_f64(mantissa as f64 * 2f64.powi(exponent), &ty).unwrap(), want);
        prop_assert_eq!(cast(i128::from(mantissa), &FixedType::fixed(55, 55 + exponent), &ty).unwrap(), want);
    }

    #[test]
    fn comparison_and_arithmetic((t1, a) in valued(30), (t2, b) in valued(30)) {
        let (x, y) = (Fixed { ty: t1, raw: a }, Fixed { ty: t2, raw: b });
        // Both on a grid of 2^-38, the finest there is here.
        let on_grid = |v: &Fixed| v.raw * (1i128 << (38 - v.ty.frac()));
        prop_assert_eq!(x.cmp(&y), on_grid(&x).cmp(&on_grid(&y)));
        let in_type = |v: &Fixed| v.raw >= v.ty.min_raw() && v.raw <= v.ty.max_raw();
        for (result, want) in [
            (x.add(&y).unwrap(), on_grid(&x) + on_grid(&y)),
            (x.sub(&y).unwrap(), on_grid(&x) - on_grid(&y)),
            (x.neg().unwrap(), -on_grid(&x)),
        ] {
            prop_assert!(in_type(&result), "{:?}", result);
            prop_assert_eq!(on_grid(&result), want);
        }
        let product = x.mul(&y).unwrap();
        prop_assert!(in_type(&product));
        prop_assert_eq!(product.raw, a * b);
        prop_assert_eq!(product.ty.frac(), t1.frac() + t2.frac());
        if b != 0 {
            let quotient = x.div(&y).unwrap();
            prop_assert!(in_type(&quotient), "{:?}", quotient);
            let step = quotient.ty.frac();
            // quotient * y + rest = x with |rest| < step * |y| and the rest signed as x.
            let scale = |v: i128, frac: i32| v * (1i128 << (80 - frac));
            let rest = scale(a, t1.frac()) - scale(quotient.raw * b, step + t2.frac());
            prop_assert!(rest == 0 || (rest < 0) == (a < 0));
            prop_assert!(rest.abs() < scale(b.abs(), step + t2.frac()));
        }
    }

    #[test]
    fn doubles_round_trip((ty, raw) in valued(53)) {
        let x = to_f64(raw, &ty);
        prop_assert_eq!(from_f64(x, &ty).unwrap(), raw);
        prop_assert_eq!(x, raw as f64 * 2f64.powi(-ty.frac()));
    }

    #[test]
    fn floats_round_once(raw in any::<i128>(), drop in 0u32..127) {
        // `as` is correctly rounded, half to even.
        let raw = raw >> drop;
        let ty = FixedType::fixed(128, 128);
        prop_assert_eq!(to_f64(raw, &ty), raw as f64);
        prop_assert_eq!(to_f32(raw, &ty), raw as f32);
    }

    #[test]
    fn decimal_rounding_is_exact(bits in any::<u64>(), mantissa in -(1i64 << 53)..(1i64 << 53), drop in 0u32..53, exponent in -60i32..4, decimals in 0u32..40) {
        for x in [f64::from_bits(bits), (mantissa >> drop) as f64 * 2f64.powi(exponent)] {
            if x.is_finite() {
                prop_assert_eq!(decimal_round(x, decimals).to_bits(), by_digits(x, decimals).to_bits(), "{:e} with {} decimals", x, decimals);
            }
        }
    }
}

/// Every conversion between narrow types, every value, every mode.
#[test]
fn exhaustive_small() {
    for (sw, si) in [(1, 1), (3, 1), (4, 4), (5, -1), (4, 6)] {
        for (dw, di) in [(1, 1), (1, 0), (2, 3), (3, 1), (3, 3), (4, 2), (4, -2)] {
            for signs in 0..4 {
                let src = FixedType { signed: signs & 1 == 0, ..FixedType::fixed(sw, si) };
                let dst = FixedType { signed: signs & 2 == 0, ..FixedType::fixed(dw, di) };
                for q in Rounding::ALL {
                    for o in Overflow::ALL {
                        if o == Overflow::WrapSm && !dst.signed {
                            continue;
                        }
                        for n in 0..=dw {
                            let dst = dst.with_modes(q, o).with_sat_bits(n);
                            for raw in src.min_raw()..=src.max_raw() {
                                check(raw, &src, &dst);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Decimal rounding on the full expansion: |x| = m * 2^e is written as a string of decimal digits by doubling, or by
/// multiplying with 5 and moving the point.
fn by_digits(x: f64, decimals: u32) -> f64 {
    let bits = x.to_bits();
    let field = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (m, e) = if field == 0 { (fraction, -1074) } else { (fraction | (1 << 52), field - 1075) };
    // Least significant first.
    let mut digits: Vec<u32> = m.to_string().bytes().rev().map(|b| u32::from(b - b'0')).collect();
    let multiply = |digits: &mut Vec<u32>, by: u32| {
        let mut carry = 0;
        for d in digits.iter_mut() {
            carry += *d * by;
            *d = carry % 10;
            carry /= 10;
        }
        if carry > 0 {
            digits.push(carry);
        }
    };
    for _ in 0..e.abs() {
        multiply(&mut digits, if e < 0 { 5 } else { 2 });
    }
    let mut point = e.min(0).unsigned_abs() as usize;
    let keep = decimals as usize;
    while digits.len() <= point.max(keep) + 1 {
        digits.push(0);
    }
    if point > keep {
        let dropped: Vec<u32> = digits.drain(..point - keep).collect();
        point = keep;
        let (first, rest) = dropped.split_last().unwrap();
        let more = rest.iter().any(|&d| d != 0);
        if *first > 5 || (*first == 5 && (more || digits[0] % 2 == 1)) {
            for d in digits.iter_mut() {
                *d = (*d + 1) % 10;
                if *d != 0 {
                    break;
                }
            }
            // 99.95 has two digits before the point, its rounding to 100 three.
            if digits.iter().all(|&d| d == 0) {
                digits.push(1);
            }
        }
    }
    let mut text: String = if x.is_sign_negative() { "-".into() } else { String::new() };
    for (i, d) in digits.iter().enumerate().rev() {
        text.push(char::from_digit(*d, 10).unwrap());
        if i == point {
            text.push('.');
        }
    }
    text.parse().unwrap()
}

#[test]
fn decimal_ties() {
    for (x, decimals, want) in [
        (0.5, 0, 0.0),
        (1.5, 0, 2.0),
        (2.5, 0, 2.0),
        (0.25, 1, 0.2),
        (0.75, 1, 0.8),
        (0.125, 2, 0.12),
        (0.375, 2, 0.38),
        (9.5, 0, 10.0),
        (99.950_012_207_031_25, 0, 100.0),
        (0.046875, 5, 0.04688),
        (0.0, 3, 0.0),
        (1e300, 2, 1e300),
        (5e-324, 2, 0.0),
        (5e-324, 1074, 5e-324),
    ] {
        assert_eq!(decimal_round(x, decimals), want, "{x} with {decimals}");
        assert_eq!(decimal_round(-x, decimals).to_bits(), (-want).to_bits(), "-{x} with {decimals}");
        assert_eq!(by_digits(x, decimals), want, "the oracle on {x} with {decimals}");
    }
    assert!(decimal_round(f64::NAN, 3).is_nan());
}
