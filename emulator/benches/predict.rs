//! The emulator against the float64 reference of `netlathe_ir::float`, on a jet tagger of 16-64-32-32-5 and on a small convolutional
//! network of 16 x 16 images.
//!
//! `cargo bench -p netlathe-emulator`. Both run in the same process: their ratio is what counts, not the machine.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{ArrayD, IxDyn};
use netlathe_emulator::Plan;
use netlathe_ir::config::{Config, LayerConfig};
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::input::Input;
use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::op::window::{Spatial, Window};
use netlathe_ir::passes::{self, Types};
use netlathe_ir::{Graph, Op, Origin, Precision, Weight, float, text};
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

/// Two convolutions of 3 x 3 (3 to 8 to 16 channels), each with ReLU and pooling by 2, and a dense layer to 10: 131,584
/// multiplications.
fn image_network() -> netlathe_ir::Validated {
    let weight = |shape: &[usize]| {
        let data = numbers(shape.iter().product()).map(|x| f64::from(x as f32)).collect();
        Weight::new(ArrayD::from_shape_vec(IxDyn(shape), data).unwrap(), true)
    };
    let mut g = Graph::new("image");
    let mut tail = None;
    let mut add = |name: &str, op: Op| {
        let origin = Origin { layer: name.into(), role: String::new() };
        let operands: Vec<_> = tail.into_iter().collect();
        let id = g.add(name, origin, op, &operands).unwrap();
        tail = Some(id);
        id
    };
    let window = |kernel, stride| Window { kernel, stride, dilation: [1, 1], padding: Default::default() };
    let input = add("x", Op::Input(Input { shape: vec![16, 16, 3], integer: None }));
    for (k, (channels, filters, size)) in [(3, 8, 16), (8, 16, 8)].into_iter().enumerate() {
        let product = Dense::new(weight(&[3, 3, channels, filters]), weight(&[filters]));
        let same = window([3, 3], [1, 1]).same([size, size]);
        add(&format!("c{k}"), Op::Conv(Conv::new(Kind::Plain, Spatial::Two, same, 1, product)));
        add(&format!("r{k}"), Op::Activation(Activation::new(Function::Relu)));
        let pool = Pool::new(PoolOp::Max, Spatial::Two, Extent::Window(window([2, 2], [2, 2])));
        add(&format!("p{k}"), Op::Pool(pool));
    }
    add("flat", Op::Reshape(Reshape { shape: vec![256] }));
    let output = add("y", Op::Dense(Dense::new(weight(&[256, 10]), weight(&[10]))));
    (g.inputs, g.outputs) = (vec![input], vec![output]);
    let auto = ["weight", "bias", "accum", "result"].map(|v| (v.to_string(), Precision::Auto));
    let mut config = Config::default();
    for class in ["Conv2D", "Dense"] {
        let layer = LayerConfig { precision: auto.clone().into(), ..LayerConfig::default() };
        config.layer_type.insert(class.into(), layer);
    }
    passes::run(g, &config, &Types::Configured).unwrap().network
}

fn bench(c: &mut Criterion) {
    compare(c, "jet tagger", &network(), &[1, 1000]);
    compare(c, "small convolutional network", &image_network(), &[1, 100]);
}

fn compare(c: &mut Criterion, what: &str, network: &netlathe_ir::Validated, batches: &[usize]) {
    let plan = Plan::compile(network).unwrap();
    let shape = &plan.inputs()[0].shape;
    let size: usize = shape.iter().product();
    for &batch in batches {
        let data: Vec<f64> = numbers(batch * size).collect();
        let x = ArrayD::from_shape_vec(IxDyn(&[&[batch], &shape[..]].concat()), data.clone()).unwrap();
        let mut group = c.benchmark_group(format!("{what}, batch of {batch}"));
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function("emulator", |b| b.iter(|| plan.predict(black_box(&[x.view()])).unwrap()));
        group.bench_function("float64 reference, one thread", |b| {
            b.iter(|| {
                for row in data.chunks(size) {
                    black_box(float::run(network.graph(), network.order(), black_box(&[row])));
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
