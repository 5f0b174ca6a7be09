//! The configuration that is in force, written down: hls4ml's keys, one entry a layer, every type concrete.

use crate::error::Error;
use crate::model::{self, Loaded, Source};
use netlathe_ir::config::{Config, PipelineStyle, ProjectConfig, Strategy};
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::layer_norm::RootIndex;
use netlathe_ir::op::softmax::Implementation;
use netlathe_ir::{Graph, Node, NodeId, Op, Precision, Validated};
use std::path::Path;

/// A value of a configuration file; keys keep their order.
enum Value {
    Text(String),
    Number(u64),
    Integer(i64),
    Flag(bool),
    Map(Vec<(String, Value)>),
}

/// How a configuration file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Json,
    Yaml,
}

impl Format {
    /// By the file's extension.
    ///
    /// # Errors
    /// It is none of json, yml, yaml.
    pub fn of(path: &Path) -> Result<Self, Error> {
        match path.extension().and_then(|e| e.to_str()) {
            Some("json") => Ok(Format::Json),
            Some("yml" | "yaml") => Ok(Format::Yaml),
            _ => Err(Error::usage(
                format!("{}: a configuration ends in .yml, .yaml or .json", path.display()),
                "name the file so",
            )),
        }
    }
}

/// The text of the complete configuration of a lowered network, and of the project that it is for.
pub fn write(loaded: &Loaded, network: &Validated, project: &ProjectConfig, format: Format) -> String {
    let value = value(loaded, network, project);
    let mut text = String::new();
    match format {
        Format::Json => {
            json(&value, 0, &mut text);
            text.push('\n');
        }
        Format::Yaml => {
            if let Value::Map(map) = &value {
                yaml(map, 0, &mut text);
            }
        }
    }
    text
}

/// Why the network that `text` leads to is not `network`; `None` when it is, in every type, weight and table.
pub fn difference(loaded: &Loaded, network: &Validated, text: &str) -> Option<String> {
    let place = Path::new("the written configuration");
    let read = || {
        let reading = netlathe_frontend_keras::config::parse(text).map_err(|e| model::refused(place, &e))?;
        let again = Loaded { config: Some(reading.config), ..loaded.clone() };
        let source = Source { model: place.to_owned(), weights: None, config: None };
        model::lower(&again, &source, &[])
    };
    let lowered = match read() {
        Ok(lowered) => lowered,
        Err(e) => return Some(format!("it is refused: {e}")),
    };
    let mut other = lowered.network.nodes();
    for (_, node) in network.nodes() {
        let same = other.next().is_some_and(|(_, o)| same(network.graph(), node, lowered.network.graph(), o));
        if !same {
            return Some(format!("layer `{}` differs", node.name));
        }
    }
    other.next().map(|(_, node)| format!("layer `{}` is added", node.name))
}

fn same(graph_a: &Graph, a: &Node, graph_b: &Graph, b: &Node) -> bool {
    let operands = |g: &Graph, n: &Node| n.inputs.iter().map(|&i| g.node(i).name.clone()).collect::<Vec<_>>();
    a.name == b.name
        && a.result == b.result
        && essence(&a.op) == essence(&b.op)
        && operands(graph_a, a) == operands(graph_b, b)
}

/// The operation without what its arithmetic does not use: a type or a size of a table that is not there.
fn essence(op: &Op) -> Op {
    let mut op = op.clone();
    match &mut op {
        Op::Activation(a) if a.table.is_none() => {
            a.table_ty = Precision::Auto;
            a.table_size = 0;
        }
        Op::Softmax(s) => {
            // The sizes are those of the tables themselves.
            s.table_size = 0;
            if s.implementation != Implementation::Legacy {
                s.table_ty = Precision::Auto;
            }
        }
        _ => {}
    }
    op
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn value(loaded: &Loaded, network: &Validated, facts: &ProjectConfig) -> Value {
    let config = loaded.config.clone().unwrap_or_default();
    let mut precision = vec![("default".to_owned(), text(config.default_precision().hls4ml()))];
    precision.extend(
        config
            .model_precision
            .iter()
            .filter(|(var, _)| *var != "default")
            .map(|(var, ty)| (var.clone(), text(ty.hls4ml()))),
    );
    let mut model = vec![
        ("Precision".to_owned(), Value::Map(precision)),
        ("ReuseFactor".to_owned(), Value::Number(config.reuse_factor.unwrap_or(1).into())),
        ("Strategy".to_owned(), text(config.strategy.unwrap_or(Strategy::Latency).name())),
    ];
    if let Some(style) = config.pipeline_style {
        model.push(("PipelineStyle".to_owned(), text(style_name(style))));
    }
    if let Some(interval) = config.pipeline_interval {
        model.push(("PipelineInterval".to_owned(), Value::Number(interval.into())));
    }
    let read = loaded
        .graph
        .order()
        .into_iter()
        // Its two halves stand for it.
        .filter(|&id| !matches!(loaded.graph.node(id).op, Op::SeparableConv(_)))
        .map(|id| (loaded.graph.node(id).name.clone(), Value::Map(layer(loaded, network, &config, id))));
    let made = network
        .nodes()
        .filter(|(_, node)| is_configurable(node) && loaded.graph.find(&node.name).is_none())
        .map(|(_, node)| (node.name.clone(), Value::Map(entry(node))));
    let layers = read.chain(made).collect();
    let hls = vec![("Model".to_owned(), Value::Map(model)), ("LayerName".to_owned(), Value::Map(layers))];
    let mut top = project(facts);
    top.push(("IOType".to_owned(), text(network.graph().io_type.name())));
    top.push(("HLSConfig".to_owned(), Value::Map(hls)));
    Value::Map(top)
}

fn style_name(style: PipelineStyle) -> &'static str {
    match style {
        PipelineStyle::Pipeline => "pipeline",
        PipelineStyle::Dataflow => "dataflow",
    }
}

/// Layers that passes make and a configuration may name: scales, and the halves of a separable convolution. The zeros before a
/// convolution and what a merge repeats have the types of what they read.
fn is_configurable(node: &Node) -> bool {
    matches!(node.op, Op::BatchNorm(_) | Op::Conv(_))
}

fn project(p: &ProjectConfig) -> Vec<(String, Value)> {
    let facts = [
        ("ProjectName", &p.project_name),
        ("Backend", &p.backend),
        ("Board", &p.board),
        ("Part", &p.part),
        ("ClockUncertainty", &p.clock_uncertainty),
        ("Interface", &p.interface),
    ];
    let mut map: Vec<(String, Value)> =
        facts.into_iter().filter_map(|(key, v)| v.as_ref().map(|v| (key.to_owned(), text(v)))).collect();
    if let Some(period) = p.clock_period_ns {
        map.push(("ClockPeriod".to_owned(), text(period.to_string())));
    }
    let types: Vec<(String, Value)> = [("Input", &p.input_type), ("Output", &p.output_type)]
        .into_iter()
        .filter_map(|(key, v)| v.as_ref().map(|v| (key.to_owned(), text(v))))
        .collect();
    let mut accelerator: Vec<(String, Value)> =
        p.platform.iter().map(|name| ("Platform".to_owned(), text(name))).collect();
    if !types.is_empty() {
        accelerator.push(("Precision".to_owned(), Value::Map(types)));
    }
    if !accelerator.is_empty() {
        map.push(("AcceleratorConfig".to_owned(), Value::Map(accelerator)));
    }
    map
}

/// One layer of the file. The passes may have removed it: then its result is that of the layer that stands for it.
fn layer(loaded: &Loaded, network: &Validated, config: &Config, id: NodeId) -> Vec<(String, Value)> {
    let original = loaded.graph.node(id);
    if let Some(id) = network.graph().find(&original.name) {
        return entry(network.node(id));
    }
    let result = stand_in(loaded, network, id);
    let mut map = vec![("Precision".to_owned(), Value::Map(vec![("result".to_owned(), text(result))]))];
    if config.layer(&original.name, original.op.class_name(), |l| l.skip) == Some(true) {
        map.push(("Skip".to_owned(), Value::Flag(true)));
    }
    if matches!(original.op, Op::BatchNorm(_)) {
        // It went into its neighbour, unless a comparison with thresholds took its place.
        let compared = network.graph().find(&format!("bnbt_{}", original.name)).is_some();
        map.push(("Fuse".to_owned(), Value::Flag(!compared)));
    }
    map
}

/// One layer of the file that the network still has, or that a pass has made.
fn entry(node: &Node) -> Vec<(String, Value)> {
    let mut precision = vec![("result".to_owned(), text(node.ty().hls4ml()))];
    let weights = node.op.weights().into_iter().map(|(var, w)| (var, w.precision));
    // Tables' types are attributes of the layer: `Precision` does not reach them.
    let mut attributes = Vec::new();
    for (var, p) in weights.chain(node.op.inner_types()) {
        if let Precision::Is(ty) = p {
            match var {
                "table" | "exp_table" | "inv_table" | "inv_inp" => {
                    attributes.push((format!("{var}_t"), text(ty.hls4ml())));
                }
                _ => precision.push((var.to_owned(), text(ty.hls4ml()))),
            }
        }
    }
    let mut map = vec![("Precision".to_owned(), Value::Map(precision))];
    if matches!(
        node.op,
        Op::ZeroPadding(_) | Op::Cropping(_) | Op::Resize(_) | Op::Transpose(_) | Op::Reshape(_)
    ) {
        attributes.push(("result_t".to_owned(), text(node.ty().hls4ml())));
    }
    map.extend(attributes);
    let mut number = |key: &str, n: u32| map.push((key.to_owned(), Value::Number(n.into())));
    match &node.op {
        Op::Dense(d) => {
            number("ReuseFactor", d.reuse_factor);
            map.push(("Strategy".to_owned(), text(d.strategy.name())));
        }
        Op::Conv(c) => {
            number("ReuseFactor", c.product.reuse_factor);
            number("ParallelizationFactor", c.parallelization_factor);
            map.push(("Strategy".to_owned(), text(c.product.strategy.name())));
            map.push(("ConvImplementation".to_owned(), text(c.implementation.name())));
        }
        Op::Activation(a) => {
            number("ReuseFactor", a.reuse_factor);
            if a.function.table_span().is_some() {
                number("TableSize", a.table_size);
            }
            if let Function::Exponential { range_log2 } = a.function {
                number("TableRangePower2", range_log2);
            }
        }
        Op::Softmax(s) => {
            number("ReuseFactor", s.reuse_factor);
            number("TableSize", s.table_size);
            if let Some(n) = s.exp_table_size.filter(|&n| n != s.table_size) {
                number("ExpTableSize", n);
            }
            if let Some(n) = s.inv_table_size.filter(|&n| n != s.table_size) {
                number("InvTableSize", n);
            }
            map.push(("Implementation".to_owned(), text(s.implementation.name())));
        }
        Op::LayerNorm(l) => {
            number("ReuseFactor", l.reuse_factor);
            number("TableSize", l.table_size);
            match l.root {
                RootIndex::Uniform { range_power2 } => {
                    map.push(("TableRangePower2".to_owned(), Value::Integer(range_power2.into())));
                }
                RootIndex::Normalised => map.push(("NormalisedIndex".to_owned(), Value::Flag(true))),
            }
        }
        Op::BatchNorm(b) => number("ReuseFactor", b.reuse_factor),
        Op::Merge(m) => number("ReuseFactor", m.reuse_factor),
        Op::Concatenate(c) => number("ReuseFactor", c.reuse_factor),
        Op::Dot(d) => number("ReuseFactor", d.reuse_factor),
        Op::Embedding(e) => number("ReuseFactor", e.reuse_factor),
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
    map
}

/// The type of the nearest layer before this one that is still there.
fn stand_in(loaded: &Loaded, network: &Validated, id: NodeId) -> String {
    let mut at = id;
    loop {
        let node = loaded.graph.node(at);
        // A quantiser's scale, made by a pass, stands behind its layer.
        let scale = network.graph().find(&format!("{}_alpha", node.name));
        // The second half of a separable convolution stands for it.
        let half = || network.graph().find(&format!("{}_pointwise", node.name));
        if let Some(id) = scale.or_else(|| network.graph().find(&node.name)).or_else(half) {
            return network.node(id).ty().hls4ml();
        }
        match node.inputs.first() {
            Some(&before) => at = before,
            None => return loaded.config.clone().unwrap_or_default().default_precision().hls4ml(),
        }
    }
}

fn quoted(text: &str) -> String {
    // JSON's strings are YAML's double-quoted ones.
    serde_json::Value::from(text).to_string()
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Number(n) => n.to_string(),
        Value::Integer(n) => n.to_string(),
        Value::Flag(b) => b.to_string(),
        Value::Map(_) => "{}".to_owned(),
    }
}

fn json(value: &Value, depth: usize, out: &mut String) {
    let Value::Map(map) = value else {
        out.push_str(&scalar(value));
        return;
    };
    out.push('{');
    for (i, (key, value)) in map.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        out.push_str(&format!("{comma}\n{}{}: ", "  ".repeat(depth + 1), quoted(key)));
        json(value, depth + 1, out);
    }
    if !map.is_empty() {
        out.push_str(&format!("\n{}", "  ".repeat(depth)));
    }
    out.push('}');
}

fn yaml(map: &[(String, Value)], depth: usize, out: &mut String) {
    for (key, value) in map {
        let plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            // What YAML 1.1 readers take for a truth value or nothing.
            && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&key.to_lowercase().as_str());
        let key = if plain { key.clone() } else { quoted(key) };
        let indent = "  ".repeat(depth);
        match value {
            Value::Map(inner) if !inner.is_empty() => {
                out.push_str(&format!("{indent}{key}:\n"));
                yaml(inner, depth + 1, out);
            }
            other => out.push_str(&format!("{indent}{key}: {}\n", scalar(other))),
        }
    }
}
