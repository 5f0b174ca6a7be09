//! Element-wise activations.

use crate::config::IoType;
use crate::range::constant_type;
use crate::table::Table;
use crate::weight::Weight;
use netlathe_apfixed::{FixedType, Precision};

/// The function of one element.
#[derive(Clone, PartialEq, Debug)]
pub enum Function {
    /// `Q(result, x)`.
    Linear,
    /// `x > 0 ? x : 0`.
    Relu,
    /// `x > 0 ? x : alpha * x`.
    LeakyRelu { alpha: f64, param: Precision },
    /// `x > theta ? x : 0`. hls4ml makes Keras 3's plain ReLU layer of this, with theta 0.
    ThresholdedRelu { theta: f64, param: Precision },
    /// `clip(x, 0, max)` (hls4ml's `relu6`, `relu1`); max is a whole number.
    ClippedRelu { max: u32 },
    /// Keras's whole ReLU: `max` from `max` on, `x` from `threshold` on, `slope * (x - threshold)` below; compared in this order.
    /// Each of the three constants `c` stands for its conversion to [`relu_constant_type`]`(c)` (truncated to 16 bits): the comparisons use these values, and the output is
    /// `Q(result, max)`, `Q(result, x)` or `Q(result, slope * (x - threshold))`, each exact before its one conversion.
    GeneralRelu { max: Option<f64>, slope: f64, threshold: f64 },
    /// `x > 0 ? x : alpha[i] * x`; `alpha`, called `param`, has one value per element of the trailing axes.
    PRelu { alpha: Box<Weight> },
    /// `x >= 0 ? x : alpha * (exp(x) - 1)`, by a table over -8 to 0.
    Elu { alpha: f64, param: Precision },
    /// `lambda * (x >= 0 ? x : alpha * (exp(x) - 1))` with its fixed constants, by a table over -8 to 0.
    Selu,
    /// `log(exp(x) + 1)`, table over +-8.
    Softplus,
    /// `x / (|x| + 1)`, table over +-8.
    Softsign,
    /// `exp(x)`, by NetLathe's own table over +-2^`range_log2`.
    Exponential { range_log2: u32 },
    /// `x * Phi(x)` (`approximate`: by the tanh formula), Phi by NetLathe's own table over +-8.
    Gelu { approximate: bool },
    /// `x * sigmoid(x)`, sigmoid by NetLathe's own table over +-16.
    Silu,
    /// Table over +-8.
    Sigmoid,
    /// Table over +-4.
    Tanh,
    /// `clip(slope * x + shift, 0, 1)`.
    HardSigmoid { slope: f64, shift: f64, slope_ty: FixedType, shift_ty: FixedType },
    /// `2 * hard_sigmoid(x) - 1`.
    HardTanh { slope: f64, shift: f64, slope_ty: FixedType, shift_ty: FixedType },
    /// `x >= 0 ? 1 : -1`.
    BinaryTanh,
    /// -1, 0 or 1, switching at -threshold and threshold.
    TernaryTanh { threshold: f64 },
}

/// The type of a constant of [`Function::GeneralRelu`].
pub fn relu_constant_type(value: f64) -> FixedType {
    constant_type(value, 16)
}

/// The type of the upper end of [`Function::ClippedRelu`].
pub fn clipped_relu_type(max: u32) -> FixedType {
    FixedType::uint((32 - max.leading_zeros()).max(1))
}

/// The type of selu's lambda for inputs of type `x`: hls4ml has one in `io_parallel` and the inputs' own in `io_stream`.
pub fn selu_lambda_type(io: IoType, x: &FixedType) -> FixedType {
    match io {
        IoType::Parallel => FixedType::ufixed(16, 1),
        IoType::Stream => *x,
    }
}

impl Function {
    /// hls4ml's class name.
    pub fn class_name(&self) -> &'static str {
        match self {
            Function::LeakyRelu { .. } | Function::ThresholdedRelu { .. } | Function::Elu { .. } => {
                "ParametrizedActivation"
            }
            Function::PRelu { .. } => "PReLU",
            Function::HardSigmoid { .. } | Function::HardTanh { .. } => "HardActivation",
            Function::TernaryTanh { .. } => "TernaryTanh",
            _ => "Activation",
        }
    }

    /// Short name, as hls4ml's `activation` attribute.
    pub fn name(&self) -> &'static str {
        match self {
            Function::Linear => "linear",
            Function::Relu => "relu",
            Function::LeakyRelu { .. } => "leaky_relu",
            Function::ThresholdedRelu { .. } => "thresholded_relu",
            Function::ClippedRelu { max: 6 } => "relu6",
            Function::ClippedRelu { max: 1 } => "relu1",
            Function::ClippedRelu { .. } => "clipped_relu",
            Function::GeneralRelu { .. } => "general_relu",
            Function::PRelu { .. } => "prelu",
            Function::Elu { .. } => "elu",
            Function::Selu => "selu",
            Function::Softplus => "softplus",
            Function::Softsign => "softsign",
            Function::Exponential { .. } => "exponential",
            Function::Gelu { .. } => "gelu",
            Function::Silu => "silu",
            Function::Sigmoid => "sigmoid",
            Function::Tanh => "tanh",
            Function::HardSigmoid { .. } => "hard_sigmoid",
            Function::HardTanh { .. } => "hard_tanh",
            Function::BinaryTanh => "binary_tanh",
            Function::TernaryTanh { .. } => "ternary_tanh",
        }
    }

    /// Whether an element costs a multiplication.
    pub fn multiplies(&self) -> bool {
        matches!(
            self,
            Function::LeakyRelu { .. }
                | Function::GeneralRelu { .. }
                | Function::PRelu { .. }
                | Function::Elu { .. }
                | Function::Selu
                | Function::Gelu { .. }
                | Function::Silu
                | Function::HardSigmoid { .. }
                | Function::HardTanh { .. }
        )
    }

    /// The table that the function reads, if it has one.
    pub fn table_span(&self) -> Option<Span> {
        match self {
            Function::Sigmoid | Function::Softplus | Function::Softsign => Some(Span::Around { range: 8 }),
            Function::Tanh => Some(Span::Around { range: 4 }),
            Function::Elu { .. } | Function::Selu => Some(Span::Below { range: 8 }),
            Function::Exponential { range_log2 } => Some(Span::Centred { range: 1 << range_log2.min(&6) }),
            Function::Gelu { .. } => Some(Span::Centred { range: 8 }),
            Function::Silu => Some(Span::Centred { range: 16 }),
            _ => None,
        }
    }
}

/// What a table of N entries covers, and which entry an input takes; see `docs/numerics.md`, Tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    /// -range to range: entry `trunc(x * N / (2 range)) + N / 2`, clamped; its value at the entry's lower end (hls4ml).
    Around { range: u32 },
    /// -range to 0, read for negative inputs only: entry `trunc(x * N / -range)`, clamped (hls4ml's elu and selu).
    Below { range: u32 },
    /// -range to range: entry `floor(x * N / (2 range)) + N / 2`, clamped; its value at the entry's middle (NetLathe's own).
    Centred { range: u32 },
}

/// An element-wise activation.
#[derive(Clone, PartialEq, Debug)]
pub struct Activation {
    pub function: Function,
    /// Type of table entries; used by functions with a table.
    pub table_ty: Precision,
    pub table_size: u32,
    /// The function's table: made by pass `attach_tables`.
    pub table: Option<Table>,
    /// The type that the file's quantiser gives the output (QActivation), as hls4ml's configuration would say it.
    pub quantizer: Option<FixedType>,
    pub reuse_factor: u32,
}

impl Activation {
    /// An activation with hls4ml's defaults.
    pub fn new(function: Function) -> Self {
        Self {
            function,
            table_ty: Precision::Is(FixedType::fixed(18, 8)),
            table_size: 1024,
            table: None,
            quantizer: None,
            reuse_factor: 1,
        }
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if let Function::PRelu { alpha } = &self.function {
            let n = alpha.data.len();
            if !(0..=input.len()).any(|axis| input[axis..].iter().product::<usize>() == n) {
                return Err(format!("input has shape {input:?}, there are {n} slopes"));
            }
        }
        Ok(input.to_vec())
    }

    /// The types that this function uses.
    pub(super) fn inner_types_mut(&mut self) -> Vec<(&'static str, &mut Precision)> {
        match &mut self.function {
            Function::LeakyRelu { param, .. } | Function::ThresholdedRelu { param, .. } => {
                vec![("param", param)]
            }
            Function::Elu { param, .. } => vec![("param", param), ("table", &mut self.table_ty)],
            f if f.table_span().is_some() => vec![("table", &mut self.table_ty)],
            _ => Vec::new(),
        }
    }
}
