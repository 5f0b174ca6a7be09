//! What hls4ml's own headers compute, compiled with g++: layer normalisation, pooling, activations in both I/O styles, and products
//! with powers of two. `hls4ml.txt` holds raw integers: sections with a head line, then
//!
//! * `ln ACCUM TABLE range_power2`: the table; scale (`ap_fixed<6,2>`) and bias (`ap_fixed<6,3>`) of 5; lines of two rows of 5 inputs and
//!   their results;
//! * `pool ACCUM op` (0 max, 1 average): lines of 20 inputs and the results of windows of 5 and of all, in `io_parallel`, then in
//!   `io_stream`;
//! * `act INPUT`: tables (`ap_fixed<12,5>`) of elu, selu and softsign; lines of an input and its results, as `functions` lists them;
//! * `power INPUT bits`: lines of an input, a weight's raw integer and their product in `ap_fixed<60,30>`.
//!
//! Inputs are `ap_fixed<10,4>` where nothing else is said, results `ap_fixed<14,5,AP_RND,AP_SAT>`.

use super::build::{ask, node, product, ty, weight};
use netlathe_emulator::Plan;
use netlathe_ir::config::IoType;
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::layer_norm::{LayerNorm, RootIndex};
use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::window::{Spatial, Window};
use netlathe_ir::table::Table;
use netlathe_ir::weight::Encoding;
use netlathe_ir::{Op, Precision};

const INPUT: &str = "ap_fixed<10,4>";
const RESULT: &str = "ap_fixed<14,5,AP_RND,AP_SAT>";

struct Section<'a> {
    head: Vec<&'a str>,
    lines: Vec<Vec<i128>>,
}

fn sections(kind: &str) -> impl Iterator<Item = Section<'static>> {
    include_str!("hls4ml.txt").split("\n\n").filter_map(move |text| {
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next()?.split(' ').collect();
        let numbers = |l: &str| l.split(' ').map(|w| w.parse().unwrap()).collect();
        (head[0] == kind).then(|| Section { head, lines: lines.map(numbers).collect() })
    })
}

fn narrow(x: &[i128]) -> Vec<i64> {
    x.iter().map(|&x| x as i64).collect()
}

#[test]
fn layer_normalisation() {
    for Section { head, lines } in sections("ln") {
        let [table, constants, samples @ ..] = &lines[..] else { panic!("{head:?}") };
        let constants = narrow(constants);
        let mut l = LayerNorm::new(
            weight(&[5], &constants[..5], ty("ap_fixed<6,2>")),
            weight(&[5], &constants[5..], ty("ap_fixed<6,3>")),
            1e-3,
        );
        (l.accum, l.table_ty) = (Precision::Is(ty(head[1])), Precision::Is(ty(head[2])));
        l.table = Some(Table { ty: ty(head[2]), entries: narrow(table) });
        l.table_size = table.len() as u32;
        l.root = RootIndex::Uniform { range_power2: head[3].parse().unwrap() };
        let plan = node(IoType::Parallel, &[(&[2, 5], ty(INPUT))], Op::LayerNorm(l), ty(RESULT));
        for v in samples {
            assert_eq!(ask(&plan, &[&v[..10]]), v[10..], "{head:?} {v:?}");
        }
    }
}

#[test]
fn pooling() {
    for Section { head, lines } in sections("pool") {
        let op = if head[2] == "0" { PoolOp::Max } else { PoolOp::Average };
        let window = Window { kernel: [1, 5], stride: [1, 5], dilation: [1, 1], padding: Default::default() };
        let plan = |extent, io| {
            let mut p = Pool::new(op, Spatial::One, extent);
            p.accum = Precision::Is(ty(head[1]));
            node(io, &[(&[20, 1], ty(INPUT))], Op::Pool(p), ty(RESULT))
        };
        let (window, global) = (Extent::Window(window), Extent::Global { keep_axes: false });
        let ways = [
            (plan(window, IoType::Parallel), 20..24),
            (plan(global, IoType::Parallel), 24..25),
            (plan(window, IoType::Stream), 25..29),
            (plan(global, IoType::Stream), 29..30),
        ];
        for v in &lines {
            for (plan, results) in &ways {
                assert_eq!(ask(plan, &[&v[..20]]), v[results.clone()], "{head:?} {results:?} {v:?}");
            }
        }
    }
}

/// Each function with its table and style, in the order of a line's results.
fn functions() -> [(Function, usize, IoType); 9] {
    let elu = || Function::Elu { alpha: 0.3, param: Precision::Is(ty("ap_ufixed<8,-1>")) };
    let ternary = || Function::TernaryTanh { threshold: 0.5 };
    let alpha = Box::new(weight(&[1], &[-5], ty("ap_fixed<5,3>")));
    let (parallel, stream) = (IoType::Parallel, IoType::Stream);
    [
        (elu(), 0, parallel),
        (Function::Selu, 1, parallel),
        (Function::Softsign, 2, parallel),
        (ternary(), 0, parallel),
        (Function::ClippedRelu { max: 6 }, 0, parallel),
        (Function::PRelu { alpha }, 0, parallel),
        (Function::Selu, 1, stream),
        (ternary(), 0, stream),
        (elu(), 0, stream),
    ]
}

#[test]
fn activations() {
    for Section { head, lines } in sections("act") {
        let (tables, samples) = lines.split_at(3);
        let plan = |(function, table, io): (Function, usize, IoType)| -> Plan {
            let mut a = Activation::new(function);
            let ty_of_table = ty("ap_fixed<12,5>");
            (a.table_ty, a.table_size) = (Precision::Is(ty_of_table), 64);
            a.table = Some(Table { ty: ty_of_table, entries: narrow(&tables[table]) });
            node(io, &[(&[1], ty(head[1]))], Op::Activation(a), ty(RESULT))
        };
        let plans = functions().map(plan);
        for v in samples {
            let ours: Vec<i128> = plans.iter().flat_map(|p| ask(p, &[&v[..1]])).collect();
            assert_eq!(ours, v[1..], "{head:?} {v:?}");
        }
    }
}

#[test]
fn products_with_powers_of_two() {
    for Section { head, lines } in sections("power") {
        let weight_ty = ty(&format!("ap_int<{}>", head[2]));
        for v in &lines {
            let mut w = weight(&[1, 1], &narrow(&v[1..2]), weight_ty);
            w.encoding = Encoding::Exponent;
            let accum = ty("ap_fixed<60,30>");
            let d = product(w, weight(&[1], &[0], ty("ap_uint<1>")), accum, None);
            let plan = node(IoType::Parallel, &[(&[1], ty(head[1]))], Op::Dense(d), accum);
            assert_eq!(ask(&plan, &[&v[..1]]), v[2..], "{head:?} {v:?}");
        }
    }
}
