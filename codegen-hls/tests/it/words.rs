//! Tensors in words: several words a side, wide elements, tensors that pass through or leave twice.

use crate::gxx::{self, ap_types};
use crate::support::{Net, Rng, activation, check, compile, kernel, random_inputs};
use netlathe_ir::op::activation::Function;
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::{FixedType, Op};

#[test]
fn several_words_and_elements_beyond_64_bits() {
    let mut rng = Rng::new(20);
    let mut net = Net::new();
    let a = net.input("wide", &[50], FixedType::fixed(100, 40));
    let b = net.input("bits", &[3, 11], FixedType::uint(1));
    net.output("wide_out", activation(Function::Relu), &[a], FixedType::fixed(90, 33), &[]);
    net.output("bits_out", Op::Reshape(Reshape { shape: vec![33] }), &[b], FixedType::fixed(3, 2), &[]);
    let network = net.finish();
    let kernel = kernel(&network);
    let bits = |side: &netlathe_codegen_hls::Side| side.words.iter().map(|w| w.bits).collect::<Vec<_>>();
    assert_eq!(bits(&kernel.inputs), [4000, 1033]);
    assert_eq!(bits(&kernel.outputs), [4050, 549]);
    let defines = String::from_utf8(kernel.tree.get("defines.h").unwrap().to_vec()).unwrap();
    assert!(defines.contains("#define AP_INT_MAX_W 4096"));
    if let Some(ap_types) = ap_types("several_words_and_elements_beyond_64_bits") {
        let program = compile(&kernel, &ap_types, &[]);
        gxx::check_alone(program.folder.path(), &[], &kernel.cpp, &[], &ap_types);
        gxx::check_alone(program.folder.path(), &[], "tb_myproject.cpp", &[], &ap_types);
    }
    let inputs = random_inputs(&mut rng, &network, 20);
    check(&network, &inputs);
}

#[test]
fn a_tensor_may_pass_through_or_leave_twice() {
    let mut rng = Rng::new(21);
    let mut net = Net::new();
    let x = net.input("x", &[4], FixedType::fixed(9, 3));
    net.graph.outputs.push(x);
    let y = net.output("y", activation(Function::Relu), &[x], FixedType::ufixed(5, 3), &[]);
    net.graph.outputs.push(y);
    let network = net.finish();
    let kernel = kernel(&network);
    let names =
        |side: &netlathe_codegen_hls::Side| side.tensors.iter().map(|t| t.ident.clone()).collect::<Vec<_>>();
    let all = [names(&kernel.inputs), names(&kernel.outputs)].concat();
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "{all:?}");
    assert_eq!(kernel.outputs.words[0].bits, 36 + 20 + 20);
    let inputs = random_inputs(&mut rng, &network, 20);
    check(&network, &inputs);
}
