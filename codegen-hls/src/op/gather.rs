//! Operations that only move elements: `gather` with the source of every output element.

use super::Operand;
use super::window::image;
use crate::layer::Layer;
use netlathe_ir::op::cropping::Cropping;
use netlathe_ir::op::resize::Resize;
use netlathe_ir::op::transpose::Transpose;
use netlathe_ir::op::window::Spatial;
use netlathe_ir::op::zero_padding::ZeroPadding;

/// Axes in another order.
pub(super) fn transpose(layer: &mut Layer, t: &Transpose, x: &Operand<'_>) {
    let strides = strides(&x.shape);
    let moved: Vec<usize> = t.perm.iter().map(|&axis| strides[axis]).collect();
    let shape = layer.shape.clone();
    lower(layer, x, &index(&shape, &moved));
}

/// A tensor repeated to the layer's shape.
pub(super) fn repeated(layer: &mut Layer, x: &Operand<'_>) {
    let index = repeated_index(&x.shape, &layer.shape);
    lower(layer, x, &index);
}

/// The index into a tensor of shape `from` of element `i` of the larger one to which it is repeated (numpy's rule).
pub(super) fn repeated_index(from: &[usize], to: &[usize]) -> String {
    let strides = strides(from);
    let lead = to.len() - from.len();
    let moved: Vec<usize> = (0..to.len())
        .map(|axis| match axis.checked_sub(lead) {
            Some(axis) if from[axis] != 1 => strides[axis],
            _ => 0,
        })
        .collect();
    index(to, &moved)
}

pub(super) fn zero_padding(layer: &mut Layer, z: &ZeroPadding, x: &Operand<'_>) {
    framed(layer, z.spatial, x, [z.sides.top as i64, z.sides.left as i64]);
}

pub(super) fn cropping(layer: &mut Layer, c: &Cropping, x: &Operand<'_>) {
    framed(layer, c.spatial, x, [-(c.sides.top as i64), -(c.sides.left as i64)]);
}

/// To the nearest cell.
pub(super) fn enlarged(layer: &mut Layer, r: &Resize, x: &Operand<'_>) {
    images(layer, r.spatial, x);
    layer.constant("factor_height", r.factors[0]);
    layer.constant("factor_width", r.factors[1]);
    call(layer, x, &format!("nnet::enlarged_image<{}>", layer.config_name));
}

fn framed(layer: &mut Layer, spatial: Spatial, x: &Operand<'_>, [down, right]: [i64; 2]) {
    images(layer, spatial, x);
    layer.config.push(format!("static const int down = {down};"));
    layer.config.push(format!("static const int right = {right};"));
    call(layer, x, &format!("nnet::framed_image<{}>", layer.config_name));
}

fn images(layer: &mut Layer, spatial: Spatial, x: &Operand<'_>) {
    layer.headers.push("nnet_image.h");
    let [in_height, in_width, channels] = image(spatial, &x.shape);
    let [out_height, out_width, _] = image(spatial, &layer.shape);
    for (name, value) in [
        ("in_height", in_height),
        ("in_width", in_width),
        ("out_height", out_height),
        ("out_width", out_width),
        ("channels", channels),
    ] {
        layer.constant(name, value);
    }
}

fn lower(layer: &mut Layer, x: &Operand<'_>, index: &str) {
    layer.config.push(source("source", index));
    call(layer, x, &format!("{}::source", layer.config_name));
}

fn call(layer: &mut Layer, x: &Operand<'_>, source: &str) {
    layer.headers.push("nnet_gather.h");
    layer.calls.push(format!("nnet::gather<{source}, {}>({}, {});", layer.len, x.array, layer.out));
}

/// A member of a configuration for `gather`: the function from an output's index to its source's.
pub(super) fn source(name: &str, index: &str) -> String {
    format!("struct {name} {{ static int of(int i) {{ return {index}; }} }};")
}

/// Elements from one place of an axis to the next.
fn strides(shape: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect()
}

/// The sum over the axes of `shape` of the place of flat index `i` times the axis's stride, in C++.
fn index(shape: &[usize], strides: &[usize]) -> String {
    // Neighbours that one stride steps through are one axis; axes of one place have no say.
    let mut axes: Vec<(usize, usize)> = Vec::new();
    for (&n, &stride) in shape.iter().zip(strides).filter(|(n, _)| **n != 1) {
        match axes.last_mut() {
            Some((m, outer)) if *outer == stride * n => {
                *m *= n;
                *outer = stride;
            }
            _ => axes.push((n, stride)),
        }
    }
    let total: usize = axes.iter().map(|a| a.0).product();
    let mut terms = Vec::new();
    let mut inner = total;
    for (n, stride) in axes {
        let first = inner == total;
        inner /= n;
        if stride == 0 {
            continue;
        }
        let mut term = "i".to_owned();
        if inner > 1 {
            term += &format!(" / {inner}");
        }
        if !first {
            term += &format!(" % {n}");
        }
        if stride > 1 {
            term += &format!(" * {stride}");
        }
        terms.push(term);
    }
    if terms.is_empty() { "i * 0".to_owned() } else { terms.join(" + ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_as_short_as_they_can_be() {
        assert_eq!(index(&[2, 3, 4], &[12, 4, 1]), "i");
        assert_eq!(index(&[4, 2, 3], &[1, 12, 4]), "i / 6 + i % 6 * 4");
        assert_eq!(index(&[3, 2], &[1, 3]), "i / 2 + i % 2 * 3");
        assert_eq!(repeated_index(&[3], &[2, 4, 3]), "i % 3");
        assert_eq!(repeated_index(&[2, 1, 3], &[2, 4, 3]), "i / 12 * 3 + i % 3");
        assert_eq!(repeated_index(&[1], &[5]), "i * 0");
    }
}
