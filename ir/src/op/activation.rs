//! Element-wise activations.

use crate::table::Table;
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

impl Function {
    /// hls4ml's class name.
    pub fn class_name(&self) -> &'static str {
        match self {
            Function::LeakyRelu { .. } | Function::ThresholdedRelu { .. } => "ParametrizedActivation",
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
        matches!(self, Function::LeakyRelu { .. } | Function::HardSigmoid { .. } | Function::HardTanh { .. })
    }

    /// Half the range that the table covers, for functions that have one.
    pub fn table_range(&self) -> Option<u32> {
        match self {
            Function::Sigmoid => Some(8),
            Function::Tanh => Some(4),
            _ => None,
        }
    }
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

    /// The types that this function uses.
    pub(super) fn inner_types_mut(&mut self) -> Vec<(&'static str, &mut Precision)> {
        match &mut self.function {
            Function::LeakyRelu { param, .. } | Function::ThresholdedRelu { param, .. } => {
                vec![("param", param)]
            }
            Function::Sigmoid | Function::Tanh => vec![("table", &mut self.table_ty)],
            _ => Vec::new(),
        }
    }
}
