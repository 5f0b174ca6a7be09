//! Elements that are narrower than the tensor's type, and the quick ways of the codec: hand-computed values, and
//! random ones against the one-by-one conversions of `netlathe_apfixed` and bits placed one by one.

use netlathe_apfixed::{Class, FixedType, Overflow, Rounding, cast, from_f32, from_f64, to_f32, to_f64};
use netlathe_overlay::{Codec, Element, Packing, Transfer};

use crate::support::{Random, full, tensor};

fn one(ty: &str, element: &str) -> Codec {
    Codec::new(&tensor("x", &[1], ty, full(64, element, Transfer::Sample))).unwrap()
}

/// The lane of one value, and what comes of it: the raw that the wrapper makes, the real and the raw that a host reads.
fn through(codec: &Codec, value: f64) -> (u64, i64, f64, i64) {
    let (mut bytes, mut received) = (Vec::new(), [0]);
    codec.encode(&[value], &mut bytes).unwrap();
    codec.receive(&bytes, &mut received).unwrap();
    let lane = u64::from_le_bytes(bytes[..].try_into().unwrap());
    (lane, received[0], codec.decode::<f64>(&bytes).unwrap()[0], codec.decode::<i64>(&bytes).unwrap()[0])
}

#[test]
fn the_type_rounds_first_and_the_element_second() {
    // Steps of 2^-10 in the type, of 2^-4 in the element.
    let codec = one("ap_fixed<16,6,AP_RND,AP_SAT>", "ap_fixed<8,4,AP_RND,AP_SAT>");
    assert!(!codec.carries_raw());
    // 24.5 steps of the element: up to 25, which is 1600 of the type.
    assert_eq!(through(&codec, 1.53125), (25, 1600, 1.5625, 1600));
    // A quarter step of the type less is 1567.75 there, so 1568, so again 24.5; at once it would be 24.
    assert_eq!(through(&codec, 1.53125 - 0.25 / 1024.0), (25, 1600, 1.5625, 1600));
    assert_eq!(through(&codec, -1.53125), (256 - 24, -1536, -1.5, -1536));
    assert_eq!(through(&codec, 9.0), (127, 127 * 64, 7.9375, 127 * 64));
    assert_eq!(through(&codec, -1e9), (128, -8192, -8.0, -8192));
    // Raw integers take the second step only.
    let mut bytes = Vec::new();
    codec.encode(&[1568i64], &mut bytes).unwrap();
    assert_eq!(bytes, [25, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn elements_without_a_sign_without_a_fraction_and_beyond_the_end() {
    // -1 is -4 steps of a quarter, 12 modulo 16.
    assert_eq!(through(&one("ap_fixed<16,6>", "ap_ufixed<4,2>"), -1.0), (12, 3072, 3.0, 3072));
    // An integer drops the fraction towards zero.
    let integer = one("ap_fixed<16,6>", "ap_int<4>");
    assert_eq!(through(&integer, 1.9), (1, 1024, 1.0, 1024));
    assert_eq!(through(&integer, -1.9), (15, -1024, -1.0, -1024));
    // 255 is 15.9 steps of 16: rounded to 256, which the type does not have. The wrapper wraps it to 0; a host
    // reads 256, and as a raw the end of the type.
    let codec = one("ap_ufixed<8,8>", "ap_ufixed<5,9,AP_RND,AP_SAT>");
    assert_eq!(through(&codec, 255.0), (16, 0, 256.0, 255));
}

const TYPES: [&str; 12] = [
    "ap_fixed<16,6>",
    "ap_fixed<16,6,AP_RND_CONV,AP_SAT>",
    "ap_fixed<8,1,AP_RND,AP_SAT_SYM>",
    "ap_ufixed<9,0,AP_TRN_ZERO,AP_SAT_ZERO>",
    "ap_fixed<12,4,AP_RND_INF,AP_WRAP_SM>",
    "ap_fixed<24,30,AP_RND_MIN_INF,AP_WRAP>",
    "ap_fixed<7,-9,AP_RND_ZERO,AP_SAT>",
    "ap_int<13>",
    "ap_uint<1>",
    "ap_fixed<40,2,AP_TRN_ZERO,AP_SAT>",
    "ap_fixed<63,20>",
    "ap_ufixed<64,32,AP_RND,AP_SAT>",
];

fn reals(random: &mut Random, ty: &FixedType, count: usize) -> Vec<f64> {
    let special = [0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, -1e-310, 1e300, -3e19];
    let halves = (-9..9).map(|k| f64::from(k) * 2f64.powi(-ty.frac() - 2));
    let usual = (0..).map(|_| {
        let spread = (random.next() % 80) as i32 - 40;
        (random.next() as i64 as f64) * 2f64.powi(spread - 63 + ty.integer)
    });
    special.into_iter().chain(halves).chain(usual).take(count).collect()
}

/// Bit by bit.
fn placed(lanes: &[u128], width: usize, packing: &Packing) -> Vec<u8> {
    let (per_beat, beat) = (packing.elements_per_beat as usize, packing.beat_bits as usize);
    let mut bytes = vec![0u8; lanes.len().div_ceil(per_beat) * beat / 8];
    for (j, lane) in lanes.iter().enumerate() {
        for bit in 0..width {
            let at = j / per_beat * beat + j % per_beat * width + bit;
            bytes[at / 8] |= ((lane >> bit) as u8 & 1) << (at % 8);
        }
    }
    bytes
}

fn check(ty: FixedType, element: FixedType, packing: Packing, random: &mut Random) {
    let name = format!("{ty} in {element}, {} bits", packing.beat_bits);
    // More than one block, and a tail.
    let size = 300 + (random.next() % 9) as usize;
    let codec = Codec::new(&tensor("x", &[size], &ty.to_string(), packing.clone())).unwrap();
    let doubles = reals(random, &ty, size);
    let floats: Vec<f32> = doubles.iter().map(|&x| x as f32).collect();
    let mask = u128::MAX >> (128 - element.width);
    let lanes = |raws: &[i128]| -> Vec<u128> {
        raws.iter().map(|&raw| cast(raw, &ty, &element).unwrap() as u128 & mask).collect()
    };
    let mut bytes = Vec::new();
    for (exact, encoded) in [
        (
            doubles.iter().map(|&x| from_f64(x, &ty).unwrap()).collect::<Vec<_>>(),
            codec.encode(&doubles, &mut bytes),
        ),
        (floats.iter().map(|&x| from_f32(x, &ty).unwrap()).collect(), codec.encode(&floats, &mut bytes)),
    ] {
        assert_eq!(encoded, Ok(1));
        let expected = placed(&lanes(&exact), element.width as usize, &packing);
        assert_eq!(bytes[..expected.len()], expected, "{name}");
        bytes.drain(..expected.len());
        if codec.check_raw().is_ok() {
            let raws: Vec<i64> = exact.iter().map(|&raw| raw as i64).collect();
            let mut again = Vec::new();
            codec.encode(&raws, &mut again).unwrap();
            assert_eq!(again, expected, "{name}, raw");
        }
    }

    // Any bits at all, padding included.
    let bytes: Vec<u8> = (0..codec.bytes_per_sample()).map(|_| random.next() as u8).collect();
    let raws: Vec<i128> = (0..size)
        .map(|j| {
            let (per_beat, beat) = (packing.elements_per_beat as usize, packing.beat_bits as usize);
            let first = j / per_beat * beat + j % per_beat * element.width as usize;
            let bit = |at: usize| i128::from(bytes[at / 8] >> (at % 8) & 1);
            let low: i128 = (0..element.width as usize).map(|k| bit(first + k) << k).sum();
            let unused = 128 - element.width;
            if element.signed { (low << unused) >> unused } else { low }
        })
        .collect();
    let expected: Vec<f64> = raws.iter().map(|&raw| to_f64(raw, &element)).collect();
    assert_eq!(codec.decode::<f64>(&bytes).unwrap(), expected, "{name} to f64");
    let expected: Vec<f32> = raws.iter().map(|&raw| to_f32(raw, &element)).collect();
    assert_eq!(codec.decode::<f32>(&bytes).unwrap(), expected, "{name} to f32");
    if codec.check_raw().is_ok() {
        let by = |to: &FixedType| -> Vec<i64> {
            raws.iter().map(|&raw| cast(raw, &element, to).unwrap() as i64).collect()
        };
        let mut received = vec![0; size];
        codec.receive(&bytes, &mut received).unwrap();
        assert_eq!(received, by(&ty), "{name} received");
        let held = FixedType { class: Class::Fixed, ..ty.with_modes(Rounding::Trn, Overflow::Sat) };
        assert_eq!(codec.decode::<i64>(&bytes).unwrap(), by(&held), "{name} to raw");
    }
}

#[test]
fn every_type_in_every_element() {
    let mut random = Random(11);
    for ty in TYPES {
        for element in TYPES {
            let (ty, element): (FixedType, FixedType) = (ty.parse().unwrap(), element.parse().unwrap());
            let gapless = (1..).map(|k| k * element.width).find(|bits| bits % 8 == 0).unwrap();
            for beat_bits in [64, 72, 512, gapless] {
                check(
                    ty,
                    element,
                    Packing::full(beat_bits, Element::Fixed(element), Transfer::Sample),
                    &mut random,
                );
            }
        }
    }
}

#[test]
fn every_width_of_a_lane() {
    let mut random = Random(12);
    for width in 1..=64 {
        let ty = FixedType::fixed(width, 3);
        for beat_bits in [64, 512, 8 * width] {
            check(ty, ty, Packing::full(beat_bits, Element::Fixed(ty), Transfer::Sample), &mut random);
        }
    }
}

#[test]
fn floats_in_the_lane_are_received_as_they_are_converted() {
    let mut random = Random(13);
    for ty in TYPES {
        let ty: FixedType = ty.parse().unwrap();
        for packing in
            [Packing::coyote_float32(), Packing::vivado_float32(), full(72, "float64", Transfer::Batch)]
        {
            let codec = Codec::new(&tensor("x", &[400], &ty.to_string(), packing.clone())).unwrap();
            if codec.check_raw().is_err() {
                continue;
            }
            let values = reals(&mut random, &ty, 400);
            let in_lane = |x: f64| match packing.element {
                Element::Float32 => f64::from(x as f32),
                _ => x,
            };
            let (mut bytes, mut received) = (Vec::new(), vec![0; 400]);
            codec.encode(&values, &mut bytes).unwrap();
            codec.receive(&bytes, &mut received).unwrap();
            let expected: Vec<i64> =
                values.iter().map(|&x| from_f64(in_lane(x), &ty).unwrap() as i64).collect();
            assert_eq!(received, expected, "{ty} in {}", packing.element);
        }
    }
}
