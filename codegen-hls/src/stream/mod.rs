//! `io_stream`: a process for each layer, streams of tokens between them.
//!
//! [`channel`] says how a tensor travels, [`process`] and [`window`] what a process does, [`tokens`] in which order it reads and
//! writes, and [`depth`] from that how deep the streams must be, and why no input can make the network stand still. A tensor
//! with several readers goes through a process that copies it.

mod channel;
mod depth;
mod process;
mod tokens;
mod window;

use crate::kernel::{Kernel, Options, data_files, idents, render, tensors, traces};
use crate::layer::{Layer, comment};
use crate::layout::{PortTensor, Side};
use crate::names::Namer;
use crate::nnet;
use crate::tree::SourceTree;
use askama::Template;
pub use channel::Channel;
use netlathe_ir::diag::UNSUPPORTED_LAYER;
use netlathe_ir::{Diagnostic, Node, NodeId, Refused, Validated};
use process::{Body, End, Task};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tokens::{MAP, Model, Process, Script};

/// A stream of the top function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// The parameter's name.
    pub name: String,
    pub channel: Channel,
}

/// A stream between two processes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fifo {
    pub name: String,
    /// Words that it takes.
    pub depth: usize,
    /// Bits of a word.
    pub bits: u32,
}

/// The streams of a kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Streams {
    /// One for each input tensor, in order: the top function's first parameters.
    pub inputs: Vec<Port>,
    /// One for each output tensor, in order: the parameters that follow.
    pub outputs: Vec<Port>,
    /// Those inside.
    pub fifos: Vec<Fifo>,
}

/// A stream while the network is being built.
struct Line {
    name: String,
    channel: Channel,
    /// Not a parameter of the top function.
    is_inner: bool,
}

#[derive(Template)]
#[template(path = "stream_top.h")]
struct TopHeader<'a> {
    network: &'a str,
    guard: String,
    interval: u64,
    layout: Vec<String>,
    top: &'a str,
    parameters: &'a str,
}

#[derive(Template)]
#[template(path = "stream_top.cpp")]
struct TopSource<'a> {
    network: &'a str,
    top: &'a str,
    parameters: &'a str,
    headers: BTreeSet<&'static str>,
    constants: Vec<String>,
    trace: String,
    layers: Vec<&'a Layer>,
    processes: &'a [ProcessCode],
    fifos: &'a [Fifo],
    calls: &'a [Call],
}

/// A function of the generated code.
struct ProcessCode {
    name: String,
    title: String,
    parameters: String,
    body: String,
}

/// What the top function does for a layer: its process, its trace.
struct Call {
    process: Option<String>,
    trace: Option<TraceCode>,
}

struct TraceCode {
    file: String,
    ty: String,
    per_word: usize,
    len: usize,
    tokens: usize,
    stream: String,
}

/// As [`emit`](crate::emit), for a network whose tensors travel through streams.
pub(crate) fn emit(network: &Validated, options: &Options) -> Result<Kernel, Refused> {
    let mut namer = Namer::new();
    let top = namer.unique(&options.project);
    let idents = idents(network, &mut namer);
    let mut seen = BTreeSet::new();
    let inputs = tensors(network, &network.graph().inputs, &idents, &mut namer, &mut seen);
    let outputs = tensors(network, &network.graph().outputs, &idents, &mut namer, &mut seen);

    let mut build = Build::new(network, &inputs, &outputs);
    for (id, node) in network.nodes() {
        let layer = Layer::new(node, idents[&id].clone(), &mut namer);
        build.add(id, node, layer, &mut namer);
    }
    let model = build.model();
    let depths = depths(&model, &build.lines)?;
    let streams = build.streams(&depths);
    let interval = model.interval();
    let pipeline_ii = u32::try_from(interval).unwrap_or(u32::MAX);

    let name = comment(&network.graph().name);
    let layers: Vec<&Layer> = network.order().iter().map(|id| &build.layers[id]).collect();
    let mut tree = SourceTree::new();
    let widest = build.lines.iter().map(|line| line.channel.bits()).max().unwrap_or(0);
    let constants = data_files(&mut tree, &name, &top, &layers, widest);
    let parameters = parameters(&streams);
    let layout = |side: &[PortTensor], ports: &[Port]| {
        side.iter().zip(ports).map(|(tensor, port)| layout(tensor, port)).collect::<Vec<_>>()
    };
    tree.insert(
        format!("{top}.h"),
        render(&TopHeader {
            network: &name,
            guard: format!("{}_TOP_H_", top.to_uppercase()),
            interval,
            layout: [layout(&inputs, &streams.inputs), layout(&outputs, &streams.outputs)].concat(),
            top: &top,
            parameters: &parameters,
        }),
    );
    let headers = layers.iter().flat_map(|l| l.headers.iter().copied()).chain(["nnet_stream.h"]).collect();
    let source = TopSource {
        network: &name,
        top: &top,
        parameters: &parameters,
        headers,
        constants,
        trace: format!("{}_TRACE", top.to_uppercase()),
        layers,
        processes: &build.code,
        fifos: &streams.fifos,
        calls: &build.calls,
    };
    nnet::add(&mut tree, source.headers.iter().chain(nnet::ALWAYS).copied().chain(["nnet_stream_trace.h"]));
    tree.insert(format!("{top}.cpp"), render(&source));
    let traces = traces(network, &build.layers);
    Ok(Kernel {
        tree,
        cpp: format!("{top}.cpp"),
        header: format!("{top}.h"),
        top,
        inputs: Side::of_tensors(inputs),
        outputs: Side::of_tensors(outputs),
        streams: Some(streams),
        pipeline_ii,
        io_type: network.graph().io_type,
        traces,
    })
}

/// The depth of every stream in tokens, proven to suffice.
fn depths(model: &Model, lines: &[Line]) -> Result<Vec<usize>, Refused> {
    let depths = depth::peaks(model);
    depth::prove(model, &depths).map_err(|stuck| {
        let left: Vec<&str> = stuck.left.iter().map(|&s| lines[s].name.as_str()).collect();
        Diagnostic::error(
            UNSUPPORTED_LAYER,
            format!(
                "no depth of the streams lets it run to the end: {} wait(s), tokens stay in {}",
                stuck.waiting.join(", "),
                left.join(", ")
            ),
        )
        .layer(stuck.waiting.first().map_or("io_stream", String::as_str))
        .subject("io_stream")
        .help("use IOType io_parallel, and please report it")
    })?;
    Ok(depths)
}

/// The processes and streams of a network, layer by layer.
struct Build<'a> {
    network: &'a Validated,
    layers: BTreeMap<NodeId, Layer>,
    lines: Vec<Line>,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    /// For each tensor the streams that its readers take, in the order of the readers.
    copies: BTreeMap<NodeId, VecDeque<usize>>,
    processes: Vec<Process>,
    code: Vec<ProcessCode>,
    calls: Vec<Call>,
}

impl<'a> Build<'a> {
    fn new(network: &'a Validated, inputs: &[PortTensor], outputs: &[PortTensor]) -> Self {
        let mut build = Self {
            network,
            layers: BTreeMap::new(),
            lines: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            copies: BTreeMap::new(),
            processes: Vec::new(),
            code: Vec::new(),
            calls: Vec::new(),
        };
        let mut port = |tensor: &PortTensor| {
            let channel = Channel::new(&tensor.shape, tensor.ty);
            build.lines.push(Line { name: tensor.ident.clone(), channel, is_inner: false });
            build.lines.len() - 1
        };
        let (inputs, outputs) = (inputs.iter().map(&mut port).collect(), outputs.iter().map(port).collect());
        Self { inputs, outputs, ..build }
    }

    /// A new stream between processes.
    fn line(&mut self, name: String, channel: Channel) -> usize {
        self.lines.push(Line { name, channel, is_inner: true });
        self.lines.len() - 1
    }

    fn add(&mut self, id: NodeId, node: &'a Node, mut layer: Layer, namer: &mut Namer) {
        let graph = self.network.graph();
        let channel = Channel::of(node);
        let ports =
            |ids: &[NodeId]| ids.iter().enumerate().filter(|(_, i)| **i == id).map(|(n, _)| n).collect();
        let leaving: Vec<usize> = ports(&graph.outputs);
        let entering: Vec<usize> = ports(&graph.inputs);
        let readers = graph.uses(id) - leaving.len();
        let base_name = layer.out.clone();
        // The stream that the layer's own process writes, or that comes from outside.
        let base = match (entering.first(), leaving[..].first()) {
            (Some(&input), _) => self.inputs[input],
            (None, Some(&output)) if readers == 0 && leaving.len() == 1 => self.outputs[output],
            _ => self.line(base_name.clone(), channel),
        };
        let process =
            if node.inputs.is_empty() { None } else { Some(self.process(node, &mut layer, base, namer)) };
        let trace = TraceCode {
            file: layer.trace_file.clone(),
            ty: layer.result.clone(),
            per_word: channel.per_word,
            len: channel.len,
            tokens: channel.tokens,
            stream: self.lines[base].name.clone(),
        };
        self.calls.push(Call { process, trace: Some(trace) });
        self.layers.insert(id, layer);

        let is_passed_on = !entering.is_empty() && !leaving.is_empty();
        if readers + leaving.len() == 1 && !is_passed_on {
            self.copies.insert(id, VecDeque::from([base]));
            return;
        }
        let mut targets: Vec<usize> =
            (0..readers).map(|_| self.line(namer.unique(&format!("{base_name}_copy")), channel)).collect();
        targets.extend(leaving.iter().map(|&n| self.outputs[n]));
        self.copy(node, base, &targets, namer);
        self.copies.insert(id, targets.into());
    }

    /// The layer's process; its call.
    fn process(&mut self, node: &'a Node, layer: &mut Layer, result: usize, namer: &mut Namer) -> String {
        let many = node.inputs.len() > 1;
        let mut reads = Vec::new();
        let mut sources = Vec::new();
        for (port, operand) in node.inputs.iter().enumerate() {
            let Some(stream) = self.copies.get_mut(operand).and_then(VecDeque::pop_front) else {
                unreachable!("every reader of a tensor has its copy")
            };
            reads.push(stream);
            let array = if many { format!("x{port}") } else { "x".to_owned() };
            let ty = self.layers[operand].result.clone();
            sources.push(End::new(format!("{array}_in"), array, ty, self.lines[stream].channel));
        }
        let y = End::new("y_out".into(), "y".into(), layer.result.clone(), self.lines[result].channel);
        let operands = node.inputs.iter().map(|&i| self.network.node(i)).collect();
        let task = Task { node, sources, operands, result: y };
        let body = task.lower(layer, namer);
        let names = task.sources.iter().map(|x| x.stream.clone()).chain(["y_out".to_owned()]).collect();
        let name = namer.unique(&format!("{}_process", layer.ident));
        self.push(name, layer.title.clone(), (reads, vec![result]), names, body)
    }

    /// The process that writes a stream to several.
    fn copy(&mut self, node: &Node, from: usize, to: &[usize], namer: &mut Namer) {
        let channel = self.lines[from].channel;
        let words = channel.tokens * channel.words();
        let names: Vec<String> =
            ["x_in".to_owned()].into_iter().chain((0..to.len()).map(|i| format!("y{i}_out"))).collect();
        let mut lines = vec![
            format!("    for (int word = 0; word < {words}; ++word) {{"),
            "        NNET_PIPELINE_TOKENS(1)".to_owned(),
            format!("        const ap_uint<{}> bits = x_in.read();", channel.bits()),
        ];
        lines.extend(names[1..].iter().map(|name| format!("        {name}.write(bits);")));
        lines.push("    }".into());
        let body = Body {
            text: lines.join("\n"),
            script: Script::repeat(MAP, channel.tokens),
            interval: channel.words() as u64,
        };
        let name = namer.unique(&format!("{}_copies", self.lines[from].name));
        let title = comment(&format!("{}: once for each that reads it", node.name));
        let call = self.push(name, title, (vec![from], to.to_vec()), names, body);
        self.calls.push(Call { process: Some(call), trace: None });
    }

    /// Adds a process; its call.
    fn push(
        &mut self,
        name: String,
        title: String,
        (reads, writes): (Vec<usize>, Vec<usize>),
        parameters: Vec<String>,
        body: Body,
    ) -> String {
        let streams: Vec<&Line> = reads.iter().chain(&writes).map(|&s| &self.lines[s]).collect();
        let arguments: Vec<&str> = streams.iter().map(|line| line.name.as_str()).collect();
        let call = format!("{name}({})", arguments.join(", "));
        let typed = |(line, name): (&&Line, String)| parameter(line.channel, &name);
        let parameters = streams.iter().zip(parameters).map(typed).collect::<Vec<_>>().join(", ");
        self.code.push(ProcessCode { name: name.clone(), title, parameters, body: body.text });
        let Body { script, interval, .. } = body;
        self.processes.push(Process { name, reads, writes, script, interval });
        call
    }

    fn model(&self) -> Model {
        Model {
            processes: self.processes.clone(),
            streams: self.lines.len(),
            inputs: self.inputs.iter().map(|&s| (s, self.lines[s].channel.tokens)).collect(),
            outputs: self.outputs.clone(),
        }
    }

    /// The streams, depths in tokens given. No stream takes fewer than two words: HLS compilers make it two at least.
    fn streams(&self, depths: &[usize]) -> Streams {
        let ports = |numbers: &[usize]| {
            let port = |&s: &usize| Port { name: self.lines[s].name.clone(), channel: self.lines[s].channel };
            numbers.iter().map(port).collect()
        };
        let fifos =
            self.lines.iter().zip(depths).filter(|(line, _)| line.is_inner).map(|(line, depth)| Fifo {
                name: line.name.clone(),
                depth: (depth * line.channel.words()).max(2),
                bits: line.channel.bits(),
            });
        Streams { inputs: ports(&self.inputs), outputs: ports(&self.outputs), fifos: fifos.collect() }
    }
}

fn parameter(channel: Channel, name: &str) -> String {
    format!("hls::stream<ap_uint<{}> > &{name}", channel.bits())
}

fn parameters(streams: &Streams) -> String {
    let all = streams.inputs.iter().chain(&streams.outputs);
    all.map(|port| parameter(port.channel, &port.name)).collect::<Vec<_>>().join(", ")
}

/// A line of the header's comment.
fn layout(tensor: &PortTensor, port: &Port) -> String {
    let c = port.channel;
    let words = match c.words() {
        1 => "a word".to_owned(),
        n => format!("{n} words of up to {} elements", c.per_word),
    };
    comment(&format!(
        "{}: {}, shape {:?}: {} token(s) of {} element(s), {} each, in {words}",
        port.name, tensor.layer, tensor.shape, c.tokens, c.len, tensor.ty
    ))
}
