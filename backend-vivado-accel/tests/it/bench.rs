//! The emitted wrapper and its test bench, compiled with g++ and the real arbitrary-precision types.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use netlathe_backend_vivado_accel::{Kernel, Options, Project, emit};

use crate::kernels::{Spec, rounded, values};

const SAMPLES: usize = 7;

/// The folder of the `ap_types` headers, or `None`, said aloud.
fn ap_types(test: &str) -> Option<String> {
    let dir = std::env::var("NETLATHE_AP_TYPES").ok();
    if dir.is_none() {
        eprintln!("SKIPPED {test}: NETLATHE_AP_TYPES does not name the folder of ap_types");
    }
    dir
}

fn options() -> Options {
    Options {
        project: "demo".into(),
        board: "pynq-z2".into(),
        clock_period_ns: None,
        clock_uncertainty_percent: None,
    }
}

fn write(project: &Project, root: &Path) {
    for (path, content) in project.tree.iter() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn compile(project: &Project, root: &Path, ap_types: &str) {
    let mut gxx = Command::new("g++");
    gxx.current_dir(root).args(["-std=c++11", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-O0"]);
    gxx.args(project.wrapper.include_dirs.iter().map(|dir| format!("-I{dir}")));
    gxx.args(["-isystem", ap_types]).args(&project.wrapper.sources).args(["-o", "bench"]);
    let done = gxx.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn hex(samples: &[Vec<f32>]) -> String {
    let line =
        |s: &Vec<f32>| s.iter().map(|x| format!("{:08x}", x.to_bits())).collect::<Vec<_>>().join(" ") + "\n";
    samples.iter().map(line).collect()
}

fn run(root: &Path) -> (i32, String) {
    let Output { status, stdout, .. } = Command::new("./bench").current_dir(root).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap())
}

/// A compiled project in a folder of its own, with vectors.
struct Built {
    project: Project,
    root: tempfile::TempDir,
    expected: String,
}

fn build(spec: &Spec, ap_types: &str, answer: impl Fn(f32) -> f32, patch: impl Fn(&Path)) -> Built {
    build_kernel(spec, &spec.kernel(), ap_types, answer, patch)
}

fn build_kernel(
    spec: &Spec,
    kernel: &Kernel,
    ap_types: &str,
    answer: impl Fn(f32) -> f32,
    patch: impl Fn(&Path),
) -> Built {
    let project = emit(&spec.network(), kernel, &options()).unwrap();
    let root = tempfile::tempdir().unwrap();
    write(&project, root.path());
    patch(root.path());
    compile(&project, root.path(), ap_types);
    let all = values(SAMPLES * spec.inputs);
    let inputs: Vec<Vec<f32>> = all.chunks(spec.inputs).map(<[f32]>::to_vec).collect();
    let outputs: Vec<Vec<f32>> = inputs
        .iter()
        .map(|sample| (0..spec.outputs).map(|j| answer(sample[j % spec.inputs])).collect())
        .collect();
    let data = root.path().join(&project.wrapper.data_dir);
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("wrapper_inputs.hex"), hex(&inputs)).unwrap();
    let expected = hex(&outputs);
    fs::write(data.join("wrapper_outputs.hex"), &expected).unwrap();
    Built { project, root, expected }
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

#[test]
fn samples_of_every_size() {
    let Some(ap_types) = ap_types("samples_of_every_size") else { return };
    for (inputs, outputs) in [(1, 1), (5, 40), (15, 17), (16, 16), (17, 5), (20, 24), (24, 20), (40, 15)] {
        let built = build(&linear(inputs, outputs), &ap_types, linear_answer, |_| ());
        let (code, said) = run(built.root.path());
        assert_eq!(code, 0, "{inputs} -> {outputs}: {said}");
        let results = built.root.path().join(&built.project.wrapper.data_dir).join("wrapper_results.hex");
        assert_eq!(fs::read_to_string(results).unwrap(), built.expected, "{inputs} -> {outputs}");
        assert!(said.contains(&format!("{SAMPLES} samples, 0 of ")), "{said}");
    }
}

/// The code generator's own kernel, in one word and in several.
#[test]
fn generated_kernels() {
    let Some(ap_types) = ap_types("generated_kernels") else { return };
    for size in [17, 400] {
        let spec = linear(size, size);
        let options = netlathe_codegen_hls::Options { project: "demo".into() };
        let kernel = netlathe_codegen_hls::emit(&spec.network(), &options).unwrap();
        assert_eq!(kernel.inputs.words.len(), if size == 17 { 1 } else { 2 });
        let built = build_kernel(&spec, &kernel, &ap_types, linear_answer, |_| ());
        let (code, said) = run(built.root.path());
        assert_eq!(code, 0, "{size}: {said}");
    }
}

#[test]
fn several_words_integers_and_results_wider_than_a_float() {
    let Some(ap_types) = ap_types("several_words_integers_and_results_wider_than_a_float") else { return };
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
    let built = build(&spec, &ap_types, answer, |_| ());
    let (code, said) = run(built.root.path());
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_bench_sees_a_wrong_value_and_an_unusable_file() {
    let Some(ap_types) = ap_types("the_bench_sees_a_wrong_value_and_an_unusable_file") else { return };
    let built = build(&linear(20, 17), &ap_types, linear_answer, |_| ());
    let path = built.root.path().join("tb_data/wrapper_outputs.hex");

    // The last bit of the last value of sample 3.
    let mut lines: Vec<String> = built.expected.lines().map(str::to_owned).collect();
    let (rest, last) = lines[3].rsplit_once(' ').unwrap();
    lines[3] = format!("{rest} {:08x}", u32::from_str_radix(last, 16).unwrap() ^ 1);
    fs::write(&path, lines.join("\n")).unwrap();
    let (code, said) = run(built.root.path());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("batches, sample 3, element 16: "), "{said}");
    assert!(said.contains("7 samples, 1 of "), "{said}");

    for bad in ["", "nonsense", "00000000 00000000", &built.expected.replace('\n', " 00000000\n")] {
        fs::write(&path, bad).unwrap();
        assert_eq!(run(built.root.path()).0, 2, "{bad:?}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(run(built.root.path()).0, 2);
}

#[test]
fn the_bench_sees_a_broken_wrapper() {
    let Some(ap_types) = ap_types("the_bench_sees_a_broken_wrapper") else { return };
    let broken = [
        (
            "sent.last = close && i + 1 == OUTPUT_SIZE;",
            "sent.last = (close || true) && i + 1 == OUTPUT_SIZE;",
            "TLAST is wrong",
        ),
        ("sent.last = close && i + 1 == OUTPUT_SIZE;", "sent.last = close;", "TLAST is wrong"),
        ("sent.keep = -1;", "sent.keep = -2;", "TKEEP is not all ones"),
        ("        if (!ended) {\n", "        {\n", "short sample"),
        (
            "i < OUTPUT_SIZE; i++) {\n        NNET_PIPELINE_LOOP",
            "i + 1 < OUTPUT_SIZE; i++) {\n        NNET_PIPELINE_LOOP",
            "TLAST is wrong",
        ),
    ];
    for (from, to, expected) in broken {
        let built = build(&linear(20, 17), &ap_types, linear_answer, |root| {
            let path = root.join("firmware/demo_axi.cpp");
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{from}");
            fs::write(&path, text.replace(from, to)).unwrap();
        });
        let (code, said) = run(built.root.path());
        assert_eq!(code, 1, "{from}: {said}");
        assert!(said.contains(expected), "{from}: {said}");
    }
}
