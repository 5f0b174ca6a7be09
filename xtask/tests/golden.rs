//! Golden trees: whole generated projects of two small cases, kept as real files and reviewed by diff.
//!
//! `UPDATE_GOLDEN=1 cargo test -p netlathe-xtask --test golden` writes them. Headers of the library `nnet` and of
//! simulation are compared with `codegen-hls/nnet` and `codegen-hls/sim`, the host's files with `backend-coyote/templates/sw`, and the Python driver with its parts in
//! `backend-vivado-accel/templates/driver`, instead of being kept once more in every tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every file below a folder, by its path relative to it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_string();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn build(case: &str, board: &str, out: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = root().join("testdata/cases").join(case);
    let output = Command::new(env!("CARGO_BIN_EXE_netlathe"))
        .args(["build", "--board", board, "--until", "write", "--model"])
        .arg(folder.join("model.keras"))
        .arg("--config")
        .arg(folder.join("config.json"))
        .arg("--inputs")
        .arg(folder.join("x.npy"))
        .arg("--out")
        .arg(out)
        .current_dir(root())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{case} for {board}:\n{text}");
    files(out)
}

fn check(case: &str, board: &str) {
    let temp = tempfile::tempdir().unwrap();
    let mut built = build(case, board, &temp.path().join("a"));
    assert_eq!(
        built,
        build(case, board, &temp.path().join("b")),
        "the same build twice gives the same bytes"
    );
    for (name, bytes) in &built {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(temp.path().to_str().unwrap()), "{name} holds the place where it was built");
    }
    let driver: Vec<u8> =
        files(&root().join("backend-vivado-accel/templates/driver")).into_values().flatten().collect();
    let codec: Vec<u8> = [
        "backend-coyote/templates/sw/codec_head.py",
        "backend-vivado-accel/templates/driver/1_fixed.py",
        "backend-vivado-accel/templates/driver/2_tensor.py",
    ]
    .iter()
    .flat_map(|part| std::fs::read(root().join(part)).unwrap())
    .collect();
    built.retain(|name, bytes| {
        if name == "sw/netlathe_codec.py" {
            assert_eq!(codec, *bytes, "{name} is not the codec of the driver");
            return false;
        }
        if name.ends_with("_driver.py") {
            assert_eq!(driver, *bytes, "{name} is not the driver");
            return false;
        }
        let file = Path::new(name).file_name().unwrap();
        let folder = match name.split('/').next() {
            Some("sw") => "backend-coyote/templates/sw",
            Some("tb") => "codegen-hls/sim",
            _ => "codegen-hls/nnet",
        };
        let library = root().join(folder).join(file);
        if let Ok(original) = std::fs::read(&library) {
            assert_eq!(original, *bytes, "{name} is not the one of {folder}");
        }
        !library.exists()
    });
    let golden = root().join("testdata/golden").join(format!("{case}-{board}"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = std::fs::remove_dir_all(&golden);
        for (name, bytes) in &built {
            let path = golden.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    let kept = files(&golden);
    let names = |m: &BTreeMap<String, Vec<u8>>| m.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kept), names(&built), "files of {}", golden.display());
    for (name, bytes) in &built {
        assert!(
            kept[name] == *bytes,
            "{} differs: look at it with UPDATE_GOLDEN=1 and git diff",
            golden.join(name).display()
        );
    }
}

#[test]
fn mlp_for_u55c() {
    check("mlp", "u55c");
}

#[test]
fn mlp_for_pynq_z2() {
    check("mlp", "pynq-z2");
}

#[test]
fn branches_for_u55c() {
    check("branches", "u55c");
}

#[test]
fn branches_for_pynq_z2() {
    check("branches", "pynq-z2");
}
