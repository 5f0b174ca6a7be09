//! An operation's attributes, to text.

use super::Value;
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::dense::Dense;
use crate::op::layer_norm::RootIndex;
use crate::op::pool::Extent;
use crate::op::window::{Sides, Window};
use crate::weight::{Encoding, Weight};
use ndarray::ArrayD;
use netlathe_apfixed::{FixedType, Precision};

pub(super) type Attributes = Vec<(String, Value)>;

pub(super) fn word(w: &str) -> Value {
    Value::Word(w.into())
}

fn ty(t: FixedType) -> Value {
    Value::Type(Precision::Is(t))
}

fn list(shape: &[usize]) -> Value {
    Value::List(shape.iter().map(|&n| n as i64).collect())
}

/// The attributes of an operation, in the order in which they print.
pub(super) fn of(op: &Op) -> Attributes {
    let mut a = Attributes::new();
    let mut put = |key: &str, value: Value| a.push((key.into(), value));
    match op {
        Op::Input(i) => {
            put("shape", list(&i.shape));
            if let Some((width, signed)) = i.integer {
                put("integer", Value::List(vec![i64::from(width), i64::from(signed)]));
            }
        }
        Op::Dense(d) => product(d, &mut put),
        Op::Conv(c) => {
            window(&c.window, &mut put);
            put("groups", Value::Int(c.groups as i64));
            product(&c.product, &mut put);
            put("parallelization", Value::Int(c.parallelization_factor.into()));
            put("implementation", word(c.implementation.name()));
        }
        Op::Activation(x) => {
            put("function", word(x.function.name()));
            match &x.function {
                Function::LeakyRelu { alpha, param } => {
                    put("alpha", Value::Float(*alpha));
                    put("param", Value::Type(*param));
                }
                Function::ThresholdedRelu { theta, param } => {
                    put("theta", Value::Float(*theta));
                    put("param", Value::Type(*param));
                }
                Function::HardSigmoid { slope, shift, slope_ty, shift_ty }
                | Function::HardTanh { slope, shift, slope_ty, shift_ty } => {
                    put("slope", Value::Float(*slope));
                    put("shift", Value::Float(*shift));
                    put("slope_type", ty(*slope_ty));
                    put("shift_type", ty(*shift_ty));
                }
                Function::TernaryTanh { threshold } => put("threshold", Value::Float(*threshold)),
                Function::ClippedRelu { max } => put("max", Value::Int((*max).into())),
                Function::GeneralRelu { max, slope, threshold } => {
                    if let Some(max) = max {
                        put("max", Value::Float(*max));
                    }
                    put("slope", Value::Float(*slope));
                    put("threshold", Value::Float(*threshold));
                }
                Function::PRelu { alpha } => weight("param", alpha, &mut put),
                Function::Elu { alpha, param } => {
                    put("alpha", Value::Float(*alpha));
                    put("param", Value::Type(*param));
                }
                Function::Exponential { range_log2 } => put("range_log2", Value::Int((*range_log2).into())),
                Function::Gelu { approximate } => {
                    if *approximate {
                        put("approximate", word("true"));
                    }
                }
                Function::Linear
                | Function::Relu
                | Function::Selu
                | Function::Softplus
                | Function::Softsign
                | Function::Silu
                | Function::Sigmoid
                | Function::Tanh
                | Function::BinaryTanh => {}
            }
            put("table", Value::Type(x.table_ty));
            put("table_size", Value::Int(x.table_size.into()));
            if let Some(q) = x.quantizer {
                put("quantizer", ty(q));
            }
            put("reuse", Value::Int(x.reuse_factor.into()));
        }
        Op::Softmax(s) => {
            put("axis", Value::Int(s.axis as i64));
            put("implementation", word(s.implementation.name()));
            for (name, precision) in op.inner_types() {
                put(name, Value::Type(precision));
            }
            put("table_size", Value::Int(s.table_size.into()));
            for (name, size) in [("exp_table_size", s.exp_table_size), ("inv_table_size", s.inv_table_size)] {
                if let Some(size) = size {
                    put(name, Value::Int(size.into()));
                }
            }
            if s.skip {
                put("skip", word("true"));
            }
            put("reuse", Value::Int(s.reuse_factor.into()));
        }
        Op::BatchNorm(b) => {
            weight("scale", &b.scale, &mut put);
            weight("bias", &b.bias, &mut put);
            put("reuse", Value::Int(b.reuse_factor.into()));
        }
        Op::Merge(m) => {
            put("op", word(m.op.name()));
            put("reuse", Value::Int(m.reuse_factor.into()));
        }
        Op::Concatenate(c) => {
            put("axis", Value::Int(c.axis as i64));
            put("reuse", Value::Int(c.reuse_factor.into()));
        }
        Op::Reshape(r) => put("shape", list(&r.shape)),
        Op::Threshold(_) => {
            for (name, w) in op.weights() {
                weight(name, w, &mut put);
            }
        }
        Op::SeparableConv(s) => {
            window(&s.window, &mut put);
            put("channels", Value::Int(s.channels as i64));
            for (name, w) in op.weights() {
                weight(name, w, &mut put);
            }
            for (name, precision) in op.inner_types() {
                put(name, Value::Type(precision));
            }
        }
        Op::Pool(p) => {
            put("op", word(p.op.name()));
            match &p.extent {
                Extent::Window(w) => window(w, &mut put),
                Extent::Global { keep_axes: true } => put("keep_axes", word("true")),
                Extent::Global { keep_axes: false } => {}
            }
            put("accum", Value::Type(p.accum));
        }
        Op::LayerNorm(l) => {
            weight("scale", &l.scale, &mut put);
            weight("bias", &l.bias, &mut put);
            put("epsilon", Value::Float(l.epsilon));
            put("accum", Value::Type(l.accum));
            put("table", Value::Type(l.table_ty));
            put("table_size", Value::Int(l.table_size.into()));
            match l.root {
                RootIndex::Uniform { range_power2 } => put("range_power2", Value::Int(range_power2.into())),
                RootIndex::Normalised => put("root", word("normalised")),
            }
            put("reuse", Value::Int(l.reuse_factor.into()));
        }
        Op::Dot(d) => {
            put("axes", list(&d.axes));
            put("accum", Value::Type(d.accum));
            put("reuse", Value::Int(d.reuse_factor.into()));
        }
        Op::ZeroPadding(z) => put("sides", list(&sides(&z.sides))),
        Op::Cropping(c) => put("sides", list(&sides(&c.sides))),
        Op::Resize(r) => {
            put("dimensions", Value::Int(r.spatial.digit().into()));
            put("factors", list(&r.factors));
            put("interpolation", word(r.interpolation.name()));
        }
        Op::Transpose(t) => put("perm", list(&t.perm)),
        Op::RepeatVector(r) => put("times", Value::Int(r.times as i64)),
        Op::Broadcast(b) => put("shape", list(&b.shape)),
        Op::Embedding(e) => {
            weight("embeddings", &e.table, &mut put);
            put("reuse", Value::Int(e.reuse_factor.into()));
        }
    }
    a
}

fn product(d: &Dense, put: &mut impl FnMut(&str, Value)) {
    weight("weight", &d.weight, put);
    weight("bias", &d.bias, put);
    put("accum", Value::Type(d.accum));
    if let Some(e) = encoding(d.input) {
        put("input_encoding", e);
    }
    put("strategy", word(d.strategy.name()));
    put("reuse", Value::Int(d.reuse_factor.into()));
}

/// (top, bottom, left, right).
fn sides(s: &Sides) -> [usize; 4] {
    [s.top, s.bottom, s.left, s.right]
}

fn window(w: &Window, put: &mut impl FnMut(&str, Value)) {
    put("kernel", list(&w.kernel));
    put("stride", list(&w.stride));
    put("dilation", list(&w.dilation));
    put("padding", list(&sides(&w.padding)));
}

fn encoding(e: Encoding) -> Option<Value> {
    match e {
        Encoding::Fixed => None,
        Encoding::Xnor => Some(word("xnor")),
        Encoding::Exponent => Some(word("exponent")),
    }
}

fn tensor(data: &ArrayD<f64>, single: bool) -> Value {
    Value::Tensor(single, data.shape().to_vec(), data.iter().copied().collect())
}

fn weight(name: &str, w: &Weight, put: &mut impl FnMut(&str, Value)) {
    put(name, tensor(&w.data, w.single));
    put(&format!("{name}_type"), Value::Type(w.precision));
    if let Some(e) = encoding(w.encoding) {
        put(&format!("{name}_encoding"), e);
    }
    let Some(q) = &w.quantizer else { return };
    put(&format!("{name}_quantizer"), Value::Text(q.text.clone()));
    put(&format!("{name}_quantizer_type"), ty(q.ty));
    if let Some(e) = encoding(q.encoding) {
        put(&format!("{name}_quantizer_encoding"), e);
    }
    if q.loose {
        put(&format!("{name}_quantizer_loose"), word("true"));
    }
    if let Some(data) = &q.unquantized {
        put(&format!("{name}_unquantized"), tensor(data, w.single));
    }
    if let Some(s) = &q.scale {
        put(&format!("{name}_scale"), Value::Tensor(false, vec![s.per_channel.len()], s.per_channel.clone()));
        put(&format!("{name}_unit"), tensor(&s.unit, false));
        if s.po2 {
            put(&format!("{name}_po2"), word("true"));
        }
    }
}
