//! Bytes and values written down by hand, and random values against arithmetic in 128-bit integers.

use netlathe_overlay::{
    Beats, Codec, CodecError, Packing, Transfer, beats_per_sample, bytes_per_sample, decode, encode,
};

use crate::support::{Random, full, tensor};

#[test]
fn coyote_float32_beats() {
    let t = tensor("x", &[3, 6], "ap_fixed<16,6>", Packing::coyote_float32());
    assert_eq!((beats_per_sample(&t).unwrap(), bytes_per_sample(&t).unwrap()), (2, 128));
    let values: Vec<f32> = (0..18).map(|j| j as f32 - 0.3).collect();
    let mut bytes = vec![0xaa];
    assert_eq!(encode(&values, &t, &mut bytes).unwrap(), 1);
    assert_eq!(bytes.remove(0), 0xaa, "encoding appends");
    for (j, value) in values.iter().enumerate() {
        // The host does not quantise for a float port: that is the wrapper's work.
        assert_eq!(bytes[4 * j..4 * j + 4], value.to_le_bytes(), "element {j}");
    }
    assert!(bytes[72..].iter().all(|&byte| byte == 0), "padding is zero");
    bytes[72..].fill(0xff);
    assert_eq!(decode::<f32>(&bytes, &t).unwrap(), values, "padding is ignored");
}

#[test]
fn lanes_that_are_no_whole_bytes() {
    // Three elements of 5 bits in a beat of 16: bits 4:0, 9:5 and 14:10; bit 15 is of no element.
    let t = tensor("x", &[4], "ap_fixed<5,5>", full(16, "ap_fixed<5,5>", Transfer::Sample));
    let mut bytes = Vec::new();
    encode(&[1i64, -1, -16, 15], &t, &mut bytes).unwrap();
    let first: u16 = 1 | 0b11111 << 5 | 0b10000 << 10;
    assert_eq!(bytes, [first.to_le_bytes(), 15u16.to_le_bytes()].concat());
    bytes[1] |= 0x80;
    bytes[3] = 0xff;
    assert_eq!(decode::<i64>(&bytes, &t).unwrap(), [1, -1, -16, 15]);
}

#[test]
fn elements_wider_than_the_type_extend_its_sign() {
    let signed = tensor("s", &[3], "ap_fixed<12,4>", full(16, "ap_fixed<16,8>", Transfer::Sample));
    let mut bytes = Vec::new();
    encode(&[-1i64, 2047, -2048], &signed, &mut bytes).unwrap();
    assert_eq!(bytes, [0xff, 0xff, 0xff, 0x07, 0x00, 0xf8]);
    assert_eq!(decode::<i64>(&bytes, &signed).unwrap(), [-1, 2047, -2048]);
    assert_eq!(netlathe_overlay::Element::whole_bytes(&signed.ty), signed.packing.element);

    let unsigned = tensor("u", &[1], "ap_ufixed<12,4>", full(16, "ap_ufixed<16,8>", Transfer::Sample));
    bytes.clear();
    encode(&[4095i64], &unsigned, &mut bytes).unwrap();
    assert_eq!(bytes, [0xff, 0x0f]);

    // An element with two more fraction bits holds the same value four times as large.
    let finer = tensor("f", &[1], "ap_fixed<12,4>", full(16, "ap_fixed<16,6>", Transfer::Sample));
    bytes.clear();
    encode(&[-3i64], &finer, &mut bytes).unwrap();
    assert_eq!(bytes, (-12i16).to_le_bytes());
    assert_eq!(decode::<f64>(&bytes, &finer).unwrap(), [-3.0 / 256.0]);
}

#[test]
fn host_values_take_the_types_rounding_and_overflow() {
    let cases: [(&str, f64, i64); 8] = [
        ("ap_fixed<8,4>", 1.03, 16),
        ("ap_fixed<8,4>", -1.03, -17),
        ("ap_fixed<8,4>", 8.0, -128),
        ("ap_fixed<8,4,AP_RND,AP_SAT>", 1.03125, 17),
        ("ap_fixed<8,4,AP_RND_CONV,AP_SAT>", 1.03125, 16),
        ("ap_fixed<8,4,AP_RND,AP_SAT>", 1e30, 127),
        ("ap_fixed<8,4,AP_RND,AP_SAT_SYM>", -1e30, -127),
        ("ap_ufixed<8,4,AP_TRN,AP_SAT>", -0.5, 0),
    ];
    for (ty, value, raw) in cases {
        let t = tensor("x", &[1], ty, full(64, ty, Transfer::Batch));
        let (mut from_f64, mut from_f32, mut from_raw) = (Vec::new(), Vec::new(), Vec::new());
        encode(&[value], &t, &mut from_f64).unwrap();
        encode(&[value as f32], &t, &mut from_f32).unwrap();
        encode(&[raw], &t, &mut from_raw).unwrap();
        assert_eq!((&from_f64, &from_f32), (&from_raw, &from_raw), "{value} to {ty}");
        assert_eq!(decode::<f64>(&from_f64, &t).unwrap(), [raw as f64 / 16.0]);
        // Through a float port it is the wrapper that converts, to the same integer.
        let float = Codec::new(&tensor("x", &[1], ty, Packing::coyote_float32())).unwrap();
        let (mut bytes, mut received) = (Vec::new(), [0]);
        float.encode(&[value], &mut bytes).unwrap();
        float.receive(&bytes, &mut received).unwrap();
        assert_eq!(received, [raw], "{value} received as {ty}");
    }
}

#[test]
fn random_raws_come_back_through_every_element_that_carries_them() {
    let mut random = Random(7);
    for (ty, element, beat_bits) in [
        ("ap_fixed<16,6>", "ap_fixed<16,6>", 64),
        ("ap_fixed<13,2,AP_RND,AP_SAT>", "ap_fixed<13,2>", 512),
        ("ap_fixed<7,9>", "ap_fixed<33,20>", 128),
        ("ap_ufixed<63,1>", "ap_fixed<64,2>", 72),
        ("ap_int<64>", "ap_int<64>", 64),
        ("ap_fixed<64,30>", "ap_fixed<64,30>", 4096),
        ("ap_ufixed<24,3>", "float32", 512),
        ("ap_fixed<25,30>", "float32", 40),
        ("ap_fixed<54,10>", "float64", 64),
    ] {
        let t = tensor("x", &[5, 7], ty, full(beat_bits, element, Transfer::Sample));
        let codec = Codec::new(&t).unwrap();
        assert!(codec.carries_raw(), "{ty} in {element}");
        let values: Vec<i64> = (0..3 * 35)
            .map(|i| match (t.ty.signed, i) {
                (true, 0) => i64::MIN >> (64 - t.ty.width),
                (true, _) => random.next() as i64 >> (64 - t.ty.width),
                (false, _) => (random.next() >> (64 - t.ty.width)) as i64,
            })
            .collect();
        let mut bytes = Vec::new();
        assert_eq!(codec.encode(&values, &mut bytes).unwrap(), 3);
        assert_eq!(bytes.len(), 3 * codec.bytes_per_sample());
        assert_eq!(codec.decode::<i64>(&bytes).unwrap(), values, "{ty} in {element}");
        let mut received = vec![0; values.len()];
        codec.receive(&bytes, &mut received).unwrap();
        assert_eq!(received, values, "{ty} in {element}, by the wrapper");
        // i64 as f64 rounds half-even, and the scale is a power of two.
        let scale = 2f64.powi(-t.ty.frac());
        let reals: Vec<f64> = values.iter().map(|&raw| raw as f64 * scale).collect();
        assert_eq!(codec.decode::<f64>(&bytes).unwrap(), reals, "{ty} in {element} as f64");
    }
}

#[test]
fn a_float_port_rounds_wide_integers_half_even_and_never_wraps_them_on_the_way_back() {
    let codec = Codec::new(&tensor("y", &[5], "ap_fixed<32,32>", Packing::vivado_float32())).unwrap();
    assert!(!codec.carries_raw());
    let raws = [(1 << 24) + 1, (1 << 24) + 3, i64::from(i32::MAX), i64::from(i32::MIN), -((1 << 25) + 2)];
    let floats = [16777216f32, 16777220.0, 2147483648.0, -2147483648.0, -33554432.0];
    let mut bytes = Vec::new();
    codec.encode(&raws, &mut bytes).unwrap();
    assert_eq!(codec.decode::<f32>(&bytes).unwrap(), floats);
    let back = codec.decode::<i64>(&bytes).unwrap();
    assert_eq!(back, [1 << 24, (1 << 24) + 4, i64::from(i32::MAX), i64::from(i32::MIN), -(1 << 25)]);
    // Integers, which wrap whatever their modes say, too.
    let codec = Codec::new(&tensor("y", &[1], "ap_int<32>", Packing::vivado_float32())).unwrap();
    assert_eq!(codec.decode::<i64>(&2147483648f32.to_le_bytes()).unwrap(), [i64::from(i32::MAX)]);
}

#[test]
fn a_double_is_rounded_to_the_float_port_first() {
    let codec = Codec::new(&tensor("x", &[1], "ap_fixed<40,2>", Packing::vivado_float32())).unwrap();
    let value = 1.0 + 2f64.powi(-24) + 2f64.powi(-30);
    let (mut bytes, mut raw) = (Vec::new(), [0]);
    codec.encode(&[value], &mut bytes).unwrap();
    codec.receive(&bytes, &mut raw).unwrap();
    assert_eq!(raw, [(1 << 38) + (1 << 15)]);
}

#[test]
fn numbers_that_are_none_do_not_panic() {
    for ty in ["ap_fixed<16,6>", "ap_ufixed<16,6,AP_RND,AP_SAT>", "ap_int<8>"] {
        for packing in [full(64, ty, Transfer::Sample), Packing::coyote_float32()] {
            let codec = Codec::new(&tensor("x", &[4], ty, packing)).unwrap();
            let (mut bytes, mut raw) = (Vec::new(), [0; 4]);
            codec
                .encode(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE], &mut bytes)
                .unwrap();
            codec.receive(&bytes, &mut raw).unwrap();
            let (min, max) = (codec.ty().min_raw(), codec.ty().max_raw());
            assert!(raw.iter().all(|&raw| (min..=max).contains(&raw.into())), "{ty}: {raw:?}");
        }
    }
}

#[test]
fn tlast_by_the_transfer_rule() {
    let frame = |transfer| -> Beats {
        let codec =
            Codec::new(&tensor("x", &[3], "ap_fixed<16,6>", full(32, "ap_fixed<16,6>", transfer))).unwrap();
        let mut bytes = Vec::new();
        codec.encode(&[0i64; 9], &mut bytes).unwrap();
        codec.frame(bytes).unwrap()
    };
    assert_eq!(frame(Transfer::Sample).last(), [false, true, false, true, false, true]);
    assert_eq!(frame(Transfer::Batch).last(), [false, false, false, false, false, true]);
    assert_eq!(frame(Transfer::Sample).bytes(), frame(Transfer::Batch).bytes());
}

#[test]
fn lengths_and_ranges_are_refused_with_their_numbers() {
    let t = tensor("x", &[2, 3], "ap_fixed<8,4>", full(32, "ap_fixed<8,4>", Transfer::Sample));
    let codec = Codec::new(&t).unwrap();
    let mut bytes = vec![1, 2];
    assert_eq!(
        codec.encode(&[0f32; 7], &mut bytes).unwrap_err().to_string(),
        "tensor \"x\": 7 values are no whole number of samples of shape [2, 3] (6 values)"
    );
    assert_eq!(
        codec.encode(&[0i64, 0, 0, 0, 0, 128], &mut bytes).unwrap_err().to_string(),
        "tensor \"x\": raw integer 128 at index 5 is not in ap_fixed<8,4>, whose range is -128 to 127"
    );
    assert_eq!(bytes, [1, 2], "a refusal leaves the buffer as it was");
    assert_eq!(
        codec.decode::<f32>(&[0; 12]).unwrap_err().to_string(),
        "tensor \"x\": 12 bytes are no whole number of samples of 2 beats, 8 bytes"
    );
    assert_eq!(
        codec.encode_into(&[0f64; 12], &mut [0; 8]).unwrap_err().to_string(),
        "tensor \"x\": 12 values need 16 bytes of beats, the buffer has 8"
    );
    assert_eq!(codec.decode_into(&[0; 16], &mut [0f32; 12]), Ok(2));
    assert_eq!(codec.encode::<f32>(&[], &mut bytes), Ok(0));

    for (ty, fits) in [("ap_fixed<64,6>", true), ("ap_ufixed<64,6>", false), ("ap_fixed<65,6>", false)] {
        let codec = Codec::new(&tensor("w", &[1], ty, Packing::coyote_float32())).unwrap();
        let refused = codec.decode::<i64>(&[0; 64]).is_err();
        assert_eq!(refused, !fits, "{ty}");
        assert!(codec.decode::<f32>(&[0; 64]).is_ok());
    }

    let mut broken = t.clone();
    broken.packing.elements_per_beat = 5;
    broken.shape = vec![0];
    let Err(CodecError::Tensor { problems, .. }) = Codec::new(&broken) else { panic!("taken") };
    assert!(problems.contains("shape: [0]") && problems.contains("5 elements"), "{problems}");
}
