//! The wrapper under g++: what is this flow's own. The rest is in the tests shared by all flows.

use netlathe_backend_vivado_accel::{Bench, Kernel, Options, emit};
use netlathe_codegen_hls::SourceTree;

use crate::gxx;
use crate::kernels::Spec;
use crate::wrapper_bench;

/// float32 in a beat.
pub(crate) const LANES: usize = 1;

pub(crate) fn options() -> Options {
    Options {
        project: "demo".into(),
        board: "pynq-z2".into(),
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
        // TLAST a sample, as for another flow's streams.
        ("beats - 1 && closes);", "beats - 1 && (closes || true));", "TLAST is wrong"),
        ("data_in_marks.write(ended);", "data_in_marks.write(1);", "TLAST is wrong"),
    ];
    for (from, to, expected) in broken {
        let file = "firmware/demo_axi.cpp";
        let (code, said) = wrapper_bench::broken(file, from, to, &ap_types);
        assert_eq!(code, 1, "{from}: {said}");
        assert!(said.contains(expected), "{from}: {said}");
    }
}
