//! The test bench: a program that runs the top function over vectors of integers.

use crate::kernel::{Kernel, render};
use crate::layer::comment;
use crate::layout::{Side, Slot, Word};
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
    arguments: String,
}

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
pub fn test_bench(kernel: &Kernel) -> SourceTree {
    let program = format!("tb_{}", kernel.top);
    let (inputs, outputs) = (&kernel.inputs.words, &kernel.outputs.words);
    let arguments = inputs
        .iter()
        .map(|w| w.name.clone())
        .chain(outputs.iter().map(|w| format!("&{}", w.name)))
        .collect::<Vec<_>>()
        .join(", ");
    let mut tree = SourceTree::new();
    let file = format!("{program}.cpp");
    let bench = TestBench {
        top: &kernel.top,
        program,
        sides: vec![side("input", &kernel.inputs), side("output", &kernel.outputs)],
        input_words: inputs,
        output_words: outputs,
        arguments,
    };
    tree.insert(file, render(&bench));
    tree
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
