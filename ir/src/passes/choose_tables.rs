//! Tables that NetLathe chooses: always for functions that hls4ml does not have, for all others without a configuration.
//!
//! * sigmoid, tanh, softplus, softsign, elu, selu, gelu, silu: 8192 entries of 18 bits, within 2^-9 of the function (softplus and
//!   softsign between -8 and 8: their tables end there).
//! * exponential: 64 Ki entries from where the result's type ends (its largest value, half its step) or the input's; entries
//!   two bits finer than the result. Under a configuration only the range is chosen, and that only where TableRangePower2 does
//!   not say it: TableSize and the table's type are its.
//! * softmax: an entry for every value of an index, so that no output is further than 2^-8 from the exact function for up to 128
//!   classes.
//! * layer normalisation: 4096 entries over the variance's leading bits, each inverse root within 2^-13 of its own size.

use super::choose_types::{chosen, sized};
use super::{Context, Types};
use crate::diag::Diagnostic;
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::op::activation::{Activation, Function};
use crate::op::layer_norm::{LayerNorm, RootIndex};
use crate::op::softmax::{Implementation, Softmax};
use crate::range::Interval;
use crate::table::{MAX_ENTRIES, ceil_log2};
use netlathe_apfixed::{FixedType, Overflow, Precision, Rounding};

/// Entries of an activation's table: within 2^-11 of sigmoid, 2^-10 of tanh.
const TABLE_SIZE: u32 = 8192;

/// A node whose own type and whose operands' types are known.
pub(super) fn run(graph: &mut Graph, id: NodeId, cx: &mut Context<'_>) {
    let Some(&source) = graph.node(id).inputs.first() else { return };
    let Precision::Is(input) = graph.node(source).result else { return };
    let node = graph.node_mut(id);
    let shape = node.shape.clone();
    let result = node.result;
    let configured = matches!(cx.types, Types::Configured);
    let range = cx.config.layer(&node.name, node.op.class_name(), |l| l.table_range_power2);
    match (&mut node.op, result) {
        // Said in the configuration.
        (Op::Activation(a), _)
            if configured && range.is_some() && matches!(a.function, Function::Exponential { .. }) => {}
        (Op::Activation(a), Precision::Is(result)) => activation(a, &input, &result, configured),
        (Op::Softmax(s), _) if !configured => softmax(s, &input, shape[s.axis], cx),
        (Op::LayerNorm(l), _) if !configured => {
            cx.notes.extend(layer_norm(l, &input).map(|d| d.layer(&node.name)));
        }
        _ => {}
    }
}

fn activation(a: &mut Activation, input: &FixedType, result: &FixedType, configured: bool) {
    if let Function::Exponential { range_log2 } = &mut a.function {
        *range_log2 = exponential_range(input, result);
        if !configured {
            a.table_size = MAX_ENTRIES;
            a.table_ty = Precision::Is(exponential_type(*range_log2, result));
        }
        return;
    }
    if configured {
        return;
    }
    if a.function.table_span().is_some() {
        a.table_size = TABLE_SIZE;
    }
    let top = if a.function == Function::Softplus { 9.0 } else { 1.0 };
    a.table_ty = Precision::Is(chosen(18, Interval { min: -1.0, max: top }));
}

/// The exponential leaves its result's type above the logarithm of the largest value and is nothing below that of half a step;
/// no input is beyond its own type. At most 64.
fn exponential_range(input: &FixedType, result: &FixedType) -> u32 {
    let (high, low) = (libm::log(result.max_value().max(1.0)), libm::log(result.lsb() / 2.0));
    let needed = high.max(-low).min(Interval::of(input).magnitude());
    (0..6).find(|&e| libm::exp2(f64::from(e)) >= needed).unwrap_or(6)
}

fn exponential_type(range_log2: u32, result: &FixedType) -> FixedType {
    let most = libm::exp(libm::exp2(f64::from(range_log2)));
    let integer = Interval { min: 0.0, max: most }
        .integer_bits(false)
        .min(result.integer - i32::from(result.signed))
        .max(1);
    let frac = (result.frac() + 2).clamp(1 - integer, 60 - integer);
    FixedType::ufixed((integer + frac).max(1) as u32, integer).with_modes(Rounding::Rnd, Overflow::Sat)
}

/// Sums and squares of whatever the input's type holds are exact in their integer bits; the accumulator's step leaves epsilon 14
/// bits where 62 bits allow.
fn layer_norm(l: &mut LayerNorm, input: &FixedType) -> Option<Diagnostic> {
    let n = l.scale.data.len().max(1);
    let spread = 2.0 * Interval::of(input).magnitude();
    let largest = n as f64 * spread.max(spread * spread).max(1.0);
    let most = Interval { min: -largest, max: largest };
    let wanted = input.frac().max(14 - libm::ilogb(l.epsilon.clamp(1e-12, 1.0)));
    let accum = sized(most, wanted.min(62 - most.integer_bits(true)));
    l.accum = Precision::Is(accum.with_modes(Rounding::Rnd, Overflow::Wrap));
    l.table_ty = Precision::Is(FixedType::ufixed(18, 0).with_modes(Rounding::Rnd, Overflow::Sat));
    l.table_size = 4096;
    l.root = RootIndex::Normalised;
    // One part in n must keep a few bits.
    (accum.frac() < ceil_log2(n as u32) as i32 + 8).then(|| {
        Diagnostic::warning(
            "NL235",
            format!(
                "squares of its input's type {input} leave its sums a step of 2^-{}: it is not exact",
                accum.frac()
            ),
        )
        .help("give the layer before it a result type with fewer integer bits")
    })
}

/// Tables with an entry for every value of their index: no index drops a bit.
fn softmax(s: &mut Softmax, input: &FixedType, classes: usize, cx: &mut Context<'_>) {
    let sat = |ty: FixedType| Precision::Is(ty.with_modes(Rounding::Rnd, Overflow::Sat));
    let growth = ceil_log2(classes.max(2) as u32);
    // exp(-16) is below every entry's LSB, so differences saturate there; a step of 2^-10 moves no output by 2^-11.
    let norm_frac = input.frac().clamp(-3, 10);
    let norm = FixedType::ufixed((4 + norm_frac) as u32, 4);
    // The sum is at least 1; its index keeps 10 fraction bits while 64 Ki entries allow.
    let sum = FixedType::ufixed((1 + growth + 10).min(16), 1 + growth as i32);
    s.table_ty = Precision::Is(FixedType::fixed(18, 8));
    s.exp_table_ty = sat(FixedType::ufixed(18, 1));
    s.inv_table_ty = sat(FixedType::ufixed(18, 1));
    s.accum = Precision::Is(FixedType::ufixed(18 + growth, 1 + growth as i32));
    s.inp_norm = sat(norm);
    s.inv_inp = sat(sum);
    s.inv_table_size = Some(1 << sum.width);
    if s.implementation == Implementation::Stable {
        s.exp_table_size = Some(1 << norm.width);
    }
    if growth > 7 {
        cx.notes.push(
            Diagnostic::warning(
                "NL233",
                format!(
                    "a softmax over {classes} classes is only within 2^-{} of the exact function",
                    sum.frac()
                ),
            )
            .help("compare logits instead (Skip: true), or use implementation argmax"),
        );
    }
}
