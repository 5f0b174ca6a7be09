//! Binary and ternary dense layers behind a comparison sum in integers (hls4ml's `quantize_dense_output`).
//!
//! For the example models' `BinaryDense` and `TernaryDense` only: the sum of `n` products of -1, 0 and 1 fits
//! `ceil(log2 n) + 2` bits, the layer has no bias, and the thresholds behind it become integers.

use super::Context;
use crate::diag::Refused;
use crate::graph::Graph;
use crate::op::Op;
use crate::op::threshold::Levels;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::{FixedType, Precision};

pub(super) fn run(graph: &mut Graph, _: &mut Context<'_>) -> Result<(), Refused> {
    for id in graph.order() {
        let behind_a_comparison =
            graph.node(id).inputs.first().is_some_and(|&i| matches!(graph.node(i).op, Op::Threshold(_)));
        // Of several axes it is a convolution to hls4ml.
        let one_axis = graph.node(id).shape.len() == 1;
        let node = graph.node_mut(id);
        let Op::Dense(d) = &mut node.op else { continue };
        let binary = match d.weight.quantizer.as_ref().map(|q| q.text.as_str()) {
            Some("BinaryQuantizer") => true,
            Some("TernaryQuantizer") => false,
            _ => continue,
        };
        if !behind_a_comparison || !one_axis {
            continue;
        }
        let sum = FixedType::int(d.n_in().next_power_of_two().trailing_zeros() + 2);
        let weight = if binary { FixedType::uint(1) } else { FixedType::int(2) };
        d.accum = Precision::Is(sum);
        d.weight.precision = Precision::Is(weight);
        d.weight.encoding = if binary { Encoding::Xnor } else { Encoding::Fixed };
        d.bias.data.fill(0.0);
        d.bias.precision = Precision::Is(weight);
        d.bias.encoding = Encoding::Fixed;
        node.result = Precision::Is(sum);
        for reader in graph.consumers(id) {
            if let Op::Threshold(t) = &mut graph.node_mut(reader).op {
                let whole = |w: &mut Weight| {
                    w.data.mapv_inplace(libm::floor);
                    w.precision = Precision::Is(sum);
                };
                match &mut t.levels {
                    Levels::Binary { at } => whole(at),
                    Levels::Ternary { high, low } => {
                        whole(high);
                        whole(low);
                    }
                }
            }
        }
    }
    Ok(())
}
