//! Tools of the tests: from the machine, else Python wheels from PyPI, unpacked below the build folder.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use netlathe_codegen_hls::SourceTree;

/// Says that a test does not run, where people and the workspace's test command see it.
pub(crate) fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
    if let Some(path) = std::env::var_os("NETLATHE_SKIPS") {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{test}: {why}").unwrap();
    }
}

/// cmake; `None`, after a visible word, where there is none.
pub(crate) fn cmake(test: &str) -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let runs =
            |path: &Path| Command::new(path).arg("--version").output().is_ok_and(|o| o.status.success());
        let own = PathBuf::from("cmake");
        if runs(&own) {
            return Some(own);
        }
        // The wheel's own script wants Python's path; this is what it starts.
        let path = python_package("cmake==4.1.2")?.join("cmake/data/bin/cmake");
        runs(&path).then_some(path)
    });
    if found.is_none() {
        skipped(test, "there is no cmake, and PyPI's cannot be fetched (apt-get install cmake)");
    }
    found.clone()
}

/// The folder for Python's path that has `pyslang`, a parser of SystemVerilog; `None`, after a visible word.
pub(crate) fn pyslang(test: &str) -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let path = python_package("pyslang==12.1.0")?;
        let loads = Command::new("python3").env("PYTHONPATH", &path).args(["-c", "import pyslang"]).output();
        loads.is_ok_and(|o| o.status.success()).then_some(path)
    });
    if found.is_none() {
        skipped(test, "the parser of SystemVerilog cannot be fetched from PyPI (pyslang, for python3)");
    }
    found.clone()
}

/// A package from PyPI with what it needs, in a folder of its own that later runs find again.
pub(crate) fn python_package(requirement: &str) -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let folder = root.join(requirement.replace("==", "-"));
    if folder.is_dir() {
        return Some(folder);
    }
    fs::create_dir_all(&root).unwrap();
    let fresh = tempfile::tempdir_in(&root).unwrap();
    let done = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
        .args(["--only-binary", ":all:", "--retries", "1", "--timeout", "20", "--target"])
        .arg(fresh.path())
        .arg(requirement)
        .output()
        .ok()?;
    if !done.status.success() {
        eprintln!("{requirement}: {}", String::from_utf8_lossy(&done.stderr));
        return None;
    }
    // Another process may have been faster; its files are the same.
    let _ = fs::rename(fresh.keep(), &folder);
    folder.is_dir().then_some(folder)
}

/// Writes a project into a folder.
pub(crate) fn write(tree: &SourceTree, root: &Path) {
    for (path, content) in tree.iter() {
        put(&root.join(path), content);
    }
}

/// Writes a file, with its folders.
pub(crate) fn put(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
