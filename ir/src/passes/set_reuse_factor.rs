//! Strategies and reuse factors that can be laid out (hls4ml's `init_dense`).

use super::Context;
use crate::config::Strategy;
use crate::diag::{Diagnostic, Refused};
use crate::graph::Graph;
use crate::op::Op;
use crate::op::dense::{legal_reuse_factors, nearest_reuse_factor};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    let mut errors = Vec::new();
    for id in graph.order() {
        let node = graph.node_mut(id);
        let name = node.name.clone();
        let Op::Dense(d) = &mut node.op else { continue };
        let mut legal = legal_reuse_factors(d.n_in(), d.n_out());
        match d.strategy {
            Strategy::Latency => continue,
            Strategy::DistributedArithmetic => {
                errors.push(
                    Diagnostic::error(
                        crate::diag::UNSUPPORTED_LAYER,
                        "strategy distributed_arithmetic is not supported yet",
                    )
                    .layer(&name)
                    .subject("distributed_arithmetic")
                    .help("use Latency, Resource or Resource_unrolled"),
                );
                continue;
            }
            Strategy::ResourceUnrolled if d.reuse_factor == 1 => {
                cx.notes.push(
                    Diagnostic::warning(
                        "NL221",
                        "Resource_unrolled needs a ReuseFactor above 1; Resource is used",
                    )
                    .layer(&name),
                );
                d.strategy = Strategy::Resource;
            }
            Strategy::ResourceUnrolled => {
                legal.pop();
            }
            Strategy::Resource => {}
        }
        let rf = nearest_reuse_factor(&legal, d.reuse_factor);
        if rf != d.reuse_factor {
            let list = legal.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            cx.notes.push(
                Diagnostic::warning(
                    "NL220",
                    format!("ReuseFactor {} cannot be laid out; {rf} is used", d.reuse_factor),
                )
                .layer(&name)
                .help(format!("legal for {} x {}: {list}", d.n_in(), d.n_out())),
            );
            d.reuse_factor = rf;
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Refused(errors)) }
}
