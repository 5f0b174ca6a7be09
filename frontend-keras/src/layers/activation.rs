//! Activations: as a layer, as an argument of another layer, and QKeras's.

use ndarray::IxDyn;
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::softmax::Softmax;
use netlathe_ir::{Diagnostic, FixedType, Op, Precision, Weight};
use serde_json::Value;

use super::{ACTIVATIONS, Piece, Scene};
use crate::error::code;
use crate::model::Keras;
use crate::qkeras::{self, Alpha, Quantizer};
use crate::weights::Variable;

/// Keras's slope of the activation `leaky_relu` (the layer has its own).
const LEAKY_RELU_SLOPE: f64 = 0.2;
/// The range of an exponential's table until a pass sets it by the input's type.
const EXPONENTIAL_RANGE_LOG2: u32 = 4;
/// QKeras's threshold of a ternary activation where the file gives none.
const TERNARY_THRESHOLD: f64 = 0.33;

/// The activation argument of a layer, as a node of its own, as hls4ml makes it: `<layer>_<activation>`. Keras 2 networks
/// have one for `linear` too.
pub(super) fn of_layer(scene: &mut Scene<'_>) -> Result<Option<Piece>, Diagnostic> {
    let value = scene.layer.config.get("activation").cloned().unwrap_or(Value::Null);
    let name = match plain_name(&value) {
        Some(name) => name.to_string(),
        None => {
            let (quantizer, op) = quantised(scene, &value)?;
            let name = format!("{}_{}", scene.layer.name, quantizer.class_name());
            return Ok(Some(Piece { name, role: "activation", op }));
        }
    };
    if name == "linear" && scene.keras == Keras::V3 {
        return Ok(None);
    }
    let op = by_name(scene, &name)?;
    Ok(Some(Piece { name: format!("{}_{name}", scene.layer.name), role: "activation", op }))
}

/// Layer `Activation`.
pub(super) fn layer(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let value = scene.layer.config.get("activation").cloned().unwrap_or(Value::Null);
    let op = match plain_name(&value) {
        Some(name) => by_name(scene, name)?,
        None => quantised(scene, &value)?.1,
    };
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}

/// Layer `QActivation`.
pub(super) fn qactivation(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let value = scene.layer.config.get("activation").cloned().unwrap_or(Value::Null);
    let (_, op) = quantised(scene, &value)?;
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}

/// Layers `ReLU`, `LeakyReLU`, `PReLU`, `ELU`, `ThresholdedReLU`, `Softmax`.
pub(super) fn class(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let leaky = |alpha| Function::LeakyRelu { alpha, param: Precision::Auto };
    let op = match scene.layer.class.as_str() {
        "Softmax" => {
            if scene.layer.config.get("axis").and_then(Value::as_array).is_some_and(|a| a.len() != 1) {
                return Err(scene.unsupported("a softmax over several axes together is not supported"));
            }
            Op::Softmax(Softmax::new(scene.axis(scene.integer("axis", -1)?, scene.inputs[0].len())?))
        }
        "LeakyReLU" => {
            // Keras 2 calls it alpha.
            let slope = scene.number("negative_slope")?.or(scene.number("alpha")?).unwrap_or(0.3);
            Op::Activation(Activation::new(leaky(slope)))
        }
        "ThresholdedReLU" => {
            let theta = scene.number("theta")?.unwrap_or(1.0);
            Op::Activation(Activation::new(Function::ThresholdedRelu { theta, param: Precision::Auto }))
        }
        "PReLU" => Op::Activation(Activation::new(Function::PRelu { alpha: Box::new(slopes(scene)?) })),
        "ELU" => {
            let alpha = scene.number("alpha")?.unwrap_or(1.0);
            Op::Activation(Activation::new(Function::Elu { alpha, param: Precision::Auto }))
        }
        _ => Op::Activation(Activation::new(relu(scene)?)),
    };
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}

/// Layer `ReLU` with its three settings.
fn relu(scene: &Scene<'_>) -> Result<Function, Diagnostic> {
    let unbounded = scene.layer.config.get("max_value").and_then(Value::as_str) == Some("Infinity");
    let max = if unbounded { None } else { scene.number("max_value")? };
    let slope = scene.number("negative_slope")?.unwrap_or(0.0);
    let threshold = scene.number("threshold")?.unwrap_or(0.0);
    if max.is_some_and(|m| m < 0.0) || slope < 0.0 || threshold < 0.0 {
        let message = format!(
            "max_value = {max:?}, negative_slope = {slope}, threshold = {threshold}: Keras allows none below 0"
        );
        return Err(scene.error(code::MALFORMED, message));
    }
    Ok(match (max, slope != 0.0, threshold != 0.0) {
        (None, true, false) => Function::LeakyRelu { alpha: slope, param: Precision::Auto },
        // hls4ml makes every ReLU layer of Keras 3 a thresholded one.
        (None, false, true) => Function::ThresholdedRelu { theta: threshold, param: Precision::Auto },
        (None, false, false) if scene.keras == Keras::V3 => {
            Function::ThresholdedRelu { theta: 0.0, param: Precision::Auto }
        }
        (None, false, false) => Function::Relu,
        _ => Function::GeneralRelu { max, slope, threshold },
    })
}

/// The slopes of a PReLU: one per element of the axes from the first on that is not shared.
fn slopes(scene: &mut Scene<'_>) -> Result<Weight, Diagnostic> {
    let input = scene.inputs[0].clone();
    let mut shape = input.clone();
    match scene.layer.config.get("shared_axes") {
        None | Some(Value::Null) => {}
        Some(value) => {
            let axes: Option<Vec<i64>> =
                value.as_array().and_then(|list| list.iter().map(Value::as_i64).collect());
            for axis in axes.ok_or_else(|| scene.wrong("shared_axes", value, "a list of axes"))? {
                shape[scene.axis(axis, input.len())?] = 1;
            }
        }
    }
    let stored = scene.weights.get(scene.layer, &Variable { name: "alpha", position: 0, shape: &shape })?;
    let shared = shape.iter().take_while(|n| **n == 1).count();
    let broken = |e: String| scene.error(code::WEIGHT_SHAPE, format!("weight `alpha`: {e}"));
    let data = if shape[shared..] == input[shared..] {
        stored.data.into_shape_with_order(IxDyn(&shape[shared..])).map_err(|e| broken(e.to_string()))?
    } else {
        // Keras repeats the slopes over the shared axes; here every element gets its own.
        let all = stored.data.broadcast(IxDyn(&input)).map(|view| view.to_owned());
        all.ok_or_else(|| broken(format!("{shape:?} does not spread over {input:?}")))?
    };
    Ok(Weight::new(data, stored.single))
}

/// Layers that only training knows: gone with Keras 2; with Keras 3 a linear activation that a pass removes.
pub(super) fn training_only(scene: &Scene<'_>) -> Vec<Piece> {
    match scene.keras {
        Keras::V2 => Vec::new(),
        Keras::V3 => {
            let op = Op::Activation(Activation::new(Function::Linear));
            vec![Piece { name: scene.layer.name.clone(), role: "", op }]
        }
    }
}

/// The name of a Keras activation; `None` for a quantiser.
fn plain_name(value: &Value) -> Option<&str> {
    let text = match value {
        Value::Null => "linear",
        Value::String(text) => text,
        // A function, as Keras 3 writes those it does not know by heart.
        Value::Object(map) if map.get("class_name").and_then(Value::as_str) == Some("function") => {
            map.get("config").and_then(Value::as_str)?
        }
        _ => return None,
    };
    let text = text.rsplit(['>', '.']).next().unwrap_or(text);
    (ACTIVATIONS.contains(&text) || !qkeras::is_quantizer_name(text)).then_some(text)
}

fn by_name(scene: &Scene<'_>, name: &str) -> Result<Op, Diagnostic> {
    let function = match name {
        "linear" => Function::Linear,
        "relu" => Function::Relu,
        "relu6" => Function::ClippedRelu { max: 6 },
        "elu" => Function::Elu { alpha: 1.0, param: Precision::Auto },
        "selu" => Function::Selu,
        "softplus" => Function::Softplus,
        "softsign" => Function::Softsign,
        "exponential" => Function::Exponential { range_log2: EXPONENTIAL_RANGE_LOG2 },
        // Keras's default, and all that the name alone can say.
        "gelu" => Function::Gelu { approximate: false },
        "silu" | "swish" => Function::Silu,
        "leaky_relu" => Function::LeakyRelu { alpha: LEAKY_RELU_SLOPE, param: Precision::Auto },
        "sigmoid" => Function::Sigmoid,
        "tanh" => Function::Tanh,
        "hard_sigmoid" => {
            // Keras 3 computes relu6(x + 3) / 6.
            let slope = if scene.keras == Keras::V3 { 1.0 / 6.0 } else { 0.2 };
            let (slope_ty, shift_ty) = (FixedType::ufixed(16, 0), FixedType::ufixed(2, 0));
            Function::HardSigmoid { slope, shift: 0.5, slope_ty, shift_ty }
        }
        "hard_tanh" => {
            // clip(x, -1, 1)
            let half = FixedType::ufixed(2, 0);
            Function::HardTanh { slope: 0.5, shift: 0.5, slope_ty: half, shift_ty: half }
        }
        "binary_tanh" => Function::BinaryTanh,
        "ternary_tanh" => Function::TernaryTanh { threshold: 0.5 },
        "softmax" => {
            let last = scene.inputs[0].len().saturating_sub(1);
            return Ok(Op::Softmax(Softmax::new(last)));
        }
        other => {
            let name: String = other.chars().take(120).collect();
            return Err(scene
                .unsupported(format!("activation `{name}` is not supported"))
                .subject(format!("activation {name}"))
                .help(format!("supported are {} and QKeras's quantisers", ACTIVATIONS.join(", "))));
        }
    };
    Ok(Op::Activation(Activation::new(function)))
}

/// A QKeras activation: its function, and the type that its quantiser means.
fn quantised(scene: &mut Scene<'_>, value: &Value) -> Result<(Quantizer, Op), Diagnostic> {
    let refuse = |scene: &Scene<'_>, problem: String| scene.error(code::QUANTIZER, problem);
    let quantizer = qkeras::parse_activation(value)
        .map_err(|e| scene.quantizer_error("activation", &e))?
        .ok_or_else(|| refuse(scene, "its quantiser is null".into()))?;
    let scaled = match quantizer.alpha() {
        Alpha::Auto | Alpha::AutoPo2 => Some("a scale that is found from the data"),
        alpha if alpha.is_factored() => Some("a scale other than 1"),
        _ => None,
    };
    if let Some(scaled) = scaled {
        return Err(refuse(
            scene,
            format!("{} with {scaled} is not supported on an activation", quantizer.class_name()),
        )
        .help("use alpha=1"));
    }
    let meaning = quantizer.activation_type().ok_or_else(|| {
        scene
            .unsupported(format!("{} is not supported on an activation", quantizer.class_name()))
            .help("use quantized_relu or quantized_bits")
    })?;
    let half = FixedType::ufixed(2, 0);
    let function = match &quantizer {
        // Powers of two were refused above.
        Quantizer::Bits(_) | Quantizer::Po2(_) => Function::Linear,
        Quantizer::Relu { negative_slope, .. } if *negative_slope != 0.0 => {
            Function::LeakyRelu { alpha: *negative_slope, param: Precision::Auto }
        }
        Quantizer::Relu { .. } => Function::Relu,
        Quantizer::Tanh { real: true, .. } => Function::Tanh,
        Quantizer::Tanh { .. } => {
            Function::HardTanh { slope: 0.5, shift: 0.5, slope_ty: half, shift_ty: half }
        }
        Quantizer::Sigmoid { real: true, .. } => Function::Sigmoid,
        Quantizer::Sigmoid { .. } => {
            Function::HardSigmoid { slope: 0.5, shift: 0.5, slope_ty: half, shift_ty: half }
        }
        Quantizer::Binary { use_01: true, .. } => {
            return Err(refuse(
                scene,
                "binary with use_01 (0 and 1) is not supported on an activation".into(),
            ));
        }
        Quantizer::Binary { .. } => Function::BinaryTanh,
        Quantizer::Ternary { threshold, .. } => {
            Function::TernaryTanh { threshold: threshold.unwrap_or(TERNARY_THRESHOLD) }
        }
    };
    if let Some(why) = meaning.differs {
        let message = format!("{}: {why}; {} is used here", quantizer.class_name(), meaning.ty.hls4ml());
        scene.notes.push(Diagnostic::note(code::QUANTIZER_MEANING, message).layer(&scene.layer.name));
    }
    let mut op = Activation::new(function);
    op.quantizer = Some(meaning.ty);
    Ok((quantizer, Op::Activation(op)))
}
