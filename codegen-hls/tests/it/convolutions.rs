//! Images: convolutions, pooling, other sizes; dense products of rows, which share the convolutions' code.

use crate::support::{Net, Rng, check_outputs, check_random, random_inputs, weight};
use ndarray::{ArrayD, IxDyn};
use netlathe_ir::config::Strategy;
use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::cropping::Cropping;
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::resize::{Interpolation, Resize};
use netlathe_ir::op::window::{Sides, Spatial, Window};
use netlathe_ir::op::zero_padding::ZeroPadding;
use netlathe_ir::weight::{Encoding, Scale, WeightQuantizer};
use netlathe_ir::{FixedType, Op};

/// A convolution with weights of `ty`; `kernel` is (height, width, channels of a group, filters).
pub fn conv(rng: &mut Rng, window: Window, kernel: &[usize; 4], groups: usize, ty: &FixedType) -> Conv {
    let product = Dense::new(weight(rng, kernel, ty), weight(rng, &[kernel[3]], ty));
    let kind = if groups > 1 && kernel[2] == 1 { Kind::Depthwise } else { Kind::Plain };
    let spatial = if window.kernel[0] == 1 && window.padding.top == 0 { Spatial::One } else { Spatial::Two };
    Conv::new(kind, spatial, window, groups, product)
}

/// Plain sums over integers: nothing is cut off in types this wide.
fn expected(c: &Conv, x: &ArrayD<i128>) -> ArrayD<i128> {
    let shape = x.shape();
    let [h, w, channels] = c.spatial.split(&shape[1..]).unwrap();
    let [oh, ow] = c.window.positions([h, w]).unwrap();
    let (weight, bias) = (&c.product.weight.data, &c.product.bias.data);
    let (filters, group_channels) = (c.filters(), channels / c.groups);
    let x = x.clone().into_shape_with_order(IxDyn(&[shape[0], h, w, channels])).unwrap();
    let mut y = ArrayD::zeros(IxDyn(&[shape[0], oh, ow, filters]));
    let p = c.window.padding;
    for ((index, y), s) in y.indexed_iter_mut().zip(0..) {
        let _: usize = s;
        let (n, i, j, f) = (index[0], index[1], index[2], index[3]);
        *y = bias[[f]] as i128;
        for ky in 0..c.window.kernel[0] {
            for kx in 0..c.window.kernel[1] {
                let row = (i * c.window.stride[0] + ky * c.window.dilation[0]).checked_sub(p.top);
                let column = (j * c.window.stride[1] + kx * c.window.dilation[1]).checked_sub(p.left);
                let (Some(row), Some(column)) = (row, column) else { continue };
                if row >= h || column >= w {
                    continue;
                }
                for k in 0..group_channels {
                    let group = f / (filters / c.groups);
                    *y += x[[n, row, column, group * group_channels + k]] * weight[[ky, kx, k, f]] as i128;
                }
            }
        }
    }
    y
}

const DENSE: Window = Window {
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    padding: Sides { top: 0, bottom: 0, left: 0, right: 0 },
};

/// Windows of every kind over one image, by every strategy, against sums over the image.
#[test]
fn windows_groups_and_strategies() {
    let mut rng = Rng::new(60);
    let mut net = Net::new();
    let (x_ty, ty, y_ty) = (FixedType::int(6), FixedType::int(5), FixedType::int(24));
    let windows = [
        Window { kernel: [3, 2], ..DENSE },
        Window { kernel: [3, 3], stride: [2, 1], ..DENSE }.same([5, 4]),
        Window {
            kernel: [2, 2],
            dilation: [2, 3],
            padding: Sides { top: 1, bottom: 0, left: 2, right: 1 },
            ..DENSE
        },
        Window {
            kernel: [2, 3],
            stride: [2, 3],
            padding: Sides { top: 1, bottom: 2, left: 2, right: 2 },
            ..DENSE
        },
    ];
    let image = net.input("image", &[5, 4, 4], x_ty);
    let row = net.input("row", &[7, 4], x_ty);
    let mut convs = Vec::new();
    for (i, window) in windows.into_iter().enumerate() {
        for (groups, filters) in [(1, 3), (2, 6), (4, 8), (4, 4)] {
            for (strategy, reuse) in
                [(Strategy::Latency, 1), (Strategy::Resource, 2), (Strategy::Resource, 0)]
            {
                if (i + filters + reuse) % 2 == 0 && i > 1 {
                    continue;
                }
                let kernel = [window.kernel[0], window.kernel[1], 4 / groups, filters];
                let c = conv(&mut rng, window, &kernel, groups, &ty);
                // 0: every input alone, one output of the filters at a time where there are four.
                let n_in = c.product.n_in();
                let rf = if reuse == 0 { if filters == 4 { 2 * n_in } else { n_in } } else { reuse };
                convs.push((format!("c{i}_{groups}_{filters}_{reuse}"), c, strategy, rf, 0));
            }
        }
    }
    let wide = Window { kernel: [1, 3], dilation: [1, 2], ..DENSE }.same([1, 7]);
    convs.push(("one".into(), conv(&mut rng, wide, &[1, 3, 4, 2], 1, &ty), Strategy::Latency, 1, 1));
    let causal = Window { padding: Sides { left: 4, ..Sides::default() }, ..wide };
    convs.push(("causal".into(), conv(&mut rng, causal, &[1, 3, 1, 4], 4, &ty), Strategy::Resource, 3, 1));
    for (name, c, strategy, rf, input) in &convs {
        let types = [("weight", ty), ("bias", ty), ("accum", y_ty)];
        net.output(name, Op::Conv(c.clone()), &[[image, row][*input]], y_ty, &types);
        net.set(name, |l| {
            l.strategy = Some(*strategy);
            l.reuse_factor = Some(*rf as u32);
            l.parallelization_factor = Some(2);
        });
    }
    let network = net.finish();
    let inputs = random_inputs(&mut rng, &network, 6);
    let outputs: Vec<_> = convs.iter().map(|c| expected(&c.1, &inputs[c.4])).collect();
    check_outputs(&network, &inputs, &outputs);
}

/// Every rounding and overflow mode, and the order of a sum that saturates.
#[test]
fn convolutions_in_random_types() {
    let mut rng = Rng::new(61);
    let mut net = Net::new();
    for i in 0..10 {
        let (w, accum, y, x_ty) = (rng.ty(8), rng.ty(20), rng.ty(14), rng.ty(10));
        let x = net.input(&format!("x{i}"), &[4, 5, 4], x_ty);
        let kernel = [rng.range(1, 3) as usize, rng.range(1, 3) as usize];
        let stride = [rng.range(1, 2) as usize, rng.range(1, 2) as usize];
        let window = Window { kernel, stride, ..DENSE }.same([4, 5]);
        let (groups, filters) = rng.pick(&[(1, 3), (4, 4), (2, 2), (4, 8)]);
        let c = conv(&mut rng, window, &[kernel[0], kernel[1], 4 / groups, filters], groups, &w);
        let mut c = Conv { spatial: Spatial::Two, ..c };
        let n_in = c.product.n_in();
        let name = format!("c{i}");
        let mut types = vec![("bias", w), ("accum", accum)];
        if i % 5 == 2 {
            c.product.weight.data.mapv_inplace(|w| if w > 0.0 { 1.0 } else { -1.0 });
            c.product.weight = c.product.weight.clone().quantized_by(WeightQuantizer {
                ty: FixedType::uint(1),
                encoding: Encoding::Xnor,
                text: "binary(alpha=1)".into(),
                scale: None::<Scale>,
                loose: false,
                unquantized: None,
            });
        } else {
            types.push(("weight", w));
        }
        net.output(&name, Op::Conv(c), &[x], y, &types);
        let factors: Vec<u32> = (1..=n_in as u32).filter(|&rf| n_in.is_multiple_of(rf as usize)).collect();
        net.set(&name, |l| {
            l.strategy = Some(if i % 3 == 0 { Strategy::Latency } else { Strategy::Resource });
            l.reuse_factor = Some(rng.pick(&factors));
        });
    }
    check_random(&mut rng, net);
}

#[test]
fn pools_in_random_types() {
    let mut rng = Rng::new(62);
    let mut net = Net::new();
    for i in 0..12 {
        let (x_ty, accum, y) = (rng.ty(12), rng.ty(16), rng.ty(12));
        let op = if i % 2 == 0 { PoolOp::Max } else { PoolOp::Average };
        let kernel = [rng.range(1, 3) as usize, rng.range(1, 3) as usize];
        let stride = [rng.range(1, 2) as usize, rng.range(1, 3) as usize];
        let (spatial, shape) =
            if i % 4 < 2 { (Spatial::Two, vec![5, 4, 2]) } else { (Spatial::One, vec![7, 3]) };
        let kernel = if spatial == Spatial::One { [1, kernel[1]] } else { kernel };
        let stride = if spatial == Spatial::One { [1, stride[1]] } else { stride };
        let window = Window { kernel, stride, ..DENSE };
        let extent = match i % 3 {
            0 => Extent::Window(window),
            1 => Extent::Window(window.same(if spatial == Spatial::One { [1, 7] } else { [5, 4] })),
            _ => Extent::Global { keep_axes: i % 2 == 0 },
        };
        let x = net.input(&format!("x{i}"), &shape, x_ty);
        net.output(&format!("p{i}"), Op::Pool(Pool::new(op, spatial, extent)), &[x], y, &[("accum", accum)]);
    }
    check_random(&mut rng, net);
}

#[test]
fn images_of_other_sizes() {
    let mut rng = Rng::new(63);
    let mut net = Net::new();
    let sides = Sides { top: 1, bottom: 2, left: 0, right: 1 };
    let row = Sides { left: 2, right: 1, ..Sides::default() };
    for i in 0..2 {
        let x_ty = rng.ty(12);
        let image = net.input(&format!("image{i}"), &[4, 3, 2], x_ty);
        let line = net.input(&format!("line{i}"), &[5, 2], x_ty);
        let mut output = |name: &str, op: Op, x| {
            let y = rng.ty(12);
            net.output(&format!("{name}{i}"), op, &[x], y, &[]);
        };
        for (name, spatial, sides, x) in
            [("two", Spatial::Two, sides, image), ("one", Spatial::One, row, line)]
        {
            output(&format!("pad_{name}"), Op::ZeroPadding(ZeroPadding { spatial, sides }), x);
            output(&format!("crop_{name}"), Op::Cropping(Cropping { spatial, sides }), x);
            for factors in [[2, 3], [4, 2]] {
                let factors = if spatial == Spatial::One { [1, factors[1]] } else { factors };
                for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
                    let name = format!("{}_{name}_{}_", interpolation.name(), factors[1]);
                    output(&name, Op::Resize(Resize { spatial, factors, interpolation }), x);
                }
            }
        }
    }
    check_random(&mut rng, net);
}

/// Weights that are powers of two, dense layers on several axes, in both strategies.
#[test]
fn products_of_rows_and_powers_of_two() {
    let mut rng = Rng::new(64);
    let mut net = Net::new();
    for i in 0..8 {
        let (b, accum, y, x_ty) = (rng.ty(10), rng.ty(28), rng.ty(16), rng.ty(10));
        let x = net.input(&format!("x{i}"), &[2, 3, 4], x_ty);
        let mut d = Dense::new(weight(&mut rng, &[4, 3], &FixedType::int(4)), weight(&mut rng, &[3], &b));
        let exponent = FixedType::int(if i % 4 == 1 { 6 } else { 4 });
        if i % 2 == 1 {
            d.weight.data.mapv_inplace(|w| if w < 0.0 { -((w + 4.0).exp2()) } else { (w - 5.0).exp2() });
            d.weight = d.weight.clone().quantized_by(WeightQuantizer {
                ty: exponent,
                encoding: Encoding::Exponent,
                text: "quantized_po2(4)".into(),
                scale: None::<Scale>,
                loose: false,
                unquantized: None,
            });
        }
        let name = format!("fc{i}");
        let mut types = vec![("bias", b), ("accum", accum)];
        if i % 2 == 0 {
            types.push(("weight", FixedType::int(4)));
        }
        net.output(&name, Op::Dense(d), &[x], y, &types);
        net.set(&name, |l| {
            l.strategy = Some(if i < 4 { Strategy::Latency } else { Strategy::Resource });
            l.reuse_factor = Some(2);
        });
    }
    check_random(&mut rng, net);
}
