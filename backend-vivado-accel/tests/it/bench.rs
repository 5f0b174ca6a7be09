//! The wrapper under g++: what is this flow's own. The rest is in the tests shared by all flows.

use netlathe_backend_vivado_accel::{Bench, Kernel, Options, emit, find};
use netlathe_codegen_hls::SourceTree;

use crate::gxx;
use crate::kernels::Spec;
use crate::wrapper_bench;

/// What the bench calls the samples of the vectors.
pub(crate) const RUN: &str = "batches";

pub(crate) fn options() -> Options {
    Options::new("demo", find("pynq-z2").unwrap())
}

/// The project around a kernel, and how its bench is compiled.
pub(crate) fn project(spec: &Spec, kernel: &Kernel) -> (SourceTree, Bench) {
    let project = emit(&spec.network(), kernel, &options()).unwrap();
    (project.tree, project.wrapper)
}

#[test]
fn the_bench_sees_a_broken_wrapper() {
    let Some(ap_types) = gxx::ap_types("the_bench_sees_a_broken_wrapper") else { return };
    let broken = [
        (
            "if (close && i + 1 == OUTPUT_SIZE) {",
            "if ((close || true) && i + 1 == OUTPUT_SIZE) {",
            "TLAST is wrong",
        ),
        ("if (close && i + 1 == OUTPUT_SIZE) {", "if (close) {", "TLAST is wrong"),
        ("given.keep = -1;", "given.keep = -2;", "TKEEP is not all ones"),
        ("        if (!ended) {\n", "        {\n", "short sample"),
        (
            "i < OUTPUT_SIZE; i++) {\n        NNET_PIPELINE_LOOP",
            "i + 1 < OUTPUT_SIZE; i++) {\n        NNET_PIPELINE_LOOP",
            "TLAST is wrong",
        ),
    ];
    for (from, to, expected) in broken {
        let file = "firmware/demo_axi.cpp";
        let (code, said) = wrapper_bench::broken(file, from, to, &ap_types);
        assert_eq!(code, 1, "{from}: {said}");
        assert!(said.contains(expected), "{from}: {said}");
    }
}
