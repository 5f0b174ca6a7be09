//! Pooling: `pool` with the largest or the mean of a window.

use super::{Operand, known, window};
use crate::layer::Layer;
use crate::names::Namer;
use netlathe_ir::op::pool::{Pool, PoolOp};

pub(super) fn lower(layer: &mut Layer, p: &Pool, x: &Operand<'_>, namer: &mut Namer) {
    layer.headers.push("nnet_pool.h");
    let image = window::image(p.spatial, &x.shape);
    window::configure(layer, &p.window([image[0], image[1]]), image);
    let accum = layer.ty("accum", &known(p.accum), namer);
    layer.alias("accum_t", &accum);
    let method = match p.op {
        PoolOp::Max => "pool_max",
        PoolOp::Average => "pool_average",
    };
    layer
        .calls
        .push(format!("nnet::pool<nnet::{method}, {}>({}, {});", layer.config_name, x.array, layer.out));
}
