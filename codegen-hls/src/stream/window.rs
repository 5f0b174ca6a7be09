//! Windows that move over an image: line buffers.

use super::process::{Body, End, Task, text};
use super::tokens::{MAP, Ports, READ, Script, Step, WRITE};
use crate::layer::Layer;
use crate::names::Namer;
use crate::op;
use askama::Template;
use netlathe_ir::op::conv::Conv;
use netlathe_ir::op::pool::{Pool, PoolOp};
use netlathe_ir::op::window::{Sides, Window};

#[derive(Template)]
#[template(path = "stream_window.cpp")]
struct Code<'a> {
    config: &'a str,
    ii: u64,
    /// The product runs through its blocks by itself, see [`op::product::runs_in_blocks`].
    in_blocks: bool,
    x: &'a End,
    y: &'a End,
    window_len: usize,
    calls: &'a [String],
}

/// A convolution: the product at every position.
pub(super) fn conv(task: &Task<'_>, layer: &mut Layer, c: &Conv, namer: &mut Namer) -> Body {
    let image = op::window::image(c.spatial, &task.operands[0].shape);
    let x = &task.sources[0];
    op::window::configure(layer, &c.window, image);
    let product = op::conv::configure(layer, c, image[2], &task.operands[0].ty(), namer);
    layer.calls.push(format!(
        "nnet::conv_position<{}>({}, {}, {}, {});",
        layer.config_name, x.array, task.result.array, product.weight, product.bias
    ));
    body(task, layer, &c.window, image, c.product.reuse_factor.into())
}

/// Pooling over a window's positions.
pub(super) fn pool(task: &Task<'_>, layer: &mut Layer, p: &Pool, window: &Window, namer: &mut Namer) -> Body {
    layer.headers.push("nnet_stream_pool.h");
    let image = op::window::image(p.spatial, &task.operands[0].shape);
    op::window::configure(layer, window, image);
    let accum = layer.ty("accum", &op::known(p.accum), namer);
    layer.alias("accum_t", &accum);
    layer.constant("is_padded", usize::from(window.padding != Sides::default()));
    let method = match p.op {
        PoolOp::Max => "largest_of",
        PoolOp::Average => "mean_of",
    };
    layer.calls.push(format!(
        "nnet::pool_position<nnet::{method}, {}>({}, {}, row, column);",
        layer.config_name, task.sources[0].array, task.result.array
    ));
    body(task, layer, window, image, 1)
}

/// Pooling over the whole image: a pixel after the other, then the one token of the result.
pub(super) fn global_pool(task: &Task<'_>, layer: &mut Layer, p: &Pool, namer: &mut Namer) -> Body {
    layer.headers.push("nnet_stream_pool.h");
    let accum = layer.ty("accum", &op::known(p.accum), namer);
    let (x, y) = (&task.sources[0], &task.result);
    let method = match p.op {
        PoolOp::Max => "running_maximum",
        PoolOp::Average => "running_sum",
    };
    let text = format!(
        "    nnet::pool_image<nnet::{method}, {accum}, {}, {}, {}, {}, {}, {}>({}, {});",
        x.ty, y.ty, x.per_word, y.per_word, x.len, x.tokens, x.stream, y.stream
    );
    let mut script = Script::repeat(READ, x.tokens);
    script.push(WRITE, 1);
    Body { text, script, interval: task.interval(1) }
}

/// The loops over the padded image around the calls of `layer`, which compute a position.
fn body(task: &Task<'_>, layer: &mut Layer, window: &Window, image: [usize; 3], interval: u64) -> Body {
    layer.headers.push("nnet_stream_window.h");
    let [height, width, channels] = image;
    let p = window.padding;
    let padded = [height + p.top + p.bottom, width + p.left + p.right];
    let reach = window.reach();
    for (name, value) in [
        ("padded_height", padded[0]),
        ("padded_width", padded[1]),
        ("reach_height", reach[0]),
        ("reach_width", reach[1]),
        ("buffer_rows", (reach[0] - 1).max(1)),
    ] {
        layer.constant(name, value);
    }
    let ii = task.interval(interval);
    let code = Code {
        config: &layer.config_name,
        ii,
        in_blocks: task.node.op.product().is_some_and(op::product::runs_in_blocks),
        x: &task.sources[0],
        y: &task.result,
        window_len: window.kernel[0] * window.kernel[1] * channels,
        calls: &layer.calls,
    };
    Body { text: text(&code), script: script(window, [height, width]), interval: ii }
}

/// A step a pixel of the padded image: a read where it is a pixel of the image, a write where the window ends at a position.
fn script(window: &Window, [height, width]: [usize; 2]) -> Script {
    let p = window.padding;
    let reach = window.reach();
    let is_position = |at: usize, axis: usize| {
        at + 1 >= reach[axis] && (at + 1 - reach[axis]).is_multiple_of(window.stride[axis])
    };
    let mut script = Script::default();
    for row in 0..p.top + height + p.bottom {
        for column in 0..p.left + width + p.right {
            let inside = (p.top..p.top + height).contains(&row) && (p.left..p.left + width).contains(&column);
            let step = match (inside, is_position(row, 0) && is_position(column, 1)) {
                (true, true) => MAP,
                (true, false) => READ,
                (false, true) => WRITE,
                (false, false) => Step { reads: Ports::None, writes: Ports::None },
            };
            script.push(step, 1);
        }
    }
    script
}
