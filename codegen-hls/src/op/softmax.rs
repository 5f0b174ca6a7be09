//! Softmax: the method of the implementation on every slice along the axis.

use super::{Operand, known};
use crate::layer::Layer;
use crate::names::Namer;
use netlathe_ir::op::softmax::{Implementation, Softmax};
use netlathe_ir::table::Table;
use netlathe_ir::{FixedType, Node};

pub(super) fn lower(layer: &mut Layer, s: &Softmax, node: &Node, x: &Operand<'_>, namer: &mut Namer) {
    // The axis counted from the end: the operand may be a token.
    let axis = s.axis + x.shape.len() - node.shape.len();
    let (outer, slice, inner) = Softmax { axis, ..s.clone() }.split(&x.shape);
    layer.headers.push("nnet_softmax.h");
    layer.constant("n", slice);
    match s.implementation {
        Implementation::Argmax => {}
        Implementation::Legacy => {
            let name = layer.ty("table", &known(s.table_ty), namer);
            layer.alias("table_t", &name);
            layer.table("exp", &name, &entries(s.exp_table.as_ref()), namer);
            layer.table("inv", &name, &entries(s.inv_table.as_ref()), namer);
        }
        Implementation::Stable | Implementation::Latency => {
            let mut alias = |layer: &mut Layer, role: &str, ty: &FixedType| {
                let name = layer.ty(role, ty, namer);
                layer.alias(&format!("{role}_t"), &name);
                name
            };
            alias(layer, "accum", &known(s.accum));
            alias(layer, "inv_inp", &known(s.inv_inp));
            if s.implementation == Implementation::Stable {
                alias(layer, "inp_norm", &known(s.inp_norm));
            }
            let exp = alias(layer, "exp_table", &known(s.exp_table_ty));
            let inv = alias(layer, "inv_table", &known(s.inv_table_ty));
            layer.table("exp", &exp, &entries(s.exp_table.as_ref()), namer);
            layer.table("inv", &inv, &entries(s.inv_table.as_ref()), namer);
        }
    }
    layer.calls.push(format!(
        "nnet::softmax<nnet::softmax_{}<{}>, {outer}, {slice}, {inner}>({}, {});",
        s.implementation.name(),
        layer.config_name,
        x.array,
        layer.out
    ));
}

fn entries(table: Option<&Table>) -> Vec<i64> {
    match table {
        Some(table) => table.entries.clone(),
        None => unreachable!("the passes attach tables to every implementation that has them"),
    }
}
