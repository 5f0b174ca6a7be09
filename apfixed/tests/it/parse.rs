//! Types from text.

use netlathe_apfixed::*;
use proptest::prelude::*;

#[test]
fn every_spelling() {
    let sat = FixedType::fixed(16, 6).with_modes(Rounding::RndConv, Overflow::SatSym);
    let cases = [
        ("ap_fixed<16,6>", FixedType::fixed(16, 6)),
        ("fixed<16,6>", FixedType::fixed(16, 6)),
        ("  ap_fixed < 16 , 6 >  ", FixedType::fixed(16, 6)),
        ("ap_ufixed<16, 6>", FixedType::ufixed(16, 6)),
        ("fixed<16,-6>", FixedType::fixed(16, -6)),
        ("fixed<16,+20>", FixedType::fixed(16, 20)),
        ("ap_fixed<16,6,AP_RND_CONV,AP_SAT_SYM>", sat),
        ("fixed<16,6,RND_CONV,SAT_SYM>", sat),
        ("fixed<16,6,rnd_conv,ap_sat_sym,0>", sat),
        ("ap_fixed<16,6,AP_RND>", FixedType::fixed(16, 6).with_modes(Rounding::Rnd, Overflow::Wrap)),
        ("fixed<16,6,TRN,WRAP,3>", FixedType::fixed(16, 6).with_sat_bits(3)),
        (
            "fixed<16,6,TRN,WRAP_SM,16>",
            FixedType::fixed(16, 6).with_modes(Rounding::Trn, Overflow::WrapSm).with_sat_bits(16),
        ),
        ("ap_int<6>", FixedType::int(6)),
        ("uint<1>", FixedType::uint(1)),
        ("ap_uint< 1024 >", FixedType::uint(1024)),
        ("ac_fixed<16,6>", FixedType::fixed(16, 6)),
        ("ac_fixed<16,6,true>", FixedType::fixed(16, 6)),
        (
            "ac_fixed<16,6,false,AC_RND_CONV,AC_SAT>",
            FixedType::ufixed(16, 6).with_modes(Rounding::RndConv, Overflow::Sat),
        ),
        ("ac_int<5,false>", FixedType::uint(5)),
        ("ac_int<5, true>", FixedType::int(5)),
    ];
    for (text, want) in cases {
        assert_eq!(text.parse::<FixedType>(), Ok(want), "{text}");
        assert_eq!(text.parse::<Precision>(), Ok(Precision::Is(want)), "{text}");
    }
    assert_eq!(" auto ".parse::<Precision>(), Ok(Precision::Auto));
}

#[test]
fn refusals_say_why() {
    let cases = [
        ("float", "fixed point"),
        ("double", "fixed point"),
        ("half", "fixed point"),
        ("bfloat16", "fixed point"),
        ("ac_float<16,6>", "fixed point"),
        ("", "name"),
        ("auto", "name"),
        ("ap_fixd<16,6>", "`ap_fixd` is none of"),
        ("ap_ap_fixed<16,6>", "none of"),
        ("ac_ufixed<16,6>", "none of"),
        ("<16,6>", "name"),
        ("ap_fixed", "angle brackets"),
        ("ap_fixed<16,6", "angle brackets"),
        ("ap_fixed<16>", "this has 1"),
        ("ap_fixed<>", "this has 1"),
        ("ap_fixed<16,6,TRN,WRAP,0,0>", "this has 6"),
        ("ap_int<16,6>", "this has 2"),
        ("ap_fixed<5000,6>", "1..=1024"),
        ("ap_fixed<0,6>", "1..=1024"),
        ("ap_fixed<-4,2>", "1..=1024"),
        ("ap_fixed<99999999999999999999999,2>", "1..=1024"),
        ("ap_fixed<16,99999999999999999999999>", "-4096..=4096"),
        ("ap_fixed<16,-5000>", "-4096..=4096"),
        ("ap_fixed<16.5,6>", "not an integer"),
        ("ap_fixed<16,>", "not an integer"),
        ("ap_fixed<0x10,6>", "not an integer"),
        ("ap_fixed<16,--6>", "not an integer"),
        ("ap_fixed<16,6,AP_ROUND>", "RND_MIN_INF"),
        ("ap_fixed<16,6,AP_RND,AP_SATURATE>", "SAT_ZERO, SAT_SYM"),
        ("ap_fixed<16,6,AP_SAT,AP_RND>", "no rounding mode"),
        ("ap_fixed<16,6,AP_AP_TRN>", "no rounding mode"),
        ("ap_fixed<16,6,AP_TRN,AP_WRAP,17>", "0..=16"),
        ("ap_fixed<16,6,AP_TRN,AP_WRAP,-1>", "0..=16"),
        ("ap_ufixed<16,6,AP_TRN,AP_WRAP_SM>", "WRAP_SM"),
        ("ac_fixed<16,6,AC_RND>", "true or false"),
        ("ap_fixed<16,6> x", "`x` follows"),
        ("ap_fixed<16,6>>", "`>` follows"),
    ];
    for (text, says) in cases {
        let message = text.parse::<FixedType>().expect_err(text).to_string();
        assert!(message.contains(says), "{text}: {message}");
        assert!(message.contains(&format!("`{text}`")), "{text}: {message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", args in "(ap_)?u?(fixed|int)<[-0-9, A-Z_a-z.<>]{0,24}>?") {
        for text in [text, args] {
            if let Ok(ty) = text.parse::<FixedType>() {
                prop_assert_eq!(ty.hls4ml().parse::<FixedType>().unwrap(), ty);
                if ty.has_default_modes() || ty.class == Class::Fixed {
                    prop_assert_eq!(ty.cpp().parse::<FixedType>().unwrap(), ty);
                }
            }
        }
    }
}
