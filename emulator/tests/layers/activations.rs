//! Activations with constants and tables, in both I/O styles.

use super::build::{ask, node, q, ty, weight};
use netlathe_ir::config::IoType;
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::table::Table;
use netlathe_ir::{Op, Precision};

/// Answers in `ap_fixed<20,10>` to inputs of a type; the table holds 1, 2, 3, ... in halves.
fn act(io: IoType, function: Function, x: &str, input: &[i128]) -> Vec<i128> {
    let mut a = Activation::new(function);
    let table_ty = ty("ap_fixed<12,11>");
    a.table_ty = Precision::Is(table_ty);
    a.table_size = 16;
    a.table = Some(Table { ty: table_ty, entries: (1..=16).collect() });
    ask(&node(io, &[(&[input.len()], ty(x))], Op::Activation(a), ty("ap_fixed<20,10>")), &[input])
}

const PARALLEL: IoType = IoType::Parallel;
const SIXTEENTHS: &str = "ap_fixed<10,6>";

#[test]
fn clipped_and_general_relu() {
    // 5.9375, 6, 6.0625, -1 and 0.5.
    let six = Function::ClippedRelu { max: 6 };
    assert_eq!(
        act(PARALLEL, six.clone(), SIXTEENTHS, &[95, 96, 97, -16, 8]),
        [95 * 64, 96 * 64, 96 * 64, 0, 8 * 64]
    );
    // Steps of 4: 4 passes, 8 does not.
    assert_eq!(act(PARALLEL, six, "ap_fixed<8,10>", &[1, 2, -1]), [4096, 6144, 0]);
    // Largest 4, from 1 on itself, below that -0.5 (x - 1): 2 for -3; 0.0625 / 2 for 0.9375.
    let general = Function::GeneralRelu { max: Some(4.0), slope: -0.5, threshold: 1.0 };
    assert_eq!(
        act(PARALLEL, general, SIXTEENTHS, &[64, 63, 100, 16, 15, -48]),
        [4096, 63 * 64, 4096, 1024, 32, 2048]
    );
    // Constants finer than the input: -0.001 is kept to 16 bits, 0.0009999871.
    let fine = Function::GeneralRelu { max: None, slope: 0.5, threshold: -0.001 };
    let kept = (0.001f64 * f64::from(1 << 25)).floor() as i128;
    let expected = q(((-16i128 << 21) + kept) / 2, 25, &ty("ap_fixed<20,10>"));
    assert_eq!(act(PARALLEL, fine, SIXTEENTHS, &[-16, 0]), [expected, 0]);
}

#[test]
fn prelu_has_a_slope_for_each_element() {
    let alpha = Box::new(weight(&[4], &[1, -3, 1, -3], ty("ap_fixed<4,2>")));
    // -1 times 0.25 and -0.75.
    assert_eq!(
        act(PARALLEL, Function::PRelu { alpha }, SIXTEENTHS, &[-16, -16, 16, -32]),
        [-256, 768, 1024, 1536]
    );
}

#[test]
fn tables_below_zero() {
    // 16 entries over -8 to 0: entry trunc(-2 x). Alpha 0.75 of entry k's (k + 1) / 2.
    let elu = Function::Elu { alpha: 0.75, param: Precision::Is(ty("ap_ufixed<2,0>")) };
    let x = [0, 16, -1, -8, -9, -127, -128, -300];
    let entry = |k: i128| (k + 1) * 512 * 3 / 4;
    assert_eq!(
        act(PARALLEL, elu, SIXTEENTHS, &x),
        [0, 1024, entry(0), entry(1), entry(1), entry(15), entry(15), entry(15)]
    );
    // Selu's constant: floor(1.0507009873 * 2^15) = 34429 in io_parallel; 1.0507 in sixteenths is 16 / 16 in io_stream.
    let selu = || Function::Selu;
    assert_eq!(act(PARALLEL, selu(), SIXTEENTHS, &[160, -9]), [(160 * 34429) >> 9, 2 * 512]);
    assert_eq!(act(IoType::Stream, selu(), SIXTEENTHS, &[160, -9]), [10 * 1024, 2 * 512]);
    // A rounding input type rounds the constant: 1.0507 * 4 = 4.2 is 4; in 32nds 33.6 is 34.
    let rounding = "ap_fixed<10,5,AP_RND,AP_SAT>";
    assert_eq!(act(IoType::Stream, selu(), rounding, &[32]), [34 * 32]);
}

#[test]
fn tables_around_zero() {
    // 16 entries over -8 to 8, one a unit. Softplus: toward zero, so that the middle entry serves -1 to 1.
    let x = [-16, -15, 15, 16, 127, -200, 200];
    let at = |k: [i128; 7]| k.map(|k| (k + 1) * 512);
    assert_eq!(act(PARALLEL, Function::Softplus, SIXTEENTHS, &x), at([7, 8, 8, 9, 15, 0, 15]));
    assert_eq!(act(PARALLEL, Function::Softsign, SIXTEENTHS, &x), at([7, 8, 8, 9, 15, 0, 15]));
    // The project's own tables round down: -15/16 meets entry 7.
    let exp = Function::Exponential { range_log2: 3 };
    assert_eq!(act(PARALLEL, exp.clone(), SIXTEENTHS, &x), at([7, 7, 8, 9, 15, 0, 15]));
    // A coarse input: steps of 4.
    assert_eq!(
        act(PARALLEL, exp.clone(), "ap_fixed<4,6>", &[-2, -1, 0, 1, 2]),
        [0, 4, 8, 12, 15].map(|k| (k + 1) * 512)
    );
    // Half a range an entry: 32 entries of steps of 2 over +-16 would be 16 here; -2 and 2 are one entry away.
    let wide = Function::Exponential { range_log2: 4 };
    assert_eq!(
        act(PARALLEL, wide, "ap_fixed<6,6>", &[-3, -2, -1, 1, 2]),
        [6, 7, 7, 8, 9].map(|k| (k + 1) * 512)
    );
    // x times its entry.
    let gelu = Function::Gelu { approximate: false };
    assert_eq!(act(PARALLEL, gelu, SIXTEENTHS, &[-15, 24]), [-15 * 64 * 8 / 2, 24 * 64 * 10 / 2]);
    // Silu's range is 16: an entry every 2.
    assert_eq!(act(PARALLEL, Function::Silu, SIXTEENTHS, &[-15, 40]), [-15 * 64 * 8 / 2, 40 * 64 * 10 / 2]);
}

#[test]
fn ternary_tanh_of_each_style() {
    let ternary = || Function::TernaryTanh { threshold: 0.5 };
    // 17, 16, 9, 8, -8, -9, -16 sixteenths and 31.25 in six integer bits: doubled it wraps to -1.5.
    let x = [17, 16, 9, 8, -8, -9, -16, 500];
    assert_eq!(act(PARALLEL, ternary(), SIXTEENTHS, &x), [1, 1, 1, 0, -1, -1, -1, -1].map(|v| v * 1024));
    assert_eq!(act(IoType::Stream, ternary(), SIXTEENTHS, &x), [1, 0, 0, 0, 0, 0, -1, 1].map(|v| v * 1024));
}
