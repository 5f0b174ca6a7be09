//! A case: a network whose nodes carry their configuration, and integers to run it on. As text, it runs again.

use crate::error::Error;
use ndarray::{ArrayD, Axis, IxDyn};
use netlathe_apfixed::{FixedType, Precision};
use netlathe_ir::config::{Config, LayerConfig, PipelineStyle};
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::layer_norm::RootIndex;
use netlathe_ir::{Graph, Node, Op, text};
use std::fmt::Write;
use std::path::Path;

/// A network and its inputs.
///
/// What a configuration says of a layer stands in the graph's nodes: types (`Auto`: by hls4ml's rule), strategy, reuse factor,
/// table sizes. [`config`] makes the configuration of it.
#[derive(Clone, Debug)]
pub struct Case {
    pub graph: Graph,
    pub style: Option<PipelineStyle>,
    /// One array an input, batch first: raw integers of the input's type.
    pub inputs: Vec<ArrayD<i128>>,
}

impl Case {
    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.inputs.first().map_or(0, |x| x.len_of(Axis(0)))
    }
}

/// The configuration that a graph's nodes carry.
pub(super) fn config(graph: &Graph, style: Option<PipelineStyle>) -> Config {
    let mut config = Config { io_type: Some(graph.io_type), pipeline_style: style, ..Config::default() };
    for id in graph.order() {
        let node = graph.node(id);
        config.layer_name.insert(node.name.clone(), layer(node));
    }
    config
}

fn layer(node: &Node) -> LayerConfig {
    let mut layer = LayerConfig::default();
    layer.precision.insert("result".into(), node.result);
    layer.precision.insert("result_t".into(), node.result);
    for (var, precision) in node.op.inner_types() {
        layer.precision.insert(var.into(), precision);
        layer.precision.insert(format!("{var}_t"), precision);
    }
    // A concrete type of a weight stays as the graph has it; an open one gets hls4ml's rule.
    for (var, weight) in node.op.weights() {
        layer.precision.insert(var.into(), weight.precision);
    }
    if let Some(product) = node.op.product() {
        layer.strategy = Some(product.strategy);
        layer.reuse_factor = Some(product.reuse_factor);
    }
    match &node.op {
        Op::Conv(c) => {
            layer.parallelization_factor = Some(c.parallelization_factor);
            layer.conv_implementation = Some(c.implementation);
        }
        Op::Activation(a) => {
            layer.reuse_factor = Some(a.reuse_factor);
            layer.table_size = Some(a.table_size);
            if let Function::Exponential { range_log2 } = a.function {
                layer.table_range_power2 = Some(range_log2 as i32);
            }
        }
        Op::Softmax(s) => {
            layer.reuse_factor = Some(s.reuse_factor);
            layer.table_size = Some(s.table_size);
            layer.exp_table_size = s.exp_table_size;
            layer.inv_table_size = s.inv_table_size;
            layer.implementation = Some(s.implementation);
            layer.skip = Some(s.skip);
        }
        Op::LayerNorm(l) => {
            layer.reuse_factor = Some(l.reuse_factor);
            layer.table_size = Some(l.table_size);
            match l.root {
                RootIndex::Uniform { range_power2 } => layer.table_range_power2 = Some(range_power2),
                RootIndex::Normalised => layer.normalised_index = Some(true),
            }
        }
        Op::BatchNorm(b) => layer.reuse_factor = Some(b.reuse_factor),
        Op::Merge(m) => layer.reuse_factor = Some(m.reuse_factor),
        Op::Concatenate(c) => layer.reuse_factor = Some(c.reuse_factor),
        Op::Dot(d) => layer.reuse_factor = Some(d.reuse_factor),
        Op::Embedding(e) => layer.reuse_factor = Some(e.reuse_factor),
        _ => {}
    }
    layer
}

/// The type of an input of the graph.
pub(super) fn input_type(node: &Node) -> FixedType {
    match (node.result, &node.op) {
        (Precision::Is(ty), _) => ty,
        (Precision::Auto, Op::Input(i)) => match i.integer {
            Some((width, true)) => FixedType::int(width),
            Some((width, false)) => FixedType::uint(width),
            None => netlathe_ir::config::DEFAULT_PRECISION,
        },
        (Precision::Auto, _) => netlathe_ir::config::DEFAULT_PRECISION,
    }
}

const STYLE: &str = "// style ";
const INPUT: &str = "// input ";

/// The text of a case: the network in the form of [`netlathe_ir::text`], the rest in its comments.
pub(super) fn print(case: &Case) -> String {
    let mut out = text::print(&case.graph);
    // Writing to a string does not fail.
    if let Some(style) = case.style {
        let _ = writeln!(out, "{STYLE}{}", style_name(style));
    }
    for (number, x) in case.inputs.iter().enumerate() {
        for sample in x.axis_iter(Axis(0)) {
            let values: Vec<String> = sample.iter().map(i128::to_string).collect();
            let _ = writeln!(out, "{INPUT}{number}: {}", values.join(" "));
        }
    }
    out
}

fn style_name(style: PipelineStyle) -> &'static str {
    match style {
        PipelineStyle::Pipeline => "pipeline",
        PipelineStyle::Dataflow => "dataflow",
    }
}

/// Reads the text of a case.
///
/// # Errors
/// [`Error::Usage`]: the line that cannot be read.
pub(super) fn parse(file: &str, place: &Path) -> Result<Case, Error> {
    let wrong = |what: String| {
        Error::usage(format!("{}: {what}", place.display()), "give a file as fuzz-cases writes them")
    };
    let graph = text::parse(file).map_err(|e| wrong(e.to_string()))?;
    let mut style = None;
    let mut values: Vec<Vec<i128>> = vec![Vec::new(); graph.inputs.len()];
    for (number, line) in file.lines().enumerate() {
        if let Some(name) = line.strip_prefix(STYLE) {
            let all = [PipelineStyle::Pipeline, PipelineStyle::Dataflow];
            style = Some(
                all.into_iter()
                    .find(|s| style_name(*s) == name.trim())
                    .ok_or_else(|| wrong(format!("line {}: `{name}` is no style", number + 1)))?,
            );
        }
        let Some(rest) = line.strip_prefix(INPUT) else { continue };
        let read = || {
            let (input, rest) = rest.split_once(':')?;
            let numbers: Option<Vec<i128>> = rest.split_whitespace().map(|t| t.parse().ok()).collect();
            Some((input.trim().parse::<usize>().ok()?, numbers?))
        };
        let into = read().and_then(|(input, numbers)| {
            let id = graph.inputs.get(input)?;
            (numbers.len() == graph.node(*id).len()).then_some((input, numbers))
        });
        let Some((input, numbers)) = into else {
            return Err(wrong(format!("line {} is no sample of an input", number + 1)));
        };
        values[input].extend(numbers);
    }
    let inputs = graph
        .inputs
        .iter()
        .zip(values)
        .map(|(&id, values)| {
            let node = graph.node(id);
            let samples = values.len() / node.len().max(1);
            ArrayD::from_shape_vec(IxDyn(&[&[samples], &node.shape[..]].concat()), values)
                .map_err(|e| wrong(e.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let case = Case { graph, style, inputs };
    let samples = case.samples();
    if samples == 0 || case.inputs.iter().any(|x| x.len_of(Axis(0)) != samples) {
        return Err(wrong("every input needs the same number of samples, at least one".into()));
    }
    for (x, &id) in case.inputs.iter().zip(&case.graph.inputs) {
        let ty = input_type(case.graph.node(id));
        if let Some(raw) = x.iter().find(|r| !(ty.min_raw()..=ty.max_raw()).contains(r)) {
            return Err(wrong(format!("input `{}` of type {ty} cannot be {raw}", case.graph.node(id).name)));
        }
    }
    Ok(case)
}
