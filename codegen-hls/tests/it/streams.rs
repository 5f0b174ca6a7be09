//! io_stream: every kind of process against the emulator, twice: the processes one after the other with a trace of every layer,
//! and side by side with streams exactly as deep as the kernel says. Several samples run through one program, so that nothing
//! may be left of one in the next.

use crate::convolutions::conv;
use crate::gxx::{self, ap_types};
use crate::support::{Net, Rng, activation, check, compile, dense, kernel, random_inputs, run_on, weight};
use netlathe_codegen_hls::SourceTree;
use netlathe_emulator::Plan;
use netlathe_ir::apfixed::{Overflow, Rounding};
use netlathe_ir::config::{IoType, Strategy};
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::batch_norm::BatchNorm;
use netlathe_ir::op::broadcast::Broadcast;
use netlathe_ir::op::concatenate::Concatenate;
use netlathe_ir::op::cropping::Cropping;
use netlathe_ir::op::dot::Dot;
use netlathe_ir::op::embedding::Embedding;
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::repeat_vector::RepeatVector;
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::op::resize::{Interpolation, Resize};
use netlathe_ir::op::softmax::Softmax;
use netlathe_ir::op::transpose::Transpose;
use netlathe_ir::op::window::{Sides, Spatial, Window};
use netlathe_ir::op::zero_padding::ZeroPadding;
use netlathe_ir::{FixedType, NodeId, Op, Precision, Validated};

const SAMPLES: usize = 5;

const CELL: Window = Window {
    kernel: [1, 1],
    stride: [1, 1],
    dilation: [1, 1],
    padding: Sides { top: 0, bottom: 0, left: 0, right: 0 },
};

fn stream() -> Net {
    let mut net = Net::new();
    net.config.io_type = Some(IoType::Stream);
    net
}

fn check_random(rng: &mut Rng, net: Net) {
    let network = net.finish();
    let inputs = random_inputs(rng, &network, SAMPLES);
    check(&network, &inputs);
}

fn reshape(shape: &[usize]) -> Op {
    Op::Reshape(Reshape { shape: shape.to_vec() })
}

fn merge(op: MergeOp) -> Op {
    Op::Merge(Merge { op, reuse_factor: 1 })
}

fn concatenate(axis: usize) -> Op {
    Op::Concatenate(Concatenate { axis, reuse_factor: 1 })
}

fn add_dense(rng: &mut Rng, net: &mut Net, name: &str, x: NodeId, n: [usize; 2], rf: u32) -> NodeId {
    let (w, b, accum) = (rng.ty(8), rng.ty(8), rng.ty(20));
    let op = dense(rng, n[0], n[1], &w, &b);
    let y = rng.ty(12);
    let id = net.layer(name, op, &[x], y, &[("weight", w), ("bias", b), ("accum", accum)]);
    if rf > 1 {
        net.set(name, |l| {
            l.strategy = Some(Strategy::Resource);
            l.reuse_factor = Some(rf);
        });
    }
    id
}

/// Whatever works token by token, one of several readers among it, and a tensor that both leaves and is read.
#[test]
fn tokens() {
    let mut rng = Rng::new(80);
    let mut net = stream();
    let x_ty = rng.ty(10);
    let x = net.input("x", &[2, 3, 4], x_ty);
    let a = add_dense(&mut rng, &mut net, "latency", x, [4, 6], 1);
    let b = add_dense(&mut rng, &mut net, "resource", a, [6, 4], 6);
    let relu = net.layer("relu", activation(Function::Relu), &[b], rng.ty(9), &[]);
    let (scale, bias) = (FixedType::fixed(8, 3), FixedType::fixed(9, 4));
    let bn = Op::BatchNorm(BatchNorm {
        scale: weight(&mut rng, &[4], &scale),
        bias: weight(&mut rng, &[4], &bias),
        alpha: false,
        reuse_factor: 1,
    });
    let bn = net.layer("bn", bn, &[relu], FixedType::fixed(14, 6), &[("scale", scale), ("bias", bias)]);
    let sum = net.output("sum", merge(MergeOp::Add), &[bn, x], FixedType::fixed(14, 6), &[]);
    let twice = net.layer("twice", merge(MergeOp::Multiply), &[sum, sum], rng.ty(14), &[]);
    let both = net.layer("both", concatenate(2), &[twice, x, b], FixedType::fixed(12, 6), &[]);
    net.output("softmax", Op::Softmax(Softmax::new(2)), &[both], FixedType::fixed(16, 2), &[]);
    let sigmoid = net.layer("sigmoid", activation(Function::Sigmoid), &[twice], rng.ty(12), &[]);
    let flat = net.layer("flat", reshape(&[24]), &[sigmoid], rng.ty(9), &[]);
    let last = add_dense(&mut rng, &mut net, "last", flat, [24, 5], 24);
    net.graph.outputs.push(last);
    check_random(&mut rng, net);
}

/// Tokens of several words; tokens that become others; a tensor that goes straight through.
#[test]
fn wide_tokens_and_reshapes() {
    let mut rng = Rng::new(81);
    let mut net = stream();
    let wide = net.input("wide", &[2, 150], FixedType::fixed(60, 20));
    net.graph.outputs.push(wide);
    let doubled = net.layer("doubled", merge(MergeOp::Add), &[wide, wide], FixedType::fixed(61, 21), &[]);
    for (i, shape) in [&[300][..], &[3, 100], &[25, 12], &[2, 5, 30], &[300, 1]].into_iter().enumerate() {
        let name = format!("shape{i}");
        let part = net.layer(&name, reshape(shape), &[doubled], FixedType::fixed(58, 21), &[]);
        net.output(&format!("again{i}"), reshape(&[20, 15]), &[part], FixedType::fixed(31, 20), &[]);
    }
    let network = net.finish();
    let streams = kernel(&network).streams.unwrap();
    let channel = streams.inputs[0].channel;
    assert_eq!((channel.tokens, channel.words(), channel.per_word, channel.bits()), (2, 3, 50, 3000));
    assert!(streams.fifos.iter().all(|fifo| fifo.depth >= 2 && fifo.bits <= 4096));
    let inputs = random_inputs(&mut rng, &network, SAMPLES);
    check(&network, &inputs);
}

/// What moves elements, and what needs a whole tensor.
#[test]
fn rearrangements() {
    let mut rng = Rng::new(82);
    let mut net = stream();
    let image = net.input("image", &[3, 4, 2], FixedType::fixed(9, 4));
    let other = net.input("other", &[2, 4, 2], FixedType::fixed(7, 4));
    let tall = net.input("tall", &[3, 2, 2], FixedType::fixed(7, 3));
    let row = net.input("row", &[5, 3], FixedType::fixed(8, 4));
    let vector = net.input("vector", &[3], FixedType::fixed(8, 4));
    let sides = Sides { top: 1, bottom: 2, left: 0, right: 3 };
    let (two, one) = (Spatial::Two, Spatial::One);
    let flat = Sides { top: 0, bottom: 0, ..sides };
    let cut = Sides { top: 1, bottom: 0, left: 1, right: 2 };
    let resize = |spatial, factors, interpolation| Op::Resize(Resize { spatial, factors, interpolation });
    let (nearest, bilinear) = (Interpolation::Nearest, Interpolation::Bilinear);
    let cases: Vec<(&str, Op, Vec<NodeId>)> = vec![
        ("pad", Op::ZeroPadding(ZeroPadding { spatial: two, sides }), vec![image]),
        ("pad_row", Op::ZeroPadding(ZeroPadding { spatial: one, sides: flat }), vec![row]),
        ("crop", Op::Cropping(Cropping { spatial: two, sides: cut }), vec![image]),
        ("crop_row", Op::Cropping(Cropping { spatial: one, sides: flat }), vec![row]),
        ("nearest", resize(two, [2, 3], nearest), vec![image]),
        ("nearest_row", resize(one, [1, 2], nearest), vec![row]),
        ("bilinear", resize(two, [2, 2], bilinear), vec![image]),
        ("repeat", Op::RepeatVector(RepeatVector { times: 4 }), vec![vector]),
        ("turn", Op::Transpose(Transpose { perm: vec![2, 0, 1] }), vec![image]),
        ("spread", Op::Broadcast(Broadcast { shape: vec![5, 3] }), vec![vector]),
        ("below", concatenate(0), vec![image, other, image]),
        ("beside", concatenate(1), vec![image, tall]),
        ("softmax", Op::Softmax(Softmax::new(0)), vec![row]),
        ("dot", Op::Dot(Dot { axes: [1, 0], accum: Precision::Auto, reuse_factor: 1 }), vec![row, vector]),
    ];
    for (name, op, inputs) in cases {
        let types: &[(&str, FixedType)] =
            if name == "dot" { &[("accum", FixedType::fixed(20, 10))] } else { &[] };
        let ty = if name == "softmax" { FixedType::fixed(16, 2) } else { FixedType::fixed(12, 5) };
        net.output(name, op, &inputs, ty, types);
    }
    check_random(&mut rng, net);
}

#[test]
fn embedding() {
    let mut rng = Rng::new(83);
    let mut net = stream();
    let ty = FixedType::fixed(8, 3);
    let index = net.input("index", &[2, 3], FixedType::uint(4));
    let table = || weight(&mut Rng::new(84), &[11, 4], &ty);
    let op = Op::Embedding(Embedding { table: table(), reuse_factor: 1 });
    net.output("rows", op, &[index], FixedType::fixed(7, 3), &[("embeddings", ty)]);
    check_random(&mut rng, net);
}

/// Windows of every kind, padding left in the window itself.
#[test]
fn convolutions() {
    let mut rng = Rng::new(85);
    let mut net = stream();
    let (x_ty, ty) = (FixedType::fixed(7, 3), FixedType::fixed(6, 2));
    let image = net.input("image", &[5, 6, 4], x_ty);
    let row = net.input("row", &[7, 4], x_ty);
    let uneven = Sides { top: 1, bottom: 2, left: 2, right: 1 };
    let windows = [
        (image, Window { kernel: [3, 2], ..CELL }, 1, 3),
        (image, Window { kernel: [3, 3], stride: [2, 3], ..CELL }.same([5, 6]), 2, 4),
        (image, Window { kernel: [2, 2], dilation: [2, 3], padding: uneven, ..CELL }, 4, 4),
        (image, Window { kernel: [3, 3], padding: Sides { top: 4, left: 4, ..uneven }, ..CELL }, 4, 8),
        (image, Window { stride: [2, 2], ..CELL }, 1, 5),
        (row, Window { kernel: [1, 3], dilation: [1, 2], ..CELL }.same([1, 7]), 1, 2),
        (
            row,
            Window { kernel: [1, 3], stride: [1, 2], padding: Sides { left: 2, ..Sides::default() }, ..CELL },
            4,
            4,
        ),
    ];
    for (i, (input, window, groups, filters)) in windows.into_iter().enumerate() {
        let kernel = [window.kernel[0], window.kernel[1], 4 / groups, filters];
        let mut c = conv(&mut rng, window, &kernel, groups, &ty);
        c.spatial = if input == row { Spatial::One } else { Spatial::Two };
        let accum = FixedType::fixed(11, 5).with_modes(Rounding::RndConv, Overflow::Sat);
        let name = format!("c{i}");
        let n_in = c.product.n_in() as u32;
        net.output(
            &name,
            Op::Conv(c),
            &[input],
            rng.ty(10),
            &[("weight", ty), ("bias", ty), ("accum", accum)],
        );
        if i % 2 == 0 {
            net.set(&name, |l| {
                l.strategy = Some(Strategy::Resource);
                l.reuse_factor = Some(n_in);
            });
        }
    }
    check_random(&mut rng, net);
}

/// Overlapping windows, padding, whole images; accumulators that saturate and cut off.
#[test]
fn pooling() {
    let mut rng = Rng::new(86);
    let mut net = stream();
    let image = net.input("image", &[5, 6, 3], FixedType::fixed(8, 4));
    let row = net.input("row", &[7, 3], FixedType::ufixed(8, 4));
    let padded = Sides { top: 1, bottom: 1, left: 1, right: 0 };
    let keep = Extent::Global { keep_axes: true };
    let cases = [
        (image, Extent::Window(Window { kernel: [2, 2], stride: [2, 2], ..CELL })),
        (image, Extent::Window(Window { kernel: [3, 3], stride: [1, 2], ..CELL }.same([5, 6]))),
        (image, Extent::Window(Window { kernel: [2, 2], padding: padded, ..CELL })),
        (row, Extent::Window(Window { kernel: [1, 3], stride: [1, 2], ..CELL })),
        (image, Extent::Global { keep_axes: false }),
        (image, keep),
        (row, keep),
    ];
    for (i, (input, extent)) in cases.into_iter().enumerate() {
        for op in [PoolOp::Max, PoolOp::Average] {
            let spatial = if input == row { Spatial::One } else { Spatial::Two };
            let pool = Op::Pool(Pool::new(op, spatial, extent));
            let accum = FixedType::fixed(9, 5).with_modes(Rounding::Rnd, Overflow::Sat);
            let name = format!("{}{i}", op.name());
            net.output(&name, pool, &[input], rng.ty(9), &[("accum", accum)]);
        }
    }
    check_random(&mut rng, net);
}

/// An image goes through two convolutions that need rows before they answer, and past them; the ways meet twice.
fn residual() -> (Validated, NodeId) {
    let mut rng = Rng::new(87);
    let mut net = stream();
    let ty = FixedType::fixed(6, 2);
    let x = net.input("x", &[6, 7, 2], FixedType::fixed(8, 3));
    let add_conv = |rng: &mut Rng, net: &mut Net, name: &str, input: NodeId, window: Window| {
        let c = conv(rng, window, &[window.kernel[0], window.kernel[1], 2, 2], 1, &ty);
        let c = netlathe_ir::op::conv::Conv { spatial: Spatial::Two, ..c };
        let types = [("weight", ty), ("bias", ty), ("accum", FixedType::fixed(16, 8))];
        net.layer(name, Op::Conv(c), &[input], FixedType::fixed(9, 4), &types)
    };
    let same = Window { kernel: [3, 3], ..CELL }.same([6, 7]);
    let first = add_conv(&mut rng, &mut net, "first", x, same);
    let second = add_conv(&mut rng, &mut net, "second", first, same);
    let short = add_conv(&mut rng, &mut net, "short", x, CELL);
    let sum = net.layer("sum", merge(MergeOp::Add), &[second, short], FixedType::fixed(10, 5), &[]);
    // All rows of the first operand come before the second's: the second waits with the whole image.
    let below = net.output("below", concatenate(0), &[sum, x], FixedType::fixed(10, 5), &[]);
    (net.finish(), below)
}

#[test]
fn ways_of_different_length() {
    let (network, _) = residual();
    let inputs = random_inputs(&mut Rng::new(88), &network, SAMPLES);
    check(&network, &inputs);
}

/// With one stream less deep than it must be the C++ stands still, and says where.
#[test]
fn a_stream_that_is_not_deep_enough_is_seen() {
    let Some(ap_types) = ap_types("a_stream_that_is_not_deep_enough_is_seen") else { return };
    let (network, _) = residual();
    let mut kernel = kernel(&network);
    let deepest = kernel.streams.as_ref().unwrap().fifos.iter().max_by_key(|f| f.depth).unwrap().clone();
    // An image of 42 pixels; the sum needs two rows and two pixels of it before it begins.
    assert!((20..=42).contains(&deepest.depth), "{deepest:?}");
    let cut = |depth: usize| format!("NNET_STREAM_DEPTH({}, {depth})", deepest.name);
    let mut tree = SourceTree::new();
    for (path, content) in kernel.tree.iter() {
        let text = String::from_utf8(content.to_vec()).unwrap();
        assert_eq!(path == kernel.cpp.as_str(), text.contains(&cut(deepest.depth)), "{path}");
        tree.insert(path, text.replace(&cut(deepest.depth), &cut(4)));
    }
    kernel.tree = tree;
    let inputs = random_inputs(&mut Rng::new(88), &network, 2);
    let views: Vec<_> = inputs.iter().map(|x| x.view()).collect();
    let expected = Plan::compile(&network).unwrap().predict_raw(&views).unwrap();
    let (code, text) = run_on(&compile(&kernel, &ap_types, &["-DNNET_BOUNDED"]), &kernel, &inputs, &expected);
    assert_eq!(code, Some(3), "{text}");
    assert!(
        text.contains("deadlock") && text.contains(&format!("for room in stream {}", deepest.name)),
        "{text}"
    );
    // Streams of any depth hide it.
    assert_eq!(run_on(&compile(&kernel, &ap_types, &[]), &kernel, &inputs, &expected).0, Some(0));
}

#[test]
fn the_files_stand_alone_in_every_form() {
    let Some(ap_types) = ap_types("the_files_stand_alone_in_every_form") else { return };
    let (network, _) = residual();
    let kernel = kernel(&network);
    let program = compile(&kernel, &ap_types, &[]);
    let folder = program.folder.path();
    for flags in [&[][..], &["-DNNET_BOUNDED"], &["-DNNET_TRACE"]] {
        gxx::check_alone(folder, &["sim"], &kernel.cpp, flags, &ap_types);
        gxx::check_alone(folder, &["sim"], "tb_myproject.cpp", flags, &ap_types);
    }
    // The vendor's streams in place of ours.
    gxx::check_alone(folder, &[], &kernel.cpp, &[], &ap_types);
    let cpp = String::from_utf8(kernel.tree.get(&kernel.cpp).unwrap().to_vec()).unwrap();
    assert!(cpp.is_ascii() && !cpp.lines().any(|l| l.ends_with(' ')));
}
