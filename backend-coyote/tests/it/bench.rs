//! The wrapper under g++: what is this flow's own. The rest is in the tests shared by all flows.

use netlathe_backend_coyote::{Bench, Kernel, emit};
use netlathe_codegen_hls::SourceTree;

use crate::gxx;
use crate::kernels::Spec;
use crate::models::options;
use crate::wrapper_bench;

/// What the bench calls the samples of the vectors.
pub(crate) const RUN: &str = "burst";

/// The project around a kernel, and how its bench is compiled.
pub(crate) fn project(spec: &Spec, kernel: &Kernel) -> (SourceTree, Bench) {
    let project = emit(&spec.network(), kernel, &options()).unwrap();
    (project.tree, project.wrapper)
}

#[test]
fn the_bench_sees_a_broken_wrapper() {
    let Some(ap_types) = gxx::ap_types("the_bench_sees_a_broken_wrapper") else { return };
    let broken = [
        ("if (i + 1 == OUTPUT_BEATS) {", "if (i == OUTPUT_BEATS) {", "TLAST is wrong"),
        ("given.keep = -1;", "given.keep = -2;", "TKEEP is not all ones"),
        ("surplus = !ended;", "surplus = false;", "long packet"),
        ("i < OUTPUT_BEATS; i++) {\n", "i + 1 < OUTPUT_BEATS; i++) {\n", "TLAST is wrong"),
        ("        if (!ended) {\n", "        {\n", "short packet"),
    ];
    for (from, to, expected) in broken {
        let file = "src/hls/model_wrapper/model_wrapper.cpp";
        let (code, said) = wrapper_bench::broken(file, from, to, &ap_types);
        assert_eq!(code, 1, "{from}: {said}");
        assert!(said.contains(expected), "{from}: {said}");
    }
}
