//! The dense product inside dense layers and convolutions: its types, its weights in the order of use, how it is laid out.

use super::{adders, known};
use crate::layer::{Layer, array};
use crate::names::Namer;
use netlathe_ir::FixedType;
use netlathe_ir::config::Strategy;
use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::Encoding;

/// A product that the layer's configuration describes.
pub(crate) struct Product {
    /// `latency`, `resource` or `adders`: `nnet::dense_<strategy>` computes one row, `nnet::position_<strategy>` calls it. `grouped`:
    /// `nnet::position_grouped`.
    pub(crate) strategy: &'static str,
    /// Names of the constant arrays.
    pub(crate) weight: String,
    pub(crate) bias: String,
}

impl Product {
    /// Lets the configuration name the function of one position, for `nnet::conv_position`.
    pub(crate) fn name_position(&self, layer: &mut Layer) {
        layer.alias("position", &format!("nnet::position_{}", self.strategy));
        layer.headers.push(match self.strategy {
            "latency" => "nnet_conv_latency.h",
            "resource" => "nnet_conv_resource.h",
            "adders" => "nnet_conv_adders.h",
            _ => "nnet_conv_grouped.h",
        });
    }
}

/// Adds the product of inputs of type `x` to the layer: types, configuration, weights. Groups share no input; there is one in a
/// dense layer.
pub(crate) fn lower(
    layer: &mut Layer,
    d: &Dense,
    x: &FixedType,
    groups: usize,
    namer: &mut Namer,
) -> Product {
    let (n_in, n_out) = (d.n_in(), d.n_out());
    let accum = layer.ty("accum", &known(d.accum), namer);
    let bias_ty = layer.ty("bias", &d.bias.ty(), namer);
    let times = times(layer, d, namer);
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

    let blocks = match blocks(d) {
        None if groups > 1 => Some(Blocks { rows: n_in, columns: n_out, reuse_factor: 1 }),
        blocks => blocks,
    };
    let raw = d.raw_matrix();
    let (values, order): (Vec<i64>, String) = match &blocks {
        Some(b) => {
            layer.constant("reuse_factor", b.reuse_factor);
            layer.constant("block_rows", b.rows);
            layer.constant("block_columns", b.columns);
            layer.constant("block_size", b.rows * b.columns);
            let order = format!("in {} block(s) of {} x {}", b.reuse_factor, b.rows, b.columns);
            (b.order(n_in).map(|(i, j)| raw[i * n_out + j]).collect(), order)
        }
        None => (raw, "row by row".to_owned()),
    };
    let strategy = match (groups, &blocks) {
        (1, None) if adders::lower(layer, d, x, namer) => "adders",
        (1, None) => "latency",
        (1, Some(_)) => "resource",
        _ => "grouped",
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
    Product { strategy, weight, bias }
}

/// The function of one input and one weight.
fn times(layer: &mut Layer, d: &Dense, namer: &mut Namer) -> String {
    let bits = if d.input == Encoding::Xnor { "bit_" } else { "" };
    match d.weight.encoding {
        Encoding::Xnor if d.counts() => "nnet::equal_bits".to_owned(),
        Encoding::Xnor => format!("nnet::{bits}times_sign"),
        Encoding::Exponent => {
            layer.headers.push("nnet_dense_exponent.h");
            format!("nnet::times_power<{}>", d.weight.ty().width)
        }
        Encoding::Fixed => format!("nnet::{bits}times_fixed<{}>", layer.ty("weight", &d.weight.ty(), namer)),
    }
}

/// Whether the product is a loop over blocks that is pipelined by itself (strategy Resource), so that what surrounds it must not
/// be: a pipeline around it would unroll it, all products at once.
pub(crate) fn runs_in_blocks(d: &Dense) -> bool {
    blocks(d).is_some_and(|b| b.reuse_factor > 1)
}

/// How the resource strategy cuts the matrix.
struct Blocks {
    rows: usize,
    columns: usize,
    reuse_factor: usize,
}

impl Blocks {
    /// (input, output) of every weight in the order of use: block after block, row after row.
    fn order(&self, n_in: usize) -> impl Iterator<Item = (usize, usize)> {
        let &Blocks { rows, columns, reuse_factor } = self;
        let row_blocks = n_in / rows;
        (0..reuse_factor).flat_map(move |ir| {
            let (first_row, first_column) = (ir % row_blocks, ir / row_blocks * columns);
            (0..rows)
                .flat_map(move |r| (0..columns).map(move |c| (first_row + r * row_blocks, first_column + c)))
        })
    }
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
