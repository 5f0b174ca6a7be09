//! The network in float64: no types, no tables. What the fixed-point network approximates.

use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::merge::MergeOp;
use crate::op::threshold::Levels;

/// Runs the network on one sample. `inputs` holds a flat tensor for each of the graph's inputs.
/// Returns the flat output of every node, indexed by [`NodeId::index`].
pub fn run(graph: &Graph, order: &[NodeId], inputs: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); graph.bound()];
    for &id in order {
        let node = graph.node(id);
        let operands: Vec<&[f64]> = node.inputs.iter().map(|i| values[i.index()].as_slice()).collect();
        let value = match &node.op {
            Op::Input(_) => {
                let port = graph.inputs.iter().position(|&i| i == id).unwrap_or_default();
                inputs[port].to_vec()
            }
            Op::Dense(d) => {
                let (n_in, n_out) = (d.n_in(), d.n_out());
                let (w, b) = (d.weight.data.as_standard_layout(), d.bias.data.as_standard_layout());
                let (w, b) = (w.as_slice().unwrap_or(&[]), b.as_slice().unwrap_or(&[]));
                let mut y = Vec::with_capacity(node.len());
                for row in operands[0].chunks(n_in) {
                    let base = y.len();
                    y.extend_from_slice(b);
                    for (x, w) in row.iter().zip(w.chunks(n_out)) {
                        for (y, w) in y[base..].iter_mut().zip(w) {
                            *y += x * w;
                        }
                    }
                }
                y
            }
            Op::Activation(a) => operands[0].iter().map(|&x| activate(&a.function, x)).collect(),
            Op::Softmax(s) => softmax(operands[0], s.split(&node.shape)),
            Op::BatchNorm(b) => {
                let n = b.channels();
                let (s, t): (Vec<f64>, Vec<f64>) =
                    (b.scale.data.iter().copied().collect(), b.bias.data.iter().copied().collect());
                operands[0].iter().enumerate().map(|(i, x)| x * s[i % n] + t[i % n]).collect()
            }
            Op::Merge(m) => operands[0].iter().zip(operands[1]).map(|(&a, &b)| merge(m.op, a, b)).collect(),
            Op::Concatenate(c) => {
                let shapes: Vec<&[usize]> =
                    node.inputs.iter().map(|&i| graph.node(i).shape.as_slice()).collect();
                concatenate(&operands, &shapes, c.axis)
            }
            Op::Reshape(_) => operands[0].to_vec(),
            Op::Threshold(t) => {
                let at = |w: &crate::weight::Weight| w.data.iter().copied().collect::<Vec<f64>>();
                let each = |x: &[f64], f: &dyn Fn(usize, f64) -> f64| {
                    x.iter().enumerate().map(|(i, &x)| f(i % t.channels(), x)).collect()
                };
                match &t.levels {
                    Levels::Binary { at: level } => {
                        let level = at(level);
                        each(operands[0], &|c, x| if x >= level[c] { 1.0 } else { 0.0 })
                    }
                    Levels::Ternary { high, low } => {
                        let (high, low) = (at(high), at(low));
                        each(operands[0], &|c, x| {
                            if x > high[c] {
                                1.0
                            } else if x <= low[c] {
                                -1.0
                            } else {
                                0.0
                            }
                        })
                    }
                }
            }
            // Not made by any front end yet.
            _ => unreachable!("{}", node.op.class_name()),
        };
        values[id.index()] = value;
    }
    values
}

fn activate(function: &Function, x: f64) -> f64 {
    let hard = |slope: f64, shift: f64| (slope * x + shift).clamp(0.0, 1.0);
    match function {
        Function::Linear => x,
        Function::Relu => x.max(0.0),
        Function::LeakyRelu { alpha, .. } => {
            if x > 0.0 {
                x
            } else {
                *alpha * x
            }
        }
        Function::ThresholdedRelu { theta, .. } => {
            if x > *theta {
                x
            } else {
                0.0
            }
        }
        Function::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
        Function::Tanh => libm::tanh(x),
        Function::HardSigmoid { slope, shift, .. } => hard(*slope, *shift),
        Function::HardTanh { slope, shift, .. } => 2.0 * hard(*slope, *shift) - 1.0,
        Function::BinaryTanh => {
            if x >= 0.0 {
                1.0
            } else {
                -1.0
            }
        }
        Function::TernaryTanh { threshold } => {
            if x > *threshold {
                1.0
            } else if x > -*threshold {
                0.0
            } else {
                -1.0
            }
        }
        _ => unreachable!("{}", function.name()),
    }
}

fn merge(op: MergeOp, a: f64, b: f64) -> f64 {
    match op {
        MergeOp::Add => a + b,
        MergeOp::Subtract => a - b,
        MergeOp::Multiply => a * b,
        MergeOp::Average => (a + b) * 0.5,
        MergeOp::Maximum => a.max(b),
        MergeOp::Minimum => a.min(b),
    }
}

fn softmax(x: &[f64], (outer, slice, inner): (usize, usize, usize)) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for o in 0..outer {
        for k in 0..inner {
            let at = |i: usize| (o * slice + i) * inner + k;
            let max = (0..slice).map(|i| x[at(i)]).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = (0..slice).map(|i| libm::exp(x[at(i)] - max)).sum();
            for i in 0..slice {
                y[at(i)] = libm::exp(x[at(i)] - max) / sum;
            }
        }
    }
    y
}

/// Joins flat tensors along an axis.
pub fn concatenate<T: Copy>(parts: &[&[T]], shapes: &[&[usize]], axis: usize) -> Vec<T> {
    let outer: usize = shapes[0][..axis].iter().product();
    let rows: Vec<usize> = shapes.iter().map(|s| s[axis..].iter().product()).collect();
    (0..outer)
        .flat_map(|o| parts.iter().zip(&rows).flat_map(move |(p, &n)| p[o * n..(o + 1) * n].iter().copied()))
        .collect()
}
