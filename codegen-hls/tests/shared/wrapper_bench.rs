//! The emitted wrapper of a flow and its test bench, compiled with g++ and the real arbitrary-precision types. The flow says
//! in `crate::bench` what its project is: `project`, and how many float32 a beat has, `LANES`. Every interface and every element is
//! tested where the wrapper is made; here is what a project makes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netlathe_codegen_hls::wrapper::Bench;
use netlathe_codegen_hls::{Kernel, SourceTree};

use crate::bench::{LANES, project};
use crate::gxx;
use crate::kernels::{Spec, rounded, values};

const SAMPLES: usize = 7;

/// The beats of samples of float32, the first in the lowest bits.
fn hex(samples: &[Vec<f32>]) -> String {
    let beat = |lanes: &[f32]| {
        let bits = |lane: usize| lanes.get(lane).map_or(0, |x| x.to_bits());
        (0..LANES).rev().map(|lane| format!("{:08x}", bits(lane))).collect::<String>()
    };
    let line = |s: &Vec<f32>| s.chunks(LANES).map(beat).collect::<Vec<_>>().join(" ") + "\n";
    samples.iter().map(line).collect()
}

/// A compiled project in a folder of its own, with vectors.
pub(crate) struct Built {
    root: tempfile::TempDir,
    bench: Bench,
    expected: String,
}

impl Built {
    pub(crate) fn run(&self) -> (i32, String) {
        let Output { status, stdout, .. } =
            Command::new("./program").current_dir(self.root.path()).output().unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap())
    }

    fn data(&self, file: &str) -> PathBuf {
        self.root.path().join(&self.bench.data_dir).join(file)
    }
}

fn build(spec: &Spec, ap_types: &Path, answer: impl Fn(f32) -> f32) -> Built {
    build_kernel(spec, &spec.kernel(), ap_types, answer, |_, text| text)
}

fn build_kernel(
    spec: &Spec,
    kernel: &Kernel,
    ap_types: &Path,
    answer: impl Fn(f32) -> f32,
    patch: impl Fn(&str, String) -> String,
) -> Built {
    let (emitted, bench) = project(spec, kernel);
    let mut tree = SourceTree::new();
    for (path, content) in emitted.iter() {
        tree.insert(path, patch(path.as_str(), String::from_utf8(content.to_vec()).unwrap()));
    }
    let strings = |paths: &[camino::Utf8PathBuf]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (dirs, sources) = (strings(&bench.include_dirs), strings(&bench.sources));
    let dirs: Vec<&str> = dirs.iter().map(String::as_str).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let root = gxx::compile(&tree, &dirs, &sources, &[], ap_types);

    let all = values(SAMPLES * spec.inputs);
    let inputs: Vec<Vec<f32>> = all.chunks(spec.inputs).map(<[f32]>::to_vec).collect();
    let outputs: Vec<Vec<f32>> = inputs
        .iter()
        .map(|sample| (0..spec.outputs).map(|j| answer(sample[j % spec.inputs])).collect())
        .collect();
    let built = Built { root, bench, expected: hex(&outputs) };
    fs::create_dir_all(built.data("")).unwrap();
    fs::write(built.data("wrapper_inputs.hex"), hex(&inputs)).unwrap();
    fs::write(built.data("wrapper_outputs.hex"), &built.expected).unwrap();
    built
}

/// Input rounded and saturated to 8 fraction bits, output the floor at 4 fraction bits.
fn linear(inputs: usize, outputs: usize) -> Spec {
    Spec {
        inputs,
        outputs,
        input_ty: "ap_fixed<12,4,AP_RND_CONV,AP_SAT>",
        output_ty: "ap_fixed<9,5>",
        expression: "v_j",
        split: None,
    }
}

fn linear_answer(x: f32) -> f32 {
    (rounded(x) >> 4) as f32 / 16.0
}

/// What the bench says of a wrapper in whose file `from` has become `to`.
pub(crate) fn broken(file: &str, from: &str, to: &str, ap_types: &Path) -> (i32, String) {
    let spec = linear(20, 17);
    let patch = |path: &str, text: String| {
        if path != file {
            return text;
        }
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    build_kernel(&spec, &spec.kernel(), ap_types, linear_answer, patch).run()
}

#[test]
fn samples_of_every_size() {
    let Some(ap_types) = gxx::ap_types("samples_of_every_size") else { return };
    for (inputs, outputs) in [(1, 1), (16, 17), (24, 16), (40, 15)] {
        let built = build(&linear(inputs, outputs), &ap_types, linear_answer);
        let (code, said) = built.run();
        assert_eq!(code, 0, "{inputs} -> {outputs}: {said}");
        let results = fs::read_to_string(built.data("wrapper_results.hex")).unwrap();
        assert_eq!(results, built.expected, "{inputs} -> {outputs}");
        assert!(said.contains(&format!("{SAMPLES} samples, 0 of ")), "{said}");
    }
}

/// The code generator's own kernel, in one word and in several.
#[test]
fn generated_kernels() {
    let Some(ap_types) = gxx::ap_types("generated_kernels") else { return };
    for size in [17, 400] {
        let spec = linear(size, size);
        let options = netlathe_codegen_hls::Options { project: "demo".into() };
        let kernel = netlathe_codegen_hls::emit(&spec.network(), &options).unwrap();
        assert_eq!(kernel.inputs.words.len(), if size == 17 { 1 } else { 2 });
        let built = build_kernel(&spec, &kernel, &ap_types, linear_answer, |_, text| text);
        let (code, said) = built.run();
        assert_eq!(code, 0, "{size}: {said}");
        if size == 400 {
            let dirs: Vec<&str> = built.bench.include_dirs.iter().map(|dir| dir.as_str()).collect();
            for source in &built.bench.sources {
                gxx::check_alone(built.root.path(), &dirs, source.as_str(), &[], &ap_types);
                // Ports of one word a beat, as PandA-bambu needs them; the bench drives structs.
                if !source.as_str().contains("tb_") {
                    let words = ["-DNNET_WORD_PORTS"];
                    gxx::check_alone(built.root.path(), &dirs, source.as_str(), &words, &ap_types);
                }
            }
        }
    }
}

/// The same with streams: a vector is a token, of one word and of several.
#[test]
fn generated_kernels_with_streams() {
    let Some(ap_types) = gxx::ap_types("generated_kernels_with_streams") else { return };
    for size in [17, 400] {
        let spec = linear(size, size);
        let mut graph = spec.network().graph().clone();
        graph.io_type = netlathe_ir::config::IoType::Stream;
        let network = netlathe_ir::validate::validate(graph, &mut Vec::new()).unwrap();
        let options = netlathe_codegen_hls::Options { project: "demo".into() };
        let kernel = netlathe_codegen_hls::emit(&network, &options).unwrap();
        let channel = kernel.streams.as_ref().unwrap().inputs[0].channel;
        assert_eq!(channel.words(), if size == 17 { 1 } else { 2 });
        let built = build_kernel(&spec, &kernel, &ap_types, linear_answer, |_, text| text);
        let (code, said) = built.run();
        assert_eq!(code, 0, "{size}: {said}");
        assert!(said.contains(&format!("{SAMPLES} samples, 0 of ")), "{said}");
        let dirs: Vec<&str> = built.bench.include_dirs.iter().map(|dir| dir.as_str()).collect();
        for source in &built.bench.sources {
            gxx::check_alone(built.root.path(), &dirs, source.as_str(), &[], &ap_types);
        }
    }
}

#[test]
fn several_words_integers_and_results_wider_than_a_float() {
    let Some(ap_types) = gxx::ap_types("several_words_integers_and_results_wider_than_a_float") else {
        return;
    };
    let spec = Spec {
        inputs: 18,
        outputs: 18,
        input_ty: "ap_int<16>",
        output_ty: "ap_int<48>",
        // 2^24 + 1: up to 40 significant bits, of which a float keeps 24.
        expression: "v_j * ap_int<26>(16777217)",
        split: Some(7),
    };
    let answer = |x: f32| (x.trunc() as i64 * 16_777_217) as f32;
    let (code, said) = build(&spec, &ap_types, answer).run();
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_bench_sees_a_wrong_value_and_an_unusable_file() {
    let Some(ap_types) = gxx::ap_types("the_bench_sees_a_wrong_value_and_an_unusable_file") else { return };
    let built = build(&linear(20, 17), &ap_types, linear_answer);
    let path = built.data("wrapper_outputs.hex");

    // A bit of the last beat of sample 3.
    let mut lines: Vec<String> = built.expected.lines().map(str::to_owned).collect();
    let number = lines[3].split(' ').count() - 1;
    let last = lines[3].len() - 1;
    let digit = lines[3][last..].parse::<u8>().unwrap_or(2) ^ 1;
    lines[3].replace_range(last.., &digit.to_string());
    fs::write(&path, lines.join("\n")).unwrap();
    let (code, said) = built.run();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&format!("samples, sample 3, element {number}: ")), "{said}");
    assert!(said.contains("7 samples, 1 of "), "{said}");

    for bad in ["", "nonsense", "00000000 00000000", &built.expected.replace('\n', " 00000000\n")] {
        fs::write(&path, bad).unwrap();
        assert_eq!(built.run().0, 2, "{bad:?}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(built.run().0, 2);
}
