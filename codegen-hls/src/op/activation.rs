//! Element-wise activations: `activate` with the function of one element.

use super::{Operand, known};
use crate::layer::{Layer, array};
use crate::names::Namer;
use netlathe_ir::apfixed::{Class, cast, from_f64};
use netlathe_ir::config::IoType;
use netlathe_ir::op::activation::{
    Activation, Function, Span, clipped_relu_type, relu_constant_type, selu_lambda_type,
};
use netlathe_ir::table::SELU_LAMBDA;
use netlathe_ir::{FixedType, Node, Weight};

pub(super) fn lower(
    layer: &mut Layer,
    a: &Activation,
    node: &Node,
    x: &Operand<'_>,
    io_type: IoType,
    namer: &mut Namer,
) {
    let config = layer.config_name.clone();
    let function = match &a.function {
        Function::Linear => "linear".to_owned(),
        Function::Relu => "relu".to_owned(),
        Function::TernaryTanh { .. } if io_type == IoType::Parallel => "ternary_tanh".to_owned(),
        Function::TernaryTanh { .. } => {
            layer.headers.push("nnet_ternary_tanh.h");
            "ternary_tanh_of_stream".to_owned()
        }
        Function::LeakyRelu { alpha: parameter, param }
        | Function::ThresholdedRelu { theta: parameter, param } => {
            let ty = known(*param);
            let name = layer.ty("param", &ty, namer);
            layer.value("parameter", &name, constant(*parameter, &ty));
            format!("{}<{config}>", a.function.name())
        }
        Function::ClippedRelu { max } => {
            layer.headers.push("nnet_relu.h");
            fitting(layer, "maximum", f64::from(*max), clipped_relu_type(*max), namer);
            format!("clipped_relu<{config}>")
        }
        Function::GeneralRelu { max, slope, threshold } => {
            layer.headers.push("nnet_relu.h");
            fitting(layer, "slope", *slope, relu_constant_type(*slope), namer);
            fitting(layer, "threshold", *threshold, relu_constant_type(*threshold), namer);
            match max {
                Some(max) => {
                    fitting(layer, "maximum", *max, relu_constant_type(*max), namer);
                    format!("general_relu_with_maximum<{config}>")
                }
                None => format!("general_relu<{config}>"),
            }
        }
        Function::PRelu { alpha } => return prelu(layer, alpha, x, namer),
        Function::Sigmoid | Function::Tanh | Function::Softplus | Function::Softsign => {
            table(layer, a, namer);
            format!("by_table<{config}>")
        }
        Function::Elu { alpha, param } => {
            layer.headers.push("nnet_elu.h");
            let ty = known(*param);
            let name = layer.ty("param", &ty, namer);
            layer.value("parameter", &name, constant(*alpha, &ty));
            table(layer, a, namer);
            format!("elu<{config}>")
        }
        Function::Selu => {
            layer.headers.push("nnet_elu.h");
            let ty = selu_lambda_type(io_type, &x.ty);
            let name = layer.ty("lambda", &ty, namer);
            layer.value("lambda", &name, constant(SELU_LAMBDA, &ty));
            table(layer, a, namer);
            format!("selu<{config}>")
        }
        Function::Exponential { .. } | Function::Gelu { .. } | Function::Silu => {
            layer.headers.push("nnet_centred.h");
            table(layer, a, namer);
            let times = if matches!(a.function, Function::Exponential { .. }) { "by" } else { "times" };
            format!("{times}_centred_table<{config}>")
        }
        Function::HardSigmoid { slope, shift, slope_ty, shift_ty }
        | Function::HardTanh { slope, shift, slope_ty, shift_ty } => {
            for (role, number, ty) in [("slope", *slope, slope_ty), ("shift", *shift, shift_ty)] {
                let name = layer.ty(role, ty, namer);
                layer.value(role, &name, constant(number, ty));
            }
            format!("{}<{config}>", a.function.name())
        }
        Function::BinaryTanh => {
            let ty = node.ty();
            let result = layer.result.clone();
            for (role, number) in [("positive", 1), ("negative", -1)] {
                layer.value(role, &result, sign(number, &ty));
            }
            format!("binary_tanh<{config}>")
        }
    };
    layer.headers.push("nnet_activation.h");
    layer.calls.push(format!("nnet::activate<nnet::{function}, {}>({}, {});", layer.len, x.array, layer.out));
}

/// The function's table. Ranges are powers of two, so that the index is a shift.
fn table(layer: &mut Layer, a: &Activation, namer: &mut Namer) {
    let (Some(table), Some(span)) = (&a.table, a.function.table_span()) else {
        unreachable!("the passes attach a table to every function that has one")
    };
    let name = layer.ty("table", &table.ty, namer);
    let covered = match span {
        Span::Around { range } | Span::Centred { range } => 2 * range,
        Span::Below { range } => range,
    };
    layer.constant("log2_span", covered.ilog2() as usize);
    layer.table("", &name, &table.entries, namer);
}

/// A constant of a relu.
fn fitting(layer: &mut Layer, role: &str, number: f64, ty: FixedType, namer: &mut Namer) {
    let name = layer.ty(role, &ty, namer);
    layer.value(role, &name, constant(number, &ty));
}

/// Slopes by element.
fn prelu(layer: &mut Layer, alpha: &Weight, x: &Operand<'_>, namer: &mut Namer) {
    layer.headers.push("nnet_prelu.h");
    let n = alpha.data.len();
    let ty = layer.ty("param", &alpha.ty(), namer);
    layer.alias("slope_t", &ty);
    layer.constant("n", layer.len);
    layer.constant("slopes", n);
    let name = namer.unique(&format!("{}_slope", layer.ident));
    let note = format!("{n} slopes; raw integers of {}", alpha.ty());
    layer.weights.push(array(name.clone(), alpha.raw().iter().copied(), note));
    layer.calls.push(format!("nnet::prelu<{}>({}, {}, {name});", layer.config_name, x.array, layer.out));
}

/// The raw integer of a constant in its type.
fn constant(number: f64, ty: &FixedType) -> i128 {
    // A validated type has at most 128 bits; the conversion of a double to it always has an answer.
    from_f64(number, ty).unwrap_or_default()
}

/// The raw integer of 1 or -1 in the result's type; in one unsigned bit 0 stands for -1, as hls4ml has it.
fn sign(number: i128, ty: &FixedType) -> i128 {
    if number < 0 && ty.class == Class::Int && !ty.signed && ty.width == 1 {
        return 0;
    }
    cast(number, &FixedType::int(2), ty).unwrap_or_default()
}
