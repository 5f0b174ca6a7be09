//! Distributed arithmetic: a product as straight-line additions of shifted values, in a header of its own.

use crate::adder_graph::{self, AdderGraph, Term, shifted};
use crate::layer::{Adders, Layer};
use crate::names::Namer;
use netlathe_ir::FixedType;
use netlathe_ir::config::Strategy;
use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::Encoding;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Adders of one layer, written out: a simulation compiles a few thousand a second. A larger product stays one of constants
/// (`dense_latency`), of which the HLS compiler makes adders by itself.
const MAX_ADDERS: usize = 8000;

/// Writes the product's adders, if it is to be made of them; the configuration gets `adders`.
pub(super) fn lower(layer: &mut Layer, d: &Dense, x: &FixedType, namer: &mut Namer) -> bool {
    // Bits that stand for -1 and 1 are no numbers to shift.
    let numbers = d.weight.encoding == Encoding::Fixed && d.input == Encoding::Fixed;
    if d.strategy != Strategy::DistributedArithmetic || !numbers {
        return false;
    }
    let (n_in, n_out) = (d.n_in(), d.n_out());
    let matrix = d.raw_matrix();
    let digits: usize = matrix.iter().map(|w| adder_graph::digits(*w, 0).len()).sum();
    if digits > 4 * MAX_ADDERS {
        return false;
    }
    let graph = adder_graph::build(&matrix, n_in, n_out);
    let Some(ranges) = graph.ranges((x.min_raw(), x.max_raw())) else { return false };
    if graph.adders.len() > MAX_ADDERS {
        return false;
    }
    let outputs: Option<Vec<(i128, i128)>> =
        graph.outputs.iter().map(|o| o.map_or(Some((0, 0)), |t| shifted(ranges[t.value], t))).collect();
    let Some(outputs) = outputs else { return false };
    let width = outputs.iter().map(bits).max().unwrap_or(1);
    let frac = x.frac() + d.weight.ty().frac();
    let sum = layer.ty("sum", &FixedType::fixed(width, width as i32 - frac), namer);
    let name = namer.unique(&format!("{}_adders", layer.ident));
    layer.alias("sum_t", &sum);
    layer.alias("adders", &name);
    let text = text(&graph, &ranges, x, width);
    layer.adders = Some(Adders { name, n_in, n_out, count: graph.adders.len(), text });
    true
}

/// Bits of a signed integer that holds the range.
fn bits(&(low, high): &(i128, i128)) -> u32 {
    let of = |v: i128| 129 - if v < 0 { (!v).leading_zeros() } else { v.leading_zeros() };
    of(low).max(of(high))
}

/// A line a value; each is as wide as its range needs.
fn text(graph: &AdderGraph, ranges: &[(i128, i128)], x: &FixedType, sum_bits: u32) -> String {
    let mut text = String::new();
    let terms =
        graph.adders.iter().flat_map(|a| [a.left, a.right]).chain(graph.outputs.iter().flatten().copied());
    let used: BTreeSet<usize> = terms.map(|t| t.value).collect();
    let input_bits = bits(&ranges.first().copied().unwrap_or((0, 0)));
    // An unsigned input has a sign bit to spare: its bits widen before they become signed.
    let signed = format!("ap_{}int<{}>", if x.signed { "" } else { "u" }, x.width);
    for i in (0..graph.n_in).filter(|i| used.contains(i)) {
        let _ = writeln!(text, "        const ap_int<{input_bits}> v{i} = {signed}(nnet::raw_of(x[{i}]));");
    }
    for (k, adder) in graph.adders.iter().enumerate() {
        let w = bits(&ranges[graph.n_in + k]);
        // The terms themselves may need a bit more than their sum.
        let inner = [adder.left, adder.right]
            .iter()
            .filter_map(|t| shifted(ranges[t.value], *t))
            .map(|r| bits(&r))
            .fold(w, u32::max);
        let term = |t: Term| {
            if t.shift == 0 {
                format!("ap_int<{inner}>(v{})", t.value)
            } else {
                format!("(ap_int<{inner}>(v{}) << {})", t.value, t.shift)
            }
        };
        let (a, b) = (adder.left, adder.right);
        let sum = match (a.negative, b.negative) {
            (false, false) => format!("{} + {}", term(a), term(b)),
            (false, true) => format!("{} - {}", term(a), term(b)),
            (true, false) => format!("{} - {}", term(b), term(a)),
            (true, true) => format!("-{} - {}", term(a), term(b)),
        };
        let _ = writeln!(text, "        const ap_int<{w}> v{} = {sum};", graph.n_in + k);
    }
    for (j, output) in graph.outputs.iter().enumerate() {
        let value = match output {
            None => "0".to_owned(),
            Some(t) => {
                let value = format!("ap_int<{sum_bits}>(v{}) << {}", t.value, t.shift);
                if t.negative { format!("-({value})") } else { value }
            }
        };
        let _ = writeln!(text, "        y[{j}] = nnet::from_raw<sum_T>(ap_int<{sum_bits}>({value}));");
    }
    text.truncate(text.trim_end().len());
    text
}
