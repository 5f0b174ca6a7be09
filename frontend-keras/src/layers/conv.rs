//! Convolutions: plain, depthwise and separable, in one and two dimensions, of Keras and of QKeras.

use netlathe_ir::op::conv::{Conv, Kind};
use netlathe_ir::op::separable_conv::SeparableConv;
use netlathe_ir::op::window::{Spatial, Window};
use netlathe_ir::{Diagnostic, Op, Weight};

use super::{Piece, Scene, activation, weight, window};
use crate::error::code;
use crate::model::Keras;
use crate::weights::Variable;

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
