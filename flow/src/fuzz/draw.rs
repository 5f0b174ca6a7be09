//! Random networks: which layers stand where.

use super::case::{self, Case};
use super::layers;
use super::rng::{Palette, Rng};
use ndarray::{ArrayD, IxDyn};
use netlathe_apfixed::{FixedType, Precision};
use netlathe_ir::config::{IoType, PipelineStyle};
use netlathe_ir::op::input::Input;
use netlathe_ir::{Graph, NodeId, Op, Origin};

/// What a draw may be.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Kinds of layers; none: all.
    pub(super) kinds: Vec<&'static str>,
    pub(super) io: Option<IoType>,
}

/// Elements of one tensor, so that g++ and the bench stay quick.
const MAX_ELEMENTS: usize = 640;
/// Multiplications of one layer.
const MAX_PRODUCTS: u64 = 12_000;
/// Samples of a case.
const SAMPLES: usize = 6;

/// A network under construction.
pub(super) struct Draw<'a> {
    pub(super) rng: Rng,
    palette: &'a Palette,
    pub(super) graph: Graph,
    prefix: String,
}

/// Draws a network. `prefix` begins every layer's name, so that many networks fit into one translation unit.
pub(super) fn case(rng: Rng, palette: &Palette, prefix: &str, wanted: &Wanted) -> Case {
    let mut draw = Draw { rng, palette, graph: Graph::new(prefix), prefix: prefix.to_owned() };
    let io = wanted.io.unwrap_or(IoType::Parallel);
    draw.graph.io_type = match wanted.io {
        None if draw.rng.one_in(2) => IoType::Stream,
        _ => io,
    };
    let count = draw.rng.size(1, 6);
    let mut layers = 0;
    // A kind that fits no tensor yet gets an input of its own, so some draws are tries.
    for _ in 0..count * 4 {
        if layers < count && draw.layer(wanted) {
            layers += 1;
        }
    }
    draw.outputs();
    let style = if draw.rng.one_in(4) {
        Some(draw.rng.pick(&[PipelineStyle::Pipeline, PipelineStyle::Dataflow]))
    } else {
        None
    };
    let inputs = draw.graph.inputs.clone();
    let inputs = inputs.into_iter().map(|id| draw.samples(id)).collect();
    Case { graph: draw.graph, style, inputs }
}

impl Draw<'_> {
    /// A type of the palette.
    pub(super) fn ty(&mut self) -> FixedType {
        self.palette.ty(&mut self.rng)
    }

    /// A type, or none said.
    pub(super) fn precision(&mut self) -> Precision {
        if self.rng.one_in(3) { Precision::Auto } else { Precision::Is(self.ty()) }
    }

    /// Adds an input of that shape.
    pub(super) fn input(&mut self, shape: &[usize], integer: Option<(u32, bool)>) -> NodeId {
        let op = Op::Input(Input { shape: shape.to_vec(), integer });
        let ty = match integer {
            Some(_) => Precision::Auto,
            None => Precision::Is(self.ty()),
        };
        // An input has its shape, so this is never refused.
        let id = self.add(op, &[], ty).unwrap_or_else(|| unreachable!("an input has no operands"));
        self.graph.inputs.push(id);
        id
    }

    /// Adds a node; `None` when the shapes do not fit or it would be too large.
    pub(super) fn add(&mut self, op: Op, inputs: &[NodeId], result: Precision) -> Option<NodeId> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|&i| self.graph.node(i).shape.as_slice()).collect();
        let shape = op.output_shape(&shapes).ok()?;
        let size: usize = shape.iter().product();
        if size == 0 || size > MAX_ELEMENTS || op.multiplications(&shape) > MAX_PRODUCTS {
            return None;
        }
        let name = format!("{}_l{}", self.prefix, self.graph.len());
        let origin = Origin { layer: name.clone(), role: String::new() };
        let id = self.graph.add(name, origin, op, inputs).ok()?;
        self.graph.node_mut(id).result = result;
        Some(id)
    }

    /// A tensor that is there, of one of these ranks, the last ones more often; or a new input.
    pub(super) fn tensor(&mut self, ranks: &[usize]) -> NodeId {
        let fit: Vec<NodeId> = self
            .graph
            .order()
            .into_iter()
            .filter(|&id| ranks.contains(&self.graph.node(id).shape.len()))
            .collect();
        let Some(&last) = fit.last() else {
            return self.new_tensor(ranks);
        };
        match self.rng.range(0, 9) {
            0 if self.graph.inputs.len() < 3 => self.new_tensor(ranks),
            1..=3 => self.rng.pick(&fit),
            _ => last,
        }
    }

    fn new_tensor(&mut self, ranks: &[usize]) -> NodeId {
        let rank = self.rng.pick(ranks);
        let shape = self.shape(rank);
        self.input(&shape, None)
    }

    fn shape(&mut self, rank: usize) -> Vec<usize> {
        let channels = self.rng.size(1, 4);
        match rank {
            1 => vec![self.rng.size(1, 12)],
            2 => vec![self.rng.size(1, 8), channels],
            _ => vec![self.rng.size(1, 8), self.rng.size(1, 8), channels],
        }
    }

    fn layer(&mut self, wanted: &Wanted) -> bool {
        let kind = if wanted.kinds.is_empty() {
            let all: Vec<&str> = layers::KINDS.iter().map(|(name, _)| *name).collect();
            self.rng.pick(&all)
        } else {
            self.rng.pick(&wanted.kinds)
        };
        let before = (self.graph.inputs.len(), self.graph.len());
        let make = layers::KINDS.iter().find(|(name, _)| *name == kind).map(|(_, make)| make);
        let made = make.is_some_and(|make| make(self).is_some());
        // Inputs that were made for nothing are read by later layers, or leave as outputs.
        made && before.1 < self.graph.len()
    }

    /// Whatever nobody reads leaves the network; now and then a tensor that is read leaves, too.
    fn outputs(&mut self) {
        for id in self.graph.order() {
            let is_input = self.graph.inputs.contains(&id);
            let unread = self.graph.consumers(id).is_empty();
            let chance = if is_input { 40 } else { 12 };
            if (unread && !is_input) || self.rng.one_in(chance) {
                self.graph.outputs.push(id);
            }
        }
        // An input that nobody reads would be all there is to it.
        let idle: Vec<NodeId> = self
            .graph
            .inputs
            .iter()
            .copied()
            .filter(|&id| self.graph.consumers(id).is_empty() && !self.graph.outputs.contains(&id))
            .collect();
        self.graph.outputs.extend(idle);
    }

    /// Integers for an input.
    fn samples(&mut self, id: NodeId) -> ArrayD<i128> {
        let node = self.graph.node(id);
        let ty = case::input_type(node);
        // What picks a row of a table is a small number.
        let rows = self.graph.consumers(id).into_iter().find_map(|c| match &self.graph.node(c).op {
            Op::Embedding(e) => Some(e.table.data.shape()[0] as i64),
            _ => None,
        });
        let shape = [&[SAMPLES], &self.graph.node(id).shape[..]].concat();
        let rng = &mut self.rng;
        ArrayD::from_shape_simple_fn(IxDyn(&shape), || match rows {
            Some(rows) if !rng.one_in(8) => {
                i128::from(rng.range(0, rows - 1)).clamp(ty.min_raw(), ty.max_raw())
            }
            _ => rng.raw(&ty),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: u64, kind: &'static str) -> Case {
        let wanted = Wanted { kinds: vec![kind], io: None };
        case(Rng::new(seed), &Palette::new(seed), "k", &wanted)
    }

    #[test]
    fn every_kind_makes_layers() {
        for (kind, _) in layers::KINDS {
            let with = (0..30).filter(|&seed| draw(seed, kind).graph.len() > 1).count();
            assert!(with >= 20, "{kind}: {with} of 30 draws have a layer");
        }
    }

    #[test]
    fn a_seed_draws_one_network() {
        let all = Wanted::default();
        let text = |seed| case::print(&case(Rng::new(seed), &Palette::new(3), "k", &all));
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
    }

    #[test]
    fn inputs_are_of_their_types_and_everything_is_read() {
        for seed in 0..100 {
            let case = case(Rng::new(seed), &Palette::new(seed), "k", &Wanted::default());
            for (x, &id) in case.inputs.iter().zip(&case.graph.inputs) {
                let ty = case::input_type(case.graph.node(id));
                assert!(x.iter().all(|r| (ty.min_raw()..=ty.max_raw()).contains(r)), "seed {seed}");
            }
            for id in case.graph.order() {
                assert!(case.graph.uses(id) > 0, "seed {seed}: {}", case.graph.node(id).name);
            }
        }
    }
}
