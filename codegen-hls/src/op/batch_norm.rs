//! Batch normalisation and scales: `batchnorm`.

use super::Operand;
use crate::layer::{Layer, array};
use crate::names::Namer;
use netlathe_ir::op::batch_norm::BatchNorm;

pub(super) fn lower(layer: &mut Layer, b: &BatchNorm, x: &Operand<'_>, namer: &mut Namer) {
    layer.headers.push("nnet_batchnorm.h");
    layer.constant("n", layer.len);
    layer.constant("channels", b.channels());
    let mut names = Vec::new();
    for (role, weight) in [("scale", &b.scale), ("bias", &b.bias)] {
        let ty = layer.ty(role, &weight.ty(), namer);
        layer.alias(&format!("{role}_t"), &ty);
        let name = namer.unique(&format!("{}_{role}", layer.ident));
        let note = format!("{} channels; raw integers of {}", b.channels(), weight.ty());
        layer.weights.push(array(name.clone(), weight.raw().iter().copied(), note));
        names.push(name);
    }
    layer.calls.push(format!(
        "nnet::batchnorm<{}>({}, {}, {});",
        layer.config_name,
        x.array,
        layer.out,
        names.join(", ")
    ));
}
