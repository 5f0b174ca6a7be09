//! Up-sampling: to the nearest cell, or bilinear.

use super::Operand;
use super::{gather, window::image};
use crate::layer::Layer;
use netlathe_ir::op::resize::{Interpolation, Resize};

pub(super) fn lower(layer: &mut Layer, r: &Resize, x: &Operand<'_>) {
    match r.interpolation {
        Interpolation::Nearest => gather::enlarged(layer, r, x),
        Interpolation::Bilinear => bilinear(layer, r, x),
    }
}

fn bilinear(layer: &mut Layer, r: &Resize, x: &Operand<'_>) {
    let [height, width, channels] = image(r.spatial, &x.shape);
    let divisor = 4 * r.factors[0] * r.factors[1];
    let log2 = if divisor.is_power_of_two() { divisor.ilog2() as usize } else { 0 };
    layer.headers.push("nnet_bilinear.h");
    for (name, value) in [
        ("in_height", height),
        ("in_width", width),
        ("channels", channels),
        ("factor_height", r.factors[0]),
        ("factor_width", r.factors[1]),
        ("weight_bits", divisor.ilog2() as usize + 1),
        ("log2_divisor", log2),
        ("divisor", if log2 > 0 { 1 } else { divisor }),
    ] {
        layer.constant(name, value);
    }
    layer.calls.push(format!("nnet::bilinear<{}>({}, {});", layer.config_name, x.array, layer.out));
}
