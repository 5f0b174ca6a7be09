//! The emitted CMakeLists.txt, run by cmake against a folder that stands in for Coyote's and says what it was asked.

use std::fs;
use std::process::Command;

use netlathe_backend_coyote::{Options, emit};

use crate::bench::options;
use crate::wrapper_tree::spec;

const FIND: &str = r#"
set(FDEV_NAME "0" CACHE STRING "")
set(ACLK_F 250 CACHE STRING "")
set(HLS_CLOCK_UNCERTAINTY "27" CACHE STRING "")
macro(validation_checks_hw)
    message(STATUS "checks: ${CYT_DIR} ${FDEV_NAME} ${ACLK_F} ${HLS_CLOCK_UNCERTAINTY} ${EN_STRM} ${N_STRM_AXI} ${EN_MEM} ${N_REGIONS}")
endmacro()
macro(load_apps)
    message(STATUS "apps: ${ARGV}")
endmacro()
macro(create_hw)
    message(STATUS "hardware of ${CMAKE_PROJECT_NAME}")
endmacro()
set(CoyoteHW_FOUND TRUE)
"#;

#[test]
fn coyote_is_asked_for_the_right_things() {
    if Command::new("cmake").arg("--version").output().is_err() {
        eprintln!("SKIPPED coyote_is_asked_for_the_right_things: there is no cmake");
        return;
    }
    let options = Options { clock_period_ns: Some(5.0), ..options() };
    let project = emit(&spec().network(), &spec().kernel(), &options).unwrap();
    let root = tempfile::tempdir().unwrap();
    let coyote = root.path().join("coyote");
    fs::create_dir_all(coyote.join("cmake")).unwrap();
    fs::create_dir_all(coyote.join("sw")).unwrap();
    fs::write(coyote.join("cmake/FindCoyoteHW.cmake"), FIND).unwrap();
    fs::write(coyote.join("sw/CMakeLists.txt"), "message(STATUS \"library\")\n").unwrap();
    fs::write(root.path().join("CMakeLists.txt"), project.tree.get("CMakeLists.txt").unwrap()).unwrap();

    let configure = |name: &str, arguments: &[&str], found: bool| {
        let mut cmake = Command::new("cmake");
        cmake.arg("-S").arg(root.path()).arg("-B").arg(root.path().join(name)).args(arguments);
        cmake.env_remove("COYOTE_ROOT");
        if found {
            cmake.env("COYOTE_ROOT", &coyote);
        }
        let done = cmake.output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    };

    let (right, said) = configure("hw", &[], true);
    assert!(right, "{said}");
    let checks = format!("checks: {} u55c 200 27 1 1 0 1\n", coyote.display());
    for line in [checks.as_str(), "apps: VFPGA_C0_0;src\n", "hardware of demo\n"] {
        assert!(said.contains(line), "{said}");
    }
    let (right, said) = configure("other", &["-DACLK_F=100"], true);
    assert!(right && said.contains(" u55c 100 27 "), "the command line has precedence: {said}");
    let (right, said) = configure("sw", &["-DFLOW=sw"], true);
    assert!(right && said.contains("-- library\n") && !said.contains("hardware of"), "{said}");
    let (right, said) = configure("wrong", &["-DFLOW=fw"], true);
    assert!(!right && said.contains("must be hw or sw"), "{said}");
    let (right, said) = configure("nowhere", &[], false);
    assert!(!right && said.contains("COYOTE_ROOT"), "{said}");
}
