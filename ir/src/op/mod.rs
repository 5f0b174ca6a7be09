//! The operations: a closed set, one file each. An operation has the same file name in every layer of the house.

pub mod activation;
pub mod batch_norm;
pub mod broadcast;
pub mod concatenate;
pub mod conv;
pub mod cropping;
pub mod dense;
pub mod dot;
pub mod embedding;
pub mod input;
pub mod layer_norm;
pub mod merge;
pub mod pool;
pub mod repeat_vector;
pub mod reshape;
pub mod resize;
pub mod separable_conv;
pub mod softmax;
pub mod threshold;
pub mod transpose;
pub mod window;
pub mod zero_padding;

use crate::op::window::Spatial;
use crate::weight::Weight;
use netlathe_apfixed::Precision;

/// What a node computes.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "one a layer: a box would only be in the way")]
pub enum Op {
    Input(input::Input),
    Dense(dense::Dense),
    Activation(activation::Activation),
    Softmax(softmax::Softmax),
    BatchNorm(batch_norm::BatchNorm),
    Merge(merge::Merge),
    Concatenate(concatenate::Concatenate),
    Reshape(reshape::Reshape),
    Threshold(threshold::Threshold),
    Conv(conv::Conv),
    SeparableConv(separable_conv::SeparableConv),
    Pool(pool::Pool),
    LayerNorm(layer_norm::LayerNorm),
    Dot(dot::Dot),
    ZeroPadding(zero_padding::ZeroPadding),
    Cropping(cropping::Cropping),
    Resize(resize::Resize),
    Transpose(transpose::Transpose),
    RepeatVector(repeat_vector::RepeatVector),
    Broadcast(broadcast::Broadcast),
    Embedding(embedding::Embedding),
}

impl Op {
    /// hls4ml's class name: configurations address layer types by it.
    pub fn class_name(&self) -> &'static str {
        match self {
            Op::Input(_) => "Input",
            Op::Dense(_) => "Dense",
            Op::Activation(a) => a.function.class_name(),
            Op::Softmax(_) => "Softmax",
            Op::BatchNorm(b) if b.alpha => "ApplyAlpha",
            Op::BatchNorm(_) => "BatchNormalization",
            Op::Merge(_) => "Merge",
            Op::Concatenate(_) => "Concatenate",
            Op::Reshape(_) => "Reshape",
            Op::Threshold(_) => "BatchNormalizationQuantizedTanh",
            Op::Conv(c) => c.class_name(),
            Op::SeparableConv(s) if s.spatial == Spatial::One => "SeparableConv1D",
            Op::SeparableConv(_) => "SeparableConv2D",
            Op::Pool(p) => p.class_name(),
            Op::LayerNorm(_) => "LayerNormalization",
            Op::Dot(_) => "Dot",
            Op::ZeroPadding(z) if z.spatial == Spatial::One => "ZeroPadding1D",
            Op::ZeroPadding(_) => "ZeroPadding2D",
            Op::Cropping(c) if c.spatial == Spatial::One => "Cropping1D",
            Op::Cropping(_) => "Cropping2D",
            Op::Resize(_) => "Resize",
            Op::Transpose(_) => "Transpose",
            Op::RepeatVector(_) => "RepeatVector",
            Op::Broadcast(_) => "Broadcast",
            Op::Embedding(_) => "Embedding",
        }
    }

    /// The output's shape from the operands' shapes.
    ///
    /// # Errors
    /// What is wrong with the operands, in words.
    pub fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let count = match self {
            Op::Input(_) => 0,
            Op::Merge(_) | Op::Concatenate(_) => inputs.len().max(2),
            Op::Dot(_) => 2,
            _ => 1,
        };
        if inputs.len() != count {
            return Err(format!("{} takes {count} input(s), it has {}", self.class_name(), inputs.len()));
        }
        match self {
            Op::Input(i) => Ok(i.shape.clone()),
            Op::Dense(d) => d.output_shape(inputs[0]),
            Op::Activation(a) => a.output_shape(inputs[0]),
            Op::Softmax(s) => s.output_shape(inputs[0]),
            Op::BatchNorm(b) => b.output_shape(inputs[0]),
            Op::Merge(m) => m.output_shape(inputs),
            Op::Concatenate(c) => c.output_shape(inputs),
            Op::Reshape(r) => r.output_shape(inputs[0]),
            Op::Threshold(t) => t.output_shape(inputs[0]),
            Op::Conv(c) => c.output_shape(inputs[0]),
            Op::SeparableConv(s) => s.output_shape(inputs[0]),
            Op::Pool(p) => p.output_shape(inputs[0]),
            Op::LayerNorm(l) => l.output_shape(inputs[0]),
            Op::Dot(d) => d.output_shape(inputs),
            Op::ZeroPadding(z) => z.output_shape(inputs[0]),
            Op::Cropping(c) => c.output_shape(inputs[0]),
            Op::Resize(r) => r.output_shape(inputs[0]),
            Op::Transpose(t) => t.output_shape(inputs[0]),
            Op::RepeatVector(r) => r.output_shape(inputs[0]),
            Op::Broadcast(b) => b.output_shape(inputs[0]),
            Op::Embedding(e) => e.output_shape(inputs[0]),
        }
    }

    /// The dense product inside: of a dense layer, or of a convolution at each position.
    pub fn product(&self) -> Option<&dense::Dense> {
        match self {
            Op::Dense(d) => Some(d),
            Op::Conv(c) => Some(&c.product),
            _ => None,
        }
    }

    /// The dense product inside, to change.
    pub fn product_mut(&mut self) -> Option<&mut dense::Dense> {
        match self {
            Op::Dense(d) => Some(d),
            Op::Conv(c) => Some(&mut c.product),
            _ => None,
        }
    }

    /// The operation's constant tensors with hls4ml's names for them.
    pub fn weights(&self) -> Vec<(&'static str, &Weight)> {
        match self {
            Op::Dense(d) => vec![("weight", &d.weight), ("bias", &d.bias)],
            Op::Conv(c) => vec![("weight", &c.product.weight), ("bias", &c.product.bias)],
            Op::SeparableConv(s) => {
                vec![("depthwise", &s.depthwise), ("pointwise", &s.pointwise), ("bias", &s.bias)]
            }
            Op::BatchNorm(b) => vec![("scale", &b.scale), ("bias", &b.bias)],
            Op::LayerNorm(l) => vec![("scale", &l.scale), ("bias", &l.bias)],
            Op::Embedding(e) => vec![("embeddings", &e.table)],
            Op::Activation(activation::Activation {
                function: activation::Function::PRelu { alpha },
                ..
            }) => {
                vec![("param", &**alpha)]
            }
            Op::Threshold(t) => match &t.levels {
                threshold::Levels::Binary { at } => vec![("threshold", at)],
                threshold::Levels::Ternary { high, low } => {
                    vec![("threshold_hi", high), ("threshold_lo", low)]
                }
            },
            _ => Vec::new(),
        }
    }

    /// The operation's constant tensors, to change.
    pub fn weights_mut(&mut self) -> Vec<(&'static str, &mut Weight)> {
        match self {
            Op::Dense(d) => vec![("weight", &mut d.weight), ("bias", &mut d.bias)],
            Op::Conv(c) => vec![("weight", &mut c.product.weight), ("bias", &mut c.product.bias)],
            Op::SeparableConv(s) => {
                vec![("depthwise", &mut s.depthwise), ("pointwise", &mut s.pointwise), ("bias", &mut s.bias)]
            }
            Op::BatchNorm(b) => vec![("scale", &mut b.scale), ("bias", &mut b.bias)],
            Op::LayerNorm(l) => vec![("scale", &mut l.scale), ("bias", &mut l.bias)],
            Op::Embedding(e) => vec![("embeddings", &mut e.table)],
            Op::Activation(activation::Activation {
                function: activation::Function::PRelu { alpha },
                ..
            }) => {
                vec![("param", &mut **alpha)]
            }
            Op::Threshold(t) => match &mut t.levels {
                threshold::Levels::Binary { at } => vec![("threshold", at)],
                threshold::Levels::Ternary { high, low } => {
                    vec![("threshold_hi", high), ("threshold_lo", low)]
                }
            },
            _ => Vec::new(),
        }
    }

    /// The operation's inner types with hls4ml's names for them (`accum`, `table`, ...), weights and result left out.
    pub fn inner_types(&self) -> Vec<(&'static str, Precision)> {
        let mut copy = self.clone();
        copy.inner_types_mut().into_iter().map(|(n, p)| (n, *p)).collect()
    }

    /// The operation's inner types, to change.
    pub fn inner_types_mut(&mut self) -> Vec<(&'static str, &mut Precision)> {
        match self {
            Op::Dense(d) => vec![("accum", &mut d.accum)],
            Op::Activation(a) => a.inner_types_mut(),
            Op::Softmax(s) => s.inner_types_mut(),
            Op::Conv(c) => vec![("accum", &mut c.product.accum)],
            Op::SeparableConv(s) => vec![
                ("depthwise_accum", &mut s.depthwise_accum),
                ("pointwise_accum", &mut s.pointwise_accum),
                ("depthwise_result", &mut s.depthwise_result),
            ],
            Op::Pool(p) => vec![("accum", &mut p.accum)],
            Op::LayerNorm(l) => vec![("accum", &mut l.accum), ("table", &mut l.table_ty)],
            Op::Dot(d) => vec![("accum", &mut d.accum)],
            Op::Input(_)
            | Op::BatchNorm(_)
            | Op::Merge(_)
            | Op::Concatenate(_)
            | Op::Reshape(_)
            | Op::Threshold(_)
            | Op::ZeroPadding(_)
            | Op::Cropping(_)
            | Op::Resize(_)
            | Op::Transpose(_)
            | Op::RepeatVector(_)
            | Op::Broadcast(_)
            | Op::Embedding(_) => Vec::new(),
        }
    }

    /// Multiplications of one inference.
    pub fn multiplications(&self, output: &[usize]) -> u64 {
        let out: usize = output.iter().product();
        let n = match self {
            Op::Dense(_) | Op::Conv(_) => self.product().map_or(0, |d| d.n_in()) * out,
            Op::LayerNorm(_) => 4 * out,
            Op::BatchNorm(_) => out,
            Op::Softmax(s) if s.implementation.multiplies() => out,
            Op::Merge(m) if m.op == merge::MergeOp::Multiply => out,
            Op::Activation(a) if a.function.multiplies() => out,
            _ => 0,
        };
        n as u64
    }
}
