//! Element-wise activations: `activate` with the function of one element.

use super::{Operand, known};
use crate::layer::Layer;
use crate::names::Namer;
use netlathe_ir::apfixed::{Class, cast, from_f64};
use netlathe_ir::op::activation::{Activation, Function, Span};
use netlathe_ir::{FixedType, Node};

pub(super) fn lower(layer: &mut Layer, a: &Activation, node: &Node, x: &Operand<'_>, namer: &mut Namer) {
    layer.headers.push("nnet_activation.h");
    let config = layer.config_name.clone();
    let function = match &a.function {
        Function::Linear => "linear".to_owned(),
        Function::Relu => "relu".to_owned(),
        Function::TernaryTanh { .. } => "ternary_tanh".to_owned(),
        Function::LeakyRelu { alpha: parameter, param }
        | Function::ThresholdedRelu { theta: parameter, param } => {
            let ty = known(*param);
            let name = layer.ty("param", &ty, namer);
            layer.value("parameter", &name, constant(*parameter, &ty));
            format!("{}<{config}>", a.function.name())
        }
        Function::Sigmoid | Function::Tanh => {
            let (Some(table), Some(Span::Around { range })) = (&a.table, a.function.table_span()) else {
                unreachable!("the passes attach a table to every function that has one")
            };
            let name = layer.ty("table", &table.ty, namer);
            // The ranges are powers of two, so that the index is a shift.
            layer.constant("log2_span", (2 * range).ilog2() as usize);
            layer.table("", &name, &table.entries, namer);
            format!("by_table<{config}>")
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
        _ => unreachable!("not made by any front end yet"),
    };
    layer.calls.push(format!("nnet::activate<nnet::{function}, {}>({}, {});", layer.len, x.array, layer.out));
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
