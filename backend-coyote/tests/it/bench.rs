//! The wrapper under g++: what is this flow's own. The rest is in the tests shared by all flows.

use netlathe_backend_coyote::{Bench, Kernel, Options, emit};
use netlathe_codegen_hls::SourceTree;

use crate::gxx;
use crate::kernels::Spec;
use crate::wrapper_bench;

/// float32 in a beat.
pub(crate) const LANES: usize = 16;

pub(crate) fn options() -> Options {
    Options {
        project: "demo".into(),
        board: "u55c".into(),
        clock_period_ns: None,
        clock_uncertainty_percent: None,
    }
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
        // TLAST a batch, as for another flow's DMA, and none at all.
        ("i == data_out_tensor::beats - 1);", "false);", "TLAST is wrong"),
        ("surplus = !ended;", "surplus = false;", "long packet"),
    ];
    for (from, to, expected) in broken {
        let file = "src/hls/model_wrapper/model_wrapper.cpp";
        let (code, said) = wrapper_bench::broken(file, from, to, &ap_types);
        assert_eq!(code, 1, "{from}: {said}");
        assert!(said.contains(expected), "{from}: {said}");
    }
}
