//! The host software on a device in software: the C interface, the program `test`, the Python overlay; and, where there is a
//! checkout of Coyote, with its own headers and library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use netlathe_backend_coyote::emit;

use crate::models::{options, spec};
use crate::tools::skipped;

const WARNINGS: [&str; 5] = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-pthread"];
const SOFTWARE: [&str; 2] = ["software_device.cpp", "adding_core.cpp"];

/// The sources that a project gets.
pub(crate) fn templates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/sw")
}

/// The device in software and its tests.
pub(crate) fn stand_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host")
}

/// Whether there is such a program; if not, the skip is visible.
pub(crate) fn has(test: &str, program: &str, arguments: &[&str]) -> bool {
    let found = Command::new(program).args(arguments).output().is_ok_and(|done| done.status.success());
    if !found {
        skipped(test, &format!("needs {program} {}", arguments.join(" ")));
    }
    found
}

/// Compiles the host's sources in `folder` (a copy of the templates) with the device in software.
pub(crate) fn compile(folder: &Path, main: &str, output: &str, flags: &[&str]) -> Result<(), String> {
    let from =
        |name: &str| if folder.join(name).is_file() { folder.join(name) } else { stand_in().join(name) };
    let mut gxx = Command::new("g++");
    gxx.args(WARNINGS).args(flags).arg("-I").arg(stand_in()).arg("-I").arg(folder).arg(from(main));
    if main != "host_libs.cpp" && main != "reconfigure.cpp" {
        gxx.arg(folder.join("host_libs.cpp"));
    }
    gxx.args(SOFTWARE.map(from)).arg("-o").arg(folder.join(output));
    let Output { status, stderr, .. } = gxx.output().unwrap();
    if status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&stderr).into_owned()) }
}

/// Compiles what no mutant changes.
pub(crate) fn objects(mains: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in mains.iter().chain(&SOFTWARE) {
        let source = stand_in().join(name);
        let mut gxx = Command::new("g++");
        gxx.args(WARNINGS)
            .arg("-O0")
            .arg("-I")
            .arg(stand_in())
            .arg("-I")
            .arg(templates())
            .arg("-c")
            .arg(source);
        let Output { status, stderr, .. } = gxx.current_dir(folder.path()).output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    }
    folder
}

/// Compiles a mutant of some sources and links it to those objects.
pub(crate) fn link(folder: &Path, sources: &[&str], objects: &Path, names: &[&str], output: &str) {
    let mut gxx = Command::new("g++");
    gxx.args(["-std=c++17", "-w", "-O0", "-pthread"]).arg("-I").arg(stand_in()).arg("-I").arg(folder);
    gxx.args(sources.iter().map(|name| folder.join(name)));
    gxx.args(names.iter().chain(&SOFTWARE).map(|name| objects.join(name.replace(".cpp", ".o"))));
    let Output { status, stderr, .. } = gxx.arg("-o").arg(folder.join(output)).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
}

/// The host's files in a folder of its own, as a project has them.
pub(crate) fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let project = emit(&spec().network(), &spec().kernel(), &options()).unwrap();
    for (path, content) in project.tree.iter() {
        if let Ok(name) = path.strip_prefix("sw") {
            fs::write(folder.path().join(name), content).unwrap();
        }
    }
    folder
}

/// Runs a program; `None` when it takes too long.
pub(crate) fn run(command: &mut Command, limit: Duration) -> (Option<i32>, String) {
    let log = tempfile::NamedTempFile::new().unwrap();
    // One place in the file for both.
    let both = log.reopen().unwrap();
    command.stdin(Stdio::null()).stdout(both.try_clone().unwrap()).stderr(both);
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status.code().unwrap_or(-1));
        }
        if begun.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    (code, String::from_utf8_lossy(&fs::read(log.path()).unwrap()).into_owned())
}

const LONG: Duration = Duration::from_secs(120);

#[test]
fn the_c_interface() {
    if !has("the_c_interface", "g++", &["--version"]) {
        return;
    }
    let folder = copy();
    let flags = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    compile(folder.path(), "test_host.cpp", "test_host", &flags).unwrap();
    let mut test = Command::new(folder.path().join("test_host"));
    // What a silent card may still write into is never given back.
    let (code, said) = run(test.env("ASAN_OPTIONS", "detect_leaks=0"), LONG);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("20 cases, 0 failures"), "{said}");
}

#[test]
fn the_python_overlay() {
    let name = "the_python_overlay";
    if !has(name, "g++", &["--version"]) || !has(name, "python3", &["-c", "import numpy"]) {
        return;
    }
    let folder = copy();
    compile(folder.path(), "host_libs.cpp", "libCoyoteInference.so", &["-O1", "-shared", "-fPIC"]).unwrap();
    let mut python = Command::new("python3");
    let (code, said) = run(python.arg(stand_in().join("test_overlay.py")).arg(folder.path()), LONG);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Ran 11 tests"), "{said}");
}

/// A project folder of 20 float32 in and 10 out, with vectors of 7 samples that the adding core answers.
pub(crate) struct Vectors {
    pub(crate) root: tempfile::TempDir,
    pub(crate) outputs: Vec<Vec<f32>>,
}

fn beats(sample: &[f32]) -> String {
    let beat = |lanes: &[f32]| {
        let digits: String = lanes.iter().rev().map(|x| format!("{:08x}", x.to_bits())).collect();
        format!("{digits:0>128}")
    };
    sample.chunks(16).map(beat).collect::<Vec<_>>().join(" ")
}

fn tensor(name: &str, size: usize) -> String {
    format!(
        r#"{{"name": "{name}", "shape": [{size}], "ty": "ap_fixed<16,6>", "packing": {{"beat_bits": 512,
        "element": "float32", "elements_per_beat": 16, "element_order": "little_end_first", "bit_order": "lsb_first",
        "transfer": "sample"}}}}"#
    )
}

impl Vectors {
    pub(crate) fn new() -> Self {
        let inputs: Vec<Vec<f32>> =
            (0..7).map(|s| (0..20).map(|e| (s * 20 + e) as f32 * 0.125 - 3.0).collect()).collect();
        // The core sees two beats, 32 lanes; 10 results do not reach the padding.
        let outputs: Vec<Vec<f32>> =
            inputs.iter().map(|x| (0..10).map(|e| x[0] + 3.0 * x[e]).collect()).collect();
        let root = tempfile::tempdir().unwrap();
        let manifest = format!(
            r#"{{"version": 1, "project": "demo", "inputs": [{}], "outputs": [{}], "platform": null,
            "host": {{"interface": "coyote", "vfpga": 0, "input_streams": [0], "output_streams": [0]}}}}"#,
            tensor("x\\u0031 \\\"in\\\"", 20),
            tensor("y", 10)
        );
        fs::write(root.path().join("manifest.json"), manifest).unwrap();
        let data = root.path().join("tb_data");
        fs::create_dir(&data).unwrap();
        let lines = |all: &[Vec<f32>]| all.iter().map(|s| beats(s) + "\n").collect::<String>();
        fs::write(data.join("wrapper_inputs.hex"), lines(&inputs)).unwrap();
        // Lanes 10 to 15 of the core's answers are no elements, but they are not zero here.
        let whole: Vec<Vec<f32>> =
            inputs.iter().map(|x| (0..16).map(|e| x[0] + 3.0 * x[e]).collect()).collect();
        fs::write(data.join("wrapper_outputs.hex"), lines(&whole)).unwrap();
        let floats = |s: &Vec<f32>| s.iter().map(f32::to_string).collect::<Vec<_>>().join(" ") + "\n";
        fs::write(data.join("tb_input_features.dat"), inputs.iter().map(floats).collect::<String>()).unwrap();
        Self { root, outputs }
    }

    pub(crate) fn test(&self, program: &Path, arguments: &[&str]) -> (Option<i32>, String) {
        let data = self.root.path().join("tb_data");
        let mut test = Command::new(program);
        test.current_dir(self.root.path()).arg("-p").arg(&data).args(arguments);
        run(&mut test, Duration::from_secs(30))
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.root.path().join(name)).unwrap()
    }
}

/// What the program `test` must do; the first thing that it does not.
pub(crate) fn check_program(program: &Path) -> Result<(), String> {
    let vectors = Vectors::new();
    let expected = vectors.file("tb_data/wrapper_outputs.hex");
    let require =
        |right: bool, what: &str, said: &str| if right { Ok(()) } else { Err(format!("{what}: {said}")) };
    for batch in ["1", "3", "7", "100"] {
        let _ = fs::remove_file(vectors.root.path().join("results.hex"));
        let (code, said) = vectors.test(program, &["-b", batch, "--verify"]);
        require(code == Some(0), "a right network", &said)?;
        let written = fs::read_to_string(vectors.root.path().join("results.hex")).unwrap_or_default();
        require(written == expected, "beats are written", &written)?;
        let floats = fs::read_to_string(vectors.root.path().join("results.dat")).unwrap_or_default();
        let read: Vec<Vec<f32>> =
            floats.lines().map(|l| l.split(' ').map(|x| x.parse().unwrap()).collect()).collect();
        require(read == vectors.outputs, "floats are written", &floats)?;
        require(!said.contains("Batch 0:"), "quiet unless asked", &said)?;
        require(
            said.contains("Mean latency: ") && said.contains(" inferences/s"),
            "latency and throughput",
            &said,
        )?;
        require((batch != "3") || said.contains("the last one of 1"), "the last batch", &said)?;
    }
    let (_, said) = vectors.test(program, &["--batch_size=3", "-v"]);
    require(said.contains("Batch 2: 1 samples, "), "verbose", &said)?;
    let (_, said) = vectors.test(program, &["-v", "--no-verbose"]);
    require(!said.contains("Batch 0:"), "verbose and then not", &said)?;
    let (code, said) = vectors.test(program, &["--features", "-b", "4"]);
    require(code == Some(0) && vectors.file("results.hex") == expected, "floats as inputs", &said)?;
    let (code, said) = vectors.test(program, &["-m", "/nonexistent.json"]);
    require(code == Some(2) && said.contains("/nonexistent.json"), "no manifest", &said)?;

    // The last bit of element 9 of sample 5: 1e-4 of a value is far more.
    let mut lines: Vec<String> = expected.lines().map(str::to_owned).collect();
    let at = 128 - 9 * 8 - 1;
    let digit = u32::from_str_radix(&lines[5][at..=at], 16).unwrap() ^ 1;
    lines[5].replace_range(at..=at, &format!("{digit:x}"));
    let wrong = vectors.root.path().join("tb_data/wrapper_outputs.hex");
    fs::write(&wrong, lines.join("\n")).unwrap();
    let (code, said) = vectors.test(program, &["-c"]);
    require(code == Some(1) && said.contains("sample 5, y[9]: "), "a last bit that differs", &said)?;
    require(said.contains("1 values differ"), "the number of differences", &said)?;
    fs::write(&wrong, lines[..6].join("\n")).unwrap();
    require(vectors.test(program, &["-c"]).0 == Some(2), "too few expected samples", "")?;
    let inputs = vectors.root.path().join("tb_data/wrapper_inputs.hex");
    for bad in ["", "00\n", &format!("{} 0\n", beats(&[0.0; 20])), &beats(&[0.0; 16])] {
        fs::write(&inputs, bad).unwrap();
        require(vectors.test(program, &[]).0 == Some(2), "vectors that are none", bad)?;
    }
    for bad in [&["-b", "0"][..], &["-b", "x"], &["-t", "0"], &["--what"], &["more"], &["-f", "-c"]] {
        require(vectors.test(program, bad).0 == Some(2), "wrong arguments", &format!("{bad:?}"))?;
    }
    Ok(())
}

#[test]
fn the_program() {
    if !has("the_program", "g++", &["--version"]) {
        return;
    }
    let folder = copy();
    compile(folder.path(), "test.cpp", "test", &["-O1", "-g", "-fsanitize=address,undefined"]).unwrap();
    let program = folder.path().join("test");
    check_program(&program).unwrap();
    // The card's own failures are another exit code.
    let vectors = Vectors::new();
    for (plan, expected) in [("plan_answers=3", "sample 1 of 2"), ("plan_no_open=1", "/dev/coyote_fpga_1_v2")]
    {
        let data = vectors.root.path().join("tb_data");
        let mut test = Command::new(&program);
        test.env("SOFT_PLAN", plan).env("ASAN_OPTIONS", "detect_leaks=0").arg("-p").arg(data);
        test.args(["-b", "2", "-t", "0.05", "-d", "1", "--vfpga", "2"]).current_dir(vectors.root.path());
        let (code, said) = run(&mut test, LONG);
        assert!(code == Some(4) && said.contains(expected), "{code:?} {said}");
    }
    let mut test = Command::new(&program);
    test.env("SOFT_PLAN", "plan_no_huge=1").arg("-p").arg(vectors.root.path().join("tb_data"));
    let (code, said) = run(test.current_dir(vectors.root.path()), LONG);
    assert!(code == Some(0) && said.contains("NOTE: no free huge pages"), "{said}");
}

#[test]
fn reconfiguration() {
    if !has("reconfiguration", "g++", &["--version"]) {
        return;
    }
    let folder = copy();
    compile(folder.path(), "reconfigure.cpp", "reconfigure", &[]).unwrap();
    fs::write(folder.path().join("shell_top.bin"), "x").unwrap();
    fs::write(folder.path().join("cyt_top.bit"), "x").unwrap();
    let call = |arguments: &[&str], plan: &str| {
        let mut program = Command::new(folder.path().join("reconfigure"));
        run(program.current_dir(folder.path()).args(arguments).env("SOFT_PLAN", plan), LONG)
    };
    let (code, said) = call(&["--shell", "shell_top.bin"], "");
    assert!(code == Some(0) && said.contains("soft: shell shell_top.bin\n"), "{said}");
    let (code, said) = call(&["--app", "shell_top.bin", "--vfpga", "3", "--device", "1"], "");
    assert!(code == Some(0) && said.contains("soft: app shell_top.bin 3\n"), "{said}");
    for wrong in [
        &[][..],
        &["--app", "shell_top.bin"],
        &["--shell", "shell_top.bin", "--vfpga", "1"],
        &["--shell", "cyt_top.bit"],
        &["--shell", "none.bin"],
        &["--app", "shell_top.bin", "--vfpga", "-1"],
        &["--shell"],
    ] {
        assert_eq!(call(wrong, "").0, Some(2), "{wrong:?}");
    }
    let (code, said) = call(&["--shell", "shell_top.bin"], "plan_no_open=1");
    assert!(code == Some(4) && said.contains("could not be obtained"), "{said}");
}
