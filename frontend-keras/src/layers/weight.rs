//! Constant tensors of layers: read, bounded, and passed through the layer's quantiser.

use ndarray::{ArrayD, IxDyn};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::Scale;
use netlathe_ir::{Diagnostic, Weight, WeightQuantizer};
use serde_json::Value;

use super::Scene;
use crate::error::code;
use crate::qkeras::{self, Quantizer, Role};
use crate::weights::{Stored, Variable};

/// Most elements of a kernel: what fits in the largest weight file.
pub(super) const MAX_KERNEL: usize = 1 << 29;

/// Most bits of the type that a quantiser alone decides.
const MAX_TYPE_BITS: u32 = 64;

/// Elements of a kernel's shape, refused above [`MAX_KERNEL`] and where an axis is empty.
pub(super) fn bounded(scene: &Scene<'_>, shape: &[usize]) -> Result<(), Diagnostic> {
    let size = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    if size.is_some_and(|n| (1..=MAX_KERNEL).contains(&n)) {
        return Ok(());
    }
    let message = format!("its kernel would have the shape {shape:?}: 1 to {MAX_KERNEL} weights are read");
    Err(scene.error(code::MALFORMED, message))
}

/// Reads a kernel, passes it through the layer's quantiser, and gives it another shape of the same size.
///
/// The quantiser's scales are repeated for the channels that share one.
pub(super) fn kernel(
    scene: &mut Scene<'_>,
    variable: &Variable<'_>,
    key: &str,
    shape: &[usize],
) -> Result<Weight, Diagnostic> {
    bounded(scene, shape)?;
    let stored = scene.weights.get(scene.layer, variable)?;
    let mut weight = if scene.is_qkeras() {
        quantised(scene, stored, variable.name, key)?
    } else {
        Weight::new(stored.data, stored.single)
    };
    let broken =
        |e: ndarray::ShapeError| scene.error(code::WEIGHT_SHAPE, format!("weight `{}`: {e}", variable.name));
    let reshape = |data: ArrayD<f64>| data.into_shape_with_order(IxDyn(shape)).map_err(broken);
    weight.data = reshape(weight.data)?;
    if let Some(scale) = weight.quantizer.as_mut().and_then(|q| q.scale.as_mut()) {
        scale.unit = reshape(std::mem::take(&mut scale.unit))?;
        let channels = shape.last().copied().unwrap_or(1);
        scale.per_channel = scale.per_channel.iter().copied().cycle().take(channels).collect();
    }
    Ok(weight)
}

/// The values after the layer's quantiser under `key`, whatever type they need.
pub(super) fn values(scene: &Scene<'_>, stored: Stored, key: &str) -> Result<Stored, Diagnostic> {
    let value = scene.layer.config.get(key).unwrap_or(&Value::Null);
    let Some(quantizer) = qkeras::parse(value).map_err(|e| scene.quantizer_error(key, &e))? else {
        return Ok(stored);
    };
    let shape = stored.data.shape().to_vec();
    let refuse = |problem: String| scene.error(code::QUANTIZER, format!("{key}: {problem}"));
    let applied = qkeras::apply(&quantizer, &stored.to_f32(), &shape)
        .ok_or_else(|| refuse(format!("{} is for activations, not for weights", quantizer.class_name())))?;
    let data = applied.data.iter().map(|&v| f64::from(v)).collect();
    let data = ArrayD::from_shape_vec(IxDyn(&shape), data).map_err(|e| refuse(e.to_string()))?;
    Ok(Stored { data, single: true })
}

/// Reads the bias of `n` channels, the variable number `position`; `None` where the layer has none.
pub(super) fn bias(scene: &mut Scene<'_>, position: usize, n: usize) -> Result<Option<Weight>, Diagnostic> {
    if !scene.flag("use_bias", true)? {
        return Ok(None);
    }
    kernel(scene, &Variable { name: "bias", position, shape: &[n] }, "bias_quantizer", &[n]).map(Some)
}

/// A product of a kernel and a bias, or all that is wrong with both. hls4ml's stand-in for an absent bias is made only
/// once the kernel is known to be as large as the configuration claims.
pub(super) fn product(
    weight: Result<Weight, Diagnostic>,
    bias: Result<Option<Weight>, Diagnostic>,
) -> Result<Dense, Vec<Diagnostic>> {
    match (weight, bias) {
        (Ok(weight), Ok(bias)) => {
            let n = weight.data.shape().last().copied().unwrap_or(0);
            Ok(Dense::new(weight, bias.unwrap_or_else(|| Weight::no_bias(n))))
        }
        (weight, bias) => Err([weight.err(), bias.err()].into_iter().flatten().collect()),
    }
}

/// Keras 3 can store kernels in 8 or 4 bits with a scale beside them, which would be read as something else.
pub(super) fn refuse_low_precision(scene: &Scene<'_>, findings: &mut Vec<Diagnostic>) {
    let policy = scene.layer.config.get("dtype").and_then(|d| d.get("config")).and_then(|c| c.get("name"));
    let policy = policy.and_then(Value::as_str).unwrap_or("");
    let quantised = scene.layer.config.get("quantization_config").is_some_and(|q| !q.is_null());
    if quantised || policy.contains("int") || policy.contains("float8") {
        findings.push(
            scene
                .unsupported(format!("its weights are stored quantised by Keras itself (policy `{policy}`)"))
                .help("save the model before `quantize()`"),
        );
    }
    if scene.layer.config.get("lora_rank").is_some_and(|r| !r.is_null()) {
        findings.push(scene.unsupported("it has LoRA weights").help("merge them before saving"));
    }
}

/// The weight after the quantiser that the layer's configuration has under `key`; unchanged where there is none.
///
/// A scale of the quantiser belongs to the last axis as stored.
pub(super) fn quantised(
    scene: &mut Scene<'_>,
    stored: Stored,
    variable: &str,
    key: &str,
) -> Result<Weight, Diagnostic> {
    let value = scene.layer.config.get(key).unwrap_or(&Value::Null);
    let refuse = |problem: String| scene.error(code::QUANTIZER, format!("{key}: {problem}"));
    let Some(quantizer) = qkeras::parse(value).map_err(|e| scene.quantizer_error(key, &e))? else {
        return Ok(Weight::new(stored.data, stored.single));
    };
    let role = match key {
        "bias_quantizer" => Role::Bias,
        "kernel_quantizer" => Role::Kernel,
        _ => Role::Half,
    };
    let meaning = quantizer.weight_type(role).ok_or_else(|| {
        refuse(format!("{} is for activations, not for weights", quantizer.class_name()))
            .help("quantise weights with quantized_bits, quantized_po2, binary or ternary")
    })?;
    let shape = stored.data.shape().to_vec();
    let x = stored.to_f32();
    let applied = qkeras::apply(&quantizer, &x, &shape)
        .ok_or_else(|| refuse(format!("{} is not for weights", quantizer.class_name())))?;
    let factored = qkeras::factor(&quantizer, &x, &shape);
    // Only a kernel's scale is factored out. A bias with one leaves its quantiser's grid: its values are kept, and its
    // type is left to the configuration.
    let off_grid = factored.is_some() && role == Role::Bias;
    let wide = meaning.ty.width > MAX_TYPE_BITS;
    // hls4ml keeps the sign alone of a binary weight.
    let signs = matches!(quantizer, Quantizer::Binary { use_01: false, .. }) && !off_grid;
    let array = |values: &[f32]| {
        let value = |v: &f32| if signs { if *v >= 0.0 { 1.0 } else { -1.0 } } else { f64::from(*v) };
        ArrayD::from_shape_vec(IxDyn(&shape), values.iter().map(value).collect())
    };
    let broken =
        |e: ndarray::ShapeError| scene.error(code::WEIGHT_SHAPE, format!("weight `{variable}`: {e}"));
    let data = array(&applied.data).map_err(broken)?;
    if off_grid || wide {
        let why = if wide {
            format!("its values need {} bits, more than a type of this kind has", meaning.ty.width)
        } else {
            "with a scale of its own the bias is off its quantiser's grid, which gives no type".to_string()
        };
        let message = format!("{key}: {why}");
        scene.notes.push(Diagnostic::note(code::QUANTIZER_MEANING, message).layer(&scene.layer.name));
        return Ok(Weight::new(data, true));
    }
    let scale = match factored {
        Some(factored) => Some(Scale {
            per_channel: factored.scale,
            unit: array(&factored.unit).map_err(broken)?,
            po2: factored.po2,
        }),
        None => None,
    };
    let loose = meaning.differs.is_some();
    if let Some(why) = meaning.differs {
        scene.notes.push(
            Diagnostic::note(
                code::QUANTIZER_MEANING,
                format!("{key}: {why}; {} is used here", meaning.ty.hls4ml()),
            )
            .layer(&scene.layer.name),
        );
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other => other
            .get("config")
            .map_or_else(String::new, |config| format!("{} {config}", quantizer.class_name())),
    };
    Ok(Weight::new(data, true).quantized_by(WeightQuantizer {
        ty: meaning.ty,
        encoding: meaning.encoding,
        loose,
        text,
        scale,
        unquantized: None,
    }))
}
