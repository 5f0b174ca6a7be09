//! What the HLS tools cannot do: networks for which they run out of memory or refuse, known before they are started.
//!
//! Two numbers, both Vivado's and Vitis HLS's own: an array of more than 4096 elements is not partitioned completely
//! (`config_array_partition -maximum_size`, 4096 in hls4ml's scripts), and a loop is not unrolled more than 4096 times. The
//! generated code needs both: in `io_parallel` every tensor is a partitioned array and all loops are unrolled by the one
//! pipeline around them; in `io_stream` that holds of a token, of a window and of the products of one position.

use netlathe_ir::config::{IoType, Strategy};
use netlathe_ir::op::dense::legal_reuse_factors;
use netlathe_ir::op::pool::Extent;
use netlathe_ir::{Diagnostic, Node, Op, Validated};

/// Elements of a completely partitioned array.
pub const MAX_ELEMENTS: usize = 4096;
/// Products of one layer that are laid out side by side.
pub const MAX_PRODUCTS: usize = 4096;

/// A layer that is too large, and the reuse factor that would do.
#[derive(Clone, PartialEq, Debug)]
pub struct Excess {
    /// The layer's name.
    pub layer: String,
    /// Coded NL501 (an array) or NL502 (products).
    pub diagnostic: Diagnostic,
    /// The smallest legal reuse factor of strategy Resource by which its products fit; `None` when the products are not what is
    /// too large, or no factor does.
    pub reuse_factor: Option<u32>,
}

/// Every layer that is beyond what the tools can do.
pub fn check(network: &Validated) -> Vec<Excess> {
    let io = network.graph().io_type;
    network.nodes().flat_map(|(_, node)| excesses(network, node, io)).collect()
}

fn excesses(network: &Validated, node: &Node, io: IoType) -> Vec<Excess> {
    let mut found = Vec::new();
    let (elements, what) = array(network, node, io);
    if elements > MAX_ELEMENTS {
        let message = format!(
            "its {what} has {elements} elements; the HLS tools partition no array of more than {MAX_ELEMENTS}"
        );
        found.push(Excess {
            layer: node.name.clone(),
            diagnostic: Diagnostic::error("NL501", message).layer(&node.name),
            reuse_factor: None,
        });
    }
    let (products, positions) = products(node, io);
    if let Some(d) = node.op.product() {
        let side_by_side = match d.strategy {
            Strategy::Latency | Strategy::DistributedArithmetic => products * positions,
            Strategy::Resource | Strategy::ResourceUnrolled => {
                products.div_ceil(d.reuse_factor.max(1) as usize) * positions
            }
        };
        if side_by_side > MAX_PRODUCTS {
            let message = format!(
                "strategy {} with ReuseFactor {} lays out {side_by_side} products side by side; the HLS tools unroll at most \
                 {MAX_PRODUCTS}",
                d.strategy.name(),
                d.reuse_factor
            );
            found.push(Excess {
                layer: node.name.clone(),
                diagnostic: Diagnostic::error("NL502", message).layer(&node.name),
                reuse_factor: legal_reuse_factors(d.n_in(), d.n_out())
                    .into_iter()
                    .find(|&rf| products.div_ceil(rf as usize) * positions <= MAX_PRODUCTS),
            });
        }
    }
    found
}

/// The largest array of a layer that is partitioned completely: elements, and what it is.
fn array(network: &Validated, node: &Node, io: IoType) -> (usize, &'static str) {
    if io == IoType::Parallel {
        return (node.len(), "tensor");
    }
    let channels = |n: &Node| n.shape.last().copied().unwrap_or(1);
    let x = node.inputs.first().map_or(0, |&id| channels(network.node(id)));
    let window = match &node.op {
        // What lies between the cells of a dilated window is kept, too.
        Op::Conv(c) => c.window.reach().into_iter().fold(x, usize::saturating_mul),
        Op::Pool(p) => match p.extent {
            Extent::Window(w) => w.reach().into_iter().fold(x, usize::saturating_mul),
            Extent::Global { .. } => x,
        },
        _ => 0,
    };
    let token = channels(node);
    if window > token { (window, "window") } else { (token, "token") }
}

/// The products of one position, and the positions that are computed side by side.
fn products(node: &Node, io: IoType) -> (usize, usize) {
    let Some(d) = node.op.product() else { return (0, 0) };
    let positions: usize = match io {
        IoType::Parallel => node.shape.split_last().map_or(1, |(_, spatial)| spatial.iter().product()),
        IoType::Stream => 1,
    };
    (d.n_in() * d.n_out(), positions)
}
