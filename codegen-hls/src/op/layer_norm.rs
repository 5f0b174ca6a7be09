//! Layer normalisation: `layer_norm` with the root that its table is made for.

use super::{Operand, known};
use crate::layer::{Layer, array};
use crate::names::Namer;
use netlathe_ir::apfixed::from_f64;
use netlathe_ir::op::layer_norm::{LayerNorm, NORMALISED_FRAC, RootIndex};

pub(super) fn lower(layer: &mut Layer, l: &LayerNorm, x: &Operand<'_>, namer: &mut Namer) {
    layer.headers.push("nnet_layer_norm.h");
    let n = l.scale.data.len();
    layer.constant("rows", x.len() / n);
    layer.constant("n", n);
    let accum_ty = known(l.accum);
    let accum = layer.ty("accum", &accum_ty, namer);
    layer.alias("accum_t", &accum);
    // A validated type has at most 128 bits; the conversion of a double to it always has an answer.
    layer.value("reciprocal", &accum, from_f64(1.0 / n as f64, &accum_ty).unwrap_or_default());
    let Some(table) = &l.table else { unreachable!("the passes attach a table to every layer norm") };
    let table_name = layer.ty("table", &table.ty, namer);
    layer.alias("table_t", &table_name);
    layer.table("", &table_name, &table.entries, namer);
    let root = match l.root {
        RootIndex::Uniform { range_power2 } => {
            layer.config.push(format!("static const int log2_span = {};", -range_power2));
            "root_uniform"
        }
        RootIndex::Normalised => {
            let epsilon = l.epsilon_raw();
            let bits = accum_ty.width.max(64 - epsilon.leading_zeros()) + 1;
            layer.constant("log2_size", table.entries.len().ilog2() as usize);
            layer.constant("variance_bits", bits as usize);
            layer.constant("z_integer", LayerNorm::normalised_integer_bits(n) as usize);
            layer.config.push(format!("static const int z_frac = {NORMALISED_FRAC};"));
            layer.config.push(format!("static const long long epsilon = {epsilon}LL;"));
            "root_normalised"
        }
    };
    let mut names = Vec::new();
    for (role, weight) in [("scale", &l.scale), ("bias", &l.bias)] {
        let ty = layer.ty(role, &weight.ty(), namer);
        layer.alias(&format!("{role}_t"), &ty);
        let name = namer.unique(&format!("{}_{role}", layer.ident));
        layer.weights.push(array(
            name.clone(),
            weight.raw().iter().copied(),
            format!("{n} elements; raw integers of {}", weight.ty()),
        ));
        names.push(name);
    }
    let config = &layer.config_name;
    layer.calls.push(format!(
        "nnet::layer_norm<nnet::{root}<{config}>, {config}>({}, {}, {});",
        x.array,
        layer.out,
        names.join(", ")
    ));
}
