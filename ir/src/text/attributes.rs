//! An operation's attributes, both ways.

use super::Value;
use crate::config::Strategy;
use crate::op::Op;
use crate::op::activation::{Activation, Function};
use crate::op::batch_norm::BatchNorm;
use crate::op::concatenate::Concatenate;
use crate::op::dense::Dense;
use crate::op::input::Input;
use crate::op::merge::{Merge, MergeOp};
use crate::op::reshape::Reshape;
use crate::op::softmax::{Implementation, Softmax};
use crate::op::threshold::{Levels, Threshold};
use crate::weight::{Encoding, Scale, Weight, WeightQuantizer};
use ndarray::{ArrayD, IxDyn};
use netlathe_apfixed::{FixedType, Precision};
use std::collections::BTreeMap;

pub(super) type Attributes = Vec<(String, Value)>;

fn word(w: &str) -> Value {
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
        Op::Dense(d) => {
            weight("weight", &d.weight, &mut put);
            weight("bias", &d.bias, &mut put);
            put("accum", Value::Type(d.accum));
            if d.input == Encoding::Xnor {
                put("input_encoding", word("xnor"));
            }
            put("strategy", word(d.strategy.name()));
            put("reuse", Value::Int(d.reuse_factor.into()));
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
                Function::Linear
                | Function::Relu
                | Function::Sigmoid
                | Function::Tanh
                | Function::BinaryTanh => {}
                _ => unreachable!("not made by any front end yet"),
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
        _ => unreachable!("not made by any front end yet"),
    }
    a
}

fn tensor(data: &ArrayD<f64>, single: bool) -> Value {
    Value::Tensor(single, data.shape().to_vec(), data.iter().copied().collect())
}

fn weight(name: &str, w: &Weight, put: &mut impl FnMut(&str, Value)) {
    put(name, tensor(&w.data, w.single));
    put(&format!("{name}_type"), Value::Type(w.precision));
    if w.encoding == Encoding::Xnor {
        put(&format!("{name}_encoding"), word("xnor"));
    }
    let Some(q) = &w.quantizer else { return };
    put(&format!("{name}_quantizer"), Value::Text(q.text.clone()));
    put(&format!("{name}_quantizer_type"), ty(q.ty));
    if q.encoding == Encoding::Xnor {
        put(&format!("{name}_quantizer_encoding"), word("xnor"));
    }
    if let Some(s) = &q.scale {
        put(&format!("{name}_scale"), Value::Tensor(false, vec![s.per_channel.len()], s.per_channel.clone()));
        put(&format!("{name}_unit"), tensor(&s.unit, false));
        if s.po2 {
            put(&format!("{name}_po2"), word("true"));
        }
    }
}

/// Takes attributes by name; what is left over at the end is a fault.
struct Reader<'a> {
    class: &'a str,
    values: BTreeMap<String, Value>,
}

impl Reader<'_> {
    fn maybe(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key)
    }

    fn need(&mut self, key: &str) -> Result<Value, String> {
        self.maybe(key).ok_or_else(|| format!("{} needs `{key}`", self.class))
    }

    fn int<T: TryFrom<i64>>(&mut self, key: &str) -> Result<T, String> {
        match self.need(key)? {
            Value::Int(i) => T::try_from(i).map_err(|_| format!("`{key}` is out of range: {i}")),
            _ => Err(format!("`{key}` is an integer")),
        }
    }

    fn maybe_int<T: TryFrom<i64>>(&mut self, key: &str) -> Result<Option<T>, String> {
        if self.values.contains_key(key) { self.int(key).map(Some) } else { Ok(None) }
    }

    fn float(&mut self, key: &str) -> Result<f64, String> {
        match self.need(key)? {
            Value::Float(x) => Ok(x),
            Value::Int(i) => Ok(i as f64),
            _ => Err(format!("`{key}` is a number")),
        }
    }

    fn precision(&mut self, key: &str) -> Result<Precision, String> {
        match self.need(key)? {
            Value::Type(p) => Ok(p),
            _ => Err(format!("`{key}` is a type")),
        }
    }

    fn fixed(&mut self, key: &str) -> Result<FixedType, String> {
        match self.precision(key)? {
            Precision::Is(t) => Ok(t),
            Precision::Auto => Err(format!("`{key}` cannot be auto")),
        }
    }

    fn word(&mut self, key: &str) -> Result<String, String> {
        match self.need(key)? {
            Value::Word(w) => Ok(w),
            _ => Err(format!("`{key}` is a word")),
        }
    }

    fn flag(&mut self, key: &str) -> bool {
        self.maybe(key) == Some(word("true"))
    }

    fn list(&mut self, key: &str) -> Result<Vec<i64>, String> {
        match self.need(key)? {
            Value::List(l) => Ok(l),
            _ => Err(format!("`{key}` is a list of integers")),
        }
    }

    fn shape(&mut self, key: &str) -> Result<Vec<usize>, String> {
        self.list(key)?.into_iter().map(|n| usize::try_from(n).map_err(|e| e.to_string())).collect()
    }

    fn tensor(&mut self, key: &str) -> Result<(bool, ArrayD<f64>), String> {
        let Value::Tensor(single, shape, data) = self.need(key)? else {
            return Err(format!("`{key}` is a tensor"));
        };
        let (have, need) = (data.len(), shape.iter().product::<usize>());
        ArrayD::from_shape_vec(IxDyn(&shape), data)
            .map(|a| (single, a))
            .map_err(|_| format!("`{key}` has {have} values, its shape needs {need}"))
    }

    fn encoding(&mut self, key: &str) -> Encoding {
        if self.maybe(key) == Some(word("xnor")) { Encoding::Xnor } else { Encoding::Fixed }
    }

    fn weight(&mut self, name: &str) -> Result<Weight, String> {
        let (single, data) = self.tensor(name)?;
        let mut w = Weight::new(data, single);
        w.precision = self.precision(&format!("{name}_type"))?;
        w.encoding = self.encoding(&format!("{name}_encoding"));
        if let Some(Value::Text(text)) = self.maybe(&format!("{name}_quantizer")) {
            let ty = self.fixed(&format!("{name}_quantizer_type"))?;
            let encoding = self.encoding(&format!("{name}_quantizer_encoding"));
            let scale = if self.values.contains_key(&format!("{name}_scale")) {
                let (_, per_channel) = self.tensor(&format!("{name}_scale"))?;
                let (_, unit) = self.tensor(&format!("{name}_unit"))?;
                let po2 = self.flag(&format!("{name}_po2"));
                Some(Scale { per_channel: per_channel.into_iter().collect(), unit, po2 })
            } else {
                None
            };
            w.quantizer = Some(WeightQuantizer { ty, encoding, text, scale });
        }
        Ok(w)
    }
}

/// The operation of a class with these attributes.
pub(super) fn op(class: &str, attributes: Attributes) -> Result<Op, String> {
    let mut r = Reader { class, values: attributes.into_iter().collect() };
    let op = match class {
        "Input" => {
            let shape = r.shape("shape")?;
            let integer = match r.maybe("integer") {
                Some(Value::List(l)) if l.len() == 2 => Some((l[0] as u32, l[1] != 0)),
                None => None,
                Some(_) => return Err("`integer` is [width, signed]".into()),
            };
            Op::Input(Input { shape, integer })
        }
        "Dense" => Op::Dense(Dense {
            weight: r.weight("weight")?,
            bias: r.weight("bias")?,
            accum: r.precision("accum")?,
            input: r.encoding("input_encoding"),
            strategy: strategy(&r.word("strategy")?)?,
            reuse_factor: r.int("reuse")?,
        }),
        "Activation" | "ParametrizedActivation" | "HardActivation" | "TernaryTanh" => {
            let mut a = Activation::new(function(&mut r)?);
            a.table_ty = r.precision("table")?;
            a.table_size = r.int("table_size")?;
            a.quantizer = if r.values.contains_key("quantizer") { Some(r.fixed("quantizer")?) } else { None };
            a.reuse_factor = r.int("reuse")?;
            Op::Activation(a)
        }
        "Softmax" => {
            let mut s = Softmax::new(r.int("axis")?);
            let name = r.word("implementation")?;
            s.implementation = Implementation::parse(&name)
                .ok_or_else(|| format!("`{name}` is no implementation of softmax"))?;
            for (key, slot) in [
                ("accum", &mut s.accum),
                ("table", &mut s.table_ty),
                ("exp_table", &mut s.exp_table_ty),
                ("inv_table", &mut s.inv_table_ty),
                ("inv_inp", &mut s.inv_inp),
                ("inp_norm", &mut s.inp_norm),
            ] {
                *slot = r.precision(key)?;
            }
            s.table_size = r.int("table_size")?;
            s.exp_table_size = r.maybe_int("exp_table_size")?;
            s.inv_table_size = r.maybe_int("inv_table_size")?;
            s.skip = r.flag("skip");
            s.reuse_factor = r.int("reuse")?;
            Op::Softmax(s)
        }
        "BatchNormalization" | "ApplyAlpha" => Op::BatchNorm(BatchNorm {
            scale: r.weight("scale")?,
            bias: r.weight("bias")?,
            alpha: class == "ApplyAlpha",
            reuse_factor: r.int("reuse")?,
        }),
        "Merge" => {
            let name = r.word("op")?;
            let op = [
                MergeOp::Add,
                MergeOp::Subtract,
                MergeOp::Multiply,
                MergeOp::Average,
                MergeOp::Maximum,
                MergeOp::Minimum,
            ]
            .into_iter()
            .find(|op| op.name() == name)
            .ok_or_else(|| format!("`{name}` is no merge"))?;
            Op::Merge(Merge { op, reuse_factor: r.int("reuse")? })
        }
        "Concatenate" => Op::Concatenate(Concatenate { axis: r.int("axis")?, reuse_factor: r.int("reuse")? }),
        "BatchNormalizationQuantizedTanh" => Op::Threshold(Threshold {
            levels: if r.values.contains_key("threshold") {
                Levels::Binary { at: r.weight("threshold")? }
            } else {
                Levels::Ternary { high: r.weight("threshold_hi")?, low: r.weight("threshold_lo")? }
            },
        }),
        "Reshape" => Op::Reshape(Reshape { shape: r.shape("shape")? }),
        _ => return Err(format!("`{class}` is no operation")),
    };
    match r.values.pop_first() {
        Some((key, _)) => Err(format!("{class} has no `{key}`")),
        None => Ok(op),
    }
}

fn strategy(name: &str) -> Result<Strategy, String> {
    [Strategy::Latency, Strategy::Resource, Strategy::ResourceUnrolled, Strategy::DistributedArithmetic]
        .into_iter()
        .find(|s| s.name() == name)
        .ok_or_else(|| format!("`{name}` is no strategy"))
}

fn function(r: &mut Reader<'_>) -> Result<Function, String> {
    Ok(match r.word("function")?.as_str() {
        "linear" => Function::Linear,
        "relu" => Function::Relu,
        "leaky_relu" => Function::LeakyRelu { alpha: r.float("alpha")?, param: r.precision("param")? },
        "thresholded_relu" => {
            Function::ThresholdedRelu { theta: r.float("theta")?, param: r.precision("param")? }
        }
        "sigmoid" => Function::Sigmoid,
        "tanh" => Function::Tanh,
        "hard_sigmoid" => Function::HardSigmoid {
            slope: r.float("slope")?,
            shift: r.float("shift")?,
            slope_ty: r.fixed("slope_type")?,
            shift_ty: r.fixed("shift_type")?,
        },
        "hard_tanh" => Function::HardTanh {
            slope: r.float("slope")?,
            shift: r.float("shift")?,
            slope_ty: r.fixed("slope_type")?,
            shift_ty: r.fixed("shift_type")?,
        },
        "binary_tanh" => Function::BinaryTanh,
        "ternary_tanh" => Function::TernaryTanh { threshold: r.float("threshold")? },
        other => return Err(format!("`{other}` is no activation")),
    })
}
