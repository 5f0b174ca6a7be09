//! Conversions of a slice beside a plain copy of it, in the same run.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use netlathe_apfixed::{Cast, FixedType, Overflow, Rounding};

const N: usize = 4096;

fn casts(c: &mut Criterion) {
    // Products of two 16-bit numbers, spread over their range.
    let source: Vec<i64> =
        (0..N as i64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15u64 as i64)) >> 32).collect();
    let src = FixedType::fixed(32, 12);
    let to = |q, o| FixedType::fixed(16, 6).with_modes(q, o);
    let targets = [
        ("trn_wrap", to(Rounding::Trn, Overflow::Wrap)),
        ("trn_sat", to(Rounding::Trn, Overflow::Sat)),
        ("rnd_conv_sat", to(Rounding::RndConv, Overflow::Sat)),
        ("rnd_inf_sat_zero", to(Rounding::RndInf, Overflow::SatZero)),
        ("trn_wrap_sm", to(Rounding::Trn, Overflow::WrapSm)),
    ];
    let mut group = c.benchmark_group("apply_all_4096");
    group.throughput(Throughput::Elements(N as u64));
    let mut buffer = source.clone();
    group.bench_function("copy_only", |b| {
        b.iter(|| {
            buffer.copy_from_slice(black_box(&source));
            black_box(&mut buffer);
        });
    });
    for (name, dst) in targets {
        let cast = Cast::new(&src, &dst).expect("narrow types");
        group.bench_function(name, |b| {
            b.iter(|| {
                buffer.copy_from_slice(black_box(&source));
                cast.apply_all(&mut buffer);
                black_box(&mut buffer);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, casts);
criterion_main!(benches);
