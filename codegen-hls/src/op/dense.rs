//! Dense: `dense_latency` or `dense_resource`, once or for every row of the last axis.

use super::{Operand, product};
use crate::layer::Layer;
use crate::names::Namer;
use netlathe_ir::op::dense::Dense;

pub(super) fn lower(layer: &mut Layer, d: &Dense, x: &Operand<'_>, namer: &mut Namer) {
    let product = product::lower(layer, d, &x.ty, 1, namer);
    let rows = x.len() / d.n_in();
    let call = if rows == 1 {
        layer.headers.push(match product.strategy {
            "latency" => "nnet_dense_latency.h",
            "adders" => "nnet_dense_adders.h",
            _ => "nnet_dense_resource.h",
        });
        format!("dense_{}<{}>", product.strategy, layer.config_name)
    } else {
        layer.headers.push("nnet_dense_rows.h");
        layer.constant("n_window", d.n_in());
        product.name_position(layer);
        format!("dense_rows<{}, {rows}>", layer.config_name)
    };
    layer
        .calls
        .push(format!("nnet::{call}({}, {}, {}, {});", x.array, layer.out, product.weight, product.bias));
}
