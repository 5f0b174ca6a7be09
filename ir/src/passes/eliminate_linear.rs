//! Linear activations that change no type go (hls4ml's `eliminate_linear_activation` and `merge_linear_activation`).
//!
//! A linear activation stays where it converts: its type and its operand's type are both known and differ. After a layer whose
//! own type is still open it goes even if it has a type of its own: hls4ml 1.3.0 drops that type, and its user gets a warning
//! here. NetLathe's own choice of types keeps a quantiser that the file puts there.

use super::{Context, Types};
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::op::activation::Function;
use netlathe_apfixed::Precision;

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        let node = graph.node(id);
        if !matches!(&node.op, Op::Activation(a) if a.function == Function::Linear) {
            continue;
        }
        let parent = graph.node(node.inputs[0]);
        if node.result == parent.result {
            graph.bypass(id);
            continue;
        }
        let safe_parent =
            matches!(parent.op, Op::Dense(_) | Op::Conv(_) | Op::BatchNorm(_) | Op::Activation(_));
        if safe_parent && parent.result == Precision::Auto {
            if let Precision::Is(ty) = node.result {
                if !matches!(cx.types, Types::Configured) {
                    continue;
                }
                cx.notes.push(
                    Diagnostic::warning(
                        "NL211",
                        format!(
                            "its type {} has no effect, because the type of `{}` is auto",
                            ty.hls4ml(),
                            parent.name
                        ),
                    )
                    .layer(&node.name)
                    .help(format!(
                        "set Precision.result of `{}` to {}",
                        parent.name,
                        ty.hls4ml()
                    )),
                );
            }
            graph.bypass(id);
        }
    }
    Ok(())
}
