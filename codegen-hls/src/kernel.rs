//! From a network to its kernel: layers, words, files.

use crate::layer::{Adders, Array, Layer, comment};
use crate::layout::{MAX_WORD_BITS, PortTensor, Side, Word};
use crate::names::Namer;
use crate::nnet;
use crate::op::{self, Operand};
use crate::stream::{self, Streams};
use crate::tree::SourceTree;
use askama::Template;
use netlathe_ir::config::IoType;
use netlathe_ir::{FixedType, Node, NodeId, Refused, Validated};
use std::collections::{BTreeMap, BTreeSet};

/// What the caller decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The project's name: the top function's after being made safe.
    pub project: String,
}

/// A layer whose output the simulation can write out (`-DNNET_TRACE`, see `nnet_trace.h`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// The layer's name as hls4ml has it.
    pub layer: String,
    /// `<file>.hex` is what it writes: the layer's name where that can be a file's, else its identifier.
    pub file: String,
    pub shape: Vec<usize>,
    pub ty: FixedType,
}

/// A network as HLS C++.
#[derive(Clone, PartialEq, Debug)]
pub struct Kernel {
    /// All files, without folders.
    pub tree: SourceTree,
    /// The top function's name.
    pub top: String,
    /// The file that defines it.
    pub cpp: String,
    /// The file that declares it. Includes the HLS number types: before any of theirs, because it may set `AP_INT_MAX_W`.
    pub header: String,
    /// What enters: one parameter `ap_uint<bits>` a word, in order. No words in `io_stream`.
    pub inputs: Side,
    /// What leaves: one parameter `ap_uint<bits> *` a word, after the inputs. No words in `io_stream`.
    pub outputs: Side,
    /// In `io_stream`: the streams through which tensors enter, travel and leave.
    pub streams: Option<Streams>,
    /// Clock cycles between two inferences: the configuration's `PipelineInterval`; without it the largest reuse factor of a
    /// layer with multipliers to share, 1 when none shares. In `io_stream` the cycles of the slowest process for all its tokens.
    pub pipeline_ii: u32,
    pub io_type: IoType,
    /// The layers in order, inputs first.
    pub traces: Vec<Trace>,
}

/// Turns a network into HLS C++. The same network and options give the same bytes.
///
/// # Errors
/// A network for `io_stream` that would stand still.
pub fn emit(network: &Validated, options: &Options) -> Result<Kernel, Refused> {
    let graph = network.graph();
    if graph.io_type == IoType::Stream {
        return stream::emit(network, options);
    }
    let mut namer = Namer::new();
    let top = namer.unique(&options.project);
    let idents = idents(network, &mut namer);
    let layers = lower_all(network, &idents, &mut namer);

    let mut seen = BTreeSet::new();
    let inputs = Side::pack(tensors(network, &graph.inputs, &idents, &mut namer, &mut seen), "x");
    let outputs = Side::pack(tensors(network, &graph.outputs, &idents, &mut namer, &mut seen), "y");
    let slowest = network.nodes().map(|(_, node)| op::interval(&node.op)).max().unwrap_or(1);
    let pipeline_ii = graph.config.pipeline_interval.map_or(slowest, |interval| interval.max(1));

    let files =
        Files { network, top: &top, layers: &layers, inputs: &inputs, outputs: &outputs, pipeline_ii };
    let tree = files.tree(&mut namer);
    let traces = traces(network, &layers);
    Ok(Kernel {
        tree,
        cpp: format!("{top}.cpp"),
        header: format!("{top}.h"),
        top,
        inputs,
        outputs,
        streams: None,
        pipeline_ii,
        io_type: graph.io_type,
        traces,
    })
}

/// The layers' names. They come before anything that is derived from them: a layer called like a derived name keeps its own.
pub(crate) fn idents(network: &Validated, namer: &mut Namer) -> BTreeMap<NodeId, String> {
    network.nodes().map(|(id, node)| (id, namer.unique(&node.name))).collect()
}

/// The traces of all layers.
pub(crate) fn traces(network: &Validated, layers: &BTreeMap<NodeId, Layer>) -> Vec<Trace> {
    network
        .nodes()
        .map(|(id, node)| Trace {
            layer: node.name.clone(),
            file: layers[&id].trace_file.clone(),
            shape: node.shape.clone(),
            ty: node.ty(),
        })
        .collect()
}

fn lower_all(
    network: &Validated,
    idents: &BTreeMap<NodeId, String>,
    namer: &mut Namer,
) -> BTreeMap<NodeId, Layer> {
    let mut layers: BTreeMap<NodeId, Layer> = BTreeMap::new();
    for (id, node) in network.nodes() {
        let mut layer = Layer::new(node, idents[&id].clone(), namer);
        let operands: Vec<Operand<'_>> =
            node.inputs.iter().map(|i| operand(&layers[i].out, network.node(*i))).collect();
        op::lower(&mut layer, node, &operands, network.graph().io_type, namer);
        layers.insert(id, layer);
    }
    layers
}

fn operand<'a>(array: &'a str, node: &Node) -> Operand<'a> {
    Operand { array, shape: node.shape.clone(), ty: node.ty() }
}

/// The tensors of a side.
pub(crate) fn tensors(
    network: &Validated,
    ids: &[NodeId],
    idents: &BTreeMap<NodeId, String>,
    namer: &mut Namer,
    seen: &mut BTreeSet<NodeId>,
) -> Vec<PortTensor> {
    ids.iter()
        .map(|id| {
            let node: &Node = network.node(*id);
            // A tensor that leaves twice, or enters and leaves, is two ports.
            let ident = if seen.insert(*id) { idents[id].clone() } else { namer.unique(&idents[id]) };
            PortTensor {
                layer: node.name.clone(),
                ident,
                shape: node.shape.clone(),
                ty: node.ty(),
                offset: 0,
            }
        })
        .collect()
}

/// Everything that the files are made of.
struct Files<'a> {
    network: &'a Validated,
    top: &'a str,
    layers: &'a BTreeMap<NodeId, Layer>,
    inputs: &'a Side,
    outputs: &'a Side,
    pipeline_ii: u32,
}

#[derive(Template)]
#[template(path = "defines.h")]
struct Defines<'a> {
    network: &'a str,
    top: &'a str,
    max_bits: Option<u32>,
    layers: Vec<&'a Layer>,
}

#[derive(Template)]
#[template(path = "constants.h")]
struct Constants<'a> {
    what: &'a str,
    title: &'a str,
    guard: String,
    arrays: &'a [Array],
}

#[derive(Template)]
#[template(path = "adders.h")]
struct AddersHeader<'a> {
    title: &'a str,
    guard: String,
    adders: &'a Adders,
}

#[derive(Template)]
#[template(path = "top.h")]
struct TopHeader<'a> {
    network: &'a str,
    guard: String,
    pipeline_ii: u32,
    layout: Vec<String>,
    top: &'a str,
    parameters: &'a str,
}

#[derive(Template)]
#[template(path = "top.cpp")]
struct TopSource<'a> {
    network: &'a str,
    top: &'a str,
    parameters: &'a str,
    pipeline_ii: u32,
    headers: BTreeSet<&'static str>,
    constants: Vec<String>,
    trace: String,
    compute: String,
    compute_parameters: String,
    compute_arguments: String,
    layers: Vec<&'a Layer>,
    copies: Vec<CopyOut>,
    input_arrays: Vec<Local>,
    output_arrays: Vec<Local>,
    /// Names of the words that come in.
    input_words: Vec<&'a str>,
    input_slots: Vec<SlotCode>,
    output_words: Vec<WordCode>,
}

/// A tensor handed out of the compute function.
struct CopyOut {
    from: String,
    to: String,
    len: usize,
}

/// An array of the top function.
struct Local {
    ty: String,
    name: String,
    len: usize,
}

/// A slot as the top function reads or writes it.
struct SlotCode {
    array: String,
    ty: String,
    word: String,
    first: usize,
    count: usize,
    lsb: u32,
    width: u32,
}

struct WordCode {
    name: String,
    local: String,
    bits: u32,
    slots: Vec<SlotCode>,
}

/// Default limit of the HLS types (`ap_common.h`).
const DEFAULT_MAX_BITS: u32 = 1024;

/// Adds types, weights and tables; the names of the latter's files. `widest` is the widest word's bits.
pub(crate) fn data_files(
    tree: &mut SourceTree,
    network: &str,
    top: &str,
    layers: &[&Layer],
    widest: u32,
) -> Vec<String> {
    let mut constants = Vec::new();
    for layer in layers {
        for (what, arrays) in [("Weights", &layer.weights), ("Tables", &layer.tables)] {
            if arrays.is_empty() {
                continue;
            }
            let stem = format!("{}_{}", what.to_lowercase(), layer.ident);
            let file = format!("{stem}.h");
            let guard = format!("{}_H_", stem.to_uppercase());
            tree.insert(&file, render(&Constants { what, title: &layer.title, guard, arrays }));
            constants.push(file);
        }
        if let Some(adders) = &layer.adders {
            let file = format!("{}.h", adders.name);
            let guard = format!("{}_H_", adders.name.to_uppercase());
            tree.insert(&file, render(&AddersHeader { title: &layer.title, guard, adders }));
            constants.push(file);
        }
    }
    let max_bits = (widest > DEFAULT_MAX_BITS).then_some(widest.max(MAX_WORD_BITS));
    tree.insert("defines.h", render(&Defines { network, top, max_bits, layers: layers.to_vec() }));
    constants
}

impl Files<'_> {
    fn tree(&self, namer: &mut Namer) -> SourceTree {
        let network = comment(&self.network.graph().name);
        let layers: Vec<&Layer> = self.network.order().iter().map(|id| &self.layers[id]).collect();
        let mut tree = SourceTree::new();
        let widest = self.inputs.words.iter().chain(&self.outputs.words).map(|w| w.bits).max().unwrap_or(0);
        let constants = data_files(&mut tree, &network, self.top, &layers, widest);

        let parameters = parameters(self.inputs, self.outputs);
        tree.insert(
            format!("{}.h", self.top),
            render(&TopHeader {
                network: &network,
                guard: format!("{}_TOP_H_", self.top.to_uppercase()),
                pipeline_ii: self.pipeline_ii,
                layout: layout(self.inputs).into_iter().chain(layout(self.outputs)).collect(),
                top: self.top,
                parameters: &parameters,
            }),
        );
        let source = self.source(&network, layers, constants, &parameters, namer);
        nnet::add(&mut tree, source.headers.iter().chain(nnet::ALWAYS).copied());
        tree.insert(format!("{}.cpp", self.top), render(&source));
        tree
    }

    fn source<'b>(
        &'b self,
        network: &'b str,
        layers: Vec<&'b Layer>,
        constants: Vec<String>,
        parameters: &'b str,
        namer: &mut Namer,
    ) -> TopSource<'b> {
        let graph = self.network.graph();
        let local = |id: &NodeId, name: String| {
            let layer = &self.layers[id];
            Local { ty: layer.result.clone(), name, len: layer.len }
        };
        let input_arrays: Vec<Local> =
            graph.inputs.iter().map(|id| local(id, self.layers[id].out.clone())).collect();
        let output_arrays: Vec<Local> = graph
            .outputs
            .iter()
            .enumerate()
            .map(|(i, id)| local(id, namer.unique(&format!("result_{i}"))))
            .collect();
        let copies = graph
            .outputs
            .iter()
            .zip(&output_arrays)
            .map(|(id, to)| CopyOut { from: self.layers[id].out.clone(), to: to.name.clone(), len: to.len })
            .collect();
        let typed = |a: &Local, qualifier: &str| format!("{qualifier}{} {}[{}]", a.ty, a.name, a.len);
        let all = || input_arrays.iter().chain(&output_arrays);
        TopSource {
            network,
            top: self.top,
            parameters,
            pipeline_ii: self.pipeline_ii,
            headers: layers.iter().flat_map(|l| l.headers.iter().copied()).collect(),
            constants,
            trace: format!("{}_TRACE", self.top.to_uppercase()),
            compute: namer.unique(&format!("{}_layers", self.top)),
            compute_parameters: input_arrays
                .iter()
                .map(|a| typed(a, "const "))
                .chain(output_arrays.iter().map(|a| typed(a, "")))
                .collect::<Vec<_>>()
                .join(", "),
            compute_arguments: all().map(|a| a.name.clone()).collect::<Vec<_>>().join(", "),
            layers,
            copies,
            input_words: self.inputs.words.iter().map(|w| w.name.as_str()).collect(),
            input_slots: self
                .inputs
                .words
                .iter()
                .flat_map(|w| slots(w, self.inputs, &input_arrays))
                .collect(),
            output_words: self
                .outputs
                .words
                .iter()
                .map(|w| WordCode {
                    name: w.name.clone(),
                    local: namer.unique(&format!("{}_bits", w.name)),
                    bits: w.bits,
                    slots: slots(w, self.outputs, &output_arrays),
                })
                .collect(),
            input_arrays,
            output_arrays,
        }
    }
}

fn slots(word: &Word, side: &Side, arrays: &[Local]) -> Vec<SlotCode> {
    word.slots
        .iter()
        .map(|s| SlotCode {
            array: arrays[s.tensor].name.clone(),
            ty: arrays[s.tensor].ty.clone(),
            word: word.name.clone(),
            first: s.first,
            count: s.count,
            lsb: s.lsb,
            width: side.tensors[s.tensor].ty.width,
        })
        .collect()
}

fn parameters(inputs: &Side, outputs: &Side) -> String {
    let inputs = inputs.words.iter().map(|w| format!("ap_uint<{}> {}", w.bits, w.name));
    let outputs = outputs.words.iter().map(|w| format!("ap_uint<{}> *{}", w.bits, w.name));
    inputs.chain(outputs).collect::<Vec<_>>().join(", ")
}

/// A line a slot, for the reader of the header.
fn layout(side: &Side) -> Vec<String> {
    let line = |word: &Word| {
        word.slots
            .iter()
            .map(|s| {
                let t = &side.tensors[s.tensor];
                let high = s.lsb + s.count as u32 * t.ty.width - 1;
                comment(&format!(
                    "{}[{high}:{}]  {}[{}..{}], {} each",
                    word.name,
                    s.lsb,
                    t.layer,
                    s.first,
                    s.first + s.count,
                    t.ty
                ))
            })
            .collect::<Vec<_>>()
    };
    side.words.iter().flat_map(line).collect()
}

/// Renders a template, with the newline that every text file ends with.
pub(crate) fn render(template: &impl Template) -> String {
    let mut text =
        template.render().unwrap_or_else(|e| unreachable!("writing to a string does not fail: {e}"));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
