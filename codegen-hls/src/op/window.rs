//! The geometry of windows, as configurations say it.

use crate::layer::Layer;
use netlathe_ir::op::window::{Spatial, Window};

/// (height, width, channels) of an operand.
pub(crate) fn image(spatial: Spatial, shape: &[usize]) -> [usize; 3] {
    spatial.split(shape).unwrap_or_else(|why| unreachable!("a validated graph has fitting shapes: {why}"))
}

/// Adds image, window and positions to the configuration; returns the positions (height, width).
pub(crate) fn configure(layer: &mut Layer, w: &Window, [height, width, channels]: [usize; 3]) -> [usize; 2] {
    let positions = w
        .positions([height, width])
        .unwrap_or_else(|why| unreachable!("a validated graph has fitting windows: {why}"));
    for (name, value) in [
        ("in_height", height),
        ("in_width", width),
        ("channels", channels),
        ("out_height", positions[0]),
        ("out_width", positions[1]),
        ("kernel_height", w.kernel[0]),
        ("kernel_width", w.kernel[1]),
        ("stride_height", w.stride[0]),
        ("stride_width", w.stride[1]),
        ("dilation_height", w.dilation[0]),
        ("dilation_width", w.dilation[1]),
        ("pad_top", w.padding.top),
        ("pad_left", w.padding.left),
    ] {
        layer.constant(name, value);
    }
    positions
}
