//! The process of each operation: its loops over tokens, and the order in which it reads and writes.

use super::channel::Channel;
use super::tokens::{MAP, Ports, READ, Script, Step, WRITE};
use crate::kernel::render;
use crate::layer::Layer;
use crate::names::Namer;
use crate::op::{self, Operand};
use askama::Template;
use netlathe_ir::config::IoType;
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::pool::Extent;
use netlathe_ir::op::resize::Interpolation;
use netlathe_ir::{Node, Op};

/// A tensor at a port of a process, as the templates see it.
pub(super) struct End {
    /// The parameter.
    pub(super) stream: String,
    /// The array of a token, or of the tensor.
    pub(super) array: String,
    /// The elements' type in C++.
    pub(super) ty: String,
    pub(super) channel: Channel,
    // Of the channel, for the templates.
    pub(super) tokens: usize,
    pub(super) len: usize,
    pub(super) per_word: usize,
}

impl End {
    pub(super) fn new(stream: String, array: String, ty: String, channel: Channel) -> Self {
        let Channel { tokens, len, per_word, .. } = channel;
        Self { stream, array, ty, channel, tokens, len, per_word }
    }
}

/// What a process does.
pub(super) struct Body {
    pub(super) text: String,
    pub(super) script: Script,
    /// Clock cycles of a step.
    pub(super) interval: u64,
}

/// An operation with its surroundings.
pub(super) struct Task<'a> {
    pub(super) node: &'a Node,
    /// Operands, and the nodes that they come from.
    pub(super) sources: Vec<End>,
    pub(super) operands: Vec<&'a Node>,
    pub(super) result: End,
}

#[derive(Template)]
#[template(path = "stream_map.cpp")]
struct MapCode<'a> {
    tokens: usize,
    ii: u64,
    /// The product runs through its blocks by itself, see [`op::product::runs_in_blocks`].
    in_blocks: bool,
    sources: &'a [End],
    y: &'a End,
    calls: &'a [String],
}

#[derive(Template)]
#[template(path = "stream_buffer.cpp")]
struct BufferCode<'a> {
    sources: &'a [End],
    y: &'a End,
    calls: &'a [String],
}

#[derive(Template)]
#[template(path = "stream_embedding.cpp")]
struct EmbeddingCode<'a> {
    x: &'a End,
    y: &'a End,
    calls: &'a [String],
}

impl Task<'_> {
    /// Fills in the layer, and says what its process does.
    pub(super) fn lower(&self, layer: &mut Layer, namer: &mut Namer) -> Body {
        layer.headers.push("nnet_stream.h");
        layer.out.clone_from(&self.result.array);
        let x = self.sources[0].channel;
        let y = self.result.channel;
        match &self.node.op {
            Op::Conv(c) => super::window::conv(self, layer, c, namer),
            Op::Pool(p) => match p.extent {
                Extent::Window(w) => super::window::pool(self, layer, p, &w, namer),
                Extent::Global { .. } => super::window::global_pool(self, layer, p, namer),
            },
            Op::Embedding(_) => self.look_up(layer, namer),
            Op::Reshape(_) => self.repack(),
            Op::Concatenate(c) if c.axis + 1 < self.node.shape.len() => self.join(c.axis),
            Op::ZeroPadding(z) => {
                let [height, width, _] = op::window::image(z.spatial, &self.operands[0].shape);
                let s = z.sides;
                let mut script = Script::default();
                script.push(WRITE, s.top * (s.left + width + s.right));
                for _ in 0..height {
                    script.push(WRITE, s.left);
                    script.push(MAP, width);
                    script.push(WRITE, s.right);
                }
                script.push(WRITE, s.bottom * (s.left + width + s.right));
                self.image(layer, "pad_image", &[height, width, s.top, s.bottom, s.left, s.right], script)
            }
            Op::Cropping(c) => {
                let [height, width, _] = op::window::image(c.spatial, &self.operands[0].shape);
                let s = c.sides;
                let mut script = Script::default();
                script.push(READ, s.top * width);
                for _ in s.top..height - s.bottom {
                    script.push(READ, s.left);
                    script.push(MAP, width - s.left - s.right);
                    script.push(READ, s.right);
                }
                script.push(READ, s.bottom * width);
                self.image(layer, "crop_image", &[height, width, s.top, s.bottom, s.left, s.right], script)
            }
            Op::Resize(r) if r.interpolation == Interpolation::Nearest => {
                let [height, width, _] = op::window::image(r.spatial, &self.operands[0].shape);
                let [down, across] = r.factors;
                let mut script = Script::default();
                for _ in 0..height {
                    for _ in 0..width {
                        script.push(MAP, 1);
                        script.push(WRITE, across - 1);
                    }
                    script.push(WRITE, (down - 1) * width * across);
                }
                self.image(layer, "enlarge_image", &[height, width, down, across], script)
            }
            Op::RepeatVector(r) => {
                let mut script = Script::repeat(MAP, 1);
                script.push(WRITE, r.times - 1);
                self.image(layer, "repeat_token", &[r.times], script)
            }
            _ if is_token_wise(self.node, &self.operands) && x.tokens == y.tokens => self.map(layer, namer),
            _ => self.buffer(layer, namer),
        }
    }

    /// Cycles in which a token of every port can pass, at least.
    pub(super) fn interval(&self, at_least: u64) -> u64 {
        let words = self.sources.iter().chain([&self.result]).map(|e| e.channel.words() as u64);
        words.max().unwrap_or(1).max(at_least).max(1)
    }

    /// The operation on a token of each operand, token by token.
    fn map(&self, layer: &mut Layer, namer: &mut Namer) -> Body {
        let y = &self.result;
        layer.shape = vec![y.len];
        layer.len = y.len;
        let operands: Vec<Operand<'_>> = self
            .sources
            .iter()
            .zip(&self.operands)
            .map(|(x, node)| Operand { array: &x.array, shape: vec![x.channel.len], ty: node.ty() })
            .collect();
        op::lower(layer, self.node, &operands, IoType::Stream, namer);
        let ii = self.interval(op::interval(&self.node.op).into());
        let in_blocks = self.node.op.product().is_some_and(op::product::runs_in_blocks);
        let code =
            MapCode { tokens: y.tokens, ii, in_blocks, sources: &self.sources, y, calls: &layer.calls };
        Body { text: text(&code), script: Script::repeat(MAP, y.tokens), interval: ii }
    }

    /// The operation on whole tensors: all are read one after the other, then the result leaves.
    fn buffer(&self, layer: &mut Layer, namer: &mut Namer) -> Body {
        let operands: Vec<Operand<'_>> = self
            .sources
            .iter()
            .zip(&self.operands)
            .map(|(x, node)| Operand { array: &x.array, shape: node.shape.clone(), ty: node.ty() })
            .collect();
        op::lower(layer, self.node, &operands, IoType::Stream, namer);
        let code = BufferCode { sources: &self.sources, y: &self.result, calls: &layer.calls };
        let mut script = Script::default();
        for (port, x) in self.sources.iter().enumerate() {
            script.push(Step { reads: Ports::One(port), writes: Ports::None }, x.channel.tokens);
        }
        script.push(WRITE, self.result.channel.tokens);
        Body { text: text(&code), script, interval: self.interval(1) }
    }

    /// An embedding: a token of integers comes, a token leaves for each of them.
    fn look_up(&self, layer: &mut Layer, namer: &mut Namer) -> Body {
        let (x, y) = (&self.sources[0], &self.result);
        layer.shape = vec![1, y.len];
        layer.len = y.len;
        let operand = Operand { array: &x.array, shape: vec![1], ty: self.operands[0].ty() };
        op::lower(layer, self.node, &[operand], IoType::Stream, namer);
        let mut script = Script::default();
        for _ in 0..x.tokens {
            script.push(READ, 1);
            script.push(WRITE, x.len);
        }
        let code = EmbeddingCode { x, y, calls: &layer.calls };
        Body { text: text(&code), script, interval: self.interval(1) }
    }

    /// The same elements in other tokens.
    fn repack(&self) -> Body {
        let (x, y) = (&self.sources[0], &self.result);
        if x.len == y.len {
            let text = format!("    {}", self.forward(x, y.tokens));
            return Body { text, script: Script::repeat(MAP, y.tokens), interval: self.interval(1) };
        }
        let unit = common_divisor(x.len, y.len);
        let (x_units, y_units) = (x.len / unit, y.len / unit);
        let units = x.tokens * x_units;
        let text = format!(
            "    nnet::repack_tokens<{}, {}, {}, {}, {unit}, {x_units}, {y_units}, {units}>({}, {});",
            x.ty, y.ty, x.per_word, y.per_word, x.stream, y.stream
        );
        let mut script = Script::default();
        for unit in 0..units {
            let on = |condition: bool| if condition { Ports::All } else { Ports::None };
            let step = Step {
                reads: on(unit.is_multiple_of(x_units)),
                writes: on((unit + 1).is_multiple_of(y_units)),
            };
            script.push(step, 1);
        }
        Body { text, script, interval: self.interval(1) }
    }

    /// A concatenation along an axis before the last: rows of tokens of each operand in turn.
    fn join(&self, axis: usize) -> Body {
        let outer: usize = self.node.shape[..axis].iter().product();
        let mut script = Script::default();
        let mut lines = vec![format!("    for (int row = 0; row < {outer}; ++row) {{")];
        let row = |x: &End| x.tokens / outer;
        for x in &self.sources {
            lines.push(format!("        {}", self.forward(x, row(x))));
        }
        lines.push("    }".into());
        for _ in 0..outer {
            for (port, x) in self.sources.iter().enumerate() {
                script.push(Step { reads: Ports::One(port), writes: Ports::All }, row(x));
            }
        }
        Body { text: lines.join("\n"), script, interval: self.interval(1) }
    }

    /// The call that passes tokens on.
    fn forward(&self, x: &End, count: usize) -> String {
        let y = &self.result;
        format!(
            "nnet::forward_tokens<{}, {}, {}, {}, {}, {count}>({}, {});",
            x.ty, y.ty, x.per_word, y.per_word, x.len, x.stream, y.stream
        )
    }

    /// A function of `nnet_stream_image.h`, its own numbers last.
    fn image(&self, layer: &mut Layer, function: &str, numbers: &[usize], script: Script) -> Body {
        layer.headers.push("nnet_stream_image.h");
        let (x, y) = (&self.sources[0], &self.result);
        let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
        let text = format!(
            "    nnet::{function}<{}, {}, {}, {}, {}, {}>({}, {});",
            x.ty,
            y.ty,
            x.per_word,
            y.per_word,
            x.len,
            numbers.join(", "),
            x.stream,
            y.stream
        );
        Body { text, script, interval: self.interval(1) }
    }
}

/// Whether a token of the result depends on one token of each operand, and on nothing that differs from token to token.
fn is_token_wise(node: &Node, operands: &[&Node]) -> bool {
    let last = node.shape.last().copied().unwrap_or(1);
    match &node.op {
        Op::Dense(_) | Op::LayerNorm(_) => true,
        Op::Activation(Activation { function: Function::PRelu { alpha }, .. }) => alpha.data.len() == last,
        Op::Activation(_) => true,
        Op::Softmax(s) => s.axis + 1 == node.shape.len(),
        Op::BatchNorm(b) => b.channels() == last,
        Op::Threshold(t) => t.channels() == last,
        Op::Merge(_) => operands.iter().all(|x| x.shape == node.shape),
        Op::Concatenate(c) => c.axis + 1 == node.shape.len(),
        Op::Input(_)
        | Op::Reshape(_)
        | Op::Conv(_)
        | Op::SeparableConv(_)
        | Op::Pool(_)
        | Op::Dot(_)
        | Op::ZeroPadding(_)
        | Op::Cropping(_)
        | Op::Resize(_)
        | Op::Transpose(_)
        | Op::RepeatVector(_)
        | Op::Broadcast(_)
        | Op::Embedding(_) => false,
    }
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// A rendered body without the newlines at both ends.
pub(super) fn text(template: &impl Template) -> String {
    render(template).trim_matches('\n').to_owned()
}
