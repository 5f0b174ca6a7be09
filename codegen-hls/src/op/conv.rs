//! Convolution: `conv`, which gathers the window of every position for `conv_position`.

use super::{Operand, product, window};
use crate::layer::Layer;
use crate::names::Namer;
use netlathe_ir::FixedType;
use netlathe_ir::op::conv::Conv;
use product::Product;

pub(super) fn lower(layer: &mut Layer, c: &Conv, x: &Operand<'_>, namer: &mut Namer) {
    let image = window::image(c.spatial, &x.shape);
    let positions = window::configure(layer, &c.window, image);
    let product = configure(layer, c, image[2], &x.ty, namer);
    layer.headers.push("nnet_conv_parallel.h");
    let side_by_side = (c.parallelization_factor as usize).clamp(1, positions[0] * positions[1]);
    layer.constant("parallel_positions", side_by_side);
    layer.calls.push(format!(
        "nnet::conv<{}>({}, {}, {}, {});",
        layer.config_name, x.array, layer.out, product.weight, product.bias
    ));
}

/// Adds what `nnet::conv_position<CONFIG_T>(window, y, weight, bias)` needs: the product, the size of the window, the groups.
/// The window's geometry is [`window::configure`]'s.
pub(crate) fn configure(
    layer: &mut Layer,
    c: &Conv,
    channels: usize,
    x: &FixedType,
    namer: &mut Namer,
) -> Product {
    let product = product::lower(layer, &c.product, x, c.groups, namer);
    layer.constant("n_window", c.window.kernel[0] * c.window.kernel[1] * channels);
    if c.groups > 1 {
        layer.constant("groups", c.groups);
        layer.constant("group_channels", channels / c.groups);
    }
    product.name_position(layer);
    product
}
