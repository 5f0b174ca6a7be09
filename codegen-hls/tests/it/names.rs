//! Layers may be called anything.

use crate::support::{Net, Rng, check, dense, kernel, random_inputs};
use netlathe_codegen_hls::{Options, emit};
use netlathe_ir::FixedType;

#[test]
fn names_that_c_plus_plus_refuses() {
    let mut rng = Rng::new(30);
    let mut net = Net::new();
    let ty = FixedType::fixed(8, 3);
    let mut last = net.input("input", &[3], ty);
    let names = [
        "inp",
        "x-1",
        "x_1",
        "for",
        "int",
        "layer2_out",
        "nnet",
        "ap_fixed",
        "1st",
        "",
        "层/\"*/\\",
        "myproject",
        "x",
        "y",
        "defines",
        "MyProject_TRACE",
        "x_bits",
        "std",
        "main",
        "fc",
        "FC",
        "fc_config",
        "fc_result_t",
    ];
    for name in names {
        let op = dense(&mut rng, 3, 3, &ty, &ty);
        last = net.layer(
            name,
            op,
            &[last],
            ty,
            &[("weight", ty), ("bias", ty), ("accum", FixedType::fixed(20, 9))],
        );
    }
    net.graph.outputs.push(last);
    let network = net.finish();
    let inputs = random_inputs(&mut rng, &network, 5);
    check(&network, &inputs);
    let files = kernel(&network).tree;
    assert!(files.iter().all(|(path, _)| !path.as_str().contains('/')));
}

#[test]
fn a_project_may_be_called_anything() {
    let mut net = Net::new();
    let x = net.input("x", &[1], FixedType::fixed(8, 3));
    net.graph.outputs.push(x);
    let network = net.finish();
    let top = |project: &str| emit(&network, &Options { project: project.into() }).unwrap().top;
    assert_eq!(top("jet_tagger"), "jet_tagger");
    assert_eq!(top("2 jets!"), "n_2_jets");
    assert_eq!(top("main"), "main_2");
}
