//! Kernels written by hand, so that what they compute needs no emulator to know.

use netlathe_codegen_hls::{Kernel, PortTensor, Side, Slot, SourceTree, Word};
use netlathe_ir::apfixed::Precision;
use netlathe_ir::config::IoType;
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::input::Input;
use netlathe_ir::{Graph, Op, Origin, Validated};

/// A kernel `y[j] = expression`, in which `v` is `x[j % inputs]`.
pub(crate) struct Spec {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) input_ty: &'static str,
    pub(crate) output_ty: &'static str,
    pub(crate) expression: &'static str,
    /// Elements of the input's first word; the others are in a second one.
    pub(crate) split: Option<usize>,
}

impl Spec {
    pub(crate) fn kernel(&self) -> Kernel {
        let inputs = side("in_layer", "x", self.inputs, self.input_ty, self.split);
        let outputs = side("out_layer", "y", self.outputs, self.output_ty, None);
        let parameters: Vec<String> = inputs
            .words
            .iter()
            .map(|word| format!("ap_uint<{}> {}", word.bits, word.name))
            .chain(outputs.words.iter().map(|word| format!("ap_uint<{}> *{}", word.bits, word.name)))
            .collect();
        let signature = format!("void hand_made({})", parameters.join(", "));
        let (in_width, out_width) = (inputs.tensors[0].ty.width, outputs.tensors[0].ty.width);
        let mut body = String::new();
        for word in &inputs.words {
            for slot in &word.slots {
                body += &format!(
                    "    for (int i = 0; i < {}; i++) v[{} + i].range() = ap_uint<{in_width}>({} >> ({} + {in_width} * i));\n",
                    slot.count, slot.first, word.name, slot.lsb,
                );
            }
        }
        let mut tree = SourceTree::new();
        let include = "#include \"ap_fixed.h\"\n#include \"ap_int.h\"\n";
        tree.insert("hand_made.h", format!("#pragma once\n{include}{signature};\n"));
        tree.insert(
            "hand_made.cpp",
            format!(
                "#include \"hand_made.h\"\n{signature} {{\n    {} v[{}];\n{body}    *y = 0;\n    \
                 for (int j = 0; j < {}; j++) {{\n        const {} v_j = v[j % {}];\n        {} r = {};\n        \
                 *y |= ap_uint<{}>(ap_uint<{out_width}>(r.range())) << ({out_width} * j);\n    }}\n}}\n",
                self.input_ty,
                self.inputs,
                self.outputs,
                self.input_ty,
                self.inputs,
                self.output_ty,
                self.expression,
                outputs.words[0].bits,
            ),
        );
        Kernel {
            tree,
            top: "hand_made".into(),
            cpp: "hand_made.cpp".into(),
            header: "hand_made.h".into(),
            inputs,
            outputs,
            streams: None,
            pipeline_ii: 3,
            io_type: IoType::Parallel,
            traces: Vec::new(),
        }
    }

    /// A network with the kernel's layers.
    pub(crate) fn network(&self) -> Validated {
        self.network_of(&["out_layer"])
    }

    /// The same with any number of outputs.
    pub(crate) fn network_of(&self, outputs: &[&str]) -> Validated {
        let mut graph = Graph::new("hand_made");
        let origin = |layer: &str| Origin { layer: layer.into(), role: String::new() };
        let input = Op::Input(Input { shape: vec![self.inputs], integer: None });
        let input = graph.add("in_layer", origin("in_layer"), input, &[]).unwrap();
        graph.node_mut(input).result = Precision::Is(self.input_ty.parse().unwrap());
        graph.inputs = vec![input];
        for name in outputs {
            let linear = Op::Activation(Activation::new(Function::Linear));
            let output = graph.add(*name, origin(name), linear, &[input]).unwrap();
            graph.node_mut(output).result = Precision::Is(self.output_ty.parse().unwrap());
            graph.outputs.push(output);
        }
        netlathe_ir::validate::validate(graph, &mut Vec::new()).unwrap()
    }
}

fn side(layer: &str, stem: &str, size: usize, ty: &str, split: Option<usize>) -> Side {
    let ty: netlathe_ir::FixedType = ty.parse().unwrap();
    let word = |name: String, first: usize, count: usize| Word {
        name,
        bits: count as u32 * ty.width,
        slots: vec![Slot { tensor: 0, first, count, lsb: 0 }],
    };
    let words = match split {
        None => vec![word(stem.to_owned(), 0, size)],
        Some(at) => vec![word(format!("{stem}0"), 0, at), word(format!("{stem}1"), at, size - at)],
    };
    let tensor = PortTensor { layer: layer.into(), ident: layer.into(), shape: vec![size], ty, offset: 0 };
    Side { tensors: vec![tensor], words }
}

/// Rounds half to even at 8 fraction bits, saturates to 12 bits: what `ap_fixed<12,4,AP_RND_CONV,AP_SAT>` keeps, as raw.
pub(crate) fn rounded(x: f32) -> i64 {
    (f64::from(x) * 256.0).round_ties_even().clamp(-2048.0, 2047.0) as i64
}

/// The first `count` values of a fixed sequence over about -10 to 10, ties and values out of range among them.
pub(crate) fn values(count: usize) -> Vec<f32> {
    let mut state = 12345u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    (0..count)
        .map(|i| match i % 4 {
            // Halves of the last bit: ties.
            0 => (next() % 4096) as f32 / 512.0 - 4.0,
            1 => next() as f32 / 838_860.8 - 10.0,
            2 => -(next() as f32) / (1u32 << 23) as f32,
            _ => next() as f32 / (1u32 << 22) as f32,
        })
        .collect()
}
