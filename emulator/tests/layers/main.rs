//! Layers against integers worked out by hand, and the fast path against the counting one.

mod activations;
mod build;
mod hls4ml;
mod shapes;
mod windows;

use ndarray::{Array2, ArrayD, Axis};
use netlathe_emulator::{Error, Plan};
use netlathe_ir::config::Config;
use netlathe_ir::passes::{self, Types};
use netlathe_ir::text;
use proptest::prelude::*;

/// Compiles a network of one or more nodes between input `x` (of type `input`, `n` elements) and output `y`.
fn plan(n: usize, input: &str, nodes: &str) -> Plan {
    let text = format!(
        "network \"t\" io_parallel\n\"x\" #1 = Input() shape=[{n}] : {input}\n{nodes}\ninputs \"x\"\noutputs \"y\"\n"
    );
    let mut config = Config::default();
    let graph = text::parse(&text).unwrap();
    // Every type stands in the text: the configuration repeats it.
    for id in graph.order() {
        let node = graph.node(id);
        let layer = config.layer_name.entry(node.name.clone()).or_default();
        layer.precision.insert("result".into(), node.result);
        layer.precision.insert("result_t".into(), node.result);
        for (name, p) in node.op.inner_types() {
            layer.precision.insert(name.into(), p);
            layer.precision.insert(format!("{name}_t"), p);
        }
        for (name, w) in node.op.weights() {
            layer.precision.insert(name.into(), w.precision);
        }
        match &node.op {
            netlathe_ir::Op::Dense(d) => {
                layer.strategy = Some(d.strategy);
                layer.reuse_factor = Some(d.reuse_factor);
            }
            netlathe_ir::Op::Softmax(s) => {
                layer.implementation = Some(s.implementation);
                layer.table_size = Some(s.table_size);
            }
            netlathe_ir::Op::Activation(a) => layer.table_size = Some(a.table_size),
            _ => {}
        }
    }
    Plan::compile(&passes::run(graph, &config, &Types::Configured).unwrap().network).unwrap()
}

fn rows(x: &[&[i128]]) -> ArrayD<i128> {
    let flat: Vec<i128> = x.concat();
    Array2::from_shape_vec((x.len(), x[0].len()), flat).unwrap().into_dyn()
}

/// Raw answers to raw inputs, the same from both ways through the plan.
fn run(plan: &Plan, x: &[&[i128]]) -> Vec<Vec<i128>> {
    let x = rows(x);
    let y = plan.predict_raw(&[x.view()]).unwrap().remove(0);
    let trace = plan.trace_raw(&[x.view()]).unwrap();
    assert_eq!(trace.layer("y").unwrap().values, y, "counting and fast path differ");
    y.axis_iter(Axis(0)).map(|r| r.iter().copied().collect()).collect()
}

#[test]
fn dense_wraps_and_saturates_in_the_strategys_order() {
    let dense = |accum: &str, layout: &str| {
        plan(
            4,
            "ap_int<8>",
            &format!(
                "\"y\" #2 = Dense(\"x\") weight=f32[4x1]{{1, 1, 1, 1}} weight_type=ap_int<4> bias=f32[1]{{1}} bias_type=ap_int<4> accum={accum} {layout} : ap_int<16>"
            ),
        )
    };
    let x: &[&[i128]] = &[&[100, 100, -100, -100]];
    // 1 + 100 + 100 - 100 - 100 in eight bits: 201 wraps to -55, and back.
    assert_eq!(run(&dense("ap_int<8>", "strategy=Latency reuse=1"), x), [[1]]);
    let sat = "ap_fixed<8,8,AP_TRN,AP_SAT>";
    // Ascending: 101, 127, 27, -73.
    assert_eq!(run(&dense(sat, "strategy=Latency reuse=1"), x), [[-73]]);
    // Two blocks 0, 2 and 1, 3: 101, 1, 101, 1.
    assert_eq!(run(&dense(sat, "strategy=Resource reuse=2"), x), [[1]]);
    let trace = dense(sat, "strategy=Latency reuse=1").trace_raw(&[rows(x).view()]).unwrap();
    let y = trace.layer("y").unwrap();
    assert_eq!((y.inner.saturated, y.inner.wrapped, y.overflows.total()), (1, 0, 0));
}

#[test]
fn dense_casts_every_product() {
    // 0.75 * 0.5 = 0.375 truncates to 0.25 in a quarter grid, each by itself: 0.25 + 0.25, not 0.75.
    let p = plan(
        2,
        "ap_fixed<8,4>",
        "\"y\" #2 = Dense(\"x\") weight=f32[2x1]{0.5, 0.5} weight_type=ap_fixed<8,4> bias=f64[1]{0} bias_type=ap_uint<1> accum=ap_fixed<8,6> strategy=Latency reuse=1 : ap_fixed<8,6>",
    );
    assert_eq!(run(&p, &[&[12, 12], &[-12, -12]]), [[2], [-4]]);
}

#[test]
fn activations() {
    let act = |class: &str, attributes: &str, result: &str| {
        plan(
            1,
            "ap_fixed<8,4>",
            &format!(
                "\"y\" #2 = {class}(\"x\") {attributes} table=ap_fixed<18,8> table_size=1024 reuse=1 : {result}"
            ),
        )
    };
    let ask = |p: Plan, x: &[i128]| -> Vec<i128> {
        let rows: Vec<&[i128]> = x.chunks(1).collect();
        run(&p, &rows).concat()
    };
    // A narrow result wraps: 7.9375 is 127/16, in ufixed<4,2> 31 quarters are 15 quarters.
    assert_eq!(ask(act("Activation", "function=relu", "ap_ufixed<4,2>"), &[-5, 0, 4, 127]), [0, 0, 1, 15]);
    assert_eq!(
        ask(
            act(
                "ParametrizedActivation",
                "function=leaky_relu alpha=0.25 param=ap_ufixed<2,0>",
                "ap_fixed<8,4>"
            ),
            &[-16, -1, 16]
        ),
        [-4, -1, 16]
    );
    assert_eq!(
        ask(
            act(
                "ParametrizedActivation",
                "function=thresholded_relu theta=1 param=ap_fixed<8,4>",
                "ap_fixed<8,4>"
            ),
            &[16, 17, -3]
        ),
        [0, 17, 0]
    );
    assert_eq!(ask(act("Activation", "function=binary_tanh", "ap_int<2>"), &[0, -1]), [1, -1]);
    // Doubled in its own type: 5 * 2 wraps to -6.
    assert_eq!(
        ask(act("TernaryTanh", "function=ternary_tanh threshold=0.5", "ap_int<2>"), &[9, 8, -8, -7, 80]),
        [1, 0, -1, 0, -1]
    );
    // 0.5 x + 0.5 in quarters of 1/16 * 1/4.
    assert_eq!(
        ask(
            act(
                "HardActivation",
                "function=hard_sigmoid slope=0.5 shift=0.5 slope_type=ap_ufixed<2,0> shift_type=ap_ufixed<2,0>",
                "ap_ufixed<8,2>"
            ),
            &[0, 16, 17, -16, -17, 8]
        ),
        [32, 64, 64, 0, 0, 48]
    );
    assert_eq!(
        ask(
            act(
                "HardActivation",
                "function=hard_tanh slope=0.5 shift=0.5 slope_type=ap_ufixed<2,0> shift_type=ap_ufixed<2,0>",
                "ap_fixed<8,2>"
            ),
            &[0, 16, -16, 8]
        ),
        [0, 64, -64, 32]
    );
}

#[test]
fn a_tables_middle_bin_is_twice_as_wide() {
    // tanh over +-4 in 8 entries of width 1: -4 .. 3. Truncation is toward zero, so -15/16 and 15/16 meet the entry of 0.
    let p = plan(
        1,
        "ap_fixed<8,4>",
        "\"y\" #2 = Activation(\"x\") function=tanh table=ap_fixed<18,8> table_size=8 reuse=1 : ap_fixed<18,8>",
    );
    let tanh = |x: f64| (x.tanh() * 1024.0).floor() as i128;
    let got: Vec<i128> = run(&p, &[&[-15], &[15], &[16], &[-16], &[-17], &[127], &[-128]]).concat();
    assert_eq!(got, [0, 0, tanh(1.0), tanh(-1.0), tanh(-1.0), tanh(3.0), tanh(-4.0)]);
}

#[test]
fn softmax_implementations() {
    let softmax = |implementation: &str, n: usize| {
        plan(
            n,
            "ap_fixed<8,4,AP_RND,AP_SAT>",
            &format!(
                "\"y\" #2 = Softmax(\"x\") axis=0 implementation={implementation} accum=ap_fixed<18,8,AP_RND,AP_SAT> table=ap_fixed<18,8> exp_table=ap_fixed<18,8,AP_RND,AP_SAT> inv_table=ap_fixed<18,8,AP_RND,AP_SAT> inv_inp=ap_fixed<18,8,AP_RND,AP_SAT> inp_norm=auto table_size=256 reuse=1 : ap_fixed<18,8>"
            ),
        )
    };
    // The first of equal maxima wins.
    assert_eq!(run(&softmax("argmax", 3), &[&[5, 9, 9], &[-1, -2, -3]]), [[0, 1024, 0], [1024, 0, 0]]);
    // Two equal logits: e = 1 each, sum 2, 256 entries over +-128 have step 1, 1/2 * 1.
    assert_eq!(run(&softmax("stable", 2), &[&[16, 16]]), [[512, 512]]);
    // exp(1) = 2783.5/1024 rounds to 2784; the sum 5.4375 is read as 5, whose inverse is 205/1024.
    assert_eq!(run(&softmax("latency", 2), &[&[16, 16]]), [[(2784 * 205) >> 10, (2784 * 205) >> 10]]);
    // r = 1 + exp(0) = 2, index 2 * 256 / 64 = 8, which stands for 64 * 8 / 256 = 2.
    assert_eq!(run(&softmax("legacy", 2), &[&[16, 16]]), [[512, 512]]);
}

/// Without a configuration no output of softmax is further than 2^-8 from the exact function of its input.
#[test]
fn a_chosen_softmax_is_near_the_exact_one() {
    for (classes, spread) in [(2, 1.0), (5, 4.0), (10, 0.01), (32, 8.0), (128, 0.5), (128, 12.0)] {
        let text = format!(
            "network \"s\" io_parallel\n\"x\" #1 = Input() shape=[{classes}] : auto\n\"y\" #2 = Softmax(\"x\") axis=0 implementation=stable accum=auto table=auto exp_table=auto inv_table=auto inv_inp=auto inp_norm=auto table_size=1024 reuse=1 : auto\ninputs \"x\"\noutputs \"y\"\n"
        );
        // Numbers that look random, between -spread and spread.
        let number = |i: u64| {
            spread * ((((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) >> 40) as f64 / f64::from(1 << 23) - 1.0)
        };
        let samples: Vec<Vec<f64>> =
            (0..50).map(|s| (0..classes as u64).map(|i| number((s * 1000 + i) % 40_000)).collect()).collect();
        let calibration = passes::Calibration { samples: samples.iter().map(|s| vec![s.clone()]).collect() };
        let graph = text::parse(&text).unwrap();
        let network = passes::run(graph, &Config::default(), &Types::Chosen(calibration)).unwrap().network;
        let plan = Plan::compile(&network).unwrap();
        for sample in samples {
            let x = ndarray::Array2::from_shape_vec((1, classes), sample).unwrap().into_dyn();
            let raw = plan.quantize(&[x.view()]).unwrap().remove(0);
            let held: Vec<f64> =
                raw.iter().map(|&r| netlathe_ir::apfixed::to_f64(r, &plan.inputs()[0].ty)).collect();
            let sum: f64 = held.iter().map(|v| v.exp()).sum();
            let y = plan.predict(&[x.view()]).unwrap().remove(0);
            for (y, v) in y.iter().zip(held) {
                let error = (y - v.exp() / sum).abs();
                assert!(error <= 1.0 / 256.0, "{classes} classes within {spread}: off by {error}");
            }
        }
    }
}

#[test]
fn merges_and_joins() {
    let two = |line: &str| {
        plan(
            2,
            "ap_fixed<8,4>",
            &format!(
                "\"r\" #2 = Activation(\"x\") function=relu table=ap_fixed<18,8> table_size=1024 reuse=1 : ap_ufixed<6,4>\n{line}"
            ),
        )
    };
    let merge =
        |op: &str, result: &str| two(&format!("\"y\" #3 = Merge(\"x\", \"r\") op={op} reuse=1 : {result}"));
    // x = 1.5 and -2 (24, -32 of 1/16); relu in quarters: 6 and 0.
    let x: &[&[i128]] = &[&[24, -32]];
    assert_eq!(run(&merge("add", "ap_fixed<10,6>"), x), [[48, -32]]);
    assert_eq!(run(&merge("subtract", "ap_fixed<10,6>"), x), [[0, -32]]);
    assert_eq!(run(&merge("multiply", "ap_fixed<10,6>"), x), [[36, 0]]);
    assert_eq!(run(&merge("average", "ap_fixed<10,6>"), x), [[24, -16]]);
    assert_eq!(run(&merge("maximum", "ap_fixed<10,6>"), x), [[24, 0]]);
    assert_eq!(run(&merge("minimum", "ap_fixed<10,6>"), x), [[24, -32]]);
    let joined = two("\"y\" #3 = Concatenate(\"r\", \"x\") axis=0 reuse=1 : ap_fixed<8,4>");
    assert_eq!(run(&joined, x), [[24, 0, 24, -32]]);
    let reshaped = two("\"y\" #3 = Reshape(\"x\") shape=[1, 2] : ap_fixed<6,4>");
    assert_eq!(run(&reshaped, &[&[27, -33]]), [[6, -9]]);
}

#[test]
fn a_tensor_stays_until_its_last_reader() {
    let add = |name: &str, index: u32, a: &str, b: &str| {
        format!("\"{name}\" #{index} = Merge(\"{a}\", \"{b}\") op=add reuse=1 : ap_int<8>\n")
    };
    let join = |name: &str, index: u32, a: &str, b: &str| {
        format!("\"{name}\" #{index} = Concatenate(\"{a}\", \"{b}\") axis=0 reuse=1 : ap_int<8>\n")
    };
    let text = [
        add("two", 2, "x", "x"),
        join("long", 3, "two", "x"),
        add("three", 4, "two", "x"),
        join("other", 5, "x", "three"),
        add("sum", 6, "long", "other"),
        add("four", 7, "three", "x"),
        join("half", 8, "two", "four"),
        add("y", 9, "half", "sum"),
    ]
    .concat();
    let p = plan(2, "ap_int<8>", &text);
    // two = 2 x, long = (2 x, x), three = 3 x, other = (x, 3 x), sum = (3 x, 4 x), four = 4 x, half = (2 x, 4 x).
    assert_eq!(run(&p, &[&[1, 2], &[-3, 5]]), [[5, 10, 8, 16], [-15, 25, -24, 40]]);
}

#[test]
fn bits_are_signs_to_a_dense_layer() {
    // x >= 1/2 and x >= -1/4 leave the bits 1 0: the signs 1 and -1.
    let dense = |weight: &str, coding: &str, bias: &str| {
        plan(
            2,
            "ap_fixed<8,4>",
            &format!(
                "\"t\" #2 = BatchNormalizationQuantizedTanh(\"x\") threshold=f32[2]{{0.5, -0.25}} threshold_type=ap_fixed<8,4> : ap_uint<1>\n\"y\" #3 = Dense(\"t\") weight=f32[2x2]{{{weight}}} {coding} bias=f64[2]{{{bias}}} bias_type=ap_fixed<8,4> accum=ap_fixed<10,6> input_encoding=xnor strategy=Latency reuse=1 : ap_fixed<10,6>"
            ),
        )
    };
    let x: &[&[i128]] = &[&[8, -5], &[7, -4]];
    // Fixed-point weights: 0.5 - 0.25 and -1 - 2 in sixteenths, then the opposite.
    assert_eq!(run(&dense("0.5, -1, 0.25, 2", "weight_type=ap_fixed<8,4>", "0, 0"), x), [[4, -48], [-4, 48]]);
    // One-bit weights 1 -1 / -1 -1: 1 + 1 and -1 + 1.
    let bits = "weight_type=ap_uint<1> weight_encoding=xnor";
    assert_eq!(run(&dense("1, -1, -1, -1", bits, "0, 0"), x), [[32, 0], [-32, 0]]);
    assert_eq!(run(&dense("1, -1, -1, -1", bits, "0.5, 0"), x), [[40, 0], [-24, 0]]);
}

#[test]
fn batch_norm_is_one_expression() {
    // 1.5 * 0.75 + 0.3125 = 1.4375 truncated once to quarters.
    let p = plan(
        2,
        "ap_fixed<8,4>",
        "\"y\" #2 = BatchNormalization(\"x\") scale=f32[2]{0.75, -1} scale_type=ap_fixed<8,4> bias=f32[2]{0.3125, 1} bias_type=ap_fixed<8,4> reuse=1 : ap_fixed<8,6>",
    );
    assert_eq!(run(&p, &[&[24, 24]]), [[5, -2]]);
}

#[test]
fn wide_types_take_the_wide_path_and_too_wide_ones_are_refused() {
    let line = |w: u32| {
        format!(
            "\"y\" #2 = BatchNormalization(\"x\") scale=f32[1]{{3}} scale_type=ap_fixed<30,10> bias=f64[1]{{0}} bias_type=ap_uint<1> reuse=1 : ap_fixed<{w},{w}>"
        )
    };
    let p = plan(1, "ap_fixed<90,45>", &line(100));
    let x = 5i128 << 80;
    assert_eq!(run(&p, &[&[x]]), [[15i128 << 35]]);
    let text = format!(
        "network \"t\" io_parallel\n\"x\" #1 = Input() shape=[1] : auto\n{}\ninputs \"x\"\noutputs \"y\"\n",
        line(100)
    );
    let mut config = Config::default();
    config.model_precision.insert("default".into(), "ap_fixed<64,20>".parse().unwrap());
    config
        .layer_name
        .entry("x".into())
        .or_default()
        .precision
        .insert("result".into(), "ap_fixed<120,60>".parse().unwrap());
    let lowered = passes::run(text::parse(&text).unwrap(), &config, &Types::Configured).unwrap();
    assert!(
        matches!(Plan::compile(&lowered.network), Err(Error::TooWide { layer, bits: 129.. }) if layer == "y")
    );
}

#[test]
fn wrong_inputs_are_told_apart() {
    let p = plan(2, "ap_fixed<8,4>", "\"y\" #2 = Reshape(\"x\") shape=[1, 2] : ap_fixed<8,4>");
    let x = rows(&[&[1, 2, 3]]);
    assert_eq!(
        p.predict_raw(&[x.view()]).unwrap_err().to_string(),
        "input `x` has shape [1, 3]; the network takes [batch, 2]"
    );
    assert!(matches!(p.predict_raw(&[]), Err(Error::InputCount { expected: 1, given: 0 })));
    let x = rows(&[&[1, 200]]);
    assert!(matches!(p.predict_raw(&[x.view()]), Err(Error::RawRange { index: 1, value: 200, .. })));
}

fn mode() -> impl Strategy<Value = String> {
    let rounding = prop::sample::select(vec![
        "AP_TRN",
        "AP_TRN_ZERO",
        "AP_RND",
        "AP_RND_ZERO",
        "AP_RND_INF",
        "AP_RND_MIN_INF",
        "AP_RND_CONV",
    ]);
    let overflow = prop::sample::select(vec!["AP_WRAP", "AP_SAT", "AP_SAT_ZERO", "AP_SAT_SYM"]);
    (2u32..14, -2i32..10, rounding, overflow).prop_map(|(w, i, q, o)| format!("ap_fixed<{w},{i},{q},{o}>"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// The one-sum path and the 128-bit path answer as the counting path and the 64-bit path do.
    #[test]
    fn every_way_through_a_dense_layer_gives_the_same(
        accum in mode(), result in mode(), weight in mode(), reuse in 1u32..7,
        w in prop::collection::vec(-8.0f32..8.0, 12), x in prop::collection::vec(-128i128..128, 12),
    ) {
        let numbers = w.iter().map(f32::to_string).collect::<Vec<_>>().join(", ");
        let network = |bits: u32| plan(6, "ap_fixed<8,3>", &format!(
            "\"w\" #2 = Reshape(\"x\") shape=[6] : ap_fixed<{bits},{}>\n\"y\" #3 = Dense(\"w\") weight=f32[6x2]{{{numbers}}} weight_type={weight} bias=f32[2]{{0.5, -3}} bias_type=ap_fixed<8,4> accum={accum} strategy=Resource reuse={reuse} : {result}",
            bits as i32 - 5));
        let samples: Vec<&[i128]> = x.chunks(6).collect();
        // `run` compares predict with trace; 100 bits put the same values on 128-bit integers.
        prop_assert_eq!(run(&network(8), &samples), run(&network(100), &samples));
    }
}
