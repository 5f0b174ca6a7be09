//! Operations on whole tensors: many operands, other orders of elements, sums over axes, normalisation, tables of rows.

use crate::support::{Net, Rng, check_random, weight};
use netlathe_ir::apfixed::{Overflow, Rounding};
use netlathe_ir::op::broadcast::Broadcast;
use netlathe_ir::op::concatenate::Concatenate;
use netlathe_ir::op::dot::Dot;
use netlathe_ir::op::embedding::Embedding;
use netlathe_ir::op::layer_norm::{LayerNorm, RootIndex};
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::op::repeat_vector::RepeatVector;
use netlathe_ir::op::transpose::Transpose;
use netlathe_ir::{FixedType, Op};

#[test]
fn merges_of_many_shapes() {
    use MergeOp::{Add, Average, Maximum, Minimum, Multiply, Subtract};
    let mut rng = Rng::new(80);
    let mut net = Net::new();
    let shapes: [&[&[usize]]; 5] = [
        &[&[2, 3, 4], &[2, 3, 4], &[2, 3, 4]],
        &[&[2, 3, 4], &[4]],
        &[&[3, 1], &[2, 1, 4], &[1]],
        &[&[2, 1, 2], &[2, 3, 1], &[3, 1], &[2, 3, 2]],
        &[&[1, 3], &[2, 1], &[1, 1], &[2, 3], &[3]],
    ];
    for (i, shapes) in shapes.into_iter().enumerate() {
        let inputs: Vec<_> = shapes
            .iter()
            .enumerate()
            .map(|(k, shape)| {
                let ty = rng.ty(9);
                net.input(&format!("x{i}_{k}"), shape, ty)
            })
            .collect();
        for op in [Add, Average, Maximum, Minimum, Multiply, Subtract] {
            if op == Subtract && shapes.len() != 2 {
                continue;
            }
            let y = rng.ty(16);
            let name = format!("y{i}_{}", op.name());
            net.output(&name, Op::Merge(Merge { op, reuse_factor: 1 }), &inputs, y, &[]);
        }
        if i == 0 {
            let op = || Op::Concatenate(Concatenate { axis: 1, reuse_factor: 1 });
            net.output("joined", op(), &inputs, rng.ty(12), &[]);
        }
    }
    check_random(&mut rng, net);
}

#[test]
fn elements_in_other_places() {
    let mut rng = Rng::new(81);
    let mut net = Net::new();
    for (i, perm) in
        [vec![0, 1, 2, 3], vec![3, 1, 0, 2], vec![2, 3, 0, 1], vec![1, 0, 2, 3]].into_iter().enumerate()
    {
        let ty = rng.ty(12);
        let x = net.input(&format!("x{i}"), &[2, 3, 1, 4], ty);
        net.output(&format!("t{i}"), Op::Transpose(Transpose { perm }), &[x], rng.ty(12), &[]);
        let vector = net.input(&format!("v{i}"), &[3], ty);
        let times = i + 1;
        net.output(&format!("r{i}"), Op::RepeatVector(RepeatVector { times }), &[vector], rng.ty(12), &[]);
        let op = Op::Broadcast(Broadcast { shape: vec![2, 3, times, 4] });
        net.output(&format!("b{i}"), op, &[x], rng.ty(12), &[]);
    }
    check_random(&mut rng, net);
}

#[test]
fn dots() {
    let mut rng = Rng::new(82);
    let mut net = Net::new();
    let cases: [(&[usize], &[usize], [usize; 2]); 4] = [
        (&[5], &[5], [0, 0]),
        (&[2, 3], &[4, 3], [1, 1]),
        (&[3, 2], &[3], [0, 0]),
        (&[2, 4, 3], &[2, 4, 2], [1, 1]),
    ];
    for (i, (a, b, axes)) in cases.into_iter().enumerate() {
        let (a_ty, b_ty, accum, y) = (rng.ty(10), rng.ty(10), rng.ty(18), rng.ty(14));
        let a = net.input(&format!("a{i}"), a, a_ty);
        let b = net.input(&format!("b{i}"), b, b_ty);
        let accum_open = netlathe_ir::Precision::Auto;
        let op = Op::Dot(Dot { axes, accum: accum_open, reuse_factor: 1 });
        net.output(&format!("y{i}"), op, &[a, b], y, &[("accum", accum)]);
    }
    check_random(&mut rng, net);
}

/// Indices off the table, below 0, with fractions and on grids coarser than 1.
#[test]
fn embeddings() {
    let mut rng = Rng::new(83);
    let mut net = Net::new();
    let types = [
        FixedType::uint(3),
        FixedType::int(5),
        FixedType::fixed(8, 4),
        FixedType::ufixed(3, 5),
        FixedType::fixed(6, -2),
        FixedType::ufixed(2, 40),
    ];
    for (i, x_ty) in types.into_iter().enumerate() {
        let (table_ty, y) = (rng.ty(10), rng.ty(12));
        let x = net.input(&format!("x{i}"), &[2, 5], x_ty);
        let table = weight(&mut rng, &[[7, 11, 1][i % 3], 3], &table_ty);
        let op = Op::Embedding(Embedding { table, reuse_factor: 1 });
        net.output(&format!("y{i}"), op, &[x], y, &[("embeddings", table_ty)]);
    }
    check_random(&mut rng, net);
}

#[test]
fn layer_norms() {
    let mut rng = Rng::new(84);
    let mut net = Net::new();
    let sat = |w, i| FixedType::fixed(w, i).with_modes(Rounding::RndConv, Overflow::Sat);
    for i in 0..12 {
        let (scale, bias, y, x_ty) = (rng.ty(10), rng.ty(10), rng.ty(16), rng.ty(10));
        let n = rng.range(1, 9) as usize;
        let x = net.input(&format!("x{i}"), &[2, n], x_ty);
        let mut l = LayerNorm::new(
            weight(&mut rng, &[n], &scale),
            weight(&mut rng, &[n], &bias),
            rng.pick(&[1e-3, 1e-5]),
        );
        // Few bits: what is between the sums and the result must fit into the emulator's 128.
        let (mut accum, mut table) = (sat(20, 10), sat(16, 2));
        let mut size = 1 << rng.range(1, 8);
        if i % 2 == 0 {
            l.root = RootIndex::Normalised;
            table = FixedType::ufixed(12, 1).with_modes(Rounding::RndConv, Overflow::Sat);
        } else {
            l.root = RootIndex::Uniform { range_power2: rng.range(-4, 4) as i32 };
            size = rng.pick(&[4096, 100, 1]);
        }
        if i >= 6 {
            accum = rng.ty(14);
        }
        let types = [("scale", scale), ("bias", bias), ("accum", accum), ("table", table)];
        let name = format!("n{i}");
        net.output(&name, Op::LayerNorm(l), &[x], y, &types);
        net.set(&name, |l| l.table_size = Some(size));
    }
    check_random(&mut rng, net);
}
