//! Random layers, one function a kind: each takes tensors that are there and adds one layer, or says that nothing fits.

use super::draw::Draw;
use super::weights::{constant, product, vector};
use netlathe_apfixed::{FixedType, Precision};
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::batch_norm::BatchNorm;
use netlathe_ir::op::concatenate::Concatenate;
use netlathe_ir::op::conv::{Conv, ConvImplementation, Kind};
use netlathe_ir::op::cropping::Cropping;
use netlathe_ir::op::dot::Dot;
use netlathe_ir::op::embedding::Embedding;
use netlathe_ir::op::layer_norm::{LayerNorm, RootIndex};
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::repeat_vector::RepeatVector;
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::op::resize::{Interpolation, Resize};
use netlathe_ir::op::separable_conv::SeparableConv;
use netlathe_ir::op::softmax::{Implementation, Softmax};
use netlathe_ir::op::transpose::Transpose;
use netlathe_ir::op::window::{Sides, Spatial, Window};
use netlathe_ir::op::zero_padding::ZeroPadding;
use netlathe_ir::{NodeId, Op, Weight};

type Make = fn(&mut Draw<'_>) -> Option<NodeId>;

/// Every kind of layer by the name that a command line gives it. Kinds with much inside stand twice.
pub(super) const KINDS: &[(&str, Make)] = &[
    ("dense", dense),
    ("dense", dense),
    ("conv", conv),
    ("conv", conv),
    ("depthwise_conv", depthwise_conv),
    ("separable_conv", separable_conv),
    ("activation", activation),
    ("activation", activation),
    ("softmax", softmax),
    ("batch_norm", batch_norm),
    ("binary", binary),
    ("layer_norm", layer_norm),
    ("pool", pool),
    ("pool", pool),
    ("merge", merge),
    ("merge", merge),
    ("concatenate", concatenate),
    ("dot", dot),
    ("reshape", reshape),
    ("transpose", transpose),
    ("repeat_vector", repeat_vector),
    ("zero_padding", zero_padding),
    ("cropping", cropping),
    ("resize", resize),
    ("embedding", embedding),
];

fn shape(d: &Draw<'_>, id: NodeId) -> Vec<usize> {
    d.graph.node(id).shape.clone()
}

fn finish(d: &mut Draw<'_>, op: Op, inputs: &[NodeId]) -> Option<NodeId> {
    let result = d.precision();
    d.add(op, inputs, result)
}

fn dense(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 1, 2, 3]);
    let n_in = *shape(d, x).last()?;
    let n_out = d.rng.size(1, 8);
    let product = product(d, &[n_in, n_out]);
    finish(d, Op::Dense(product), &[x])
}

fn spatial_of(shape: &[usize]) -> Spatial {
    if shape.len() == 2 { Spatial::One } else { Spatial::Two }
}

/// (height, width, channels) of a tensor that has two or three axes.
fn image(d: &mut Draw<'_>) -> Option<(NodeId, Spatial, [usize; 3])> {
    let x = d.tensor(&[2, 3]);
    let s = shape(d, x);
    let spatial = spatial_of(&s);
    Some((x, spatial, spatial.split(&s).ok()?))
}

fn sides(d: &mut Draw<'_>, spatial: Spatial, most: usize) -> Sides {
    let mut one = || d.rng.size(0, most);
    let (left, right) = (one(), one());
    match spatial {
        Spatial::One => Sides { left, right, ..Sides::default() },
        Spatial::Two => Sides { top: one(), bottom: one(), left, right },
    }
}

fn window(d: &mut Draw<'_>, spatial: Spatial, [h, w, _]: [usize; 3], dilates: bool) -> Window {
    let tall = spatial == Spatial::Two;
    let axis = |d: &mut Draw<'_>, on: bool, most: usize| if on { d.rng.size(1, most) } else { 1 };
    let two = |d: &mut Draw<'_>, most: usize| [axis(d, tall, most), axis(d, true, most)];
    let mut window =
        Window { kernel: two(d, 3), stride: [1, 1], dilation: [1, 1], padding: Sides::default() };
    match d.rng.range(0, 5) {
        0 => window.stride = two(d, 3),
        1 => window.stride = window.kernel,
        2 if dilates => window.dilation = two(d, 2),
        _ => {}
    }
    match d.rng.range(0, 5) {
        0 | 1 => window.same([h, w]),
        2 => {
            window.padding = sides(d, spatial, 2);
            window
        }
        _ => window,
    }
}

fn conv_of(d: &mut Draw<'_>, kind: Kind) -> Option<NodeId> {
    let (x, spatial, [h, w, c]) = image(d)?;
    // There is no QConv1DBatchnorm.
    let kind = if spatial == Spatial::One && kind == Kind::BatchNormFolded { Kind::Plain } else { kind };
    let mut window = window(d, spatial, [h, w, c], true);
    let divisors: Vec<usize> = (1..=c).filter(|g| c.is_multiple_of(*g)).collect();
    let groups = match kind {
        Kind::Depthwise => c,
        Kind::Plain if d.rng.one_in(4) => d.rng.pick(&divisors),
        _ => 1,
    };
    if kind == Kind::Pointwise {
        window = Window { kernel: [1, 1], dilation: [1, 1], padding: Sides::default(), ..window };
    }
    let filters = groups * if groups > 1 { d.rng.size(1, 2) } else { d.rng.size(1, 5) };
    let [kh, kw] = window.kernel;
    let product = product(d, &[kh, kw, c / groups, filters]);
    let mut conv = Conv::new(kind, spatial, window, groups, product);
    if d.rng.one_in(4) {
        let [oh, ow] = conv.window.positions([h, w]).ok()?;
        let divisors: Vec<usize> = (1..=oh * ow).filter(|p| (oh * ow).is_multiple_of(*p)).collect();
        conv.parallelization_factor = d.rng.pick(&divisors) as u32;
    }
    if d.rng.one_in(5) {
        conv.implementation = ConvImplementation::Encoded;
    }
    finish(d, Op::Conv(conv), &[x])
}

fn conv(d: &mut Draw<'_>) -> Option<NodeId> {
    let kind = d.rng.pick(&[Kind::Plain, Kind::Plain, Kind::Plain, Kind::BatchNormFolded, Kind::Pointwise]);
    conv_of(d, kind)
}

fn depthwise_conv(d: &mut Draw<'_>) -> Option<NodeId> {
    conv_of(d, Kind::Depthwise)
}

fn separable_conv(d: &mut Draw<'_>) -> Option<NodeId> {
    let (x, spatial, image) = image(d)?;
    let c = image[2];
    let window = window(d, spatial, image, true);
    let middle = c * d.rng.size(1, 2);
    let filters = d.rng.size(1, 4);
    let [kh, kw] = window.kernel;
    let depthwise = constant(d, &[kh, kw, 1, middle]);
    let pointwise = constant(d, &[1, 1, middle, filters]);
    let bias = if d.rng.one_in(4) { Weight::no_bias(filters) } else { constant(d, &[filters]) };
    let mut separable = SeparableConv::new(spatial, window, c, depthwise, pointwise, bias);
    separable.depthwise_accum = d.precision();
    separable.pointwise_accum = d.precision();
    separable.depthwise_result = d.precision();
    finish(d, Op::SeparableConv(separable), &[x])
}

fn pool(d: &mut Draw<'_>) -> Option<NodeId> {
    let (x, spatial, image) = image(d)?;
    let op = d.rng.pick(&[PoolOp::Max, PoolOp::Average]);
    let extent = if d.rng.one_in(3) {
        Extent::Global { keep_axes: d.rng.one_in(2) }
    } else {
        let mut window = window(d, spatial, image, false);
        // A window that lies in the padding alone has no cell.
        let most = |n: usize, k: usize| n.min(k.saturating_sub(1));
        let [kh, kw] = window.kernel;
        let p = &mut window.padding;
        *p = Sides {
            top: most(p.top, kh),
            bottom: most(p.bottom, kh),
            left: most(p.left, kw),
            right: most(p.right, kw),
        };
        Extent::Window(window)
    };
    let mut pool = Pool::new(op, spatial, extent);
    pool.accum = d.precision();
    finish(d, Op::Pool(pool), &[x])
}

fn function(d: &mut Draw<'_>, x: &[usize]) -> Function {
    let number = |d: &mut Draw<'_>| d.rng.pick(&[0.0, 0.1, 0.25, 0.3, 0.5, 1.0, 1.5, -0.5, -0.3, 2.0, 7.3]);
    let hard = |d: &mut Draw<'_>| {
        let types = if d.rng.one_in(2) {
            (FixedType::ufixed(16, 0), FixedType::ufixed(2, 0))
        } else {
            (d.ty(), d.ty())
        };
        (d.rng.pick(&[0.2, 1.0 / 6.0, 0.5, 0.25]), 0.5, types)
    };
    match d.rng.range(0, 21) {
        0 => Function::Linear,
        1 => Function::Relu,
        2 => Function::LeakyRelu { alpha: number(d), param: d.precision() },
        3 => Function::ThresholdedRelu { theta: number(d), param: d.precision() },
        4 => Function::ClippedRelu { max: d.rng.range(1, 8) as u32 },
        5 => {
            let max = if d.rng.one_in(2) { Some(d.rng.pick(&[0.5, 1.0, 3.25, 6.0])) } else { None };
            Function::GeneralRelu { max, slope: number(d).abs(), threshold: number(d).clamp(0.0, 2.0) }
        }
        6 => {
            // Shared over all axes but the last, or over none.
            let n = if d.rng.one_in(2) { x[x.len() - 1] } else { x.iter().product() };
            Function::PRelu { alpha: Box::new(vector(d, n)) }
        }
        7 => Function::Elu { alpha: number(d), param: d.precision() },
        8 => Function::Selu,
        9 => Function::Softplus,
        10 => Function::Softsign,
        11 => Function::Exponential { range_log2: d.rng.range(0, 5) as u32 },
        12 => Function::Gelu { approximate: d.rng.one_in(2) },
        13 => Function::Silu,
        14 | 15 => Function::Sigmoid,
        16 | 17 => Function::Tanh,
        18 => {
            let (slope, shift, (slope_ty, shift_ty)) = hard(d);
            Function::HardSigmoid { slope, shift, slope_ty, shift_ty }
        }
        19 => {
            let (slope, shift, (slope_ty, shift_ty)) = hard(d);
            Function::HardTanh { slope, shift, slope_ty, shift_ty }
        }
        20 => Function::BinaryTanh,
        _ => Function::TernaryTanh { threshold: d.rng.pick(&[0.5, 0.5, 0.25, 0.3, 1.0]) },
    }
}

fn table_size(d: &mut Draw<'_>) -> u32 {
    match d.rng.range(0, 3) {
        0 => d.rng.range(1, 200) as u32,
        1 => 1024,
        _ => 1 << d.rng.range(1, 10),
    }
}

fn activation(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 2, 3]);
    let shape = shape(d, x);
    let mut activation = Activation::new(function(d, &shape));
    if d.rng.one_in(2) {
        activation.table_ty = Precision::Is(d.ty());
    }
    activation.table_size = table_size(d);
    activation.reuse_factor = d.rng.range(1, 3) as u32;
    finish(d, Op::Activation(activation), &[x])
}

fn softmax(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 1, 2, 3]);
    let rank = shape(d, x).len();
    let axis = if d.rng.one_in(4) { d.rng.size(0, rank - 1) } else { rank - 1 };
    let mut s = Softmax::new(axis);
    s.implementation = d.rng.pick(&[
        Implementation::Stable,
        Implementation::Stable,
        Implementation::Latency,
        Implementation::Legacy,
        Implementation::Argmax,
    ]);
    let vary = |d: &mut Draw<'_>, p: &mut Precision| {
        if d.rng.one_in(3) {
            *p = Precision::Is(d.ty());
        }
    };
    for ty in [&mut s.accum, &mut s.table_ty, &mut s.exp_table_ty, &mut s.inv_table_ty, &mut s.inv_inp] {
        vary(d, ty);
    }
    if d.rng.one_in(5) {
        vary(d, &mut s.inp_norm);
    }
    s.table_size = table_size(d);
    if d.rng.one_in(4) {
        s.exp_table_size = Some(table_size(d));
    }
    if d.rng.one_in(4) {
        s.inv_table_size = Some(table_size(d));
    }
    s.skip = d.rng.one_in(20);
    finish(d, Op::Softmax(s), &[x])
}

fn affine(d: &mut Draw<'_>, x: NodeId) -> BatchNorm {
    let s = shape(d, x);
    let n = if d.rng.one_in(5) { s.iter().product() } else { s[s.len() - 1] };
    let (mut scale, bias) = (vector(d, n), vector(d, n));
    if d.rng.one_in(2) {
        scale.data.mapv_inplace(f64::abs);
    }
    BatchNorm { scale, bias, alpha: d.rng.one_in(5), reuse_factor: d.rng.range(1, 3) as u32 }
}

fn batch_norm(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 2, 3]);
    let op = affine(d, x);
    finish(d, Op::BatchNorm(op), &[x])
}

/// What passes make comparisons with thresholds and counts of equal bits of: batch normalisation, binary or ternary tanh, and
/// now and then a dense layer or a convolution of one-bit or two-bit weights behind them.
fn binary(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 2, 3]);
    let mut op = affine(d, x);
    if !d.rng.one_in(4) {
        op.scale.data.mapv_inplace(|v| f64::from((v.abs() + 0.125) as f32));
    }
    let bn = finish(d, Op::BatchNorm(op), &[x])?;
    let function = if d.rng.one_in(3) {
        Function::TernaryTanh { threshold: d.rng.pick(&[0.5, 0.5, 0.25]) }
    } else {
        Function::BinaryTanh
    };
    let tanh = finish(d, Op::Activation(Activation::new(function)), &[bn])?;
    if d.rng.one_in(3) {
        return Some(tanh);
    }
    let s = shape(d, tanh);
    let n_out = d.rng.size(1, 6);
    if s.len() == 1 || d.rng.one_in(2) {
        let mut p = product(d, &[s[s.len() - 1], n_out]);
        super::weights::few_bits(d, &mut p.weight);
        return finish(d, Op::Dense(p), &[tanh]);
    }
    let spatial = spatial_of(&s);
    let window = window(d, spatial, spatial.split(&s).ok()?, true);
    let [kh, kw] = window.kernel;
    let mut p = product(d, &[kh, kw, s[s.len() - 1], n_out]);
    super::weights::few_bits(d, &mut p.weight);
    finish(d, Op::Conv(Conv::new(Kind::Plain, spatial, window, 1, p)), &[tanh])
}

fn layer_norm(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 2, 2, 3]);
    let n = *shape(d, x).last()?;
    let epsilon = d.rng.pick(&[0.001, 1e-5, 0.002, 0.1]);
    let (scale, bias) = (vector(d, n), vector(d, n));
    let mut l = LayerNorm::new(scale, bias, epsilon);
    if d.rng.one_in(2) {
        l.accum = Precision::Is(d.ty());
    }
    if d.rng.one_in(2) {
        l.table_ty = Precision::Is(d.ty());
    }
    l.table_size = if d.rng.one_in(2) { l.table_size } else { table_size(d) };
    l.root = RootIndex::Uniform { range_power2: d.rng.range(-2, 3) as i32 };
    if d.rng.one_in(4) {
        l.root = RootIndex::Normalised;
        l.table_size = 1 << d.rng.range(1, 10);
    }
    finish(d, Op::LayerNorm(l), &[x])
}

/// A shape that broadcasts to `to`, or `to` itself.
fn operand(d: &mut Draw<'_>, to: &[usize]) -> NodeId {
    let same: Vec<NodeId> = d.graph.order().into_iter().filter(|&id| d.graph.node(id).shape == to).collect();
    if !same.is_empty() && !d.rng.one_in(3) {
        return d.rng.pick(&same);
    }
    let mut shape = to.to_vec();
    if d.rng.one_in(3) {
        shape = shape.into_iter().map(|n| if d.rng.one_in(2) { 1 } else { n }).collect();
        if shape.len() > 1 && d.rng.one_in(3) {
            shape.remove(0);
        }
    }
    d.input(&shape, None)
}

fn merge(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 2, 3]);
    let op = d.rng.pick(&[
        MergeOp::Add,
        MergeOp::Subtract,
        MergeOp::Multiply,
        MergeOp::Average,
        MergeOp::Maximum,
        MergeOp::Minimum,
    ]);
    let to = shape(d, x);
    let count = if op == MergeOp::Subtract || !d.rng.one_in(4) { 2 } else { d.rng.size(3, 4) };
    let mut inputs = vec![x];
    inputs.extend((1..count).map(|_| operand(d, &to)));
    if d.rng.one_in(3) {
        inputs.reverse();
    }
    let merge = Merge { op, reuse_factor: d.rng.range(1, 3) as u32 };
    finish(d, Op::Merge(merge), &inputs)
}

fn concatenate(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 2, 3]);
    let s = shape(d, x);
    let axis = d.rng.size(0, s.len() - 1);
    let count = if d.rng.one_in(4) { 3 } else { 2 };
    let mut inputs = vec![x];
    for _ in 1..count {
        let fits: Vec<NodeId> = d
            .graph
            .order()
            .into_iter()
            .filter(|&id| {
                let other = &d.graph.node(id).shape;
                other.len() == s.len() && (0..s.len()).all(|a| a == axis || other[a] == s[a])
            })
            .collect();
        inputs.push(if d.rng.one_in(3) {
            let mut other = s.clone();
            other[axis] = d.rng.size(1, 4);
            d.input(&other, None)
        } else {
            d.rng.pick(&fits)
        });
    }
    let concatenate = Concatenate { axis, reuse_factor: d.rng.range(1, 3) as u32 };
    finish(d, Op::Concatenate(concatenate), &inputs)
}

fn dot(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 1, 2, 3]);
    let s = shape(d, x);
    let i = d.rng.size(0, s.len() - 1);
    let fits: Vec<(NodeId, usize)> = d
        .graph
        .order()
        .into_iter()
        .flat_map(|id| (0..d.graph.node(id).shape.len()).map(move |j| (id, j)))
        .filter(|&(id, j)| d.graph.node(id).shape[j] == s[i])
        .collect();
    let (y, j) = if d.rng.one_in(2) {
        let mut other = vec![s[i]];
        if d.rng.one_in(2) {
            other.insert(d.rng.size(0, 1), d.rng.size(1, 4));
        }
        let axes: Vec<usize> = (0..other.len()).filter(|&a| other[a] == s[i]).collect();
        (d.input(&other, None), d.rng.pick(&axes))
    } else {
        d.rng.pick(&fits)
    };
    let dot = Dot { axes: [i, j], accum: d.precision(), reuse_factor: d.rng.range(1, 3) as u32 };
    finish(d, Op::Dot(dot), &[x, y])
}

fn reshape(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1, 2, 3]);
    let size: usize = shape(d, x).iter().product();
    let mut rest = size;
    let mut to = Vec::new();
    for _ in 0..d.rng.size(0, 2) {
        let divisors: Vec<usize> = (1..=rest.min(8)).filter(|n| rest.is_multiple_of(*n)).collect();
        let n = d.rng.pick(&divisors);
        to.push(n);
        rest /= n;
    }
    to.push(rest);
    finish(d, Op::Reshape(Reshape { shape: to }), &[x])
}

fn transpose(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[2, 3]);
    let mut axes: Vec<usize> = (0..shape(d, x).len()).collect();
    let mut perm = Vec::new();
    while !axes.is_empty() {
        perm.push(axes.remove(d.rng.size(0, axes.len() - 1)));
    }
    finish(d, Op::Transpose(Transpose { perm }), &[x])
}

fn repeat_vector(d: &mut Draw<'_>) -> Option<NodeId> {
    let x = d.tensor(&[1]);
    let times = d.rng.size(1, 5);
    finish(d, Op::RepeatVector(RepeatVector { times }), &[x])
}

fn zero_padding(d: &mut Draw<'_>) -> Option<NodeId> {
    let (x, spatial, _) = image(d)?;
    let sides = sides(d, spatial, 2);
    finish(d, Op::ZeroPadding(ZeroPadding { spatial, sides }), &[x])
}

fn cropping(d: &mut Draw<'_>) -> Option<NodeId> {
    let (x, spatial, _) = image(d)?;
    let sides = sides(d, spatial, 2);
    finish(d, Op::Cropping(Cropping { spatial, sides }), &[x])
}

fn resize(d: &mut Draw<'_>) -> Option<NodeId> {
    let (x, spatial, _) = image(d)?;
    let height = if spatial == Spatial::Two { d.rng.size(1, 3) } else { 1 };
    let interpolation = d.rng.pick(&[Interpolation::Nearest, Interpolation::Bilinear]);
    let resize = Resize { spatial, factors: [height, d.rng.size(1, 3)], interpolation };
    finish(d, Op::Resize(resize), &[x])
}

fn embedding(d: &mut Draw<'_>) -> Option<NodeId> {
    let rank = d.rng.size(1, 2);
    let shape: Vec<usize> = (0..rank).map(|_| d.rng.size(1, 6)).collect();
    let integer = Some((d.rng.pick(&[8, 16, 32, 64]), d.rng.one_in(2)));
    let x = d.input(&shape, integer);
    let (rows, n) = (d.rng.size(1, 9), d.rng.size(1, 4));
    let table = constant(d, &[rows, n]);
    finish(d, Op::Embedding(Embedding { table, reuse_factor: 1 }), &[x])
}
