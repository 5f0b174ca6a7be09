//! Convolution and pooling against loops over values, one conversion at a time.

use super::build::{ask, node, product, q, ty, weight};
use netlathe_ir::config::IoType;
use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::window::{Sides, Spatial, Window};
use netlathe_ir::weight::Encoding;
use netlathe_ir::{FixedType, Op, Precision};
use proptest::prelude::*;

/// Cell (i, j) of the padded image, `None` outside the image.
fn cell(x: &[i128], [h, w, c]: [usize; 3], p: Sides, i: usize, j: usize, k: usize) -> Option<i128> {
    if i < p.top || j < p.left || i >= p.top + h || j >= p.left + w {
        return None;
    }
    Some(x[((i - p.top) * w + j - p.left) * c + k])
}

/// What a window's position reads: for each cell (row, column) of the window, its place in the padded image.
fn places(w: &Window, i: usize, j: usize) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    for a in 0..w.kernel[0] {
        for b in 0..w.kernel[1] {
            all.push((i * w.stride[0] + a * w.dilation[0], j * w.stride[1] + b * w.dilation[1]));
        }
    }
    all
}

fn padded(w: &Window, [h, width, _]: [usize; 3]) -> [usize; 2] {
    let count = |n: usize, k: usize, d: usize, s: usize| (n - ((k - 1) * d + 1)) / s + 1;
    [
        count(h + w.padding.top + w.padding.bottom, w.kernel[0], w.dilation[0], w.stride[0]),
        count(width + w.padding.left + w.padding.right, w.kernel[1], w.dilation[1], w.stride[1]),
    ]
}

/// A convolution as its definition has it; `rf` is the reuse factor of the resource strategy.
#[expect(clippy::too_many_arguments, reason = "a definition names all that it depends on")]
fn reference(
    x: &[i128],
    xt: FixedType,
    shape: [usize; 3],
    w: &Window,
    groups: usize,
    d: &Dense,
    rf: Option<u32>,
    result: FixedType,
) -> Vec<i128> {
    let Precision::Is(accum) = d.accum else { unreachable!() };
    let (wt, bt) = (d.weight.ty(), d.bias.ty());
    let filters = d.weight.data.shape()[3];
    let group_channels = shape[2] / groups;
    let [oh, ow] = padded(w, shape);
    let mut y = Vec::new();
    for i in 0..oh {
        for j in 0..ow {
            for f in 0..filters {
                let first = f / (filters / groups) * group_channels;
                let mut terms = Vec::new();
                for (n, &(r, s)) in places(w, i, j).iter().enumerate() {
                    for k in 0..group_channels {
                        let (a, b) = (n / w.kernel[1], n % w.kernel[1]);
                        let weight = i128::from(d.weight.raw()[[a, b, k, f]]);
                        let x = cell(x, shape, w.padding, r, s, first + k).unwrap_or(0);
                        terms.push(q(x * weight, xt.frac() + wt.frac(), &accum));
                    }
                }
                let n = terms.len();
                let order: Vec<usize> = match rf {
                    Some(rf) if rf as usize <= n => {
                        (0..rf as usize).flat_map(|block| (block..n).step_by(rf as usize)).collect()
                    }
                    _ => (0..n).collect(),
                };
                let mut sum = q(i128::from(d.bias.raw()[[f]]), bt.frac(), &accum);
                for k in order {
                    sum = q(sum + terms[k], accum.frac(), &accum);
                }
                y.push(q(sum, accum.frac(), &result));
            }
        }
    }
    y
}

/// Integers that look random, `bits` wide.
pub fn numbers(n: usize, seed: u64, bits: u32) -> Vec<i64> {
    (0..n as u64)
        .map(|i| {
            let mut z = (seed << 32 ^ i).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            ((z ^ z >> 27) as i64) >> (64 - bits)
        })
        .collect()
}

fn wide(x: &[i64]) -> Vec<i128> {
    x.iter().map(|&x| i128::from(x)).collect()
}

fn window() -> impl Strategy<Value = Window> {
    let pair = |r: std::ops::Range<usize>| [r.clone(), r];
    (pair(1..4), pair(1..4), pair(1..3), [0usize..3, 0..3, 0..3, 0..3]).prop_map(
        |(kernel, stride, dilation, [top, bottom, left, right])| Window {
            kernel,
            stride,
            dilation,
            padding: Sides { top, bottom, left, right },
        },
    )
}

fn mode() -> impl Strategy<Value = (&'static str, &'static str)> {
    let rounding =
        prop::sample::select(vec!["AP_TRN", "AP_TRN_ZERO", "AP_RND", "AP_RND_CONV", "AP_RND_MIN_INF"]);
    (rounding, prop::sample::select(vec!["AP_WRAP", "AP_SAT", "AP_SAT_SYM", "AP_SAT_ZERO"]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn convolution(
        w in window(), spatial in prop::bool::ANY, groups in prop::sample::select(vec![(1, 3, 4), (1, 1, 2), (2, 4, 6), (3, 3, 3), (4, 4, 8)]),
        accum in (4u32..16, -1i32..8, mode()), rf in prop::option::of(1u32..7), size in [5usize..9, 5..9], seed in 0u64..1000,
        wide_input in prop::bool::ANY,
    ) {
        let (groups, channels, filters) = groups;
        let mut w = w;
        let (spatial, shape) = if spatial { (Spatial::Two, [size[0], size[1], channels]) } else {
            w = Window { kernel: [1, w.kernel[1]], stride: [1, w.stride[1]], dilation: [1, w.dilation[1]],
                padding: Sides { top: 0, bottom: 0, ..w.padding } };
            (Spatial::One, [1, size[1], channels])
        };
        let (width, integer, (rounding, overflow)) = accum;
        let accum = ty(&format!("ap_fixed<{width},{integer},{rounding},{overflow}>"));
        let result = ty("ap_fixed<9,5,AP_RND,AP_SAT>");
        // The second puts the whole network on 128-bit integers.
        let xt = if wide_input { ty("ap_fixed<90,86>") } else { ty("ap_fixed<8,4>") };
        let kernel = [w.kernel[0], w.kernel[1], channels / groups, filters];
        let n = kernel.iter().product();
        let d = product(
            weight(&kernel, &numbers(n, seed, 6), ty("ap_fixed<6,2>")),
            weight(&[filters], &numbers(filters, seed + 1, 5), ty("ap_fixed<5,3>")),
            accum,
            rf,
        );
        let x = wide(&numbers(shape.iter().product(), seed + 2, 8));
        let expected = reference(&x, xt, shape, &w, groups, &d, rf, result);
        let conv = Conv::new(Kind::Plain, spatial, w, groups, d);
        let plan = node(IoType::Parallel, &[(&spatial.join(shape), xt)], Op::Conv(conv), result);
        prop_assert_eq!(ask(&plan, &[&x]), expected);
    }
}

/// Keras's `Conv2D(1, 2, strides=2, padding="same", dilation_rate=1)` on 3 x 3: worked out by hand.
#[test]
fn a_small_convolution_by_hand() {
    let w =
        Window { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: Sides::default() }.same([3, 3]);
    let i8 = ty("ap_int<8>");
    let d =
        product(weight(&[2, 2, 1, 1], &[1, 10, 100, -1], i8), weight(&[1], &[5], i8), ty("ap_int<20>"), None);
    let conv = Conv::new(Kind::Plain, Spatial::Two, w, 1, d);
    let p = node(IoType::Parallel, &[(&[3, 3, 1], i8)], Op::Conv(conv), ty("ap_int<20>"));
    // Windows at (0, 0), (0, 2), (2, 0), (2, 2): the right and the lower neighbours of the edge are 0.
    assert_eq!(
        ask(&p, &[&[1, 2, 3, 4, 5, 6, 7, 8, 9]]),
        [5 + 1 + 20 + 400 - 5, 5 + 3 + 600, 5 + 7 + 80, 5 + 9]
    );
}

fn powers(raw: &[i64], weight_ty: &str, x: &str) -> netlathe_emulator::Plan {
    let mut w = weight(&[raw.len(), 1], raw, ty(weight_ty));
    w.encoding = Encoding::Exponent;
    let bias = weight(&[1], &[0], ty("ap_uint<1>"));
    let d = product(w, bias, ty("ap_fixed<40,20>"), None);
    node(IoType::Parallel, &[(&[raw.len()], ty(x))], Op::Dense(d), ty("ap_fixed<40,20>"))
}

#[test]
fn weights_that_are_powers_of_two() {
    let unit = 1i128 << 20;
    // -2^3, 2^-2, 2^0, on 1.5, 0.75 and -2.
    let p = powers(&[6, -3, 1], "ap_int<4>", "ap_fixed<8,4>");
    assert_eq!(ask(&p, &[&[24, 12, -32]]), [-12 * unit + unit * 3 / 16 - 2 * unit]);
    // An input of 2 bits and an exponent of 2: the window has 4 bits before and 4 after the point. 0.5 * 2^-2 stays in it; a
    // finer input, ap_fixed<2,-3>, has 2^-5 as its step, which the window does not hold: -2^-5 becomes -2^-4, 2^-5 becomes 0.
    let p = powers(&[-3], "ap_int<2>", "ap_fixed<2,1>");
    assert_eq!(ask(&p, &[&[1]]), [unit / 8]);
    let p = powers(&[1], "ap_int<2>", "ap_fixed<2,-3>");
    assert_eq!(ask(&p, &[&[-1]]), [-unit / 16]);
    assert_eq!(ask(&p, &[&[1]]), [0]);
    // -2^-4 shifted right by one more stays -2^-4 (bits below are lost); its negation is 2^-4.
    let p = powers(&[-2], "ap_int<2>", "ap_fixed<2,-3>");
    assert_eq!(ask(&p, &[&[-1]]), [unit / 16]);
    // To the left a bit leaves the window: 2^5 * 2^3 with a window of 10 integer bits is 256, with 2^7 it is gone.
    let p = powers(&[7], "ap_int<4>", "ap_ufixed<6,6>");
    assert_eq!(ask(&p, &[&[32]]), [256 * unit]);
    let p = powers(&[2 * 7 + 1], "ap_int<4>", "ap_ufixed<6,9>");
    assert_eq!(ask(&p, &[&[8]]), [0]);
}

/// Pooling as its definition has it, over the cells inside the image.
fn pooled(cells: &[i128], xt: FixedType, p: &Pool, io: IoType, result: FixedType) -> i128 {
    let Precision::Is(accum) = p.accum else { unreachable!() };
    let (n, f) = (cells.len() as i128, accum.frac());
    if n == 0 {
        return 0;
    }
    let converted: Vec<i128> = cells.iter().map(|&x| q(x, xt.frac(), &accum)).collect();
    let largest = |c: &[i128]| *c.iter().max().unwrap();
    // Sums in a common grid of 40 fraction bits.
    let fine = |raw: i128, frac: i32| raw << (40 - frac);
    let y = match (p.op, io) {
        (PoolOp::Max, IoType::Parallel) => q(largest(cells), xt.frac(), &accum),
        (PoolOp::Max, IoType::Stream) => largest(&converted),
        (PoolOp::Average, IoType::Parallel) => {
            cells.iter().fold(0, |s, &x| q(fine(s, f) + fine(x, xt.frac()), 40, &accum)) / n
        }
        (PoolOp::Average, IoType::Stream) => {
            let add = |a: i128, b: i128| q(a + b, f, &accum);
            fn tree(c: &[i128], add: &dyn Fn(i128, i128) -> i128) -> i128 {
                if c.len() == 1 {
                    return c[0];
                }
                let mut left = 1;
                while left * 2 < c.len() {
                    left *= 2;
                }
                add(tree(&c[..left], add), tree(&c[left..], add))
            }
            match p.extent {
                Extent::Window(_) => tree(&converted, &add) / n,
                Extent::Global { .. } => converted.iter().fold(0, |s, &x| add(s, x)) / n,
            }
        }
    };
    q(y, f, &result)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn pooling(
        w in window(), global in prop::option::of(prop::bool::ANY), average in prop::bool::ANY, stream in prop::bool::ANY,
        unsigned in prop::bool::ANY, accum in (4u32..12, 0i32..8, mode()), size in [5usize..9, 5..9], seed in 0u64..1000,
    ) {
        // Every position sees a cell inside the image, or the network is refused.
        let [vertical, horizontal] = w.kernel.map(|k| k - 1);
        let p = w.padding;
        let padding = Sides {
            top: p.top.min(vertical), bottom: p.bottom.min(vertical), left: p.left.min(horizontal), right: p.right.min(horizontal),
        };
        let w = Window { dilation: [1, 1], padding, ..w };
        let shape = [size[0], size[1], 2];
        let (width, integer, (rounding, overflow)) = accum;
        let accum = ty(&format!("ap_fixed<{width},{integer},{rounding},{overflow}>"));
        let result = ty("ap_fixed<7,4,AP_RND,AP_WRAP>");
        let (xt, x) = if unsigned {
            (ty("ap_ufixed<7,4>"), numbers(shape.iter().product(), seed, 8).iter().map(|x| x.abs() & 127).collect())
        } else {
            (ty("ap_fixed<8,4>"), numbers(shape.iter().product(), seed, 8))
        };
        let x = wide(&x);
        let extent = match global {
            Some(keep_axes) => Extent::Global { keep_axes },
            None => Extent::Window(w),
        };
        let op = if average { PoolOp::Average } else { PoolOp::Max };
        let io = if stream { IoType::Stream } else { IoType::Parallel };
        let mut pool = Pool::new(op, Spatial::Two, extent);
        pool.accum = Precision::Is(accum);
        let mut expected = Vec::new();
        let [oh, ow] = if global.is_some() { [1, 1] } else { padded(&w, shape) };
        for i in 0..oh {
            for j in 0..ow {
                for c in 0..2 {
                    let cells: Vec<i128> = if global.is_some() {
                        (0..size[0] * size[1]).map(|k| x[k * 2 + c]).collect()
                    } else {
                        places(&w, i, j).iter().filter_map(|&(r, s)| cell(&x, shape, w.padding, r, s, c)).collect()
                    };
                    expected.push(pooled(&cells, xt, &pool, io, result));
                }
            }
        }
        let plan = node(io, &[(&shape, xt)], Op::Pool(pool), result);
        prop_assert_eq!(ask(&plan, &[&x]), expected);
    }
}

#[test]
fn pooling_by_hand() {
    let pool = |op, extent, accum| {
        let mut pool = Pool::new(op, Spatial::One, extent);
        pool.accum = Precision::Is(ty(accum));
        Op::Pool(pool)
    };
    let (i8, sat) = (ty("ap_int<8>"), "ap_fixed<4,4,AP_TRN,AP_SAT>");
    let plain = Window { kernel: [1, 4], stride: [1, 4], dilation: [1, 1], padding: Sides::default() };
    let average = |io, extent, x: &[i128]| {
        ask(&node(io, &[(&[4, 1], i8)], pool(PoolOp::Average, extent, sat), i8), &[x])
    };
    let (window, global) = (Extent::Window(plain), Extent::Global { keep_axes: true });
    // The sum saturates at -8 and 7: -8, -8, -1, 6 in a row, (-8) + (7) in a tree. Then a quarter, toward zero.
    for (io, extent, y) in [
        (IoType::Parallel, window, 1),
        (IoType::Parallel, global, 1),
        (IoType::Stream, window, 0),
        (IoType::Stream, global, 1),
    ] {
        assert_eq!(average(io, extent, &[-8, -8, 7, 7]), [y]);
    }
    // -8 + 12 is 4 where inputs are added as they are, -8 + 7 where they are converted first; 4 + 2 + 2 and -1 + (2 + 2).
    assert_eq!(average(IoType::Parallel, window, &[-8, 12, 2, 2]), [7 / 4]);
    assert_eq!(average(IoType::Stream, window, &[-8, 12, 2, 2]), [3 / 4]);
    // Cells of the padding never win, though every cell is below 0; and they do not count.
    let padding = Sides { left: 1, right: 2, top: 0, bottom: 0 };
    let edge = Extent::Window(Window { padding, ..plain });
    for io in [IoType::Parallel, IoType::Stream] {
        let x: &[i128] = &[-7, -3, -8, -2, -8];
        let max = node(io, &[(&[5, 1], i8)], pool(PoolOp::Max, edge, "ap_int<8>"), i8);
        assert_eq!(ask(&max, &[x]), [-3, -2]);
        let mean = node(io, &[(&[5, 1], i8)], pool(PoolOp::Average, edge, "ap_int<8>"), i8);
        assert_eq!(ask(&mean, &[x]), [-6, -5]);
    }
}
