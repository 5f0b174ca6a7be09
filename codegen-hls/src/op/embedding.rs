//! Rows of a table: `embedding`.

use super::Operand;
use crate::layer::{Layer, array};
use crate::names::Namer;
use netlathe_ir::op::embedding::Embedding;

pub(super) fn lower(layer: &mut Layer, e: &Embedding, x: &Operand<'_>, namer: &mut Namer) {
    layer.headers.push("nnet_embedding.h");
    let shape = e.table.data.shape();
    let ty = layer.ty("embeddings", &e.table.ty(), namer);
    layer.alias("table_t", &ty);
    layer.constant("n_in", x.len());
    layer.constant("n_out", shape[1]);
    layer.constant("rows", shape[0]);
    let name = namer.unique(&format!("{}_embeddings", layer.ident));
    let note = format!("{} rows of {}; raw integers of {}", shape[0], shape[1], e.table.ty());
    layer.weights.push(array(name.clone(), e.table.raw().iter().copied(), note));
    layer.calls.push(format!("nnet::embedding<{}>({}, {}, {name});", layer.config_name, x.array, layer.out));
}
