//! One layer of the file becomes one or two nodes: the layer, then its activation. A file per family.

mod activation;
mod batch_norm;
mod concatenate;
mod conv;
mod cropping;
mod dense;
mod dot;
mod embedding;
mod layer_norm;
mod merge;
mod pool;
mod repeat_vector;
mod resize;
mod shape;
mod support;
mod transpose;
mod weight;
mod window;
mod zero_padding;

use netlathe_ir::{Diagnostic, Op};
use serde_json::Value;

use crate::error::code;
use crate::model::{Keras, Layer};
use crate::qkeras::QuantizerError;
use crate::weights::Within;

pub(crate) use support::ACTIVATIONS;
pub use support::{SUPPORTED, Support, supported};

/// Most elements of a tensor.
pub(crate) use netlathe_ir::validate::MAX_ELEMENTS;

/// A node to be.
pub(crate) struct Piece {
    /// hls4ml's name for it.
    pub name: String,
    /// What of the layer it is: "" or `activation`.
    pub role: &'static str,
    /// The operation.
    pub op: Op,
}

/// What a family's function gets to see.
pub(crate) struct Scene<'a> {
    pub keras: Keras,
    pub layer: &'a Layer,
    /// Shapes of the operands, without the batch.
    pub inputs: &'a [Vec<usize>],
    pub weights: Within<'a>,
    /// Findings that do not refuse the network.
    pub notes: &'a mut Vec<Diagnostic>,
}

/// The layer's nodes, in a row: each reads the one before, the first the layer's operands. Empty: the layer is skipped,
/// whoever reads it reads its operand.
///
/// # Errors
/// All that is wrong with the layer.
pub(crate) fn convert(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let class = scene.layer.class.as_str();
    if !takes_several(class) && class != "InputLayer" && scene.inputs.len() != 1 {
        let message = format!("{class} takes one input, it has {}", scene.inputs.len());
        return Err(vec![Diagnostic::error(code::SHAPE, message).layer(&scene.layer.name)]);
    }
    match class {
        "InputLayer" => shape::input(scene).map_err(one),
        "Dense" | "BinaryDense" | "TernaryDense" | "QDense" => dense::dense(scene),
        "Activation" => activation::layer(scene).map_err(one),
        "QActivation" => activation::qactivation(scene).map_err(one),
        "ReLU" | "LeakyReLU" | "PReLU" | "ELU" | "ThresholdedReLU" | "Softmax" => {
            activation::class(scene).map_err(one)
        }
        "BatchNormalization" | "QBatchNormalization" => batch_norm::batch_norm(scene),
        "LayerNormalization" => layer_norm::layer_norm(scene),
        "Add" | "Subtract" | "Multiply" | "Average" | "Maximum" | "Minimum" => {
            merge::merge(scene).map_err(one)
        }
        "Concatenate" => concatenate::concatenate(scene).map_err(one),
        "Dot" => dot::dot(scene).map_err(one),
        "Flatten" | "Reshape" => shape::reshape(scene).map_err(one),
        "Permute" => transpose::transpose(scene).map_err(one),
        "RepeatVector" => repeat_vector::repeat_vector(scene).map_err(one),
        "Embedding" => embedding::embedding(scene),
        "ZeroPadding1D" | "ZeroPadding2D" => zero_padding::zero_padding(scene).map_err(one),
        "Cropping1D" | "Cropping2D" => cropping::cropping(scene).map_err(one),
        "UpSampling1D" | "UpSampling2D" => resize::resize(scene).map_err(one),
        _ if class.contains("Conv") => conv::conv(scene),
        _ if class.contains("Pooling") => pool::pool(scene).map_err(one),
        _ => Ok(activation::training_only(scene)),
    }
}

/// Whether the class joins tensors.
fn takes_several(class: &str) -> bool {
    matches!(
        class,
        "Add" | "Subtract" | "Multiply" | "Average" | "Maximum" | "Minimum" | "Concatenate" | "Dot"
    )
}

/// The shape that a refused layer's output would have, where that is plain.
pub(crate) fn shape_behind(layer: &Layer, inputs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let first = inputs.first()?;
    match layer.class.as_str() {
        class if takes_several(class) => None,
        class if ["Conv", "Pool", "Padding", "Cropping", "Sampling"].iter().any(|w| class.contains(w)) => {
            None
        }
        "InputLayer" | "Reshape" | "Permute" | "RepeatVector" | "Embedding" => None,
        "Flatten" => Some(vec![first.iter().product()]),
        "Dense" | "BinaryDense" | "TernaryDense" | "QDense" => {
            let units = layer.config.get("units")?.as_u64().filter(|u| (1..=1 << 28).contains(u))?;
            let (_, head) = first.split_last()?;
            Some([head, &[units as usize]].concat())
        }
        _ => Some(first.clone()),
    }
}

fn one(finding: Diagnostic) -> Vec<Diagnostic> {
    vec![finding]
}

/// Why a layer cannot be converted at all, judged by its class before anything else is read.
pub(crate) fn refuse_class(layer: &Layer) -> Option<Diagnostic> {
    let class = layer.class.as_str();
    if layer.inner.is_some() {
        return None;
    }
    if class == "Lambda" {
        return Some(
            Diagnostic::error(
                code::PYTHON_CODE,
                "it is a Lambda layer: it holds Python code, which is never loaded, decoded or run here",
            )
            .layer(&layer.name)
            .help("replace it with ordinary layers and save the model again"),
        );
    }
    if support::of(class).is_some_and(|row| !row.qkeras || layer.package != "hgq") {
        return None;
    }
    let of = if layer.package == "hgq" { " of HGQ" } else { "" };
    Some(
        Diagnostic::error(code::UNSUPPORTED_LAYER, format!("its class {class}{of} is not supported"))
            .layer(&layer.name)
            .subject(class)
            .help(format!("supported are {}", SUPPORTED.join(", "))),
    )
}

impl Scene<'_> {
    /// An error about this layer.
    pub(crate) fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).layer(&self.layer.name)
    }

    /// "Not supported" about an option of this layer.
    pub(crate) fn unsupported(&self, message: impl Into<String>) -> Diagnostic {
        self.error(code::UNSUPPORTED_LAYER, message).subject(&self.layer.class)
    }

    /// A quantiser that was not understood.
    pub(crate) fn quantizer_error(&self, key: &str, error: &QuantizerError) -> Diagnostic {
        let code = if error.unsupported { code::UNSUPPORTED_LAYER } else { code::QUANTIZER };
        self.error(code, format!("{key}: {error}")).subject(&self.layer.class)
    }

    /// Whether the layer is one of QKeras's.
    pub(crate) fn is_qkeras(&self) -> bool {
        support::of(&self.layer.class).is_some_and(|row| row.qkeras)
    }

    /// A setting of the wrong kind.
    pub(crate) fn wrong(&self, key: &str, value: &Value, wanted: &str) -> Diagnostic {
        let text: String = value.to_string().chars().take(120).collect();
        self.error(code::MALFORMED, format!("`{key}` is {text}, {wanted} is wanted"))
    }

    /// A finite number, `None` where the key is absent or null.
    pub(crate) fn number(&self, key: &str) -> Result<Option<f64>, Diagnostic> {
        match self.layer.config.get(key) {
            None | Some(Value::Null) => Ok(None),
            // Keras 3 writes some numbers as objects of NumPy or as weak types; their value is inside.
            Some(value) => {
                let inner = value.get("config").and_then(|c| c.get("value")).unwrap_or(value);
                inner.as_f64().map(Some).ok_or_else(|| self.wrong(key, value, "a number"))
            }
        }
    }

    /// An integer; `default` where the key is absent or null.
    pub(crate) fn integer(&self, key: &str, default: i64) -> Result<i64, Diagnostic> {
        match self.layer.config.get(key) {
            None | Some(Value::Null) => Ok(default),
            // Keras 2 writes the axis of a BatchNormalization as a list of one.
            Some(Value::Array(items)) if items.len() == 1 => {
                items[0].as_i64().ok_or_else(|| self.wrong(key, &items[0], "an integer"))
            }
            Some(value) => value.as_i64().ok_or_else(|| self.wrong(key, value, "an integer")),
        }
    }

    /// A truth value; `default` where the key is absent or null.
    pub(crate) fn flag(&self, key: &str, default: bool) -> Result<bool, Diagnostic> {
        match self.layer.config.get(key) {
            None | Some(Value::Null) => Ok(default),
            // Old files have 0 and 1.
            Some(value) => match (value.as_bool(), value.as_u64()) {
                (Some(flag), _) => Ok(flag),
                (None, Some(number @ 0..=1)) => Ok(number == 1),
                _ => Err(self.wrong(key, value, "true or false")),
            },
        }
    }

    /// The extents in `key`, the batch's null first; all others must be numbers.
    pub(crate) fn batch_shape(&self, key: &str) -> Result<Option<Vec<usize>>, Diagnostic> {
        let value = match self.layer.config.get(key) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        let [_, extents @ ..] = value.as_array().map_or(&[][..], Vec::as_slice) else {
            return Err(self.wrong(key, value, "a list of extents"));
        };
        let extents =
            extents.iter().map(|e| e.as_u64().filter(|e| (1..=1 << 32).contains(e)).map(|e| e as usize));
        extents.collect::<Option<Vec<_>>>().map(Some).ok_or_else(|| {
            self.wrong(key, value, "a list of positive extents (only the batch may be open)")
                .help("hardware has one size: build the model with a fixed input shape")
        })
    }

    /// An axis as Keras counts it (the batch is axis 0, negative from the end), counted without the batch.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize, Diagnostic> {
        let absolute = if axis < 0 { axis + rank as i64 + 1 } else { axis };
        usize::try_from(absolute - 1).ok().filter(|a| *a < rank).ok_or_else(|| {
            self.error(
                code::SHAPE,
                format!("axis {axis} is none of the {rank} axes of its input (the batch is axis 0)"),
            )
        })
    }
}
