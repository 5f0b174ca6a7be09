//! Weights become the integers of their types.
//!
//! hls4ml writes weights as decimal text with as many decimals as the type has fraction bits, and the simulation reads that
//! text: the decimal rounding comes first, then the type's own conversion (TRN and WRAP by default). Powers of two are written as
//! sign and exponent.

use super::Context;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::{FixedType, Precision, from_f64, weight_raw};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    let mut errors = Vec::new();
    for id in graph.order() {
        let node = graph.node_mut(id);
        let name = node.name.clone();
        for (var, weight) in node.op.weights_mut() {
            match quantize(var, weight) {
                Ok(0) => {}
                Ok(wrapped) => cx.notes.push(
                    Diagnostic::warning(
                        "NL240",
                        format!(
                            "{wrapped} of {} {var} values are outside {}",
                            weight.data.len(),
                            weight.precision
                        ),
                    )
                    .layer(&name)
                    .help("give the type more integer bits, or AP_SAT"),
                ),
                Err(e) => errors.push(e.layer(&name)),
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Refused(errors)) }
}

/// Sets the raw integers; returns how many values the type cannot hold.
fn quantize(var: &str, weight: &mut Weight) -> Result<usize, Diagnostic> {
    let Precision::Is(ty) = weight.precision else {
        return Err(Diagnostic::error("NL120", format!("type `{var}` is open after inference")));
    };
    if ty.raw_bits() > 64 {
        return Err(Diagnostic::error("NL121", format!("{var} has type {ty}, wider than 64 bits"))
            .help("use a type of at most 64 bits"));
    }
    match weight.encoding {
        Encoding::Xnor => {
            weight.raw = Some(weight.data.mapv(|x| i64::from(x > 0.0)));
            return Ok(0);
        }
        Encoding::Exponent => return exponents(var, weight, &ty),
        Encoding::Fixed => {}
    }
    let (low, high) = (ty.min_value() - ty.lsb(), ty.max_value() + ty.lsb());
    let outside = weight.data.iter().filter(|&&x| x <= low || x >= high).count();
    weight.raw = Some(weight.data.mapv(|x| weight_raw(x, &ty).map_or(0, |raw| raw as i64)));
    Ok(outside)
}

/// Signs and exponents, these converted to their type.
fn exponents(var: &str, weight: &mut Weight, ty: &FixedType) -> Result<usize, Diagnostic> {
    let (low, high) = (ty.min_value(), ty.max_value());
    let mut outside = 0;
    for &x in weight.data.iter().filter(|x| x.is_finite()) {
        if libm::frexp(x.abs()).0 != 0.5 {
            return Err(Diagnostic::error(
                "NL126",
                format!("{var} holds {x}: its quantiser stores powers of two alone"),
            )
            .help("train the layer with its quantized_po2 quantiser, and store what that gives"));
        }
        let exponent = f64::from(libm::ilogb(x));
        outside += usize::from(exponent < low || exponent > high);
    }
    // What is not finite, validation refuses.
    weight.raw = Some(weight.data.mapv(|x| {
        let exponent = if x.is_finite() { libm::ilogb(x) } else { 0 };
        let raw = from_f64(f64::from(exponent), ty).map_or(0, |raw| raw as i64);
        2 * raw + i64::from(x > 0.0)
    }));
    Ok(outside)
}
