//! Beats of a batch beside two references in the same run: a plain copy of as many bytes, and one value after the
//! other through the exact arithmetic, its bits put in place one lane at a time.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use netlathe_apfixed::from_f32;
use netlathe_overlay::{Codec, Element, Packing, Tensor, Transfer};

const SIZE: usize = 4096;

fn tensor(ty: &str, element: &str, beat_bits: u32) -> Tensor {
    let element: Element = element.parse().expect("an element");
    Tensor {
        name: "x".to_owned(),
        shape: vec![SIZE],
        ty: ty.parse().expect("a type"),
        packing: Packing::full(beat_bits, element, Transfer::Sample),
    }
}

/// What a first version would do.
fn one_by_one(values: &[f32], tensor: &Tensor, bytes: &mut [u8]) {
    let width = tensor.packing.element.bits() as usize;
    let (per_beat, beat) = (tensor.packing.elements_per_beat as usize, tensor.packing.beat_bits as usize);
    bytes.fill(0);
    for (j, &value) in values.iter().enumerate() {
        let lane = match tensor.packing.element {
            Element::Float32 => value.to_bits().into(),
            _ => from_f32(value, &tensor.ty).expect("a narrow type") as u64 & (u64::MAX >> (64 - width)),
        };
        let first = j / per_beat * beat + j % per_beat * width;
        let shifted = u128::from(lane) << (first % 8);
        let touched = (first % 8 + width).div_ceil(8);
        for (byte, part) in bytes[first / 8..][..touched].iter_mut().zip(shifted.to_le_bytes()) {
            *byte |= part;
        }
    }
}

fn lanes(c: &mut Criterion) {
    let values: Vec<f32> = (0..SIZE).map(|j| (j as f32 * 0.618).sin() * 40.0).collect();
    for (ty, element, beat_bits) in [
        ("ap_fixed<16,6>", "float32", 512),
        ("ap_fixed<16,6>", "float32", 32),
        ("ap_fixed<8,4,AP_RND,AP_SAT>", "ap_fixed<8,4,AP_RND,AP_SAT>", 64),
        ("ap_fixed<16,6>", "ap_fixed<16,6>", 64),
        ("ap_fixed<32,16,AP_RND_CONV,AP_SAT>", "ap_fixed<32,16,AP_RND_CONV,AP_SAT>", 512),
        ("ap_fixed<6,2>", "ap_fixed<6,2>", 64),
    ] {
        let tensor = tensor(ty, element, beat_bits);
        let codec = Codec::new(&tensor).expect("a sane tensor");
        let mut bytes = vec![0; codec.bytes_per_sample()];
        let mut group = c.benchmark_group(format!("{ty} in {element}, {beat_bits} bits"));
        group.throughput(Throughput::Elements(SIZE as u64));
        let source = bytes.clone();
        group.bench_function("copy", |b| b.iter(|| bytes.copy_from_slice(black_box(&source))));
        group
            .bench_function("one by one", |b| b.iter(|| one_by_one(black_box(&values), &tensor, &mut bytes)));
        let expected = bytes.clone();
        group.bench_function("encode", |b| b.iter(|| codec.encode_into(black_box(&values), &mut bytes)));
        assert_eq!(bytes, expected, "{ty} in {element}");
        let mut back = vec![0f32; SIZE];
        group.bench_function("decode", |b| b.iter(|| codec.decode_into(black_box(&bytes), &mut back)));
        let mut raws = vec![0; SIZE];
        group.bench_function("receive", |b| b.iter(|| codec.receive(black_box(&bytes), &mut raws)));
        group.finish();
    }
}

criterion_group!(benches, lanes);
criterion_main!(benches);
