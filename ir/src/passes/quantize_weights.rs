//! Weights become the integers of their types.
//!
//! hls4ml writes weights as decimal text with as many decimals as the type has fraction bits, and the simulation reads that
//! text: the decimal rounding comes first, then the type's own conversion (TRN and WRAP by default).

use super::Context;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::{Precision, weight_raw};

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
    if weight.encoding == Encoding::Xnor {
        weight.raw = Some(weight.data.mapv(|x| i64::from(x > 0.0)));
        return Ok(0);
    }
    let (low, high) = (ty.min_value() - ty.lsb(), ty.max_value() + ty.lsb());
    let outside = weight.data.iter().filter(|&&x| x <= low || x >= high).count();
    weight.raw = Some(weight.data.mapv(|x| weight_raw(x, &ty).map_or(0, |raw| raw as i64)));
    Ok(outside)
}
