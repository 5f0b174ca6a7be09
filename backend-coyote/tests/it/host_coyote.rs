//! The host with Coyote's own headers, library and simulation library, where there is a checkout (NETLATHE_COYOTE_ROOT or
//! COYOTE_ROOT) and Boost's headers (NETLATHE_BOOST is their folder, where they are not installed).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::host::{Vectors, copy, run, stand_in};
use crate::tools::skipped;

const LONG: Duration = Duration::from_secs(300);

/// Coyote's sources; `None`, after a visible word, where a test cannot run.
fn coyote(test: &str) -> Option<PathBuf> {
    let root = ["NETLATHE_COYOTE_ROOT", "COYOTE_ROOT"].iter().find_map(std::env::var_os).map(PathBuf::from);
    let Some(root) = root.filter(|root| root.join("sw/src/cThread.cpp").is_file()) else {
        skipped(test, "needs a checkout of Coyote, named by NETLATHE_COYOTE_ROOT or COYOTE_ROOT");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.cpp"), "#include <boost/interprocess/sync/named_mutex.hpp>\n").unwrap();
    let mut gxx = Command::new("g++");
    gxx.arg("-fsyntax-only").args(boost()).arg(folder.path().join("x.cpp"));
    if !gxx.output().is_ok_and(|done| done.status.success()) {
        skipped(test, "needs g++ and Boost's headers (libboost-dev, or NETLATHE_BOOST)");
        return None;
    }
    Some(root)
}

fn boost() -> Vec<String> {
    std::env::var("NETLATHE_BOOST").map(|folder| vec!["-isystem".into(), folder]).unwrap_or_default()
}

/// Compiles our sources with all warnings and theirs without, and links them.
fn build(
    folder: &Path,
    ours: &[&str],
    include: &[PathBuf],
    theirs: &[PathBuf],
    flags: &[&str],
    output: &str,
) {
    let mut objects = Vec::new();
    let ours = ours.iter().map(|name| (folder.join(name), &["-Wall", "-Wextra", "-Werror"][..]));
    let all = ours.chain(theirs.iter().map(|path| (path.clone(), &["-w"][..])));
    for (number, (source, warnings)) in all.enumerate() {
        let object = folder.join(format!("{output}_{number}.o"));
        let mut gxx = Command::new("g++");
        gxx.args(["-std=c++17", "-O1", "-pthread"]).args(warnings).args(flags).arg("-I").arg(folder);
        for place in include {
            gxx.arg("-isystem").arg(place);
        }
        let (code, said) = run(gxx.args(boost()).arg("-c").arg(&source).arg("-o").arg(&object), LONG);
        assert_eq!(code, Some(0), "{}: {said}", source.display());
        objects.push(object);
    }
    let mut gxx = Command::new("g++");
    gxx.args(["-pthread", "-o"]).arg(folder.join(output)).args(objects).arg("-lutil");
    let (code, said) = run(&mut gxx, LONG);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_real_library() {
    let Some(root) = coyote("the_real_library") else { return };
    let folder = copy();
    let include = [root.join("sw/include")];
    // As the library's own target exports it.
    let flags = if cfg!(target_arch = "x86_64") { &["-DEN_AVX", "-mavx"][..] } else { &[] };
    let thread = [root.join("sw/src/cThread.cpp")];
    build(folder.path(), &["test.cpp", "host_libs.cpp"], &include, &thread, flags, "test");
    let reconfiguration = [root.join("sw/src/cRcnfg.cpp")];
    build(folder.path(), &["reconfigure.cpp"], &include, &reconfiguration, flags, "reconfigure");
    if Path::new("/dev/coyote_fpga_0_v0").exists() {
        return; // what follows is about a machine without a card
    }
    // Its exceptions become exit codes and reasons.
    let (code, said) = Vectors::new().test(&folder.path().join("test"), &[]);
    assert!(
        code == Some(4) && said.contains("could not be obtained") && said.contains("/dev/coyote_fpga_0_v0"),
        "{said}"
    );
    fs::write(folder.path().join("shell_top.bin"), "x").unwrap();
    let mut program = Command::new(folder.path().join("reconfigure"));
    let (code, said) = run(program.arg("--shell").arg(folder.path().join("shell_top.bin")), LONG);
    assert!(code == Some(4) && said.contains("cRcnfg instance could not be obtained"), "{said}");
}

#[test]
fn the_simulation_library() {
    let Some(root) = coyote("the_simulation_library") else { return };
    if !root.join("sim/sw/src/cThread.cpp").is_file()
        || !crate::host::has("the_simulation_library", "which", &["python3"])
    {
        return;
    }
    let folder = copy();
    let include = [root.join("sim/sw/include"), root.join("sw/include")];
    let thread = [root.join("sim/sw/src/cThread.cpp")];
    build(folder.path(), &["test.cpp", "host_libs.cpp"], &include, &thread, &[], "test");

    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::copy(stand_in().join("fake_vivado.py"), bin.join("vivado")).unwrap();
    fs::set_permissions(bin.join("vivado"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(folder.path().join("sim")).unwrap();
    fs::write(folder.path().join("sim/test.xpr"), "").unwrap();
    let vectors = Vectors::new();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut test = Command::new(folder.path().join("test"));
    test.env("PATH", path).env("COYOTE_SIM_DIR", folder.path()).env("NETLATHE_COYOTE_MEMORY", "regular");
    test.current_dir(vectors.root.path())
        .arg("-p")
        .arg(vectors.root.path().join("tb_data"))
        .args(["-c", "-b", "3"]);
    let (code, said) = run(&mut test, Duration::from_secs(120));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("All 7 samples are as expected, bit by bit"), "{said}");
}
