//! Every operation in random types: all rounding and overflow modes, points outside the bits, integer types.

use crate::support::{Net, Rng, activation, check, check_random, dense, random_inputs, weight};
use netlathe_ir::apfixed::{Overflow, Rounding};
use netlathe_ir::config::Strategy;
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::batch_norm::BatchNorm;
use netlathe_ir::op::concatenate::Concatenate;
use netlathe_ir::op::dense::legal_reuse_factors;
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::op::softmax::{Implementation, Softmax};
use netlathe_ir::{FixedType, Op, Precision};

/// Branches of one network: enough types for a bug to show, few enough for g++.
const BRANCHES: usize = 14;

#[test]
fn conversions() {
    let mut rng = Rng::new(1);
    let mut net = Net::new();
    for i in 0..3 * BRANCHES {
        let (from, to) = (rng.ty(24), rng.ty(24));
        let x = net.input(&format!("x{i}"), &[6], from);
        if i % 2 == 0 {
            net.output(&format!("y{i}"), Op::Reshape(Reshape { shape: vec![2, 3] }), &[x], to, &[]);
        } else {
            net.output(&format!("y{i}"), activation(Function::Relu), &[x], to, &[]);
        }
    }
    check_random(&mut rng, net);
}

/// The simulation's types abort on these: all bits of the source are below half of the target's step.
#[test]
fn roundings_of_everything_away() {
    let mut rng = Rng::new(2);
    let mut net = Net::new();
    for (i, rounding) in Rounding::ALL.into_iter().enumerate() {
        for (k, overflow) in [Overflow::Wrap, Overflow::Sat, Overflow::SatZero].into_iter().enumerate() {
            for signed in [false, true] {
                let from = FixedType { signed, ..FixedType::fixed(3, -6) };
                let to = FixedType { signed: (i + k) % 2 == 0, ..FixedType::fixed(5, 3) }
                    .with_modes(rounding, overflow);
                let name = format!("{i}_{k}_{signed}");
                let x = net.input(&format!("x_{name}"), &[8], from);
                net.output(&format!("y_{name}"), Op::Reshape(Reshape { shape: vec![8] }), &[x], to, &[]);
            }
        }
    }
    check_random(&mut rng, net);
}

#[test]
fn dense_latency() {
    let mut rng = Rng::new(3);
    let mut net = Net::new();
    for i in 0..BRANCHES {
        let (n_in, n_out) = (rng.range(1, 9) as usize, rng.range(1, 5) as usize);
        let (w, b, accum, y) = (rng.ty(10), rng.ty(10), rng.ty(28), rng.ty(16));
        let x_ty = rng.ty(12);
        let x = net.input(&format!("x{i}"), &[n_in], x_ty);
        let op = dense(&mut rng, n_in, n_out, &w, &b);
        net.output(&format!("fc{i}"), op, &[x], y, &[("weight", w), ("bias", b), ("accum", accum)]);
    }
    check_random(&mut rng, net);
}

/// A saturating accumulator tells the order of the sum.
#[test]
fn dense_resource_in_every_legal_reuse_factor() {
    let mut rng = Rng::new(4);
    let mut net = Net::new();
    let (n_in, n_out) = (6, 4);
    let sat = |w, i| FixedType::fixed(w, i).with_modes(Rounding::RndConv, Overflow::Sat);
    let x = net.input("x", &[n_in], FixedType::fixed(8, 4));
    for rf in legal_reuse_factors(n_in, n_out) {
        for strategy in [Strategy::Resource, Strategy::ResourceUnrolled] {
            let (w, b) = (FixedType::fixed(6, 3), FixedType::fixed(8, 4));
            let op = dense(&mut rng, n_in, n_out, &w, &b);
            let name = format!("fc_{rf}_{}", strategy.name());
            net.output(&name, op, &[x], sat(10, 6), &[("weight", w), ("bias", b), ("accum", sat(9, 5))]);
            net.set(&name, |l| {
                l.strategy = Some(strategy);
                l.reuse_factor = Some(rf);
            });
        }
    }
    let network = net.finish();
    assert_eq!(crate::support::kernel(&network).pipeline_ii, 24);
    let inputs = random_inputs(&mut rng, &network, 100);
    check(&network, &inputs);
}

/// Adders compute the sum exactly, whatever the types of weights and sums would have been.
#[test]
fn dense_of_adders() {
    let mut rng = Rng::new(14);
    let mut net = Net::new();
    for i in 0..BRANCHES {
        let (n_in, n_out) = (rng.range(1, 12) as usize, rng.range(1, 6) as usize);
        let (w, b, x_ty, y) = (rng.ty(12), rng.ty(8), rng.ty(10), rng.ty(16));
        let x = net.input(&format!("x{i}"), &[n_in], x_ty);
        let op = dense(&mut rng, n_in, n_out, &w, &b);
        let name = format!("fc{i}");
        net.output(&name, op, &[x], y, &[]);
        net.set(&name, |l| l.strategy = Some(Strategy::DistributedArithmetic));
    }
    let network = net.finish();
    let kernel = crate::support::kernel(&network);
    assert!(kernel.tree.iter().any(|(path, _)| path.as_str().ends_with("_adders.h")));
    let inputs = random_inputs(&mut rng, &network, 100);
    check(&network, &inputs);
}

#[test]
fn dense_with_one_bit_weights() {
    use netlathe_ir::weight::{Encoding, Scale, WeightQuantizer};
    let mut rng = Rng::new(5);
    let mut net = Net::new();
    for i in 0..6 {
        let (x_ty, accum, y) = (rng.ty(10), rng.ty(20), rng.ty(14));
        let x = net.input(&format!("x{i}"), &[5], x_ty);
        let bias = FixedType::fixed(6, 2);
        let mut op = dense(&mut rng, 5, 3, &FixedType::int(2), &bias);
        if let Op::Dense(d) = &mut op {
            d.weight.data.mapv_inplace(|w| if w > 0.0 { 1.0 } else { -1.0 });
            d.weight = d.weight.clone().quantized_by(WeightQuantizer {
                ty: FixedType::uint(1),
                encoding: Encoding::Xnor,
                loose: false,
                text: "binary(alpha=1)".into(),
                scale: None::<Scale>,
                unquantized: None,
            });
        }
        net.output(&format!("fc{i}"), op, &[x], y, &[("bias", bias), ("accum", accum)]);
    }
    check_random(&mut rng, net);
}

#[test]
fn batch_norm() {
    let mut rng = Rng::new(6);
    let mut net = Net::new();
    for i in 0..BRANCHES {
        let (x_ty, s, b, y) = (rng.ty(12), rng.ty(12), rng.ty(12), rng.ty(16));
        let x = net.input(&format!("x{i}"), &[2, 3], x_ty);
        let channels = if i % 2 == 0 { 3 } else { 6 };
        let op = Op::BatchNorm(BatchNorm {
            scale: weight(&mut rng, &[channels], &s),
            bias: weight(&mut rng, &[channels], &b),
            alpha: i % 3 == 0,
            reuse_factor: 1,
        });
        net.output(&format!("bn{i}"), op, &[x], y, &[("scale", s), ("bias", b)]);
    }
    check_random(&mut rng, net);
}

#[test]
fn activations() {
    let mut rng = Rng::new(7);
    let mut net = Net::new();
    let keras = (0.2, 0.5, FixedType::ufixed(16, 0), FixedType::ufixed(2, 0));
    let qkeras = (0.5, 0.5, FixedType::ufixed(2, 0), FixedType::ufixed(2, 0));
    for i in 0..4 {
        let mut functions = vec![
            ("linear", Function::Linear),
            ("relu", Function::Relu),
            ("leaky", Function::LeakyRelu { alpha: 0.3, param: Precision::Auto }),
            ("thresholded", Function::ThresholdedRelu { theta: 0.75, param: Precision::Auto }),
            ("binary", Function::BinaryTanh),
            ("ternary", Function::TernaryTanh { threshold: 0.5 }),
        ];
        for (name, (slope, shift, slope_ty, shift_ty)) in [("keras", keras), ("qkeras", qkeras)] {
            functions.push((name, Function::HardSigmoid { slope, shift, slope_ty, shift_ty }));
            functions.push((
                if name == "keras" { "tanh_k" } else { "tanh_q" },
                Function::HardTanh { slope, shift, slope_ty, shift_ty },
            ));
        }
        for (name, function) in functions {
            let (x_ty, mut y, param) = (rng.ty(14), rng.ty(14), rng.ty(12));
            if name == "binary" && y.width == 1 {
                y.width = 2; // see `binary_tanh_in_one_bit`
            }
            let x = net.input(&format!("x_{name}_{i}"), &[8], x_ty);
            let types: &[_] = if i % 2 == 0 { &[("param", param)] } else { &[] };
            net.output(&format!("{name}_{i}"), activation(function), &[x], y, types);
        }
    }
    check_random(&mut rng, net);
}

#[test]
fn activations_by_table() {
    let mut rng = Rng::new(8);
    let mut net = Net::new();
    for i in 0..BRANCHES {
        let mut x_ty = rng.ty(16);
        if x_ty.frac() < 0 {
            x_ty.integer = x_ty.width as i32;
        }
        let (y, table) = (rng.ty(16), rng.ty(18));
        let x = net.input(&format!("x{i}"), &[40], x_ty);
        let function = if i % 2 == 0 { Function::Sigmoid } else { Function::Tanh };
        let name = format!("f{i}");
        net.output(&name, activation(function), &[x], y, &[("table", table)]);
        let size = rng.pick(&[1024, 1024, 4096, 64, 1000, 7, 1]);
        net.set(&name, |l| l.table_size = Some(size));
    }
    check_random(&mut rng, net);
}

#[test]
fn merges() {
    use MergeOp::{Add, Average, Maximum, Minimum, Multiply, Subtract};
    let mut rng = Rng::new(9);
    let mut net = Net::new();
    for i in 0..4 {
        for op in [Add, Average, Maximum, Minimum, Multiply, Subtract] {
            let (a_ty, b_ty, y) = (rng.ty(14), rng.ty(14), rng.ty(16));
            let a = net.input(&format!("a{i}_{}", op.name()), &[8], a_ty);
            let b = net.input(&format!("b{i}_{}", op.name()), &[8], b_ty);
            let name = format!("y{i}_{}", op.name());
            net.output(&name, Op::Merge(Merge { op, reuse_factor: 1 }), &[a, b], y, &[]);
        }
    }
    check_random(&mut rng, net);
}

#[test]
fn concatenations_along_every_axis() {
    let mut rng = Rng::new(10);
    let mut net = Net::new();
    for axis in 0..3 {
        let mut shape = vec![2, 3, 2];
        let a_ty = rng.ty(12);
        let a = net.input(&format!("a{axis}"), &shape, a_ty);
        shape[axis] = 4;
        let (b_ty, y) = (rng.ty(12), rng.ty(12));
        let b = net.input(&format!("b{axis}"), &shape, b_ty);
        let op = || Op::Concatenate(Concatenate { axis, reuse_factor: 1 });
        net.output(&format!("two{axis}"), op(), &[a, b], y, &[]);
        net.output(&format!("three{axis}"), op(), &[b, a, b], rng.ty(12), &[]);
    }
    check_random(&mut rng, net);
}

#[test]
fn softmax_stable_and_latency() {
    let mut rng = Rng::new(11);
    let mut net = Net::new();
    for i in 0..BRANCHES {
        let shape: Vec<usize> = rng.pick(&[&[1][..], &[2], &[3], &[5], &[7], &[3, 4], &[2, 3, 2]]).to_vec();
        let mut s = Softmax::new(rng.range(0, shape.len() as i64 - 1) as usize);
        s.implementation = rng.pick(&[Implementation::Stable, Implementation::Latency]);
        // The index needs as many bits as the tables have addresses.
        let with_width = |mut ty: FixedType, least: u32| {
            ty.integer += if ty.width < least { (least - ty.width) as i32 / 2 } else { 0 };
            ty.width = ty.width.max(least);
            ty
        };
        let x_ty = with_width(rng.ty(14), 8);
        let types = [
            ("accum", rng.ty(20)),
            ("exp_table", rng.ty(18)),
            ("inv_table", rng.ty(18)),
            ("inv_inp", with_width(rng.ty(18), 8)),
            ("inp_norm", with_width(rng.ty(14), 8)),
        ];
        let x = net.input(&format!("x{i}"), &shape, x_ty);
        let name = format!("softmax{i}");
        net.output(&name, Op::Softmax(s), &[x], rng.ty(16), &types);
        net.set(&name, |l| l.table_size = Some(1 << rng.range(2, 8)));
    }
    check_random(&mut rng, net);
}

/// hls4ml's own types of softmax.
#[test]
fn softmax_as_by_default() {
    let mut rng = Rng::new(12);
    let mut net = Net::new();
    for (i, x_ty) in
        [FixedType::fixed(16, 6), FixedType::fixed(38, 18), FixedType::ufixed(8, 3)].into_iter().enumerate()
    {
        for implementation in ["stable", "latency", "legacy", "argmax"] {
            let x = net.input(&format!("x{i}_{implementation}"), &[5], x_ty);
            let name = format!("s{i}_{implementation}");
            net.output(&name, Op::Softmax(Softmax::new(0)), &[x], FixedType::fixed(16, 6), &[]);
            net.set(&name, |l| l.implementation = Implementation::parse(implementation));
        }
    }
    check_random(&mut rng, net);
}

#[test]
fn softmax_legacy_and_argmax() {
    let mut rng = Rng::new(13);
    let mut net = Net::new();
    for i in 0..8 {
        let mut s = Softmax::new(1);
        s.implementation = if i % 3 == 2 { Implementation::Argmax } else { Implementation::Legacy };
        let mut x_ty = rng.ty(14);
        x_ty.integer = x_ty.integer.min(x_ty.width as i32);
        let mut table = rng.ty(18);
        table.integer = table.integer.min(table.width as i32);
        let x = net.input(&format!("x{i}"), &[2, 4], x_ty);
        net.output(&format!("softmax{i}"), Op::Softmax(s), &[x], rng.ty(16), &[("table", table)]);
    }
    check_random(&mut rng, net);
}

/// In one unsigned bit 0 stands for -1 (hls4ml's `binary_cast`). Worked out by hand.
#[test]
fn binary_tanh_in_one_bit() {
    use crate::gxx::ap_types;
    use crate::support::{compile, kernel, run, write_lines};
    let Some(ap_types) = ap_types("binary_tanh_in_one_bit") else { return };
    let mut net = Net::new();
    let x = net.input("x", &[4], FixedType::fixed(4, 2));
    net.output("y", activation(Function::BinaryTanh), &[x], FixedType::uint(1), &[]);
    let program = compile(&kernel(&net.finish()), &ap_types, &[]);
    let data = program.folder.path().join("tb_data");
    write_lines(data.join("inputs.hex"), &["0 1 f 8".into()]);
    write_lines(data.join("outputs.hex"), &["1 1 0 0".into()]);
    assert_eq!(run(&program, &[]).status.code(), Some(0));
}

/// hls4ml's notes: sigmoid's table of 1024 over +-8, input of 10 fraction bits: raw -16 is the first of the bin below the
/// middle, -15 to 15 are in the middle, 16 is the first above. 1/2 is 128 in 8 fraction bits.
#[test]
fn the_middle_bin_of_a_table_is_twice_as_wide() {
    use crate::gxx::ap_types;
    use crate::support::{compile, kernel, run, write_lines};
    let Some(ap_types) = ap_types("the_middle_bin_of_a_table_is_twice_as_wide") else { return };
    let mut net = Net::new();
    let x = net.input("x", &[6], FixedType::fixed(16, 6));
    let ty = FixedType::fixed(18, 4);
    net.output("y", activation(Function::Sigmoid), &[x], ty, &[("table", ty)]);
    let program = compile(&kernel(&net.finish()), &ap_types, &[]);
    let data = program.folder.path().join("tb_data");
    write_lines(data.join("inputs.hex"), &["fff0 fff1 0000 000f 0010 001f".into()]);
    // 14 fraction bits: sigmoid(0) = 8192; sigmoid(+-1/64) = 8192 +- 63.9987, cut off downward.
    write_lines(data.join("outputs.hex"), &["01fc0 02000 02000 02000 0203f 0203f".into()]);
    let output = run(&program, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}
