//! The test bench: a program that runs the top function over vectors of integers.

use crate::kernel::{Kernel, render};
use crate::layer::comment;
use crate::layout::{PortTensor, Side, Slot, Word};
use crate::stream::Port;
use crate::tree::SourceTree;
use askama::Template;

#[derive(Template)]
#[template(path = "test_bench.cpp")]
struct TestBench<'a> {
    top: &'a str,
    program: String,
    sides: Vec<SideCode>,
    input_words: &'a [Word],
    output_words: &'a [Word],
    streams: Option<StreamsCode>,
    arguments: String,
}

/// The streams of the top function.
struct StreamsCode {
    inputs: Vec<StreamCode>,
    outputs: Vec<StreamCode>,
}

struct StreamCode {
    name: String,
    bits: u32,
    width: u32,
    tokens: usize,
    len: usize,
    per_word: usize,
    /// Number of the tensor's first element in its side's list.
    first: usize,
}

/// What stands for the HLS compiler's `hls_stream.h` in simulation, in a folder of its own.
pub(crate) const SIM: &[(&str, &str)] = &[
    ("sim/hls_stream.h", include_str!("../sim/hls_stream.h")),
    ("sim/nnet_coroutines.h", include_str!("../sim/nnet_coroutines.h")),
];

struct SideCode {
    name: &'static str,
    tensors: Vec<TensorCode>,
    slots: Vec<SlotCode>,
}

struct TensorCode {
    name: String,
    len: usize,
    width: u32,
    is_signed: bool,
}

struct SlotCode {
    tensor: usize,
    first: usize,
    count: usize,
    word: usize,
    lsb: u32,
}

/// The test bench of a kernel: one file, `tb_<top>.cpp`, to be compiled and linked with the kernel's source.
///
/// For a kernel with streams there is a folder `sim`, to be searched for includes before that of the HLS types: its streams are as
/// deep as in hardware with `-DNNET_BOUNDED`.
pub fn test_bench(kernel: &Kernel) -> SourceTree {
    let program = format!("tb_{}", kernel.top);
    let (inputs, outputs) = (&kernel.inputs.words, &kernel.outputs.words);
    let words = inputs.iter().map(|w| w.name.clone()).chain(outputs.iter().map(|w| format!("&{}", w.name)));
    let ports = kernel.streams.iter().flat_map(|s| s.inputs.iter().chain(&s.outputs).map(|p| p.name.clone()));
    let arguments = words.chain(ports).collect::<Vec<_>>().join(", ");
    let mut tree = SourceTree::new();
    if kernel.streams.is_some() {
        SIM.iter().for_each(|(path, text)| tree.insert(*path, *text));
    }
    let file = format!("{program}.cpp");
    let bench = TestBench {
        top: &kernel.top,
        program,
        sides: vec![side("input", &kernel.inputs), side("output", &kernel.outputs)],
        input_words: inputs,
        output_words: outputs,
        streams: kernel.streams.as_ref().map(|s| StreamsCode {
            inputs: streams(&s.inputs, &kernel.inputs),
            outputs: streams(&s.outputs, &kernel.outputs),
        }),
        arguments,
    };
    tree.insert(file, render(&bench));
    tree
}

fn streams(ports: &[Port], side: &Side) -> Vec<StreamCode> {
    let code = |(port, tensor): (&Port, &PortTensor)| StreamCode {
        name: port.name.clone(),
        bits: port.channel.bits(),
        width: port.channel.width,
        tokens: port.channel.tokens,
        len: port.channel.len,
        per_word: port.channel.per_word,
        first: tensor.offset,
    };
    ports.iter().zip(&side.tensors).map(code).collect()
}

fn side(name: &'static str, side: &Side) -> SideCode {
    let tensors = side
        .tensors
        .iter()
        .map(|t| TensorCode {
            // Inside a string literal; a name may hold anything.
            name: comment(&t.layer).replace('"', "?"),
            len: t.len(),
            width: t.ty.width,
            is_signed: t.ty.signed,
        })
        .collect();
    let code = |word: usize, s: &Slot| SlotCode {
        tensor: s.tensor,
        first: s.first,
        count: s.count,
        word,
        lsb: s.lsb,
    };
    let slots =
        side.words.iter().enumerate().flat_map(|(n, w)| w.slots.iter().map(move |s| code(n, s))).collect();
    SideCode { name, tensors, slots }
}
