//! Dense: `dense_latency` or `dense_resource`.

use super::{Operand, known};
use crate::layer::{Layer, array};
use crate::names::Namer;
use netlathe_ir::config::Strategy;
use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::Encoding;

pub(super) fn lower(layer: &mut Layer, d: &Dense, x: &Operand<'_>, namer: &mut Namer) {
    let (n_in, n_out) = (d.n_in(), d.n_out());
    let accum = layer.ty("accum", &known(d.accum), namer);
    let bias_ty = layer.ty("bias", &d.bias.ty(), namer);
    let bits = if d.input == Encoding::Xnor { "bit_" } else { "" };
    let times = match d.weight.encoding {
        Encoding::Xnor if d.counts() => "nnet::equal_bits".to_owned(),
        Encoding::Xnor => format!("nnet::{bits}times_sign"),
        Encoding::Exponent => unreachable!("not made by any front end yet"),
        Encoding::Fixed => format!("nnet::{bits}times_fixed<{}>", layer.ty("weight", &d.weight.ty(), namer)),
    };
    let result = if d.counts() {
        format!("nnet::balance<{n_in}, {}>", d.balance_bits())
    } else {
        "nnet::plain_sum".to_owned()
    };
    layer.constant("n_in", n_in);
    layer.constant("n_out", n_out);
    layer.alias("accum_t", &accum);
    layer.alias("bias_t", &bias_ty);
    layer.alias("times", &times);
    layer.alias("result", &result);

    let raw = d.weight.raw();
    let (function, values, order) = match blocks(d) {
        Some(Blocks { rows, columns, reuse_factor }) => {
            layer.constant("reuse_factor", reuse_factor);
            layer.constant("block_rows", rows);
            layer.constant("block_columns", columns);
            layer.constant("block_size", rows * columns);
            layer.headers.push("nnet_dense_resource.h");
            let row_blocks = n_in / rows;
            let values: Vec<i64> = (0..reuse_factor)
                .flat_map(|ir| {
                    let (first_row, first_column) = (ir % row_blocks, ir / row_blocks * columns);
                    (0..rows).flat_map(move |r| {
                        (0..columns).map(move |c| (first_row + r * row_blocks, first_column + c))
                    })
                })
                .map(|(i, j)| raw[[i, j]])
                .collect();
            ("dense_resource", values, format!("in {reuse_factor} block(s) of {rows} x {columns}"))
        }
        None => {
            layer.headers.push("nnet_dense_latency.h");
            ("dense_latency", raw.iter().copied().collect(), "row by row".to_owned())
        }
    };
    let meaning = match d.weight.encoding {
        Encoding::Xnor => "0 means -1, 1 means +1".to_owned(),
        Encoding::Exponent => "twice the exponent, plus 1 for a positive weight".to_owned(),
        Encoding::Fixed => format!("raw integers of {}", d.weight.ty()),
    };
    let weight = namer.unique(&format!("{}_weight", layer.ident));
    let bias = namer.unique(&format!("{}_bias", layer.ident));
    let note = format!("{n_in} inputs x {n_out} outputs, {order}; {meaning}");
    layer.weights.push(array(weight.clone(), values.into_iter(), note));
    layer.weights.push(array(
        bias.clone(),
        d.bias.raw().iter().copied(),
        format!("{n_out} outputs; raw integers of {}", d.bias.ty()),
    ));
    layer.calls.push(format!(
        "nnet::{function}<{}>({}, {}, {weight}, {bias});",
        layer.config_name, x.array, layer.out
    ));
}

/// How the resource strategy cuts the matrix.
struct Blocks {
    rows: usize,
    columns: usize,
    reuse_factor: usize,
}

/// The blocks of the resource strategies; `None` for a product that is laid out at once.
///
/// A reuse factor that does not cut the matrix evenly (the passes leave none) is laid out at once, too: the order of the sum
/// is then ascending, as [`Dense::accumulation_order`] has it above `n_in`; below, it is only that of a legal factor.
fn blocks(d: &Dense) -> Option<Blocks> {
    let (n_in, n_out, rf) = (d.n_in(), d.n_out(), d.reuse_factor as usize);
    let resource = matches!(d.strategy, Strategy::Resource | Strategy::ResourceUnrolled);
    if !resource || rf == 0 {
        return None;
    }
    if rf <= n_in {
        return n_in.is_multiple_of(rf).then_some(Blocks {
            rows: n_in / rf,
            columns: n_out,
            reuse_factor: rf,
        });
    }
    let groups = rf / n_in;
    (rf.is_multiple_of(n_in) && n_out.is_multiple_of(groups)).then(|| Blocks {
        rows: 1,
        columns: n_out / groups,
        reuse_factor: rf,
    })
}
