//! Layers that move, repeat, join or weigh elements.

use super::build::{ask, node, q, ty, weight};
use super::windows::numbers;
use netlathe_ir::config::IoType;
use netlathe_ir::op::broadcast::Broadcast;
use netlathe_ir::op::cropping::Cropping;
use netlathe_ir::op::dot::Dot;
use netlathe_ir::op::embedding::Embedding;
use netlathe_ir::op::layer_norm::{LayerNorm, RootIndex};
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::op::repeat_vector::RepeatVector;
use netlathe_ir::op::resize::{Interpolation, Resize};
use netlathe_ir::op::transpose::Transpose;
use netlathe_ir::op::window::{Sides, Spatial};
use netlathe_ir::op::zero_padding::ZeroPadding;
use netlathe_ir::table::Table;
use netlathe_ir::{FixedType, Op, Precision};

/// The answer of a node on `ap_int<16>`s.
fn moved(shape: &[usize], op: Op, x: &[i128]) -> Vec<i128> {
    let i16 = ty("ap_int<16>");
    ask(&node(IoType::Parallel, &[(shape, i16)], op, i16), &[x])
}

#[test]
fn elements_move() {
    let two = Spatial::Two;
    let sides = Sides { top: 1, bottom: 0, left: 0, right: 2 };
    // One row above, two columns to the right of 1 x 2 cells of two channels.
    assert_eq!(
        moved(&[1, 2, 2], Op::ZeroPadding(ZeroPadding { spatial: two, sides }), &[1, 2, 3, 4]),
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]
    );
    let x: Vec<i128> = (1..=6).collect();
    let sides = Sides { top: 0, bottom: 1, left: 1, right: 0 };
    assert_eq!(moved(&[2, 3, 1], Op::Cropping(Cropping { spatial: two, sides }), &x), [2, 3]);
    // numpy: arange(1, 7).reshape(1, 2, 3).transpose(2, 0, 1)
    assert_eq!(moved(&[1, 2, 3], Op::Transpose(Transpose { perm: vec![2, 0, 1] }), &x), [1, 4, 2, 5, 3, 6]);
    assert_eq!(moved(&[2], Op::RepeatVector(RepeatVector { times: 3 }), &[7, 8]), [7, 8, 7, 8, 7, 8]);
    assert_eq!(
        moved(&[2, 1], Op::Broadcast(Broadcast { shape: vec![2, 2, 2] }), &[7, 8]),
        [7, 7, 8, 8, 7, 7, 8, 8]
    );
    let nearest = Resize { spatial: two, factors: [2, 3], interpolation: Interpolation::Nearest };
    assert_eq!(moved(&[1, 2, 1], Op::Resize(nearest), &[7, 8]), [7, 7, 7, 8, 8, 8, 7, 7, 7, 8, 8, 8]);
    // Every element is converted: 1.25 in halves, 100 wraps in eight bits; zeros stay.
    let sides = Sides { left: 1, ..Sides::default() };
    let op = Op::ZeroPadding(ZeroPadding { spatial: Spatial::One, sides });
    let p = node(IoType::Stream, &[(&[2, 1], ty("ap_fixed<16,14>"))], op, ty("ap_fixed<8,7>"));
    assert_eq!(ask(&p, &[&[5, 400]]), [0, 2, 200 - 256]);
}

#[test]
fn bilinear_growth() {
    let grow = |factors: [usize; 2], shape: &[usize], result: &str, x: &[i128]| {
        let op = Resize { spatial: Spatial::Two, factors, interpolation: Interpolation::Bilinear };
        ask(&node(IoType::Parallel, &[(shape, ty("ap_int<8>"))], Op::Resize(op), ty(result)), &[x])
    };
    // By two: quarters, the outermost values go on. 0 and 8: 0, 2, 6, 8 and, downwards, the same weights.
    assert_eq!(grow([1, 2], &[1, 2, 1], "ap_int<8>", &[0, 8]), [0, 2, 6, 8]);
    assert_eq!(
        grow([2, 2], &[2, 2, 1], "ap_fixed<12,8>", &[0, 8, 16, 24]),
        [0, 2, 6, 8, 4, 6, 10, 12, 12, 14, 18, 20, 16, 18, 22, 24].map(|v| v * 16)
    );
    // By three: thirds, toward zero at the input's step: between 1 and -1 nothing is left.
    assert_eq!(grow([1, 3], &[1, 2, 1], "ap_fixed<12,8>", &[1, -1]), [16, 16, 0, 0, -16, -16]);
    assert_eq!(grow([1, 3], &[1, 2, 1], "ap_int<8>", &[0, 10]), [0, 0, 3, 6, 10, 10]);
    assert_eq!(grow([1, 3], &[1, 2, 1], "ap_int<8>", &[0, -10]), [0, 0, -3, -6, -10, -10]);
    // Two channels do not mix.
    assert_eq!(grow([1, 2], &[1, 2, 2], "ap_int<8>", &[0, 100, 8, 100]), [0, 100, 2, 100, 6, 100, 8, 100]);
}

#[test]
fn rows_of_a_table() {
    let table = || weight(&[3, 2], &[1, 2, 3, 4, 5, -6], ty("ap_fixed<8,6>"));
    let embed = |x: &str, input: &[i128]| {
        let op = Op::Embedding(Embedding { table: table(), reuse_factor: 1 });
        ask(&node(IoType::Parallel, &[(&[input.len()], ty(x))], op, ty("ap_fixed<8,7>")), &[input])
    };
    // Quarters to halves, downwards; indices outside take the nearest row.
    assert_eq!(embed("ap_int<8>", &[2, 0, 9, -1]), [2, -3, 0, 1, 2, -3, 0, 1]);
    // The whole part of 1.75; steps of 2.
    assert_eq!(embed("ap_ufixed<8,6>", &[7]), [1, 2]);
    assert_eq!(embed("ap_ufixed<4,5>", &[1, 0]), [2, -3, 0, 1]);
}

#[test]
fn merges_of_many_and_of_shapes() {
    let (i8, quarters) = (ty("ap_int<8>"), ty("ap_fixed<8,6>"));
    let merge = |op, shapes: &[&[usize]], result: &str, x: &[&[i128]]| {
        let op = Op::Merge(Merge { op, reuse_factor: 1 });
        let types = [i8, quarters, i8, i8];
        let inputs: Vec<(&[usize], FixedType)> = shapes.iter().copied().zip(types).collect();
        ask(&node(IoType::Parallel, &inputs, op, ty(result)), x)
    };
    let three: &[&[usize]] = &[&[2], &[2], &[2]];
    let x: &[&[i128]] = &[&[1, -5], &[6, -20], &[-3, 5]];
    // 1 + 1.5 - 3 and -5 - 5 + 5, in quarters.
    assert_eq!(merge(MergeOp::Add, three, "ap_fixed<12,10>", x), [-2, -20]);
    assert_eq!(merge(MergeOp::Multiply, three, "ap_fixed<16,14>", x), [-18, 500]);
    // A third of -2 and -20 quarters, toward zero.
    assert_eq!(merge(MergeOp::Average, three, "ap_fixed<16,10>", x), [0, -6 * 16]);
    assert_eq!(merge(MergeOp::Maximum, three, "ap_fixed<12,10>", x), [6, 20]);
    assert_eq!(merge(MergeOp::Minimum, three, "ap_fixed<12,10>", x), [-12, -20]);
    // A quarter of 1 + 1.25 - 3 + 2 is 5/16.
    let four: &[&[usize]] = &[&[1], &[1], &[1], &[1]];
    assert_eq!(merge(MergeOp::Average, four, "ap_fixed<12,6>", &[&[1], &[5], &[-3], &[2]]), [20]);
    // numpy: [[1], [2]] - [[0.25, 0.5, 0.75]], in quarters.
    assert_eq!(
        merge(MergeOp::Subtract, &[&[2, 1], &[3]], "ap_fixed<12,10>", &[&[1, 2], &[1, 2, 3]]),
        [3, 2, 1, 7, 6, 5]
    );
}

#[test]
fn dot_products() {
    let dot = |axes, a: &[usize], b: &[usize], accum: &str, x: &[&[i128]]| {
        let op = Op::Dot(Dot { axes, accum: Precision::Is(ty(accum)), reuse_factor: 1 });
        let i8 = ty("ap_int<8>");
        ask(&node(IoType::Parallel, &[(a, i8), (b, i8)], op, ty("ap_int<16>")), x)
    };
    assert_eq!(dot([0, 0], &[3], &[3], "ap_int<16>", &[&[1, 2, 3], &[4, -5, 6]]), [12]);
    // Saturates on the way: 100, 127, -23.
    let sat = "ap_fixed<8,8,AP_TRN,AP_SAT>";
    assert_eq!(dot([0, 0], &[3], &[3], sat, &[&[10, 10, -15], &[10, 10, 10]]), [127 - 128]);
    // numpy: einsum("ikj,lk->ijl", arange(12).reshape(2, 3, 2), [[1, 10, 100], [1, 0, -1]])
    let a: Vec<i128> = (0..12).collect();
    assert_eq!(
        dot([1, 1], &[2, 3, 2], &[2, 3], "ap_int<16>", &[&a, &[1, 10, 100, 1, 0, -1]]),
        [420, -4, 531, -4, 1086, -4, 1197, -4]
    );
}

fn layer_norm(root: RootIndex, table: Vec<i64>, table_ty: &str, accum: &str, n: usize) -> LayerNorm {
    let mut l = LayerNorm::new(
        weight(&[n], &numbers(n, 5, 6), ty("ap_fixed<6,2>")),
        weight(&[n], &numbers(n, 6, 6), ty("ap_fixed<6,3>")),
        1e-3,
    );
    (l.accum, l.table_ty) = (Precision::Is(ty(accum)), Precision::Is(ty(table_ty)));
    l.table_size = table.len() as u32;
    l.table = Some(Table { ty: ty(table_ty), entries: table });
    l.root = root;
    l
}

/// Every step of `netlathe_ir::op::layer_norm`, in 128-bit integers.
#[test]
fn layer_normalisation_step_by_step() {
    let n = 5;
    let xt = ty("ap_fixed<10,4>");
    let result = ty("ap_fixed<14,5,AP_RND,AP_SAT>");
    let entries: Vec<i64> = numbers(32, 9, 8).iter().map(|e| e.abs()).collect();
    for (root, table_ty, accum) in [
        (RootIndex::Uniform { range_power2: -1 }, "ap_ufixed<8,5>", "ap_fixed<14,4,AP_RND_CONV,AP_SAT>"),
        (RootIndex::Uniform { range_power2: 2 }, "ap_ufixed<8,3>", "ap_fixed<14,6>"),
        (RootIndex::Normalised, "ap_ufixed<8,1>", "ap_fixed<20,9,AP_RND,AP_SAT>"),
        (RootIndex::Normalised, "ap_ufixed<8,1>", "ap_fixed<40,12,AP_RND,AP_SAT>"),
    ] {
        let l = layer_norm(root, entries.clone(), table_ty, accum, n);
        let (a, t) = (ty(accum), ty(table_ty));
        let f = a.frac();
        let plan = node(IoType::Parallel, &[(&[2, n], xt)], Op::LayerNorm(l.clone()), result);
        for seed in 0..200 {
            // Narrow and wide spreads.
            let x: Vec<i128> = numbers(2 * n, seed, 4 + seed as u32 % 7).iter().map(|&x| x.into()).collect();
            let mut expected = Vec::new();
            for x in x.chunks(n) {
                let x: Vec<i128> = x.iter().map(|&x| q(x, xt.frac(), &a)).collect();
                let k = ((1u64 << f) as f64 / n as f64).floor() as i128;
                // Rounding modes other than TRN meet 2^f / 5 nearer to the integer above.
                let k = match a.rounding.name() {
                    "AP_TRN" => k,
                    _ => k + i128::from(((1i128 << f) - k * 5) * 2 >= 5),
                };
                let sum = x.iter().fold(0, |s, &x| q(s + x, f, &a));
                let mean = q(sum * k, 2 * f, &a);
                let d: Vec<i128> = x.iter().map(|&x| q(x - mean, f, &a)).collect();
                let squares = d.iter().fold(0, |s, &d| q(s + q(d * d, 2 * f, &a), f, &a));
                let var = q(squares * k, 2 * f, &a);
                for (i, &d) in d.iter().enumerate() {
                    let (z, zf) = match root {
                        RootIndex::Uniform { range_power2 } => {
                            // var * 32 * 2^range_power2 * 2^-f
                            let index = var * 32 * 4 / (1i128 << (f + 2 - range_power2));
                            (d * i128::from(entries[index.clamp(0, 31) as usize]), f + t.frac())
                        }
                        RootIndex::Normalised => {
                            // 1e-3 in units of 2^-f, to the nearest; u = m * 4^quarter * 2^f with 1 <= m < 4.
                            let epsilon = ((1i128 << f) as f64 * 1e-3).round() as i128;
                            let u = (var.max(0) + epsilon.max(1)) as f64 / (1i128 << f) as f64;
                            let mut quarter = 0;
                            let mut m = u;
                            while m < 1.0 {
                                (m, quarter) = (m * 4.0, quarter - 1);
                            }
                            while m >= 4.0 {
                                (m, quarter) = (m / 4.0, quarter + 1);
                            }
                            let index =
                                if m < 2.0 { (m - 1.0) * 16.0 } else { 16.0 + (m / 2.0 - 1.0) * 16.0 };
                            let v = d * i128::from(entries[index as usize]);
                            let right = f + t.frac() + quarter - 20;
                            let z = if right > 0 { (v + (1 << (right - 1))) >> right } else { v << -right };
                            (z, 20)
                        }
                    };
                    let scale = i128::from(l.scale.raw()[[i]]);
                    let bias = i128::from(l.bias.raw()[[i]]);
                    expected.push(q(z * scale + (bias << (zf + 4 - 3)), zf + 4, &result));
                }
            }
            assert_eq!(ask(&plan, &[&x]), expected, "{root:?}, {accum}, {x:?}");
        }
    }
}
