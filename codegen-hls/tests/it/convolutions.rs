//! Convolutions and dense products of rows.

use crate::support::{Net, Rng, check_outputs, random_inputs, weight};
use ndarray::{ArrayD, IxDyn};
use netlathe_ir::FixedType;
use netlathe_ir::Op;
use netlathe_ir::config::Strategy;
use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::window::{Sides, Spatial, Window};

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
