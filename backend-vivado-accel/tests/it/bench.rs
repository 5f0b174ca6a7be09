//! The wrapper under g++: what is this flow's own. The rest is in the tests shared by all flows.

use netlathe_backend_vivado_accel::{Bench, Element, InterfaceKind, Kernel, Options, element, emit, find};
use netlathe_codegen_hls::SourceTree;
use netlathe_overlay::{Tensor, encode};

use crate::gxx;
use crate::kernels::Spec;
use crate::wrapper_bench;

/// What the bench calls the samples of the vectors.
pub(crate) const RUN: &str = "samples";

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
        ("beat.keep = -1;", "beat.keep = -2;", "TKEEP is not all ones"),
        ("beat.last = last;", "beat.last = true;", "TLAST is wrong"),
        ("beat.last = last;", "beat.last = false;", "TLAST is wrong"),
        ("    if (!ended) {\n", "    {\n", "short sample"),
    ];
    for (from, to, expected) in broken {
        let file = "firmware/nnet_beats.h";
        let (code, said) = wrapper_bench::broken(file, from, to, &ap_types);
        assert_eq!(code, 1, "{from}: {said}");
        assert!(said.contains(expected), "{from}: {said}");
    }
}

/// Beats in hexadecimal: a line a sample.
fn lines(samples: &[Vec<f32>], tensor: &Tensor) -> String {
    let mut text = String::new();
    for sample in samples {
        let mut bytes = Vec::new();
        encode(sample, tensor, &mut bytes).unwrap();
        let beats = bytes.chunks(tensor.packing.beat_bits as usize / 8);
        let beats: Vec<String> =
            beats.map(|beat| beat.iter().rev().map(|byte| format!("{byte:02x}")).collect()).collect();
        text += &format!("{}\n", beats.join(" "));
    }
    text
}

/// The kernel passes on what both types hold: multiples of 1/256 from 0 to 255/256. So an output equals its input, whatever both
/// travel as and however.
#[test]
fn every_interface_and_element() {
    let Some(ap_types) = gxx::ap_types("every_interface_and_element") else { return };
    let spec = Spec { inputs: 20, outputs: 3, ..crate::wrapper_tree::spec() };
    let samples: Vec<Vec<f32>> =
        (0..7).map(|n| (0..20).map(|i| ((n * 37 + i * 11) % 256) as f32 / 256.0).collect()).collect();
    let answers: Vec<Vec<f32>> = samples.iter().map(|sample| sample[..3].to_vec()).collect();
    let fixed = |text: &str| Some(element(text).unwrap());
    for (name, kind, input, output) in [
        ("pynq-z2", InterfaceKind::AxiStream, None, None),
        ("pynq-z2", InterfaceKind::AxiStream, fixed("double"), fixed("ap_ufixed<9,0>")),
        ("zcu102", InterfaceKind::AxiStream, fixed("ap_fixed<12,4>"), Some(Element::Float64)),
        ("pynq-z2", InterfaceKind::AxiMaster, None, fixed("ap_fixed<17,3>")),
        ("zcu102", InterfaceKind::AxiMaster, fixed("ap_fixed<12,4>"), None),
        ("pynq-z2", InterfaceKind::AxiLite, None, None),
        ("zcu102", InterfaceKind::AxiLite, fixed("ap_fixed<40,10>"), fixed("ap_ufixed<9,0>")),
    ] {
        let options =
            Options { interface: Some(kind), input, output, ..Options::new("demo", find(name).unwrap()) };
        let project = emit(&spec.network(), &spec.kernel(), &options).unwrap();
        let (manifest, mut tree) = (&project.manifest, project.tree);
        tree.insert("tb_data/wrapper_inputs.hex", lines(&samples, &manifest.inputs[0]));
        tree.insert("tb_data/wrapper_outputs.hex", lines(&answers, &manifest.outputs[0]));
        let folders: Vec<&str> = project.wrapper.include_dirs.iter().map(|path| path.as_str()).collect();
        let sources: Vec<&str> = project.wrapper.sources.iter().map(|path| path.as_str()).collect();
        let root = gxx::compile(&tree, &folders, &sources, &[], &ap_types);
        let done = std::process::Command::new(root.path().join("program")).current_dir(root.path()).output();
        let done = done.unwrap();
        let said =
            String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{name} {}: {said}", kind.name());
        assert!(said.contains("7 samples"), "{name} {}: {said}", kind.name());
    }
}
