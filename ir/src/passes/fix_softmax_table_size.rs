//! Softmax tables do not outgrow the bits that index them (hls4ml's `fix_softmax_table_size` and its softmax template).
//!
//! After it both table sizes and the type of the normalised input are known. Warns where the index's resolution makes the
//! answer useless, as hls4ml's defaults do after a wide accumulator.

use super::Context;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::op::softmax::Implementation;
use crate::table::ceil_log2;
use netlathe_apfixed::{FixedType, Precision};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        let Op::Softmax(_) = &graph.node(id).op else { continue };
        let input = graph.node(graph.node(id).inputs[0]).ty();
        let node = graph.node_mut(id);
        let name = node.name.clone();
        let Op::Softmax(s) = &mut node.op else { continue };
        if s.inv_table_size.is_none() {
            let inv_width = match s.inv_table_ty {
                Precision::Is(ty) => ty.width,
                Precision::Auto => input.width,
            };
            let bits = input.width.min(inv_width);
            if bits < 32 && 1u32 << bits < s.table_size {
                s.table_size = 1 << bits;
            }
        }
        let inv = *s.inv_table_size.get_or_insert(s.table_size);
        let exp = s.exp_table_size.get_or_insert(s.table_size);
        if s.implementation == Implementation::Stable && s.inp_norm == Precision::Auto {
            // The difference is never negative, so the sign bit goes. It wraps beyond the type, as in hls4ml.
            let sign = u32::from(input.signed);
            let norm =
                FixedType::ufixed(input.width.saturating_sub(sign).max(1), input.integer - sign as i32);
            if input.signed {
                *exp = if norm.width < 32 { inv.min(1 << norm.width) } else { inv };
            }
            s.inp_norm = Precision::Is(norm);
        }
        let index = match (s.implementation, s.inp_norm) {
            (Implementation::Stable, Precision::Is(ty)) => ty,
            _ => input,
        };
        let step = libm::exp2(f64::from(index.integer) - f64::from(ceil_log2(*exp).min(index.width)));
        if matches!(s.implementation, Implementation::Stable | Implementation::Latency) && step > 0.25 {
            cx.notes.push(
                Diagnostic::warning(
                    "NL230",
                    format!(
                        "its exponential table has {exp} entries over {index}, a step of {step}: logits that differ by less \
                         give the same answer"
                    ),
                )
                .layer(&name)
                .help("give the layer before it a result type with few integer bits, such as fixed<16,6,RND,SAT>"),
            );
        }
    }
    Ok(())
}
