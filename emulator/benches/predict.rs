//! The emulator against the float64 reference of `netlathe_ir::float`, on a jet tagger of 16-64-32-32-5.
//!
//! `cargo bench -p netlathe-emulator`. Both run in the same process: their ratio is what counts, not the machine.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array2;
use netlathe_emulator::Plan;
use netlathe_ir::config::{Config, LayerConfig};
use netlathe_ir::passes::{self, Types};
use netlathe_ir::{Precision, float, text};
use std::fmt::Write;
use std::hint::black_box;

const SIZES: [usize; 5] = [16, 64, 32, 32, 5];

/// Small numbers that look random.
fn numbers(n: usize) -> impl Iterator<Item = f64> {
    (0..n as u64).map(|i| ((i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % 2001) as f64 / 1000.0 - 1.0)
}

fn network() -> netlathe_ir::Validated {
    let list = |n: usize| numbers(n).map(|x| (x as f32).to_string()).collect::<Vec<_>>().join(", ");
    let mut t = String::from("network \"jet\" io_parallel\n\"l0\" #1 = Input() shape=[16] : auto\n");
    for (k, pair) in SIZES.windows(2).enumerate() {
        let (n, m) = (pair[0], pair[1]);
        writeln!(t, "\"d{k}\" #{} = Dense(\"l{k}\") weight=f32[{n}x{m}]{{{}}} weight_type=auto bias=f32[{m}]{{{}}} bias_type=auto accum=auto strategy=Latency reuse=1 : auto", 2 * k + 2, list(n * m), list(m)).unwrap();
        writeln!(t, "\"l{}\" #{} = Activation(\"d{k}\") function=relu table=ap_fixed<18,8> table_size=1024 reuse=1 : auto", k + 1, 2 * k + 3).unwrap();
    }
    writeln!(t, "inputs \"l0\"\noutputs \"l4\"").unwrap();
    // hls4ml's defaults: everything fixed<16,6>, accumulators inferred.
    let auto = ["weight", "bias", "accum", "result"].map(|v| (v.to_string(), Precision::Auto));
    let mut config = Config::default();
    config
        .layer_type
        .insert("Dense".into(), LayerConfig { precision: auto.into(), ..LayerConfig::default() });
    passes::run(text::parse(&t).unwrap(), &config, &Types::Configured).unwrap().network
}

fn bench(c: &mut Criterion) {
    let network = network();
    let plan = Plan::compile(&network).unwrap();
    for batch in [1, 1000] {
        let x = Array2::from_shape_vec((batch, 16), numbers(batch * 16).collect()).unwrap().into_dyn();
        let mut group = c.benchmark_group(format!("jet tagger, batch of {batch}"));
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function("emulator", |b| b.iter(|| plan.predict(black_box(&[x.view()])).unwrap()));
        group.bench_function("float64 reference, one thread", |b| {
            b.iter(|| {
                for row in x.rows() {
                    let row: Vec<f64> = row.to_vec();
                    black_box(float::run(network.graph(), network.order(), black_box(&[&row])));
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
