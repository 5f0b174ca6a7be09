//! The program as a user starts it: exit codes and the shape of what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn netlathe(args: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netlathe")).args(args).current_dir(dir).output().unwrap()
}

fn model() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../flow/tests/data/tiny.keras");
    path.to_string_lossy().into_owned()
}

#[track_caller]
fn check(args: &[&str], dir: &Path, code: i32, says: &str) {
    let out = netlathe(args, dir);
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
    assert!(text.contains(says), "{args:?} says: {text}");
    assert!(!text.contains("panicked"), "{text}");
}

/// A batch of the tiny network's inputs, written without numpy.
fn x(dir: &Path, shape: &str, values: &[f32]) -> PathBuf {
    let header =
        format!("{:<117}\n", format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"));
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    let path = dir.join("x.npy");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn wrong_use_is_2() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    check(&[], d, 2, "Usage");
    check(&["build", "--until", "lunch"], d, 2, "lunch");
    check(&["config", "none.keras"], d, 2, "none.keras does not exist");
    check(&["config", &model(), "-o", "c.txt"], d, 2, "ends in .yml, .yaml or .json");
    check(&["config", &model(), "-o", "no/such/folder/c.yml"], d, 2, "cannot write");
    check(&["conformance", "nowhere"], d, 2, "index.json");
    check(&["build", "--model", &model(), "--ap-types", "nowhere", "-o", "p"], d, 2, "--ap-types is nowhere");
    x(d, "(1, 3)", &[0.0; 3]);
    check(&["predict", "--model", &model(), "--inputs", "x.npy"], d, 2, "`x` takes (samples, 2)");
}

#[test]
fn a_refused_model_or_configuration_is_3() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    std::fs::write(d.join("text.keras"), "no model").unwrap();
    check(&["config", "text.keras"], d, 3, "text.keras");
    std::fs::write(d.join("c.yml"), "Model: {Strategy: Fastest}").unwrap();
    check(&["config", &model(), "--config", "c.yml"], d, 3, "Fastest");
}

#[test]
fn predict_writes_what_the_hardware_computes() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    x(d, "(2, 2)", &[1.5, -0.5, 0.25, 3.0]);
    std::fs::write(d.join("c.yml"), "Model: {Precision: 'fixed<16,6>'}").unwrap();
    let out = netlathe(&["predict", "--model", &model(), "--config", "c.yml", "--inputs", "x.npy"], d);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let bytes = std::fs::read(d.join("y.npy")).unwrap();
    let values: Vec<f64> =
        bytes[bytes.len() - 32..].chunks(8).map(|c| f64::from_le_bytes(c.try_into().unwrap())).collect();
    // Kernel [[1, 0.5], [-1, 2]], bias [0.25, -0.25], ReLU.
    assert_eq!(values, [2.25, 0.0, 0.0, 5.875]);
}

#[test]
fn reports_are_json_with_a_version() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let out = netlathe(&["build", "--model", &model(), "--until", "write", "-o", "p", "--json"], d);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert!(d.join("p/manifest.json").is_file());
    let out = netlathe(&["doctor", "--json"], d);
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&json["schema_version"], out.status.code()), (&1.into(), Some(0)));
    assert!(json["items"].as_array().unwrap().iter().any(|i| i["name"] == "vivado"));
}

#[test]
fn a_configuration_goes_to_standard_output() {
    let dir = tempfile::tempdir().unwrap();
    let out = netlathe(&["config", &model()], dir.path());
    let text = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(0));
    assert!(text.contains("LayerName:") && text.contains("  d:") && !text.contains("auto"), "{text}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("NL250"), "no inputs: types are a guess");
}

#[test]
fn several_models_on_one_card() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let keras = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/keras");
    let file = |name: &str| keras.join(name).to_string_lossy().into_owned();
    let (branches, plain, weights) = (file("branches.keras"), file("plain.json"), file("plain.weights.h5"));
    let models = ["--model", &branches, "--model", &plain, "--weights", &weights];
    let build = |board: &str, more: &[&str]| {
        let args = [&["build", "--board", board], &models[..], more].concat();
        let out = netlathe(&args, d);
        let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
        (out.status.code(), text[0].clone(), text[1].clone())
    };
    let (code, said, errors) = build("u55c", &["--until", "write", "-o", "two"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.contains("vFPGA 1, manifest_1.json:") && said.contains("(net_model, board u55c)"), "{said}");
    assert!(d.join("two/src_1/hls/model_wrapper_1/model_wrapper_1.cpp").is_file());
    let (code, said, errors) = build("u55c", &["--regions", "1", "--until", "write", "-o", "one", "--json"]);
    assert_eq!(code, Some(0), "{errors}");
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (json["models"][1]["configuration"].as_u64(), json["models"][1]["vfpga"].as_u64()),
        (Some(1), Some(0))
    );
    assert!(std::fs::read_to_string(d.join("one/CMakeLists.txt")).unwrap().contains("set(N_CONFIG 2)"));

    for (board, more, code, says) in [
        ("pynq-z2", &[][..], 2, "2 models are given, but a project for board `pynq-z2` holds one"),
        ("pynq-z2", &["--timing-opt"], 2, "--timing-opt means nothing for board `pynq-z2`"),
        ("u55c", &["--regions", "3"], 3, "NL611"),
        ("u55c", &["--config", "c.yml"], 2, "--config is given 1 times for 2 models"),
        ("u55c", &["--inputs", "x.npy"], 2, "--inputs is given 1 times, the models have 2 + 1 inputs"),
        ("u55c", &["--interface", "axi_stream"], 2, "--interface means nothing for board `u55c`"),
    ] {
        let (found, _, errors) = build(board, &[more, &["-o", "no"]].concat());
        assert!(found == Some(code) && errors.contains(says), "{more:?}: {errors}");
        assert!(!d.join("no").exists());
    }
}

/// A machine that is a folder, and commands that write down how they are called.
#[test]
fn program_shows_its_plan_and_does_nothing_unasked() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let write = |name: &str, text: &str| {
        let path = d.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("project/build/hw/bitstreams/cyt_top.bit", "image");
    write("coyote/driver/Makefile", "all:");
    write("coyote/driver/build/coyote_driver.ko", "module");
    write("sys/bus/pci/rescan", "");
    write("sys/module/coyote_driver/refcnt", "0");
    write("sys/bus/pci/devices/0000:c1:00.0/vendor", "0x10ee");
    write("sys/bus/pci/devices/0000:c1:00.0/device", "0x9014");
    write("sys/bus/pci/devices/0000:c1:00.0/remove", "");
    std::fs::create_dir(d.join("dev")).unwrap();
    let commands = [("vivado", ""), ("rmmod", ""), ("insmod", "> dev/coyote_fpga_0_v0"), ("sysctl", "")];
    for (command, then) in commands {
        write(&format!("bin/{command}"), &format!("#!/bin/sh\necho {command} \"$@\" >> called\n: {then}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(d.join("bin").join(command), mode).unwrap();
    }
    let call = |more: &[&str]| {
        let mut netlathe = Command::new(env!("CARGO_BIN_EXE_netlathe"));
        netlathe.args(["program", "--board", "u55c", "--project", "project", "--root"]).arg(d).args(more);
        netlathe
            .env("COYOTE_ROOT", d.join("coyote"))
            .env("PATH", format!("{}:/usr/bin:/bin", d.join("bin").display()));
        let out = netlathe.current_dir(d).stdin(std::process::Stdio::null()).output().unwrap();
        (out.status.code(), String::from_utf8([out.stdout, out.stderr].concat()).unwrap())
    };
    let (code, said) = call(&["--dry-run"]);
    assert!(
        code == Some(0) && said.contains("1. Coyote's driver goes first\n      rmmod coyote_driver"),
        "{said}"
    );
    let (code, said) = call(&["--dry-run", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, plan["schema_version"].as_u64(), plan["missing"].as_array().unwrap().len()),
        (Some(0), Some(1), 0)
    );
    let (code, said) = call(&[]);
    assert!(code == Some(2) && said.contains("--yes"), "{said}");
    assert!(!d.join("called").exists(), "nothing was called");

    let (code, said) = call(&["--yes"]);
    assert_eq!(code, Some(0), "{said}");
    let called = std::fs::read_to_string(d.join("called")).unwrap();
    let names: Vec<&str> = called.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["rmmod", "vivado", "insmod", "sysctl"], "{called}");
    assert!(called.contains("-tclargs") && called.contains("cyt_top.bit xcu55c\n"), "{called}");
    assert_eq!(std::fs::read_to_string(d.join("sys/bus/pci/devices/0000:c1:00.0/remove")).unwrap(), "1");

    // A tool that fails is told, and what comes after it is not done.
    write("bin/vivado", "#!/bin/sh\necho no cable; exit 1\n");
    std::fs::remove_file(d.join("called")).unwrap();
    let (code, said) = call(&["--yes"]);
    assert!(code == Some(4) && said.contains("no cable"), "{said}");
    assert_eq!(std::fs::read_to_string(d.join("called")).unwrap(), "rmmod coyote_driver\n");
    let (code, said) = call(&["--yes", "--image", "other.bit"]);
    assert!(code == Some(2) && said.contains("other.bit"), "{said}");
}
