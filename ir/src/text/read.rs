//! An operation from its attributes.

use super::Value;
use super::attributes::{Attributes, word};
use crate::config::Strategy;
use crate::op::Op;
use crate::op::activation::{Activation, Function};
use crate::op::batch_norm::BatchNorm;
use crate::op::broadcast::Broadcast;
use crate::op::concatenate::Concatenate;
use crate::op::conv::{Conv, ConvImplementation, Kind};
use crate::op::cropping::Cropping;
use crate::op::dense::Dense;
use crate::op::dot::Dot;
use crate::op::embedding::Embedding;
use crate::op::input::Input;
use crate::op::layer_norm::{LayerNorm, RootIndex};
use crate::op::merge::{Merge, MergeOp};
use crate::op::pool::{Extent, Pool, PoolOp};
use crate::op::repeat_vector::RepeatVector;
use crate::op::reshape::Reshape;
use crate::op::resize::{Interpolation, Resize};
use crate::op::separable_conv::SeparableConv;
use crate::op::softmax::{Implementation, Softmax};
use crate::op::threshold::{Levels, Threshold};
use crate::op::transpose::Transpose;
use crate::op::window::{Sides, Spatial, Window};
use crate::op::zero_padding::ZeroPadding;
use crate::weight::{Encoding, Scale, Weight, WeightQuantizer};
use ndarray::{ArrayD, IxDyn};
use netlathe_apfixed::{FixedType, Precision};
use std::collections::BTreeMap;

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
        let (have, need) = (data.len(), shape.iter().fold(1, |n: usize, &axis| n.saturating_mul(axis)));
        ArrayD::from_shape_vec(IxDyn(&shape), data)
            .map(|a| (single, a))
            .map_err(|_| format!("`{key}` has {have} values, its shape needs {need}"))
    }

    fn encoding(&mut self, key: &str) -> Result<Encoding, String> {
        if !self.values.contains_key(key) {
            return Ok(Encoding::Fixed);
        }
        match self.word(key)?.as_str() {
            "xnor" => Ok(Encoding::Xnor),
            "exponent" => Ok(Encoding::Exponent),
            other => Err(format!("`{other}` is no encoding")),
        }
    }

    fn pair(&mut self, key: &str) -> Result<[usize; 2], String> {
        self.shape(key)?.try_into().map_err(|_| format!("`{key}` has two values"))
    }

    fn sides(&mut self, key: &str) -> Result<Sides, String> {
        let [top, bottom, left, right] =
            self.shape(key)?.try_into().map_err(|_| format!("`{key}` is [top, bottom, left, right]"))?;
        Ok(Sides { top, bottom, left, right })
    }

    fn window(&mut self) -> Result<Window, String> {
        Ok(Window {
            kernel: self.pair("kernel")?,
            stride: self.pair("stride")?,
            dilation: self.pair("dilation")?,
            padding: self.sides("padding")?,
        })
    }

    fn product(&mut self) -> Result<Dense, String> {
        Ok(Dense {
            weight: self.weight("weight")?,
            bias: self.weight("bias")?,
            accum: self.precision("accum")?,
            input: self.encoding("input_encoding")?,
            strategy: strategy(&self.word("strategy")?)?,
            reuse_factor: self.int("reuse")?,
        })
    }

    fn weight(&mut self, name: &str) -> Result<Weight, String> {
        let (single, data) = self.tensor(name)?;
        let mut w = Weight::new(data, single);
        w.precision = self.precision(&format!("{name}_type"))?;
        w.encoding = self.encoding(&format!("{name}_encoding"))?;
        if let Some(Value::Text(text)) = self.maybe(&format!("{name}_quantizer")) {
            let ty = self.fixed(&format!("{name}_quantizer_type"))?;
            let encoding = self.encoding(&format!("{name}_quantizer_encoding"))?;
            let loose = self.flag(&format!("{name}_quantizer_loose"));
            let unquantized = if self.values.contains_key(&format!("{name}_unquantized")) {
                Some(self.tensor(&format!("{name}_unquantized"))?.1)
            } else {
                None
            };
            let scale = if self.values.contains_key(&format!("{name}_scale")) {
                let (_, per_channel) = self.tensor(&format!("{name}_scale"))?;
                let (_, unit) = self.tensor(&format!("{name}_unit"))?;
                let po2 = self.flag(&format!("{name}_po2"));
                Some(Scale { per_channel: per_channel.into_iter().collect(), unit, po2 })
            } else {
                None
            };
            w.quantizer = Some(WeightQuantizer { ty, encoding, loose, text, scale, unquantized });
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
                Some(Value::List(l)) if l.len() == 2 && (1..=64).contains(&l[0]) => {
                    Some((l[0] as u32, l[1] != 0))
                }
                None => None,
                Some(_) => return Err("`integer` is [width from 1 to 64, signed]".into()),
            };
            Op::Input(Input { shape, integer })
        }
        "Dense" => Op::Dense(r.product()?),
        "Conv1D" => conv(&mut r, Kind::Plain, Spatial::One)?,
        "Conv2D" => conv(&mut r, Kind::Plain, Spatial::Two)?,
        "Conv2DBatchnorm" => conv(&mut r, Kind::BatchNormFolded, Spatial::Two)?,
        "DepthwiseConv1D" => conv(&mut r, Kind::Depthwise, Spatial::One)?,
        "DepthwiseConv2D" => conv(&mut r, Kind::Depthwise, Spatial::Two)?,
        "PointwiseConv1D" => conv(&mut r, Kind::Pointwise, Spatial::One)?,
        "PointwiseConv2D" => conv(&mut r, Kind::Pointwise, Spatial::Two)?,
        "SeparableConv1D" => separable(&mut r, Spatial::One)?,
        "SeparableConv2D" => separable(&mut r, Spatial::Two)?,
        "Pooling1D" => pool(&mut r, Spatial::One, false)?,
        "Pooling2D" => pool(&mut r, Spatial::Two, false)?,
        "GlobalPooling1D" => pool(&mut r, Spatial::One, true)?,
        "GlobalPooling2D" => pool(&mut r, Spatial::Two, true)?,
        "Activation" | "ParametrizedActivation" | "PReLU" | "HardActivation" | "TernaryTanh" => {
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
        "LayerNormalization" => {
            let (scale, bias, epsilon) = (r.weight("scale")?, r.weight("bias")?, r.float("epsilon")?);
            let mut l = LayerNorm::new(scale, bias, epsilon);
            l.accum = r.precision("accum")?;
            l.table_ty = r.precision("table")?;
            l.table_size = r.int("table_size")?;
            l.root = match r.maybe_int("range_power2")? {
                Some(range_power2) => RootIndex::Uniform { range_power2 },
                None if r.word("root")? == "normalised" => RootIndex::Normalised,
                None => return Err("`root` is `normalised`".into()),
            };
            l.reuse_factor = r.int("reuse")?;
            Op::LayerNorm(l)
        }
        "Dot" => Op::Dot(Dot {
            axes: r.pair("axes")?,
            accum: r.precision("accum")?,
            reuse_factor: r.int("reuse")?,
        }),
        "ZeroPadding1D" => Op::ZeroPadding(ZeroPadding { spatial: Spatial::One, sides: r.sides("sides")? }),
        "ZeroPadding2D" => Op::ZeroPadding(ZeroPadding { spatial: Spatial::Two, sides: r.sides("sides")? }),
        "Cropping1D" => Op::Cropping(Cropping { spatial: Spatial::One, sides: r.sides("sides")? }),
        "Cropping2D" => Op::Cropping(Cropping { spatial: Spatial::Two, sides: r.sides("sides")? }),
        "Resize" => {
            let spatial = match r.int("dimensions")? {
                1u8 => Spatial::One,
                2 => Spatial::Two,
                n => return Err(format!("an image has 1 or 2 dimensions, not {n}")),
            };
            let factors = r.pair("factors")?;
            let name = r.word("interpolation")?;
            let interpolation = [Interpolation::Nearest, Interpolation::Bilinear]
                .into_iter()
                .find(|i| i.name() == name)
                .ok_or_else(|| format!("`{name}` is no interpolation"))?;
            Op::Resize(Resize { spatial, factors, interpolation })
        }
        "Transpose" => Op::Transpose(Transpose { perm: r.shape("perm")? }),
        "RepeatVector" => Op::RepeatVector(RepeatVector { times: r.int("times")? }),
        "Broadcast" => Op::Broadcast(Broadcast { shape: r.shape("shape")? }),
        "Embedding" => {
            Op::Embedding(Embedding { table: r.weight("embeddings")?, reuse_factor: r.int("reuse")? })
        }
        _ => return Err(format!("`{class}` is no operation")),
    };
    match r.values.pop_first() {
        Some((key, _)) => Err(format!("{class} has no `{key}`")),
        None => Ok(op),
    }
}

fn conv(r: &mut Reader<'_>, kind: Kind, spatial: Spatial) -> Result<Op, String> {
    let window = r.window()?;
    let groups = r.int("groups")?;
    let mut c = Conv::new(kind, spatial, window, groups, r.product()?);
    c.parallelization_factor = r.int("parallelization")?;
    let name = r.word("implementation")?;
    c.implementation = [ConvImplementation::LineBuffer, ConvImplementation::Encoded]
        .into_iter()
        .find(|i| i.name() == name)
        .ok_or_else(|| format!("`{name}` is no implementation of a convolution"))?;
    Ok(Op::Conv(c))
}

fn separable(r: &mut Reader<'_>, spatial: Spatial) -> Result<Op, String> {
    let (window, channels) = (r.window()?, r.int("channels")?);
    let (depthwise, pointwise, bias) = (r.weight("depthwise")?, r.weight("pointwise")?, r.weight("bias")?);
    let mut s = SeparableConv::new(spatial, window, channels, depthwise, pointwise, bias);
    s.depthwise_accum = r.precision("depthwise_accum")?;
    s.pointwise_accum = r.precision("pointwise_accum")?;
    s.depthwise_result = r.precision("depthwise_result")?;
    Ok(Op::SeparableConv(s))
}

fn pool(r: &mut Reader<'_>, spatial: Spatial, global: bool) -> Result<Op, String> {
    let name = r.word("op")?;
    let op = [PoolOp::Max, PoolOp::Average]
        .into_iter()
        .find(|op| op.name() == name)
        .ok_or_else(|| format!("`{name}` is no pooling"))?;
    let extent =
        if global { Extent::Global { keep_axes: r.flag("keep_axes") } } else { Extent::Window(r.window()?) };
    let mut p = Pool::new(op, spatial, extent);
    p.accum = r.precision("accum")?;
    Ok(Op::Pool(p))
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
        "relu6" | "relu1" | "clipped_relu" => Function::ClippedRelu { max: r.int("max")? },
        "general_relu" => {
            let max = if r.values.contains_key("max") { Some(r.float("max")?) } else { None };
            Function::GeneralRelu { max, slope: r.float("slope")?, threshold: r.float("threshold")? }
        }
        "prelu" => Function::PRelu { alpha: Box::new(r.weight("param")?) },
        "elu" => Function::Elu { alpha: r.float("alpha")?, param: r.precision("param")? },
        "selu" => Function::Selu,
        "softplus" => Function::Softplus,
        "softsign" => Function::Softsign,
        "exponential" => Function::Exponential { range_log2: r.int("range_log2")? },
        "gelu" => Function::Gelu { approximate: r.flag("approximate") },
        "silu" => Function::Silu,
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
