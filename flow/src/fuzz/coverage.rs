//! What the cases met: so that nothing is silently never drawn.

use super::case::Case;
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::pool::Extent;
use netlathe_ir::op::threshold::Levels;
use netlathe_ir::weight::Encoding;
use netlathe_ir::{Op, Validated};
use std::collections::{BTreeMap, BTreeSet};

/// Counts of layers in the networks that were compared, and of reasons why draws were refused.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Coverage {
    /// Feature to (in io_parallel, in io_stream).
    pub met: BTreeMap<String, (usize, usize)>,
    /// Reason to number of refused draws.
    pub refused: BTreeMap<String, usize>,
}

/// What must be met by a long run: every operation and every function.
const EXPECTED: &[&str] = &[
    "op Input",
    "op Dense",
    "op Dense of several axes",
    "op Softmax stable",
    "op Softmax latency",
    "op Softmax legacy",
    "op Softmax argmax",
    "op BatchNormalization",
    "op ApplyAlpha",
    "op Merge add",
    "op Merge subtract",
    "op Merge multiply",
    "op Merge average",
    "op Merge maximum",
    "op Merge minimum",
    "op Merge of three or more",
    "op Merge broadcast",
    "op Concatenate",
    "op Reshape",
    "op Threshold binary",
    "op Threshold ternary",
    "op Conv1D",
    "op Conv2D",
    "op Conv2DBatchnorm",
    "op DepthwiseConv1D",
    "op DepthwiseConv2D",
    "op PointwiseConv1D",
    "op PointwiseConv2D",
    "op Conv of groups",
    "op Conv dilated",
    "op SeparableConv1D",
    "op SeparableConv2D",
    "op Pooling1D Max",
    "op Pooling1D Average",
    "op Pooling2D Max",
    "op Pooling2D Average",
    "op Pooling padded",
    "op GlobalPooling1D Max",
    "op GlobalPooling1D Average",
    "op GlobalPooling2D Max",
    "op GlobalPooling2D Average",
    "op LayerNormalization",
    "op Dot",
    "op ZeroPadding1D",
    "op ZeroPadding2D",
    "op Cropping1D",
    "op Cropping2D",
    "op Resize nearest",
    "op Resize bilinear",
    "op Transpose",
    "op RepeatVector",
    "op Broadcast",
    "op Embedding",
    "function linear",
    "function relu",
    "function leaky_relu",
    "function thresholded_relu",
    "function clipped_relu",
    "function general_relu",
    "function prelu",
    "function elu",
    "function selu",
    "function softplus",
    "function softsign",
    "function exponential",
    "function gelu",
    "function silu",
    "function sigmoid",
    "function tanh",
    "function hard_sigmoid",
    "function hard_tanh",
    "function binary_tanh",
    "function ternary_tanh",
    "strategy Latency",
    "strategy Resource",
    "strategy Resource_unrolled",
    "strategy distributed_arithmetic",
    "weights of powers of two",
    "weights of one bit",
    "inputs of one bit",
    "equal bits counted",
];

impl Coverage {
    /// Counts a case that was compared: what was drawn, and what the passes made of it.
    pub(super) fn meet(&mut self, case: &Case, network: &Validated) {
        let stream = network.graph().io_type != Default::default();
        let drawn = case.graph.order().into_iter().map(|id| case.graph.node(id));
        let lowered = network.nodes().map(|(_, node)| node);
        let shape = |op: &Op| op.weights().first().map(|(_, w)| w.data.ndim());
        let mut seen = BTreeSet::new();
        for node in drawn.chain(lowered) {
            seen.extend(features(&node.op));
            if matches!(node.op, Op::Merge(_)) && node.inputs.len() > 2 {
                seen.insert("op Merge of three or more".into());
            }
            if let Op::Dense(_) = &node.op
                && node.shape.len() > 1
                && shape(&node.op) == Some(2)
            {
                seen.insert("op Dense of several axes".into());
            }
            if let Op::Merge(_) = &node.op
                && let Some(id) = case.graph.find(&node.name)
                && case.graph.node(id).inputs.iter().any(|&i| case.graph.node(i).shape != node.shape)
            {
                seen.insert("op Merge broadcast".into());
            }
            if let Some(ty) = match node.result {
                netlathe_apfixed::Precision::Is(ty) => Some(ty),
                netlathe_apfixed::Precision::Auto => None,
            } {
                seen.insert(format!("rounding {}", ty.rounding.name()));
                seen.insert(format!("overflow {}", ty.overflow.name()));
            }
        }
        for feature in seen {
            let counts = self.met.entry(feature).or_default();
            if stream {
                counts.1 += 1;
            } else {
                counts.0 += 1;
            }
        }
    }

    /// Counts a refused draw.
    pub(super) fn refuse(&mut self, reasons: Vec<String>) {
        for reason in reasons.into_iter().collect::<BTreeSet<_>>() {
            *self.refused.entry(reason).or_default() += 1;
        }
    }

    /// Every feature with its counts, those never met, too.
    pub fn table(&self) -> Vec<(String, usize, usize)> {
        let names: BTreeSet<String> =
            EXPECTED.iter().map(|s| (*s).to_owned()).chain(self.met.keys().cloned()).collect();
        names
            .into_iter()
            .map(|name| {
                let (parallel, stream) = self.met.get(&name).copied().unwrap_or_default();
                (name, parallel, stream)
            })
            .collect()
    }
}

fn features(op: &Op) -> Vec<String> {
    let class = op.class_name();
    let mut all = Vec::new();
    match op {
        Op::Activation(a) => all.push(format!(
            "function {}",
            match a.function {
                Function::ClippedRelu { .. } => "clipped_relu",
                _ => a.function.name(),
            }
        )),
        Op::Softmax(s) => all.push(format!("op Softmax {}", s.implementation.name())),
        Op::Merge(m) => all.push(format!("op Merge {}", m.op.name())),
        Op::Threshold(t) => all.push(
            match t.levels {
                Levels::Binary { .. } => "op Threshold binary",
                Levels::Ternary { .. } => "op Threshold ternary",
            }
            .into(),
        ),
        Op::Pool(p) => {
            all.push(format!("op {class} {}", p.op.name()));
            if let Extent::Window(w) = p.extent
                && w.padding != Default::default()
            {
                all.push("op Pooling padded".into());
            }
        }
        Op::Resize(r) => all.push(format!("op Resize {}", r.interpolation.name())),
        _ => all.push(format!("op {class}")),
    }
    if let Op::Conv(c) = op {
        let channels = c.groups * c.product.weight.data.shape()[2];
        if c.groups > 1 && c.groups < channels {
            all.push("op Conv of groups".into());
        }
        if c.window.dilation != [1, 1] {
            all.push("op Conv dilated".into());
        }
    }
    if let Some(d) = op.product() {
        all.push(format!("strategy {}", d.strategy.name()));
        match d.weight.encoding {
            Encoding::Exponent => all.push("weights of powers of two".into()),
            Encoding::Xnor => all.push("weights of one bit".into()),
            Encoding::Fixed => {}
        }
        if d.input == Encoding::Xnor {
            all.push("inputs of one bit".into());
        }
        if d.counts() {
            all.push("equal bits counted".into());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::draw::{self, Wanted};
    use crate::fuzz::judge::{Stop, prepare};
    use crate::fuzz::rng::{Palette, Rng};

    /// Drawn, lowered, emulated and emitted, without a compiler.
    #[test]
    fn two_thousand_draws_meet_everything() {
        let mut coverage = Coverage::default();
        for seed in 0..2000 {
            let case = draw::case(Rng::new(seed), &Palette::new(seed / 16), "k", &Wanted::default());
            match prepare(&case, "k") {
                Ok(prepared) => coverage.meet(&case, &prepared.network),
                Err(Stop::Refused(_)) => {}
                Err(Stop::Fault(fault)) => {
                    panic!("seed {seed}: {}\n{}", fault.detail, crate::fuzz::case::print(&case))
                }
            }
        }
        let never: Vec<String> =
            coverage.table().into_iter().filter(|(_, p, s)| p + s == 0).map(|(name, ..)| name).collect();
        assert!(never.is_empty(), "{never:?}");
    }
}
