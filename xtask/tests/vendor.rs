//! `build --until ...` and `package` as a user starts them, with stand-ins of the vendor's tools on PATH.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Folders of the system's own programs, without any vendor's: links to what the stand-ins and C simulation call.
fn system(place: &Path) -> PathBuf {
    let bin = place.join("bin");
    if !bin.is_dir() {
        std::fs::create_dir(&bin).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for name in [
            "sh", "g++", "as", "ld", "cc1plus", "sed", "cat", "cp", "mkdir", "rm", "tee", "tr", "basename",
            "dirname", "python3", "sleep", "find", "sort", "head", "grep", "awk", "mv",
        ] {
            let found = std::env::split_paths(&path).map(|d| d.join(name)).find(|p| p.is_file());
            // What is first on PATH may be a script that looks for the interpreter on PATH again.
            let found = if name == "python3" { interpreter() } else { found };
            if let Some(found) = found {
                std::os::unix::fs::symlink(found, bin.join(name)).unwrap();
            }
        }
    }
    bin
}

fn interpreter() -> Option<PathBuf> {
    let out = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
    Some(PathBuf::from(String::from_utf8(out.stdout).ok()?.trim())).filter(|p| p.is_file())
}

fn netlathe(args: &[&str], place: &Path, stand_ins: bool, fail: &str) -> Output {
    let mut path = std::ffi::OsString::new();
    if stand_ins {
        path.push(root().join("flow/tests/stand_ins"));
        path.push(":");
    }
    path.push(system(place));
    Command::new(env!("CARGO_BIN_EXE_netlathe"))
        .args(args)
        .current_dir(place)
        .env("PATH", path)
        .env("STAND_IN_FAIL", fail)
        .output()
        .unwrap()
}

fn build(place: &Path, stand_ins: bool, until: Option<&str>, fail: &str) -> (Option<i32>, String) {
    let model = root().join("flow/tests/data/tiny.keras");
    let model = model.to_string_lossy();
    let mut args = vec!["build", "--model", &model, "--board", "pynq-z2", "--project", "tiny", "-o", "p"];
    args.extend(until.iter().flat_map(|u| ["--until", u]));
    let out = netlathe(&args, place, stand_ins, fail);
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).join("");
    assert!(!text.contains("panicked"), "{text}");
    (out.status.code(), text)
}

fn skip(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
    if let Some(path) = std::env::var_os("NETLATHE_SKIPS") {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        writeln!(file, "{test}: {why}").unwrap();
    }
}

/// Whether C simulation, which comes before, is possible here; if not, the skip is noted.
fn can_simulate(test: &str) -> bool {
    let place = tempfile::tempdir().unwrap();
    let (code, text) = build(place.path(), false, Some("csim"), "");
    if code == Some(0) {
        return true;
    }
    skip(test, text.lines().find(|l| l.contains("Not reached")).unwrap_or("C simulation was not reached"));
    false
}

#[test]
fn from_a_model_to_a_package() {
    if !can_simulate("from a model to a package") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let p = place.path();
    // Nobody starts a run of hours unasked, though all tools are there.
    let (code, text) = build(p, true, None, "");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Reached: csim") && text.contains("--until bitstream"), "{text}");
    assert!(!p.join("p/logs").exists());
    // Asked for, and missing.
    let (code, text) = build(p, false, Some("hls"), "");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("neither `vitis_hls` nor `vitis-run` was found"), "{text}");

    let (code, text) = build(p, true, Some("hls"), "");
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("HLS: an answer takes 21 to 23 cycles") && !p.join("p/export/tiny.bit").exists(),
        "{text}"
    );
    let (code, text) = build(p, true, Some("package"), "");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Timing is met") && text.contains("Reached: package"), "{text}");
    assert!(p.join("p/package.tar.gz").is_file() && p.join("p/report.json").is_file());

    let out = netlathe(&["package", "--project", "p", "-o", "again.tar.gz"], p, false, "");
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8_lossy(&out.stdout).contains("tiny/manifest.json"));
    assert_eq!(
        std::fs::read(p.join("again.tar.gz")).unwrap(),
        std::fs::read(p.join("p/package.tar.gz")).unwrap()
    );
    let out = netlathe(&["package", "--project", "bin"], p, false, "");
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn each_failure_is_4_and_leaves_nothing_to_export() {
    if !can_simulate("failures of vendor tools") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let p = place.path();
    for (fail, says) in [
        ("part", "this installation does not have the board's device"),
        ("csim", "C simulation inside the HLS tool failed"),
        ("cosim", "RTL co-simulation failed"),
        ("source", "the HLS tool refuses the C++"),
        ("memory", "ran out of memory"),
        ("killed", "ran out of memory"),
        ("registers", "HLS made other registers"),
        ("licence", "a licence is missing"),
        ("board_files", "the board's files are not installed"),
        ("disk", "the disk is full"),
        ("too_large", "does not fit the device"),
        ("unroutable", "cannot be routed"),
        ("version", "this version of the tools"),
        ("silent", "did not write export/tiny.bit"),
        ("timing", "the setup slack is -0.342 ns"),
        ("hold", "the hold slack is -0.055 ns"),
        ("pulse", "the pulse width slack is -0.219 ns"),
        ("clock", "20 ns, 10 ns were asked for"),
        ("report", "timing report cannot be read"),
    ] {
        let (code, text) = build(p, true, Some("package"), fail);
        assert_eq!(code, Some(4), "{fail}: {text}");
        assert!(text.contains(says) && text.contains("help: "), "{fail}: {text}");
        assert!(!p.join("p/export/tiny.bit").exists() && !p.join("p/package.tar.gz").exists(), "{fail}");
    }
}

/// The example of docs/pynq.md to a package for the board, unpacked.
fn quantized(place: &Path, board: &str, clock: &str, more: &[&str]) -> PathBuf {
    let example = |name: &str| root().join("examples/jet_tagger").join(name).display().to_string();
    let (model, config, x) = (example("quantized.h5"), example("quantized.yml"), example("x.npy"));
    let mut args = vec!["build", "--model", &model, "--config", &config, "--inputs", &x, "--project", "jet"];
    args.extend(["--board", board, "--clock", clock, "--until", "package", "--timeout", "5", "-o", board]);
    args.extend(more);
    let out = netlathe(&args, place, true, "");
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).join("");
    assert_eq!(out.status.code(), Some(0), "{text}");
    let archive = std::fs::File::open(place.join(board).join("package.tar.gz")).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(archive))
        .unpack(place.join("unpacked").join(board))
        .unwrap();
    place.join("unpacked").join(board).join("jet")
}

/// The packed driver's `--verify` on a software device that answers as hls4ml predicts, with these Python packages.
fn verify(package: &Path, packages: Option<&Path>) -> (Option<i32>, String) {
    let example = |name: &str| root().join("examples/jet_tagger").join(name);
    let mut python = Command::new("python3");
    python.args(["-B", "run_package.py"]).arg(package).arg(example("x.npy")).arg(example("y_hls4ml.npy"));
    python.current_dir(root().join("backend-vivado-accel/tests/driver")).env_remove("PYTHONPATH");
    if let Some(packages) = packages {
        python.env("PYTHONPATH", packages);
    }
    let out = python.output().unwrap();
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).join("");
    (out.status.code(), text)
}

/// Equal as it was packed; not with another expectation, and not where the bitstream is another.
fn verifies(package: &Path, bitstream: &str, packages: Option<&Path>) {
    let (code, text) = verify(package, packages);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("verified: 100 samples, all 500 output values equal, bit for bit"), "{text}");
    assert!(text.contains("the core computed"), "{text}");

    let path = package.join("y.npy");
    let mut y = std::fs::read(&path).unwrap();
    // The lowest bit of the last value.
    let last = y.len() - if y[..128].windows(3).any(|w| w == b"<f8") { 8 } else { 4 };
    y[last] ^= 1;
    std::fs::write(&path, &y).unwrap();
    let (code, text) = verify(package, packages);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FAILED: 1 of 500 output values differ"), "{text}");
    y[last] ^= 1;
    std::fs::write(&path, &y).unwrap();

    let path = package.join(bitstream);
    let mut bits = std::fs::read(&path).unwrap();
    *bits.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bits).unwrap();
    let (code, text) = verify(package, packages);
    assert!(code == Some(1) && text.contains("error: "), "{text}");
}

fn has_numpy() -> bool {
    Command::new("python3")
        .args(["-c", "import numpy"])
        .env_remove("PYTHONPATH")
        .output()
        .is_ok_and(|out| out.status.success())
}

#[test]
fn the_package_for_a_pynq_z2_verifies_on_a_software_board() {
    let test = "the package for a PYNQ-Z2 verifies on a software board";
    if !can_simulate(test) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let package = quantized(place.path(), "pynq-z2", "10", &[]);
    // Fetched by the tests of backend-vivado-accel.
    let fetched = std::fs::read_dir(root().join("target/netlathe")).into_iter().flatten().flatten();
    let pynq = fetched.map(|e| e.path()).find(|p| {
        p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("pynq-"))
            && p.join("pynq").is_dir()
    });
    let Some(pynq) = pynq else {
        return skip(test, "pynq is not in target/netlathe; the tests of backend-vivado-accel fetch it");
    };
    verifies(&package, "jet.bit", Some(&pynq));
    // Packed elements: what crosses is 16 bits and 16 bits, and the numbers are the same.
    let packed = quantized(
        place.path(),
        "pynq-z1",
        "10",
        &["--input-type", "ap_fixed<16,6>", "--output-type", "ap_fixed<16,6>"],
    );
    verifies(&packed, "jet.bit", Some(&pynq));
}

#[test]
fn the_package_for_an_alveo_verifies_on_a_software_card() {
    let test = "the package for an Alveo verifies on a software card";
    if !can_simulate(test) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    // The configuration that hls4ml wrote says `Interface: axi_stream`, as it does for every board.
    let package = quantized(place.path(), "alveo-u50", "5", &[]);
    if !has_numpy() {
        return skip(test, "python3 has no numpy");
    }
    verifies(&package, "jet.xclbin", None);
}
