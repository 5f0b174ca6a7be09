//! Convolutions: plain, depthwise and separable, in one and two dimensions, of Keras and of QKeras.

use ndarray::{ArrayD, IxDyn};
use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::separable_conv::SeparableConv;
use netlathe_ir::op::window::{Spatial, Window};
use netlathe_ir::{Diagnostic, Op, Weight};

use super::batch_norm::Moments;
use super::{Piece, Scene, activation, weight, window};
use crate::error::code;
use crate::model::Keras;
use crate::weights::{Stored, Variable};

/// Most channels of a layer's output.
const MAX_CHANNELS: i64 = 1 << 28;

pub(super) fn conv(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let mut pieces = Vec::new();
    weight::refuse_low_precision(scene, &mut findings);
    let class = scene.layer.class.as_str();
    let op = if class.contains("Separable") {
        separable(scene)
    } else if class.contains("Depthwise") {
        depthwise(scene)
    } else if class == "QConv2DBatchnorm" {
        batch_norm_folded(scene)
    } else {
        plain(scene)
    };
    match op {
        Ok(op) => pieces.push(Piece { name: scene.layer.name.clone(), role: "", op }),
        Err(more) => findings.extend(more),
    }
    match activation::of_layer(scene) {
        Ok(activation) => pieces.extend(activation),
        Err(finding) => findings.push(finding),
    }
    if findings.is_empty() { Ok(pieces) } else { Err(findings) }
}

/// What every convolution has.
pub(super) struct Frame {
    pub spatial: Spatial,
    pub window: Window,
    /// Channels of the input.
    pub channels: usize,
    /// The window's extents as Keras stores them: one per spatial axis.
    pub stored: Vec<usize>,
}

/// Reads the settings of the window.
pub(super) fn frame(scene: &Scene<'_>) -> Result<Frame, Diagnostic> {
    window::channels_last(scene)?;
    let spatial = window::spatial(scene);
    let [h, w, channels] = window::image(scene, spatial)?;
    let kernel = window::extents(scene, "kernel_size", spatial, [0, 0])?;
    if kernel == [0, 0] {
        return Err(scene.error(code::MALFORMED, "has no `kernel_size`"));
    }
    let open = Window {
        kernel,
        stride: window::extents(scene, "strides", spatial, [1, 1])?,
        dilation: window::extents(scene, "dilation_rate", spatial, [1, 1])?,
        padding: Default::default(),
    };
    let window = window::padded(scene, open, [h, w])?;
    let stored = match spatial {
        Spatial::One => vec![kernel[1]],
        Spatial::Two => kernel.to_vec(),
    };
    Ok(Frame { spatial, window, channels, stored })
}

/// An integer setting of at least 1.
fn count(scene: &Scene<'_>, key: &str, default: i64) -> Result<usize, Diagnostic> {
    let n = scene.integer(key, default)?;
    usize::try_from(n)
        .ok()
        .filter(|_| (1..=MAX_CHANNELS).contains(&n))
        .ok_or_else(|| scene.error(code::MALFORMED, format!("`{key}` is {n}, 1 to {MAX_CHANNELS} is wanted")))
}

/// Channels and groups of a plain convolution: (filters, groups).
pub(super) fn filters(scene: &Scene<'_>, channels: usize) -> Result<(usize, usize), Diagnostic> {
    let (filters, groups) = (count(scene, "filters", 0)?, count(scene, "groups", 1)?);
    if !channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
        let message =
            format!("{groups} groups do not divide {channels} input channels and {filters} filters");
        return Err(scene.error(code::SHAPE, message));
    }
    Ok((filters, groups))
}

fn one(finding: Diagnostic) -> Vec<Diagnostic> {
    vec![finding]
}

fn plain(scene: &mut Scene<'_>) -> Result<Op, Vec<Diagnostic>> {
    let frame = frame(scene).map_err(one)?;
    let (filters, groups) = filters(scene, frame.channels).map_err(one)?;
    let head = [frame.channels / groups, filters];
    let stored = [&frame.stored[..], &head].concat();
    let shape = [&frame.window.kernel[..], &head].concat();
    let variable = Variable { name: "kernel", position: 0, shape: &stored };
    let weight = weight::kernel(scene, &variable, "kernel_quantizer", &shape);
    let bias = weight::bias(scene, 1, filters);
    let product = weight::product(weight, bias)?;
    Ok(Op::Conv(Conv::new(Kind::Plain, frame.spatial, frame.window, groups, product)))
}

/// QConv2DBatchnorm: the batch normalisation goes into kernel and bias before their quantisers see them, with the moving
/// averages whatever the layer's folding mode, since only training uses others (hls4ml `Conv2DBatchnorm`).
///
/// `inverse = gamma / sqrt(variance + epsilon)`, kernel `inverse * kernel`, bias `inverse * (bias - mean) + beta`; each
/// step rounded to float32 as numpy does on float32 weights.
fn batch_norm_folded(scene: &mut Scene<'_>) -> Result<Op, Vec<Diagnostic>> {
    let frame = frame(scene).map_err(one)?;
    let (filters, groups) = filters(scene, frame.channels).map_err(one)?;
    let rank = scene.inputs[0].len();
    let axis = scene.integer("axis", -1).and_then(|axis| scene.axis(axis, rank)).map_err(one)?;
    if axis + 1 != rank {
        return Err(one(
            scene.unsupported(format!("normalises axis {}; only the last is supported", axis + 1))
        ));
    }
    let shape = [&frame.window.kernel[..], &[frame.channels / groups, filters]].concat();
    weight::bounded(scene, &shape).map_err(one)?;
    let has_bias = scene.flag("use_bias", true).map_err(one)?;
    let kernel = scene.weights.get(scene.layer, &Variable { name: "kernel", position: 0, shape: &shape });
    let bias = match has_bias {
        true => scene.weights.get(scene.layer, &Variable { name: "bias", position: 1, shape: &[filters] }),
        false => Ok(Stored { data: ArrayD::zeros(IxDyn(&[filters])), single: true }),
    };
    let moments = Moments::read(scene, filters, 1 + usize::from(has_bias));
    let (mut kernel, mut bias, moments) = match (kernel, bias, moments) {
        (Ok(kernel), Ok(bias), Ok(moments)) => (kernel, bias, moments),
        (kernel, bias, moments) => {
            let mut findings: Vec<Diagnostic> = [kernel.err(), bias.err()].into_iter().flatten().collect();
            findings.extend(moments.err().into_iter().flatten());
            return Err(findings);
        }
    };
    let single = moments.single() && kernel.single && bias.single;
    let round = |v: f64| if single { f64::from(v as f32) } else { v };
    let epsilon = round(moments.epsilon);
    let inverse: Vec<f64> = moments
        .gamma
        .data
        .iter()
        .zip(&moments.variance.data)
        .map(|(gamma, variance)| round(round(1.0 / round(round(variance + epsilon).sqrt())) * gamma))
        .collect();
    for (i, v) in kernel.data.iter_mut().enumerate() {
        *v = round(inverse[i % filters] * *v);
    }
    for (i, v) in bias.data.iter_mut().enumerate() {
        let scaled = round(inverse[i] * round(*v - moments.mean.data[i]));
        *v = round(scaled + moments.beta.data[i]);
    }
    (kernel.single, bias.single) = (single, single);
    moments.check(scene, kernel.data.iter()).map_err(one)?;
    moments.check(scene, bias.data.iter()).map_err(one)?;
    let weight = weight::quantised(scene, kernel, "kernel", "kernel_quantizer");
    let bias = weight::quantised(scene, bias, "bias", "bias_quantizer").map(Some);
    let product = weight::product(weight, bias)?;
    Ok(Op::Conv(Conv::new(Kind::BatchNormFolded, frame.spatial, frame.window, groups, product)))
}

/// Reads a depthwise kernel: Keras's (.., channels, multiplier) becomes (.., 1, channels * multiplier).
fn depthwise_kernel(scene: &mut Scene<'_>, frame: &Frame) -> Result<Weight, Diagnostic> {
    let multiplier = count(scene, "depth_multiplier", 1)?;
    let stored = [&frame.stored[..], &[frame.channels, multiplier]].concat();
    let outputs = frame.channels.saturating_mul(multiplier);
    let shape = [&frame.window.kernel[..], &[1, outputs]].concat();
    // Keras 3 calls the only kernel of a depthwise convolution `kernel`; only its .h5 files know names.
    let plain = scene.keras == Keras::V3 && !scene.layer.class.contains("Separable") && !scene.is_qkeras();
    let name = if plain { "kernel" } else { "depthwise_kernel" };
    let variable = Variable { name, position: 0, shape: &stored };
    weight::kernel(scene, &variable, "depthwise_quantizer", &shape)
}

fn depthwise(scene: &mut Scene<'_>) -> Result<Op, Vec<Diagnostic>> {
    let frame = frame(scene).map_err(one)?;
    let outputs = frame.channels * count(scene, "depth_multiplier", 1).map_err(one)?;
    let weight = depthwise_kernel(scene, &frame);
    let bias = weight::bias(scene, 1, outputs);
    let product = weight::product(weight, bias)?;
    Ok(Op::Conv(Conv::new(Kind::Depthwise, frame.spatial, frame.window, frame.channels, product)))
}

fn separable(scene: &mut Scene<'_>) -> Result<Op, Vec<Diagnostic>> {
    let frame = frame(scene).map_err(one)?;
    let middle = frame.channels * count(scene, "depth_multiplier", 1).map_err(one)?;
    let filters = count(scene, "filters", 0).map_err(one)?;
    let depthwise = depthwise_kernel(scene, &frame);
    let ones = vec![1; frame.stored.len()];
    let variable =
        Variable { name: "pointwise_kernel", position: 1, shape: &[&ones[..], &[middle, filters]].concat() };
    let pointwise = weight::kernel(scene, &variable, "pointwise_quantizer", &[1, 1, middle, filters]);
    let bias = weight::bias(scene, 2, filters);
    match (depthwise, pointwise, bias) {
        (Ok(depthwise), Ok(pointwise), Ok(bias)) => Ok(Op::SeparableConv(SeparableConv::new(
            frame.spatial,
            frame.window,
            frame.channels,
            depthwise,
            pointwise,
            bias.unwrap_or_else(|| Weight::no_bias(filters)),
        ))),
        (depthwise, pointwise, bias) => {
            Err([depthwise.err(), pointwise.err(), bias.err()].into_iter().flatten().collect())
        }
    }
}
