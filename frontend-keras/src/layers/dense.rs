//! Dense, its binary and ternary forms of early Keras contributions, and QKeras's QDense.

use ndarray::{ArrayD, IxDyn};
use netlathe_ir::config::Strategy;
use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::{Encoding, Scale};
use netlathe_ir::{Diagnostic, FixedType, Op, Precision, Weight, WeightQuantizer};
use serde_json::Value;

use super::{Piece, Scene, activation};
use crate::error::code;
use crate::qkeras::{self, Quantizer};
use crate::weights::{Stored, Variable};

/// Most elements of a kernel: what fits in the largest weight file.
const MAX_KERNEL: usize = 1 << 29;

pub(super) fn dense(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let mut pieces = Vec::new();
    refuse_low_precision(scene, &mut findings);
    match core(scene) {
        Ok(dense) => pieces.push(Piece { name: scene.layer.name.clone(), role: "", op: Op::Dense(dense) }),
        Err(more) => findings.extend(more),
    }
    match activation::of_layer(scene) {
        Ok(activation) => pieces.extend(activation),
        Err(finding) => findings.push(finding),
    }
    if findings.is_empty() { Ok(pieces) } else { Err(findings) }
}

/// Keras 3 can store kernels in 8 or 4 bits with a scale beside them, which would be read as something else.
fn refuse_low_precision(scene: &Scene<'_>, findings: &mut Vec<Diagnostic>) {
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

/// The layer itself; kernel and bias are both judged before it is given up.
fn core(scene: &mut Scene<'_>) -> Result<Dense, Vec<Diagnostic>> {
    let n_in = scene.inputs[0].last().copied().unwrap_or(0);
    let n_out = units(scene, n_in).map_err(|d| vec![d])?;
    let weight = variable(scene, &Variable { name: "kernel", position: 0, shape: &[n_in, n_out] });
    let bias = match scene.flag("use_bias", true) {
        Ok(true) => variable(scene, &Variable { name: "bias", position: 1, shape: &[n_out] }),
        Ok(false) => Ok(Weight::no_bias(n_out)),
        Err(finding) => Err(finding),
    };
    match (weight, bias) {
        (Ok(weight), Ok(bias)) => Ok(Dense {
            weight,
            bias,
            accum: Precision::Auto,
            input: Encoding::Fixed,
            strategy: Strategy::Latency,
            reuse_factor: 1,
        }),
        (weight, bias) => Err([weight.err(), bias.err()].into_iter().flatten().collect()),
    }
}

/// Outputs of the layer: at least one, and a kernel that a weight file can hold.
fn units(scene: &Scene<'_>, n_in: usize) -> Result<usize, Diagnostic> {
    let units = scene.integer("units", 0)?;
    let fits = |n: &usize| *n > 0 && n.checked_mul(n_in).is_some_and(|size| size <= MAX_KERNEL);
    usize::try_from(units).ok().filter(fits).ok_or_else(|| {
        let message = format!(
            "`units` is {units} with {n_in} inputs: 1 or more is wanted, and at most {MAX_KERNEL} weights"
        );
        scene.error(code::MALFORMED, message)
    })
}

fn variable(scene: &mut Scene<'_>, variable: &Variable<'_>) -> Result<Weight, Diagnostic> {
    let stored = scene.weights.get(scene.layer, variable)?;
    quantised(scene, stored, variable.name)
}

/// The weight after the quantiser that the layer has for it.
fn quantised(scene: &mut Scene<'_>, stored: Stored, variable: &str) -> Result<Weight, Diagnostic> {
    match scene.layer.class.as_str() {
        "BinaryDense" => Ok(two_bits(stored, "BinaryQuantizer", |v| if v >= 0.0 { 1.0 } else { -1.0 })),
        "TernaryDense" => Ok(two_bits(stored, "TernaryQuantizer", |v| {
            if v > 0.5 {
                1.0
            } else if v <= -0.5 {
                -1.0
            } else {
                0.0
            }
        })),
        "QDense" => qkeras_weight(scene, stored, variable),
        _ => Ok(Weight::new(stored.data, stored.single)),
    }
}

/// hls4ml's own quantisers for the layers that early Keras contributions brought: both give `ap_int<2>`.
fn two_bits(stored: Stored, text: &str, f: impl Fn(f64) -> f64) -> Weight {
    Weight::new(stored.data.mapv(f), true).quantized_by(WeightQuantizer {
        ty: FixedType::int(2),
        encoding: Encoding::Fixed,
        text: text.into(),
        scale: None,
    })
}

fn qkeras_weight(scene: &mut Scene<'_>, stored: Stored, variable: &str) -> Result<Weight, Diagnostic> {
    let key = format!("{variable}_quantizer");
    let value = scene.layer.config.get(&key).unwrap_or(&Value::Null);
    let refuse = |problem: String| scene.error(code::QUANTIZER, format!("{key}: {problem}"));
    let Some(quantizer) = qkeras::parse(value).map_err(|e| scene.quantizer_error(&key, &e))? else {
        return Ok(Weight::new(stored.data, stored.single));
    };
    let kernel = variable == "kernel";
    let meaning = quantizer.weight_type(kernel).ok_or_else(|| {
        refuse(format!("{} is for activations, not for weights", quantizer.class_name()))
            .help("quantise weights with quantized_bits, binary or ternary")
    })?;
    let shape = stored.data.shape().to_vec();
    let x = stored.to_f32();
    let applied = qkeras::apply(&quantizer, &x, &shape)
        .ok_or_else(|| refuse(format!("{} is not for weights", quantizer.class_name())))?;
    let factored = qkeras::factor(&quantizer, &x, &shape);
    // Only a kernel's scale is factored out. A bias with one leaves its quantiser's grid: its values are kept, and its
    // type is left to the configuration.
    let off_grid = factored.is_some() && !kernel;
    // hls4ml keeps the sign alone of a binary weight.
    let signs = matches!(quantizer, Quantizer::Binary { use_01: false, .. }) && !off_grid;
    let array = |values: &[f32]| {
        let value = |v: &f32| if signs { if *v >= 0.0 { 1.0 } else { -1.0 } } else { f64::from(*v) };
        ArrayD::from_shape_vec(IxDyn(&shape), values.iter().map(value).collect())
    };
    let broken =
        |e: ndarray::ShapeError| scene.error(code::WEIGHT_SHAPE, format!("weight `{variable}`: {e}"));
    let data = array(&applied.data).map_err(broken)?;
    if off_grid {
        let message = format!(
            "{key}: with a scale of its own the bias is off its quantiser's grid, which gives no type"
        );
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
        text,
        scale,
    }))
}
