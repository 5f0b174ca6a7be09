//! What `netlathe_overlay`'s codec makes of chosen values, for the driver's codec to be compared with.
//!
//! `UPDATE_VECTORS=1 cargo test -p netlathe-backend-vivado-accel --test it driver` writes the file.

use std::fmt::Write as _;
use std::path::Path;

use netlathe_overlay::{Codec, Element, FixedType, HostValue, Packing, Tensor, Transfer};

const FILE: &str = "tests/driver/codec_vectors.json";
/// Values decoded from the shared bytes.
const DECODED: usize = 5;

/// Halves, and what is just beside them, in steps of a type; ends of its range; numbers that no type holds. The driver's
/// test has the same list (`test_codec.py`).
fn values(ty: &FixedType) -> Vec<f64> {
    let half = 2f64.powi(ty.width as i32 - 1);
    let mut steps = vec![0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 3.5, 0.49999999999999994, 0.5000000000000001];
    steps.extend([1.5, 1.0, 0.5, 0.25, 0.0].map(|d| half - d));
    steps.extend([0.5, 1.0].map(|d| half + d));
    steps.extend([1.0, 0.5, -0.5, -1.0].map(|d| 2.0 * half - d));
    steps.extend([5.25 * half, 1e13, 3e40]);
    let scale = 2f64.powi(-ty.frac());
    let mut all: Vec<f64> = steps.iter().flat_map(|s| [s * scale, -s * scale]).collect();
    all.extend([0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN, 5e-324, -5e-324]);
    all
}

/// Bytes to decode, as good as random.
fn noise() -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..512).map(|_| next()).collect()
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn encoded<V: HostValue>(codec: &Codec, values: &[V]) -> String {
    let whole = values.len() / codec.size() * codec.size();
    let mut bytes = Vec::new();
    codec.encode(&values[..whole], &mut bytes).unwrap();
    hex(bytes)
}

fn case(ty: &str, element: &str, beat_bits: u32, per_beat: u32, size: usize) -> String {
    let ty: FixedType = ty.parse().unwrap();
    let element: Element = element.parse().unwrap();
    let packing =
        Packing { elements_per_beat: per_beat, ..Packing::full(beat_bits, element.clone(), Transfer::Batch) };
    let codec = Codec::new(&Tensor { name: "t".into(), shape: vec![size], ty, packing }).unwrap();
    let listed = values(&ty);
    let doubles: Vec<f64> = listed.iter().copied().cycle().take(listed.len().max(size)).collect();
    let floats: Vec<f32> = doubles.iter().map(|&x| x as f32).collect();
    let noise = noise();
    let bytes = &noise[..noise.len() / codec.bytes_per_sample() * codec.bytes_per_sample()];
    let cut = |n: usize| n.min(DECODED);
    let as_doubles: Vec<f64> = codec.decode(bytes).unwrap();
    let as_floats: Vec<f32> = codec.decode(bytes).unwrap();
    format!(
        "{{\"ty\":\"{ty}\",\"element\":\"{element}\",\"beat_bits\":{beat_bits},\"per_beat\":{per_beat},\"size\":{size},\
         \"from_f64\":\"{}\",\"from_f32\":\"{}\",\"f64\":\"{}\",\"f32\":\"{}\"}}",
        encoded(&codec, &doubles),
        encoded(&codec, &floats),
        hex(as_doubles[..cut(as_doubles.len())].iter().flat_map(|x| x.to_bits().to_le_bytes())),
        hex(as_floats[..cut(as_floats.len())].iter().flat_map(|x| x.to_bits().to_le_bytes())),
    )
}

fn cases() -> Vec<String> {
    let roundings = ["TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"];
    let overflows = ["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"];
    let mut all = Vec::new();
    for q in roundings {
        for o in overflows {
            for u in ["", "u"] {
                let ty = format!("ap_{u}fixed<9,4,AP_{q},AP_{o}>");
                all.push(case(&ty, &ty, 64, 7, 10));
            }
            all.push(case("ap_fixed<20,8>", &format!("ap_fixed<10,4,AP_{q},AP_{o}>"), 32, 3, 5));
        }
        // Beyond what doubles count exactly.
        let wide = format!("ap_fixed<64,20,AP_{q},AP_SAT>");
        all.push(case(&wide, &wide, 64, 1, 2));
        all.push(case("ap_fixed<80,40,AP_RND,AP_SAT>", &format!("ap_fixed<60,30,AP_{q},AP_WRAP>"), 64, 1, 3));
    }
    // Every phase of a lane in its byte; padding lanes; a partial last beat.
    for width in (1..=20).chain([24, 27, 31, 32, 33, 40, 47, 48, 53, 54, 57, 61, 63, 64]) {
        let u = if width % 2 == 0 { "u" } else { "" };
        let integer = width / 2 + 1;
        let ty = format!("ap_{u}fixed<{width},{integer},AP_RND,AP_SAT>");
        let beat = if width % 3 == 0 { 128 } else { 64 };
        let full = beat / width;
        all.push(case(&ty, &ty, beat, full, full as usize + 2));
        if width % 5 == 0 {
            all.push(case(&ty, &ty, 512, (512 / width).min(9), 13));
        }
    }
    for (ty, element) in [
        ("ap_int<8>", "ap_int<8>"),
        ("ap_uint<5>", "ap_uint<5>"),
        ("ap_int<8>", "ap_int<4>"),
        ("ap_fixed<16,6>", "ap_uint<6>"),
        ("ap_fixed<8,-4,AP_RND_CONV,AP_SAT>", "ap_fixed<8,-4>"),
        ("ap_fixed<8,12,AP_RND,AP_SAT>", "ap_fixed<24,16>"),
        ("ap_fixed<8,12>", "ap_fixed<8,12>"),
        ("ap_fixed<1,1,AP_TRN,AP_SAT_SYM>", "ap_fixed<1,1,AP_TRN,AP_SAT_SYM>"),
        ("ap_ufixed<12,0,AP_RND,AP_SAT>", "ap_fixed<8,1,AP_RND_ZERO,AP_SAT_SYM>"),
        ("ap_fixed<12,4>", "ap_ufixed<8,4,AP_RND_INF,AP_SAT>"),
        ("ap_fixed<100,30,AP_RND,AP_SAT>", "ap_fixed<16,6,AP_RND_CONV,AP_SAT_ZERO>"),
        ("ap_fixed<70,70>", "ap_ufixed<64,64>"),
        ("ap_ufixed<54,2>", "ap_fixed<56,3,AP_RND_CONV,AP_SAT>"),
        ("ap_fixed<16,6>", "float32"),
        ("ap_fixed<40,6>", "float64"),
    ] {
        all.push(case(ty, element, 64, 1, 4));
    }
    all.push(case("ap_fixed<16,6>", "float32", 128, 4, 6));
    all
}

#[test]
fn driver_vectors_are_those_of_the_codec() {
    let text = format!("{{\"noise\":\"{}\",\"cases\":[\n{}\n]}}\n", hex(noise()), cases().join(",\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == text,
        "{FILE} is not what the codec gives; UPDATE_VECTORS=1 writes it, look at git diff"
    );
}
