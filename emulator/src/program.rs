//! The steps of a plan on one kind of integer, and where their tensors lie.

use crate::int::{Budget, Int};
use crate::op::{Counts, Kernel, Operand};
use crate::plan::{Error, batched};
use crate::trace::{LayerTrace, Trace};
use ndarray::{ArrayViewD, Axis};
use netlathe_apfixed::{FixedType, TooWide};
use netlathe_ir::Validated;
use rayon::prelude::*;

/// One layer. A tensor's number is that of the step that makes it.
struct Step<R> {
    name: String,
    shape: Vec<usize>,
    ty: FixedType,
    kernel: Kernel<R>,
    /// Tensors that it reads.
    operands: Vec<usize>,
    /// Elements of its own tensor.
    len: usize,
}

pub(crate) struct Program<R> {
    steps: Vec<Step<R>>,
    /// Tensors that leave the network.
    outputs: Vec<usize>,
    /// A tensor's place is taken by another once nobody reads it any more.
    shared: Layout,
}

/// Which buffer each tensor lies in.
struct Layout {
    place: Vec<usize>,
    /// Elements of each buffer.
    sizes: Vec<usize>,
}

impl Layout {
    /// Every tensor in a buffer of its own.
    fn separate<R>(steps: &[Step<R>]) -> Self {
        Self { place: (0..steps.len()).collect(), sizes: steps.iter().map(|s| s.len).collect() }
    }

    /// As few buffers as a first fit finds; the network's outputs keep theirs.
    fn shared<R>(steps: &[Step<R>], outputs: &[usize]) -> Self {
        let mut last = vec![0; steps.len()];
        for (at, step) in steps.iter().enumerate() {
            last[at] = at;
            for &o in &step.operands {
                last[o] = at;
            }
        }
        for &o in outputs {
            last[o] = usize::MAX;
        }
        let mut layout = Self { place: Vec::new(), sizes: Vec::new() };
        let mut free: Vec<usize> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            // The smallest that is large enough, else the largest, which grows.
            let fitting = (0..free.len())
                .filter(|&k| layout.sizes[free[k]] >= step.len)
                .min_by_key(|&k| layout.sizes[free[k]]);
            let place = match fitting.or((0..free.len()).max_by_key(|&k| layout.sizes[free[k]])) {
                Some(k) => free.swap_remove(k),
                None => {
                    layout.sizes.push(0);
                    layout.sizes.len() - 1
                }
            };
            layout.sizes[place] = layout.sizes[place].max(step.len);
            layout.place.push(place);
            // Only now: a step never writes over what it reads.
            free.extend((0..=at).filter(|&t| last[t] == at).map(|t| layout.place[t]));
        }
        layout
    }

    fn buffers<R: Int>(&self) -> Vec<Vec<R>> {
        self.sizes.iter().map(|&n| vec![R::ZERO; n]).collect()
    }
}

/// Samples that one task handles at most: enough to pay for its buffers.
const CHUNK: usize = 16;

impl<R: Int> Program<R> {
    pub(crate) fn compile(network: &Validated, budget: &mut Budget) -> Result<Self, Error> {
        let graph = network.graph();
        let mut tensor_of = vec![usize::MAX; graph.bound()];
        let mut steps = Vec::new();
        for (id, node) in network.nodes() {
            budget.enter(&node.name);
            let operands: Vec<Operand> = node
                .inputs
                .iter()
                .map(|&i| Operand { ty: graph.node(i).ty(), shape: graph.node(i).shape.clone() })
                .collect();
            let port = graph.inputs.iter().position(|&i| i == id).unwrap_or(usize::MAX);
            let kernel = Kernel::compile(node, &operands, port, graph.io_type, budget)
                .map_err(|e: TooWide| Error::TooWide { layer: node.name.clone(), bits: e.needed_bits })?;
            tensor_of[id.index()] = steps.len();
            steps.push(Step {
                name: node.name.clone(),
                shape: node.shape.clone(),
                ty: node.ty(),
                kernel,
                operands: node.inputs.iter().map(|i| tensor_of[i.index()]).collect(),
                len: node.len(),
            });
        }
        let outputs: Vec<usize> = graph.outputs.iter().map(|i| tensor_of[i.index()]).collect();
        let shared = Layout::shared(&steps, &outputs);
        Ok(Self { steps, outputs, shared })
    }

    /// Runs sample number `at` in `buffers`.
    fn sample<const COUNT: bool>(
        &self,
        inputs: &[ArrayViewD<'_, i128>],
        at: usize,
        layout: &Layout,
        buffers: &mut [Vec<R>],
        mut counts: Option<&mut [Counts]>,
    ) {
        for (index, step) in self.steps.iter().enumerate() {
            let place = layout.place[index];
            if let Kernel::Input(port) = step.kernel {
                let source = inputs[port].index_axis(Axis(0), at);
                for (to, &from) in buffers[place].iter_mut().zip(source) {
                    *to = R::truncate(from);
                }
                continue;
            }
            // A step writes its own buffer only, and reads others.
            let mut out = std::mem::take(&mut buffers[place]);
            let mut unused = Counts::default();
            let count = match &mut counts {
                Some(c) => &mut c[index],
                None => &mut unused,
            };
            let (y, read) = (&mut out[..step.len], |t: usize| &buffers[layout.place[t]][..self.steps[t].len]);
            match step.operands[..] {
                [a] => step.kernel.run::<COUNT>(&[read(a)], y, count),
                [a, b] => step.kernel.run::<COUNT>(&[read(a), read(b)], y, count),
                _ => {
                    let all: Vec<&[R]> = step.operands.iter().map(|&t| read(t)).collect();
                    step.kernel.run::<COUNT>(&all, y, count);
                }
            }
            buffers[place] = out;
        }
    }

    pub(crate) fn predict(&self, inputs: &[ArrayViewD<'_, i128>], batch: usize) -> Vec<Vec<i128>> {
        let mut outputs: Vec<Vec<i128>> =
            self.outputs.iter().map(|&o| Vec::with_capacity(batch * self.steps[o].len)).collect();
        // Small batches are shared out, too.
        let chunk = batch.div_ceil(rayon::current_num_threads()).clamp(1, CHUNK);
        let chunks: Vec<Vec<Vec<i128>>> = (0..batch)
            .into_par_iter()
            .step_by(chunk)
            .map(|start| {
                let mut buffers = self.shared.buffers();
                let mut out: Vec<Vec<i128>> = vec![Vec::new(); self.outputs.len()];
                for at in start..(start + chunk).min(batch) {
                    self.sample::<false>(inputs, at, &self.shared, &mut buffers, None);
                    for (out, &tensor) in out.iter_mut().zip(&self.outputs) {
                        let buffer = &buffers[self.shared.place[tensor]];
                        out.extend(buffer[..self.steps[tensor].len].iter().map(|x| x.widen()));
                    }
                }
                out
            })
            .collect();
        for chunk in chunks {
            for (all, part) in outputs.iter_mut().zip(chunk) {
                all.extend(part);
            }
        }
        outputs
    }

    pub(crate) fn trace(&self, inputs: &[ArrayViewD<'_, i128>], batch: usize) -> Trace {
        let layout = Layout::separate(&self.steps);
        let mut buffers = layout.buffers();
        let mut counts = vec![Counts::default(); self.steps.len()];
        let mut values: Vec<Vec<i128>> = self.steps.iter().map(|_| Vec::new()).collect();
        for at in 0..batch {
            self.sample::<true>(inputs, at, &layout, &mut buffers, Some(&mut counts));
            for (values, buffer) in values.iter_mut().zip(&buffers) {
                values.extend(buffer.iter().map(|x| x.widen()));
            }
        }
        let layers = self
            .steps
            .iter()
            .zip(values)
            .zip(counts)
            .map(|((step, values), counts)| LayerTrace {
                name: step.name.clone(),
                ty: step.ty,
                values: batched(values, batch, &step.shape),
                overflows: counts.result,
                inner: counts.inner,
            })
            .collect();
        Trace { layers }
    }
}
