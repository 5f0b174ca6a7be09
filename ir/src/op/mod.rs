//! The operations: a closed set, one file each. An operation has the same file name in every layer of the house.

pub mod activation;
pub mod batch_norm;
pub mod concatenate;
pub mod dense;
pub mod input;
pub mod merge;
pub mod reshape;
pub mod softmax;
pub mod threshold;

use crate::weight::Weight;
use netlathe_apfixed::Precision;

/// What a node computes.
#[derive(Clone, PartialEq, Debug)]
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
            _ => 1,
        };
        if inputs.len() != count {
            return Err(format!("{} takes {count} input(s), it has {}", self.class_name(), inputs.len()));
        }
        match self {
            Op::Input(i) => Ok(i.shape.clone()),
            Op::Dense(d) => d.output_shape(inputs[0]),
            Op::Activation(_) => Ok(inputs[0].to_vec()),
            Op::Softmax(s) => s.output_shape(inputs[0]),
            Op::BatchNorm(b) => b.output_shape(inputs[0]),
            Op::Merge(_) => merge::output_shape(inputs),
            Op::Concatenate(c) => c.output_shape(inputs),
            Op::Reshape(r) => r.output_shape(inputs[0]),
            Op::Threshold(t) => t.output_shape(inputs[0]),
        }
    }

    /// The operation's constant tensors with hls4ml's names for them.
    pub fn weights(&self) -> Vec<(&'static str, &Weight)> {
        match self {
            Op::Dense(d) => vec![("weight", &d.weight), ("bias", &d.bias)],
            Op::BatchNorm(b) => vec![("scale", &b.scale), ("bias", &b.bias)],
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
            Op::BatchNorm(b) => vec![("scale", &mut b.scale), ("bias", &mut b.bias)],
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
            Op::Input(_)
            | Op::BatchNorm(_)
            | Op::Merge(_)
            | Op::Concatenate(_)
            | Op::Reshape(_)
            | Op::Threshold(_) => Vec::new(),
        }
    }

    /// Multiplications of one inference.
    pub fn multiplications(&self, output: &[usize]) -> u64 {
        let out: usize = output.iter().product();
        let n = match self {
            Op::Dense(d) => d.n_in() * out,
            Op::BatchNorm(_) => out,
            Op::Softmax(s) if s.implementation.multiplies() => out,
            Op::Merge(m) if m.op == merge::MergeOp::Multiply => out,
            Op::Activation(a) if a.function.multiplies() => out,
            _ => 0,
        };
        n as u64
    }
}
