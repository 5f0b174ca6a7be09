//! Options, networks and kernels of the tests.

use netlathe_backend_coyote::{Options, find};
use netlathe_codegen_hls::{Kernel, PortTensor, Side, Slot, Word};
use netlathe_ir::apfixed::Precision;
use netlathe_ir::op::activation::{Activation, Function};
use netlathe_ir::op::input::Input;
use netlathe_ir::{Graph, Op, Origin, Validated};

use crate::wrapper_tree::spec;

pub(crate) fn options() -> Options {
    on("u55c")
}

pub(crate) fn on(board: &str) -> Options {
    Options::new("demo", find(board).unwrap())
}

/// A network with so many inputs and outputs (3 values each), and its kernel, whose body is left out: only its ports count.
pub(crate) fn ports(inputs: usize, outputs: usize) -> (Validated, Kernel) {
    let mut kernel = spec().kernel();
    (kernel.inputs, kernel.outputs) = (side("in", inputs), side("out", outputs));

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
    for i in 0..outputs.max(inputs) {
        let name = format!("out{i}");
        let from = graph.inputs[i % inputs];
        let linear = Op::Activation(Activation::new(Function::Linear));
        let node = graph.add(name.clone(), origin(&name), linear, &[from]).unwrap();
        graph.node_mut(node).result = precision();
        if i < outputs {
            graph.outputs.push(node);
        }
    }
    // Inputs beyond the outputs: one more node reads two of them, so that nothing is unread.
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
