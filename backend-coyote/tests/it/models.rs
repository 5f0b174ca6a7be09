//! Options, networks and kernels of the tests.

use netlathe_backend_coyote::{Options, find};
use netlathe_codegen_hls::{Kernel, PortTensor, Side, Slot, SourceTree, Word};
use netlathe_ir::apfixed::Precision;
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::input::Input;
use netlathe_ir::{Graph, Op, Origin, Validated};
use netlathe_overlay::Hashes;

use crate::kernels::Spec;

pub(crate) fn options() -> Options {
    on("u55c")
}

pub(crate) fn on(board: &str) -> Options {
    Options::new("demo", find(board).unwrap())
}

/// The kernel that most tests wrap: each output is the input of its number.
pub(crate) fn spec() -> Spec {
    Spec {
        inputs: 20,
        outputs: 3,
        input_ty: "ap_fixed<12,4,AP_RND,AP_SAT>",
        output_ty: "ap_ufixed<9,0>",
        expression: "v_j",
        split: None,
    }
}

pub(crate) fn hashes() -> Hashes {
    Hashes { model: "1".repeat(64), configuration: "2".repeat(64), tree: "3".repeat(64), bitstream: None }
}

/// A network with so many inputs and outputs (3 values each), and its kernel: output `i` is input `i % inputs`.
pub(crate) fn ports(inputs: usize, outputs: usize) -> (Validated, Kernel) {
    let mut kernel = spec().kernel();
    (kernel.inputs, kernel.outputs) = (side("in", inputs), side("out", outputs));
    let parameters = (0..inputs)
        .map(|i| format!("ap_uint<48> in{i}_word"))
        .chain((0..outputs).map(|i| format!("ap_uint<48> *out{i}_word")))
        .collect::<Vec<_>>()
        .join(", ");
    let body: String = (0..outputs).map(|i| format!("    *out{i}_word = in{}_word;\n", i % inputs)).collect();
    let unread: String = (outputs..inputs).map(|i| format!("    (void)in{i}_word;\n")).collect();
    let include = "#pragma once\n#include \"ap_fixed.h\"\n#include \"ap_int.h\"\n";
    kernel.tree = SourceTree::new();
    kernel.tree.insert("hand_made.h", format!("{include}void hand_made({parameters});\n"));
    kernel.tree.insert(
        "hand_made.cpp",
        format!("#include \"hand_made.h\"\nvoid hand_made({parameters}) {{\n{body}{unread}}}\n"),
    );

    let mut graph = Graph::new("hand_made");
    let origin = |layer: &str| Origin { layer: layer.into(), role: String::new() };
    let precision = || Precision::Is("ap_fixed<16,6>".parse().unwrap());
    for i in 0..inputs {
        let name = format!("in{i}");
        let node = graph
            .add(name.clone(), origin(&name), Op::Input(Input { shape: vec![3], integer: None }), &[])
            .unwrap();
        graph.node_mut(node).result = precision();
        graph.inputs.push(node);
    }
    for i in 0..outputs {
        let name = format!("out{i}");
        let from = graph.inputs[i % inputs];
        let linear = Op::Activation(Activation::new(Function::Linear));
        let node = graph.add(name.clone(), origin(&name), linear, &[from]).unwrap();
        graph.node_mut(node).result = precision();
        graph.outputs.push(node);
    }
    (netlathe_ir::validate::validate(graph, &mut Vec::new()).unwrap(), kernel)
}

fn side(stem: &str, count: usize) -> Side {
    let ty: netlathe_ir::FixedType = "ap_fixed<16,6>".parse().unwrap();
    let tensor = |i: usize| PortTensor {
        layer: format!("{stem}{i}"),
        ident: format!("{stem}{i}"),
        shape: vec![3],
        ty,
        offset: 3 * i,
    };
    let word = |i: usize| Word {
        name: format!("{stem}{i}_word"),
        bits: 48,
        slots: vec![Slot { tensor: i, first: 0, count: 3, lsb: 0 }],
    };
    Side { tensors: (0..count).map(tensor).collect(), words: (0..count).map(word).collect() }
}
