//! Tables are computed, once for the emulator and the generated code.

use super::Context;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::op::activation::{Activation, Function, Span};
use crate::op::layer_norm::{LayerNorm, RootIndex};
use crate::op::softmax::{Implementation, Softmax};
use crate::table::{self, MAX_ENTRIES};
use netlathe_apfixed::{FixedType, Precision, TooWide};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    let mut errors = Vec::new();
    for id in graph.order() {
        let input = graph.node(id).inputs.first().map(|&i| graph.node(i).ty());
        let node = graph.node_mut(id);
        if let (Op::Activation(a), Some(input)) = (&node.op, &input) {
            cx.notes.extend(table_end(&a.function, input).map(|d| d.layer(&node.name)));
        }
        let result = match (&mut node.op, input) {
            (Op::Activation(a), _) => activation(a),
            (Op::Softmax(s), Some(input)) => softmax(s, &input),
            (Op::LayerNorm(l), _) => layer_norm(l),
            _ => Ok(()),
        };
        if let Err(e) = result {
            errors.push(e.layer(&node.name));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Refused(errors)) }
}

fn activation(a: &mut Activation) -> Result<(), Diagnostic> {
    let Some(span) = a.function.table_span() else { return Ok(()) };
    let ty = entry_type(a.table_ty)?;
    let size = checked(a.table_size)?;
    let table = match (&a.function, span) {
        (Function::Sigmoid, _) => table::sigmoid(ty, size),
        (Function::Tanh, _) => table::tanh(ty, size),
        (Function::Softplus, _) => table::softplus(ty, size),
        (Function::Softsign, _) => table::softsign(ty, size),
        (Function::Elu { .. }, _) => table::elu(ty, size),
        (Function::Selu, _) => table::selu(ty, size),
        (Function::Exponential { .. }, Span::Centred { range }) => table::centred(ty, size, range, libm::exp),
        (Function::Gelu { approximate }, Span::Centred { range }) => {
            table::centred(ty, size, range, |x| table::normal_cdf(x, *approximate))
        }
        (Function::Silu, Span::Centred { range }) => {
            table::centred(ty, size, range, |x| 1.0 / (1.0 + libm::exp(-x)))
        }
        _ => return Ok(()),
    };
    a.table = Some(table.map_err(too_wide)?);
    Ok(())
}

/// Softplus and softsign still change where hls4ml's tables end.
fn table_end(function: &Function, input: &FixedType) -> Option<Diagnostic> {
    if !matches!(function, Function::Softplus | Function::Softsign) || input.max_value() <= 8.0 {
        return None;
    }
    Some(
        Diagnostic::note(
            "NL234",
            format!(
                "its table of {} ends at -8 and 8: inputs beyond, up to {}, give what these give",
                function.name(),
                input.max_value()
            ),
        )
        .help("nothing to do where such inputs do not occur"),
    )
}

fn layer_norm(l: &mut LayerNorm) -> Result<(), Diagnostic> {
    if !(l.epsilon.is_finite() && l.epsilon > 0.0) {
        return Err(Diagnostic::error("NL125", format!("its epsilon is {}", l.epsilon))
            .help("epsilon is a positive number, such as 0.001"));
    }
    let ty = entry_type(l.table_ty)?;
    let size = checked(l.table_size)?;
    let table = match l.root {
        RootIndex::Uniform { range_power2 } => table::inverse_root(ty, size, l.epsilon, range_power2),
        RootIndex::Normalised if size < 2 || !size.is_power_of_two() => {
            return Err(Diagnostic::error("NL231", format!("TableSize {size} is no power of two"))
                .help("4096 is hls4ml's default"));
        }
        RootIndex::Normalised => table::normalised_inverse_root(ty, size),
    };
    l.table = Some(table.map_err(too_wide)?);
    Ok(())
}

fn softmax(s: &mut Softmax, input: &FixedType) -> Result<(), Diagnostic> {
    let exp_size = checked(s.exp_table_size.unwrap_or(s.table_size))?;
    let inv_size = checked(s.inv_table_size.unwrap_or(s.table_size))?;
    let (exp, inv) = match s.implementation {
        Implementation::Argmax => return Ok(()),
        Implementation::Legacy => {
            let ty = entry_type(s.table_ty)?;
            (table::legacy_exp(ty, exp_size), table::legacy_inverse(ty, inv_size))
        }
        Implementation::Stable | Implementation::Latency => {
            let stable = s.implementation == Implementation::Stable;
            let index = if stable { entry_type(s.inp_norm)? } else { *input };
            let inv_index = entry_type(s.inv_inp)?;
            for (size, ty, what) in [(exp_size, &index, "exp"), (inv_size, &inv_index, "inv")] {
                if table::ceil_log2(size) > ty.width {
                    return Err(Diagnostic::error(
                        "NL232",
                        format!(
                            "its {what} table of {size} entries is indexed by {ty}, which has fewer bits"
                        ),
                    )
                    .help("lower TableSize, or widen the type"));
                }
            }
            (
                table::softmax_exp(entry_type(s.exp_table_ty)?, exp_size, &index, stable),
                table::softmax_inverse(entry_type(s.inv_table_ty)?, inv_size, &inv_index),
            )
        }
    };
    s.exp_table = Some(exp.map_err(too_wide)?);
    s.inv_table = Some(inv.map_err(too_wide)?);
    Ok(())
}

fn entry_type(p: Precision) -> Result<FixedType, Diagnostic> {
    match p {
        Precision::Is(ty) if ty.raw_bits() <= 64 => Ok(ty),
        Precision::Is(ty) => {
            Err(Diagnostic::error("NL121", format!("table type {ty} is wider than 64 bits"))
                .help("use a table type of at most 64 bits"))
        }
        Precision::Auto => Err(Diagnostic::error("NL120", "a table's type is open after inference")),
    }
}

fn checked(size: u32) -> Result<u32, Diagnostic> {
    if (1..=MAX_ENTRIES).contains(&size) {
        return Ok(size);
    }
    Err(Diagnostic::error("NL231", format!("TableSize {size} is not between 1 and {MAX_ENTRIES}"))
        .help("1024 is hls4ml's default"))
}

fn too_wide(e: TooWide) -> Diagnostic {
    Diagnostic::error("NL121", e.to_string())
}
