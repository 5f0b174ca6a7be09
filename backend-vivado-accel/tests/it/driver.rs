//! The Python driver's own tests (`tests/driver`), run here so that one command runs everything.
//!
//! Those on a board need PyPI's pynq. It is fetched once, into `target/netlathe`; where it cannot be had (no network, an
//! old Python) they are skipped in the open, and those that need only numpy still run.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use netlathe_backend_vivado_accel::DRIVER;
use netlathe_overlay::Manifest;

/// Without its dependencies: remote boards (gRPC) and what else is not imported stay away.
const PYNQ: [&str; 3] = ["pynq==4.0.0", "pynqmetadata==0.2.0", "pynqutils==0.1.3"];
/// What these import. pynq says that it needs numpy below 2 and setuptools (pkg_resources).
const NEEDED: [&str; 6] = ["numpy<2", "pydantic>=2", "cffi", "tqdm", "ipython", "setuptools<=80"];
/// The longest that fetching may take.
const FETCH: Duration = Duration::from_secs(100);
/// The longest that a file of tests may take; they take seconds, but machines may be busy.
const RUN: Duration = Duration::from_secs(300);

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/driver")
}

/// Runs to the end or to the limit; gives whether it succeeded, and what it said on both outputs.
fn run(command: &mut Command, limit: Duration) -> (bool, String) {
    let said = tempfile::NamedTempFile::new().unwrap();
    let outputs = || Stdio::from(File::options().append(true).open(said.path()).unwrap());
    let text = || String::from_utf8_lossy(&fs::read(said.path()).unwrap()).into_owned();
    let start = Instant::now();
    let mut child = match command.stdin(Stdio::null()).stdout(outputs()).stderr(outputs()).spawn() {
        Ok(child) => child,
        Err(why) => return (false, why.to_string()),
    };
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status.success(), text());
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            return (false, format!("{}\nno end within {limit:?}", text()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Where pynq is, or why it is not.
fn pynq() -> &'static Result<PathBuf, String> {
    static PLACE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PLACE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../netlathe");
        fs::create_dir_all(&cache).map_err(|e| e.to_string())?;
        let (known, version) = run(
            Command::new("python3").args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]),
            RUN,
        );
        if !known {
            return Err(format!("python3 does not run: {}", last(&version)));
        }
        // Compiled parts fit one version of Python only.
        let place = cache.join(format!("{}-python{}", PYNQ[0].replace("==", "-"), version.trim()));
        if place.join("pynq").is_dir() {
            return Ok(place);
        }
        let new = tempfile::tempdir_in(&cache).map_err(|e| e.to_string())?;
        let start = Instant::now();
        for (packages, how) in
            [(&PYNQ[..], &["--no-deps"][..]), (&NEEDED[..], &["--only-binary", ":all:"][..])]
        {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            pip.arg("--target").arg(new.path()).args(how).args(packages).env("PIP_RETRIES", "0");
            let (done, said) = run(&mut pip, FETCH.saturating_sub(start.elapsed()));
            if !done {
                return Err(format!("pip did not fetch {packages:?}: {}", last(&said)));
            }
        }
        // Whole or not at all: another process may be as far, and its copy is the same.
        match fs::rename(new.path(), &place) {
            Err(why) if !place.join("pynq").is_dir() => Err(why.to_string()),
            _ => Ok(place),
        }
    })
}

/// Says that a test is skipped, here and in the list at the end of `cargo xtask test`.
fn skip(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
    if let Some(path) = std::env::var_os("NETLATHE_SKIPS") {
        let mut list = File::options().append(true).create(true).open(path).unwrap();
        writeln!(list, "{test}: {why}").unwrap();
    }
}

fn last(text: &str) -> &str {
    text.trim().lines().last().unwrap_or("it said nothing")
}

/// Runs one file of tests, with what is installed in `place` before what the machine has.
fn python_tests(file: &str, place: Option<&Path>) {
    let mut python = Command::new("python3");
    // unittest's own discovery of nothing would pass: the count is looked at.
    python.args(["-B", "-m", "unittest", file]).current_dir(tests());
    match place {
        Some(place) => python.env("PYTHONPATH", place),
        None => python.env_remove("PYTHONPATH"),
    };
    let (passed, said) = run(&mut python, RUN);
    assert!(passed, "{file}:\n{said}");
    let ran = said.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse::<u32>().ok());
    assert!(ran.is_some_and(|ran| ran > 4), "{file}:\n{said}");
    eprintln!("{file}: {} Python tests", ran.unwrap_or(0));
}

#[test]
fn driver_under_pynq_on_a_software_board() {
    match pynq() {
        Ok(place) => python_tests("test_zynq", Some(place)),
        Err(why) => skip("driver_under_pynq_on_a_software_board", why),
    }
}

/// The files that need only numpy: with the numpy that pynq wants, and with the machine's own where it has one (that may
/// be of the other major version).
#[test]
fn driver_with_every_numpy_that_is_here() {
    let mut places = Vec::new();
    match pynq() {
        Ok(place) => places.push(Some(place.as_path())),
        Err(why) => skip("driver_with_every_numpy_that_is_here, numpy 1", why),
    }
    let (own, _) = run(Command::new("python3").args(["-c", "import numpy"]).env_remove("PYTHONPATH"), RUN);
    match own {
        true => places.push(None),
        false => {
            skip("driver_with_every_numpy_that_is_here, the machine's own", "python3 has no numpy");
        }
    }
    for place in places {
        for file in ["test_codec", "test_alveo", "test_verify"] {
            python_tests(file, place);
        }
    }
}

/// The manifests that the Python tests make are ones that the Rust reader takes.
#[test]
fn driver_is_tested_with_real_manifests() {
    let (printed, said) = run(Command::new("python3").args(["-B", "packages.py"]).current_dir(tests()), RUN);
    if !printed {
        skip("driver_is_tested_with_real_manifests", &format!("python3 does not run: {}", last(&said)));
        return;
    }
    assert_eq!(said.lines().count(), 10, "{said}");
    for line in said.lines() {
        if let Err(why) = Manifest::from_json(line.as_bytes()) {
            panic!("{why}\n{line}");
        }
    }
}

#[test]
fn driver_is_its_parts_in_the_order_of_their_names() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/driver");
    let mut parts: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    parts.sort();
    let joined: String = parts.iter().map(|part| fs::read_to_string(part).unwrap()).collect();
    assert!(joined == DRIVER, "src/driver.rs joins other files than templates/driver has");
}
