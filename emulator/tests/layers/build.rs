//! Networks of one node, built without passes: every type and every raw weight is the test's own.

use ndarray::{ArrayD, IxDyn};
use netlathe_emulator::Plan;
use netlathe_ir::apfixed::cast;
use netlathe_ir::config::{IoType, Strategy};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::op::input::Input;
use netlathe_ir::validate::validate;
use netlathe_ir::{FixedType, Graph, Op, Origin, Precision, Weight};

/// A type from its text.
pub fn ty(text: &str) -> FixedType {
    match text.parse() {
        Ok(Precision::Is(ty)) => ty,
        other => panic!("{other:?}"),
    }
}

/// A weight of these raw integers.
pub fn weight(shape: &[usize], raw: &[i64], ty: FixedType) -> Weight {
    let raw = ArrayD::from_shape_vec(IxDyn(shape), raw.to_vec()).unwrap();
    let mut w = Weight::new(raw.mapv(|r| r as f64 * ty.lsb()), false);
    w.precision = Precision::Is(ty);
    w.raw = Some(raw);
    w
}

/// A dense product.
pub fn product(weight: Weight, bias: Weight, accum: FixedType, rf: Option<u32>) -> Dense {
    let mut d = Dense::new(weight, bias);
    d.accum = Precision::Is(accum);
    if let Some(rf) = rf {
        d.strategy = Strategy::Resource;
        d.reuse_factor = rf;
    }
    d
}

/// A network of one node `y` behind its inputs.
pub fn node(io: IoType, inputs: &[(&[usize], FixedType)], op: Op, result: FixedType) -> Plan {
    let mut g = Graph::new("t");
    g.io_type = io;
    let origin = |s: &str| Origin { layer: s.into(), role: String::new() };
    for (k, (shape, ty)) in inputs.iter().enumerate() {
        let name = format!("x{k}");
        let input = Op::Input(Input { shape: shape.to_vec(), integer: None });
        let id = g.add(name.clone(), origin(&name), input, &[]).unwrap();
        g.node_mut(id).result = Precision::Is(*ty);
        g.inputs.push(id);
    }
    let y = g.add("y", origin("y"), op, &g.inputs.clone()).unwrap();
    g.node_mut(y).result = Precision::Is(result);
    g.outputs = vec![y];
    Plan::compile(&validate(g, &mut Vec::new()).unwrap()).unwrap()
}

/// Raw answers to one sample's raw inputs, the same from both ways through the plan.
pub fn ask(plan: &Plan, inputs: &[&[i128]]) -> Vec<i128> {
    let arrays: Vec<ArrayD<i128>> = inputs
        .iter()
        .zip(plan.inputs())
        .map(|(x, port)| {
            let shape = [&[1], &port.shape[..]].concat();
            ArrayD::from_shape_vec(IxDyn(&shape), x.to_vec()).unwrap()
        })
        .collect();
    let views: Vec<_> = arrays.iter().map(|a| a.view()).collect();
    let y = plan.predict_raw(&views).unwrap().remove(0);
    let trace = plan.trace_raw(&views).unwrap();
    assert_eq!(trace.layer("y").unwrap().values, y, "counting and fast path differ");
    y.into_iter().collect()
}

/// `Q(to, raw)` of a raw integer with `frac` fraction bits.
pub fn q(raw: i128, frac: i32, to: &FixedType) -> i128 {
    cast(raw, &FixedType::fixed(100, 100 - frac), to).unwrap()
}
