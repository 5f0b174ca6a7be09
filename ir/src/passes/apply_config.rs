//! The configuration reaches the layers.
//!
//! Look-up as hls4ml does (`HLSConfig.get_precision`): the layer's name, its class, the model. A quantiser in the file decides
//! a weight's type, unless hls4ml has a wrong one for it and the configuration names another.
//!
//! hls4ml lists types in its configurations that it never reads. They have no effect here, either, and get a warning (NL212):
//! `Precision` of tables (only the layer's attribute, `table_t` and the like, reaches them), of weights with a quantiser in the
//! file, and of layers that only move elements, whose tensor is made with the type that their operand has in the configuration.

use super::{Context, Types};
use crate::config::{Config, IoType, PipelineStyle, Strategy};
use crate::diag::{Diagnostic, Refused};
use crate::graph::{Graph, Node};
use crate::op::Op;
use crate::op::activation::Function;
use crate::op::conv::Kind;
use crate::op::layer_norm::RootIndex;
use crate::op::window::Spatial;
use netlathe_apfixed::{FixedType, Precision};

pub(super) fn run(graph: &mut Graph, cx: &mut Context<'_>) -> Result<(), Refused> {
    check_names(graph, cx)?;
    graph.config = cx.config.clone().into_owned();
    graph.io_type = cx.config.io_type.unwrap_or_default();
    for id in graph.order() {
        let first = graph.node(id).inputs.first().map(|&i| graph.node(i));
        let (operand, rank) = first.map_or((Precision::Auto, 0), |n| (n.result, n.shape.len()));
        let node = graph.node_mut(id);
        let class = config_class(&node.op, rank);
        match cx.types {
            Types::Configured => {
                set_types(node, class, operand, &cx.config);
                warn_of_unread_types(node, class, cx);
            }
            Types::Chosen(_) => take_quantisers(node, Precision::Auto),
            Types::Wide(ty) => take_quantisers(node, Precision::Is(*ty)),
        }
        set_layout(node, class, cx);
    }
    check_style(graph.io_type, cx);
    Ok(())
}

/// What runs side by side follows from the I/O style alone.
fn check_style(io_type: IoType, cx: &mut Context<'_>) {
    let (asked, made) = match (cx.config.pipeline_style, io_type) {
        (Some(PipelineStyle::Dataflow), IoType::Parallel) => ("dataflow", "one pipeline through all layers"),
        (Some(PipelineStyle::Pipeline), IoType::Stream) => ("pipeline", "a process for every layer"),
        _ => return,
    };
    cx.notes.push(
        Diagnostic::warning(
            "NL225",
            format!("PipelineStyle {asked} has no effect: {} is {made}", io_type.name()),
        )
        .help("use io_stream for layers that run side by side, io_parallel for one pipeline"),
    );
}

/// A layer name that the model does not have is refused: hls4ml ignores it, and its user with it.
fn check_names(graph: &Graph, cx: &Context<'_>) -> Result<(), Refused> {
    let layers = graph.order().into_iter().map(|id| graph.node(id).name.as_str());
    let names: Vec<&str> = layers.chain(graph.groups.iter().map(String::as_str)).collect();
    let unknown: Vec<Diagnostic> = cx
        .config
        .layer_name
        .keys()
        .filter(|k| !names.contains(&k.as_str()) && !is_made_by_a_pass(k, &names) && !was_split(k, &names))
        .map(|k| {
            Diagnostic::error(
                "NL201",
                format!("the configuration names layer `{k}`, the model has none of that name"),
            )
            .help(format!("the layers are: {}", names.join(", ")))
        })
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Refused(unknown)) }
}

/// Layers that `factorize_alpha` and `extract_ternary_threshold` will make may be configured, too.
fn is_made_by_a_pass(name: &str, names: &[&str]) -> bool {
    ["_alpha", "_scale"]
        .iter()
        .any(|suffix| name.strip_suffix(suffix).is_some_and(|base| names.contains(&base)))
}

/// A separable convolution is two layers by now.
fn was_split(name: &str, names: &[&str]) -> bool {
    super::split_separable::HALVES.iter().all(|half| names.contains(&format!("{name}_{half}").as_str()))
}

/// The class by which a configuration addresses a layer: hls4ml turns convolutions into pointwise ones after it has read it,
/// but a dense layer on several axes (operand of rank `rank`) into a convolution before.
pub(super) fn config_class(op: &Op, rank: usize) -> &'static str {
    match op {
        Op::Dense(_) if rank == 2 => "Conv1D",
        Op::Dense(_) if rank == 3 => "Conv2D",
        Op::Conv(c) if c.kind == Kind::Pointwise && c.spatial == Spatial::One => "Conv1D",
        Op::Conv(c) if c.kind == Kind::Pointwise => "Conv2D",
        op => op.class_name(),
    }
}

/// Whether hls4ml gives the layer its operand's type, whatever the model's default is.
fn keeps_its_operands_type(op: &Op) -> bool {
    matches!(op, Op::ZeroPadding(_) | Op::Cropping(_) | Op::Resize(_) | Op::Transpose(_))
}

/// The types of a layer that a pass has made: open, unless the configuration names it.
pub(super) fn configure_inserted(node: &mut Node, cx: &Context<'_>) {
    if matches!(cx.types, Types::Configured) && cx.config.layer_name.contains_key(&node.name) {
        set_types(node, config_class(&node.op, 0), Precision::Auto, &cx.config);
    }
}

/// What the configuration says of a variable of this very layer or of its class.
fn explicit(config: &Config, name: &str, class: &str, var: &str) -> Option<Precision> {
    let of = |c: Option<&crate::config::LayerConfig>| c.and_then(|l| l.precision.get(var).copied());
    of(config.layer_name.get(name)).or_else(|| of(config.layer_type.get(class)))
}

/// `operand`: the type that the first operand has so far.
fn set_types(node: &mut Node, class: &str, operand: Precision, config: &Config) {
    let name = node.name.clone();
    let explicit = |var: &str| explicit(config, &name, class, var);
    node.result = match &node.op {
        Op::Input(i) => match (i.integer, explicit("result")) {
            (Some((width, signed)), None | Some(Precision::Auto)) => {
                Precision::Is(integer_type(width, signed))
            }
            _ => config.precision(&name, class, "result"),
        },
        // `result_t` is NetLathe's own way to have another type here.
        op if keeps_its_operands_type(op) => match explicit("result_t") {
            Some(Precision::Is(ty)) => Precision::Is(ty),
            _ => operand,
        },
        _ => config.precision(&name, class, "result"),
    };
    for (var, weight) in node.op.weights_mut() {
        if weight.precision != Precision::Auto {
            continue; // a bias that the layer does not have
        }
        match (&weight.quantizer, explicit(var)) {
            (Some(q), Some(Precision::Is(ty))) if q.loose && ty != q.ty => {
                weight.precision = Precision::Is(ty);
            }
            (Some(q), _) => {
                weight.precision = Precision::Is(q.ty);
                weight.encoding = q.encoding;
            }
            (None, _) => weight.precision = config.precision(&name, class, var),
        }
    }
    for (var, ty) in node.op.inner_types_mut() {
        match var {
            "accum" | "param" => *ty = config.precision(&name, class, var),
            _ => {
                let own = if is_read(var) { explicit(var) } else { None };
                if let Some(Precision::Is(t)) = explicit(&format!("{var}_t")).or(own) {
                    *ty = Precision::Is(t);
                }
            }
        }
    }
}

/// Whether `Precision` reaches this type: hls4ml reads tables' types nowhere.
fn is_read(var: &str) -> bool {
    !matches!(var, "table" | "exp_table" | "inv_table" | "inv_inp")
}

/// Types in the configuration that have no effect.
fn warn_of_unread_types(node: &Node, class: &str, cx: &mut Context<'_>) {
    let unread = |var: &str, used: Precision| {
        let Some(Precision::Is(ty)) = explicit(&cx.config, &node.name, class, var) else { return None };
        (Precision::Is(ty) != used).then(|| {
            Diagnostic::warning(
                "NL212",
                format!("Precision.{var} is {}: it has no effect, as in hls4ml", ty.hls4ml()),
            )
            .layer(&node.name)
        })
    };
    let mut notes = Vec::new();
    if keeps_its_operands_type(&node.op) {
        let note = unread("result", node.result);
        notes.extend(note.map(|n| n.help("the layer has its operand's type; set that one's")));
    }
    for (var, used) in node.op.inner_types().into_iter().filter(|(var, _)| !is_read(var)) {
        let used_is = match used {
            Precision::Is(ty) => ty.hls4ml(),
            Precision::Auto => "chosen".into(),
        };
        let note = unread(var, used);
        notes.extend(
            note.map(|n| n.help(format!("the table's type is {used_is}; the layer's key {var}_t sets it"))),
        );
    }
    for (var, weight) in node.op.weights() {
        // `lose_quantizers` speaks of the others.
        if let Some(q) = weight.quantizer.as_ref().filter(|q| q.unquantized.is_none()) {
            let note = unread(var, weight.precision);
            notes.extend(note.map(|n| n.help(format!("its quantiser in the file means {}", q.ty.hls4ml()))));
        }
    }
    cx.notes.extend(notes);
}

/// Without a configuration only the file's quantisers decide; `rest` is for everything else but tables and softmax's inner
/// types, which stay open for `choose_types`.
fn take_quantisers(node: &mut Node, rest: Precision) {
    node.result = if keeps_its_operands_type(&node.op) { Precision::Auto } else { rest };
    if let Op::Activation(a) = &node.op
        && let Some(ty) = a.quantizer
    {
        node.result = Precision::Is(ty);
    }
    if let Op::Input(i) = &node.op
        && let Some((width, signed)) = i.integer
    {
        node.result = Precision::Is(integer_type(width, signed));
    }
    for (_, weight) in node.op.weights_mut() {
        if weight.precision != Precision::Auto {
            continue; // a bias that the layer does not have
        }
        match &weight.quantizer {
            Some(q) => {
                weight.precision = Precision::Is(q.ty);
                weight.encoding = q.encoding;
            }
            None => weight.precision = rest,
        }
    }
    // NetLathe chooses the inner types of these.
    let chosen = matches!(node.op, Op::Softmax(_) | Op::LayerNorm(_));
    for (var, ty) in node.op.inner_types_mut() {
        *ty = if matches!(var, "accum" | "param") && !chosen { rest } else { Precision::Auto };
    }
}

fn integer_type(width: u32, signed: bool) -> FixedType {
    if signed { FixedType::int(width) } else { FixedType::uint(width) }
}

/// Strategy, reuse factor, table sizes and implementation.
fn set_layout(node: &mut Node, class: &str, cx: &mut Context<'_>) {
    let name = node.name.clone();
    let config = &cx.config;
    let reuse = config.layer(&name, class, |l| l.reuse_factor).or(config.reuse_factor).unwrap_or(1);
    let strategy =
        config.layer(&name, class, |l| l.strategy).or(config.strategy).unwrap_or(Strategy::Latency);
    let table_size = config.layer(&name, class, |l| l.table_size);
    match &mut node.op {
        Op::Dense(d) => {
            d.strategy = strategy;
            d.reuse_factor = reuse;
        }
        Op::Conv(c) => {
            c.product.strategy = strategy;
            c.product.reuse_factor = reuse;
            c.parallelization_factor =
                config.layer(&name, class, |l| l.parallelization_factor).unwrap_or(c.parallelization_factor);
            c.implementation =
                config.layer(&name, class, |l| l.conv_implementation).unwrap_or(c.implementation);
        }
        Op::Activation(a) => {
            a.reuse_factor = reuse;
            a.table_size = table_size.unwrap_or(a.table_size);
            if let Function::Exponential { range_log2 } = &mut a.function
                && let Some(range) = config.layer(&name, class, |l| l.table_range_power2)
            {
                *range_log2 = range.clamp(0, 6) as u32;
            }
            // hls4ml's configuration holds the quantiser's type; one without it (granularity `model`) loses the quantiser.
            if let (Some(ty), Types::Configured) = (a.quantizer, cx.types)
                && node.result != Precision::Is(ty)
            {
                cx.notes.push(
                    Diagnostic::warning(
                        "NL210",
                        format!(
                            "its quantiser means {}, the configuration gives {}",
                            ty.hls4ml(),
                            node.result
                        ),
                    )
                    .layer(&name)
                    .help(format!("set its Precision.result to {}", ty.hls4ml())),
                );
            }
        }
        Op::Softmax(s) => {
            s.reuse_factor = reuse;
            s.table_size = table_size.unwrap_or(s.table_size);
            s.exp_table_size = config.layer(&name, class, |l| l.exp_table_size);
            s.inv_table_size = config.layer(&name, class, |l| l.inv_table_size);
            if let Some(i) = config.layer(&name, class, |l| l.implementation) {
                s.implementation = i;
            }
            s.skip = config.layer(&name, class, |l| l.skip).unwrap_or(false);
        }
        Op::LayerNorm(l) => {
            l.reuse_factor = reuse;
            l.table_size = table_size.unwrap_or(l.table_size);
            if let Some(range_power2) = config.layer(&name, class, |l| l.table_range_power2) {
                l.root = RootIndex::Uniform { range_power2 };
            }
            if config.layer(&name, class, |l| l.normalised_index) == Some(true) {
                l.root = RootIndex::Normalised;
            }
        }
        Op::BatchNorm(b) => b.reuse_factor = reuse,
        Op::Merge(m) => m.reuse_factor = reuse,
        Op::Concatenate(c) => c.reuse_factor = reuse,
        Op::Dot(d) => d.reuse_factor = reuse,
        Op::Embedding(e) => e.reuse_factor = reuse,
        Op::Input(_)
        | Op::Reshape(_)
        | Op::Threshold(_)
        | Op::SeparableConv(_)
        | Op::Pool(_)
        | Op::ZeroPadding(_)
        | Op::Cropping(_)
        | Op::Resize(_)
        | Op::Transpose(_)
        | Op::RepeatVector(_)
        | Op::Broadcast(_) => {}
    }
}
