//! Activations beyond the first ones, in random types.

use crate::support::{Net, Rng, activation, check_random, weight};
use netlathe_ir::op::activation::Function;
use netlathe_ir::{FixedType, Precision};

#[test]
fn rectifiers() {
    let mut rng = Rng::new(70);
    let mut net = Net::new();
    for i in 0..3 {
        let slopes = rng.ty(10);
        let functions = [
            ("relu6", Function::ClippedRelu { max: 6 }),
            ("relu1", Function::ClippedRelu { max: 1 }),
            ("relu0", Function::ClippedRelu { max: 0 }),
            ("whole", Function::GeneralRelu { max: Some(2.5), slope: 0.1, threshold: -0.75 }),
            ("below", Function::GeneralRelu { max: Some(-1.0), slope: -0.3, threshold: 0.3 }),
            ("open", Function::GeneralRelu { max: None, slope: 0.0, threshold: 1.5 }),
            ("prelu", Function::PRelu { alpha: Box::new(weight(&mut rng, &[2, 3], &slopes)) }),
            ("prelu_shared", Function::PRelu { alpha: Box::new(weight(&mut rng, &[1, 3], &slopes)) }),
        ];
        for (name, function) in functions {
            let (x_ty, y) = (rng.ty(14), rng.ty(14));
            let x = net.input(&format!("x_{name}_{i}"), &[2, 3], x_ty);
            net.output(&format!("{name}_{i}"), activation(function), &[x], y, &[("param", slopes)]);
        }
    }
    check_random(&mut rng, net);
}

#[test]
fn functions_by_table() {
    let mut rng = Rng::new(71);
    let mut net = Net::new();
    for i in 0..3 {
        let functions = [
            ("elu", Function::Elu { alpha: 0.8, param: Precision::Auto }),
            ("selu", Function::Selu),
            ("softplus", Function::Softplus),
            ("softsign", Function::Softsign),
            ("exponential", Function::Exponential { range_log2: i }),
            ("gelu", Function::Gelu { approximate: i % 2 == 0 }),
            ("silu", Function::Silu),
        ];
        for (name, function) in functions {
            let (x_ty, y, table, param) = (rng.ty(16), rng.ty(16), rng.ty(18), rng.ty(10));
            let x = net.input(&format!("x_{name}_{i}"), &[12], x_ty);
            let name = format!("{name}_{i}");
            net.output(&name, activation(function), &[x], y, &[("table", table), ("param", param)]);
            let size = rng.pick(&[1024, 1024, 64, 1000, 7, 1]);
            net.set(&name, |l| l.table_size = Some(size));
        }
    }
    check_random(&mut rng, net);
}

/// Inputs on the grid that tables are made for, so that every entry is visited.
#[test]
fn every_entry_of_a_table() {
    let mut rng = Rng::new(72);
    let mut net = Net::new();
    let ty = FixedType::fixed(16, 6);
    for (name, function) in [
        ("elu", Function::Elu { alpha: 1.0, param: Precision::Auto }),
        ("selu", Function::Selu),
        ("softplus", Function::Softplus),
        ("exponential", Function::Exponential { range_log2: 2 }),
        ("gelu", Function::Gelu { approximate: false }),
        ("silu", Function::Silu),
    ] {
        let x = net.input(&format!("x_{name}"), &[40], FixedType::fixed(9, 5));
        net.output(name, activation(function), &[x], ty, &[("table", ty), ("param", ty)]);
        net.set(name, |l| l.table_size = Some(256));
    }
    check_random(&mut rng, net);
}
