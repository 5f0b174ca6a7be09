//! The emitted CMakeLists.txt, run by cmake against a folder that stands in for Coyote's and says what it was asked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect;
use netlathe_backend_coyote::{Layers, Model, Options, emit, emit_many};
use netlathe_codegen_hls::SourceTree;

use crate::models::{on, options, ports};
use crate::tools::{self, put};
use crate::wrapper_tree::spec;

/// A project beside a stand-in for Coyote.
struct Place {
    root: tempfile::TempDir,
    cmake: PathBuf,
}

impl Place {
    fn new(test: &str, tree: &SourceTree) -> Option<Self> {
        let place = Self { cmake: tools::cmake(test)?, root: tempfile::tempdir().unwrap() };
        tools::write(tree, place.root.path());
        let coyote = place.root.path().join("coyote");
        put(&coyote.join("cmake/FindCoyoteHW.cmake"), include_str!("coyote/FindCoyoteHW.cmake"));
        put(&coyote.join("scripts/base.tcl.in"), "");
        let library = "add_library(Coyote INTERFACE)\ntarget_include_directories(Coyote INTERFACE include)\n";
        put(&coyote.join("sw/CMakeLists.txt"), library);
        Some(place)
    }

    /// Whether it was configured, and what cmake said.
    fn configure(&self, build: &str, arguments: &[&str], coyote: Option<&Path>) -> (bool, String) {
        let root = self.root.path();
        let mut cmake = Command::new(&self.cmake);
        cmake.arg("-S").arg(root).arg("-B").arg(root.join(build)).args(arguments).env_remove("COYOTE_ROOT");
        cmake.envs(coyote.map(|dir| ("COYOTE_ROOT", root.join(dir))));
        let done = cmake.output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    }

    /// What Coyote was asked for.
    fn asked(&self, build: &str, arguments: &[&str]) -> String {
        let (right, said) = self.configure(build, arguments, Some(Path::new("coyote")));
        assert!(right, "{said}");
        fs::read_to_string(self.root.path().join(build).join("asked.txt")).unwrap()
    }
}

fn single(options: &Options) -> SourceTree {
    emit(&spec().network(), &spec().kernel(), options).unwrap().tree
}

/// Models with 1 to 3 inputs and 1 to 2 outputs.
fn several(count: usize, options: &Options) -> SourceTree {
    let parts: Vec<_> = (0..count).map(|i| ports(1 + i % 3, 1 + i % 2)).collect();
    let models: Vec<_> = (0..)
        .zip(&parts)
        .map(|(i, (network, kernel))| Model { network, kernel, name: format!("m{i}") })
        .collect();
    emit_many(&models, options).unwrap().tree
}

#[test]
fn coyote_is_asked_for_one_model() {
    let options = Options { clock_period_ns: Some(5.0), ..options() };
    let Some(place) = Place::new("coyote_is_asked_for_one_model", &single(&options)) else { return };
    expect![[r#"
        project demo
        FDEV_NAME u55c
        ACLK_F 200
        EN_UCLK 0
        UCLK_F 200
        HLS_CLOCK_UNCERTAINTY 27
        BUILD_OPT 0
        COMP_CORES 8
        BUILD_STATIC 0
        BUILD_SHELL 1
        N_REGIONS 1
        N_CONFIG 1
        EN_PR 0
        EN_SHELL_PBLOCK 1
        EN_STRM 1
        N_STRM_AXI 1
        EN_MEM 0
        N_CARD_AXI 1
        PCIE_GEN 4
        FPLAN_PATH 0
        VFPGA_C0_0 src model_wrapper
    "#]]
    .assert_eq(&place.asked("hw", &[]));
    // What one may want to change without a new conversion.
    let changed = place.asked("other", &["-DACLK_F=100", "-DCOMP_CORES=2", "-DBUILD_OPT=1"]);
    for line in ["ACLK_F 100\n", "COMP_CORES 2\n", "BUILD_OPT 1\n", "N_REGIONS 1\n"] {
        assert!(changed.contains(line), "{changed}");
    }
    // What the files are written for stays.
    assert!(place.asked("third", &["-DN_STRM_AXI=4", "-DN_REGIONS=2"]).contains("N_REGIONS 1\n"));
}

#[test]
fn every_option_reaches_coyote() {
    let options = Options {
        clock_period_ns: Some(3.0),
        user_clock_period_ns: Some(5.0),
        hls_clock_period_ns: Some(4.0),
        clock_uncertainty_percent: Some(20.0),
        optimise_timing: true,
        cores: 12,
        layers: Layers::Static,
        card_streams: 2,
        pcie_generation: Some(5),
        ..on("v80")
    };
    let Some(place) = Place::new("every_option_reaches_coyote", &single(&options)) else { return };
    let asked = place.asked("hw", &[]);
    for line in [
        "FDEV_NAME v80",
        "ACLK_F 333",
        "EN_UCLK 1",
        "UCLK_F 200",
        // 4 ns less 20 % is 3.2 ns of 5 ns.
        "HLS_CLOCK_UNCERTAINTY 36",
        "BUILD_OPT 1",
        "COMP_CORES 12",
        "BUILD_STATIC 1",
        "BUILD_SHELL 0",
        "EN_MEM 1",
        "N_CARD_AXI 2",
        "PCIE_GEN 5",
    ] {
        assert!(asked.lines().any(|found| found == line), "{line}: {asked}");
    }
}

#[test]
fn several_models_and_configurations() {
    let test = "several_models_and_configurations";
    let floorplan =
        "inst_shell/inst_dynamic/inst_user_wrapper_0\ninst_shell/inst_dynamic/inst_user_wrapper_1\n";
    for board in ["u55c", "v80"] {
        let options = Options { regions: Some(2), floorplan: Some(floorplan.into()), ..on(board) };
        let Some(place) = Place::new(test, &several(4, &options)) else { return };
        let asked = place.asked("hw", &[]);
        let apps = asked.split_once("FPLAN_PATH ").unwrap().1;
        let expected = format!(
            "{}/floorplan.xdc\nVFPGA_C0_0 src_0 model_wrapper_0\nVFPGA_C0_1 src_1 model_wrapper_1\n\
             VFPGA_C1_0 src_2 model_wrapper_2\nVFPGA_C1_1 src_3 model_wrapper_3\n",
            place.root.path().display()
        );
        assert_eq!(apps, expected);
        let pblock = if board == "v80" { "EN_SHELL_PBLOCK 0\n" } else { "EN_SHELL_PBLOCK 1\n" };
        for line in ["N_REGIONS 2\n", "N_CONFIG 2\n", "EN_PR 1\n", "N_STRM_AXI 3\n", pblock] {
            assert!(asked.contains(line), "{line}: {asked}");
        }
    }
    let Some(place) = Place::new(test, &several(3, &options())) else { return };
    let asked = place.asked("hw", &[]);
    assert!(asked.contains("N_REGIONS 3\nN_CONFIG 1\nEN_PR 0\n"), "{asked}");
}

#[test]
fn reconfiguration_without_a_floorplan_is_told() {
    let options = Options { reconfigurable: true, ..options() };
    let Some(place) = Place::new("reconfiguration_without_a_floorplan_is_told", &single(&options)) else {
        return;
    };
    let (right, said) = place.configure("hw", &[], Some(Path::new("coyote")));
    assert!(right && said.contains("no floorplan"), "{said}");
    let (right, said) = place.configure("with", &["-DFPLAN_PATH=/x/own.xdc"], Some(Path::new("coyote")));
    assert!(right && !said.contains("no floorplan"), "{said}");
}

#[test]
fn the_software_is_built() {
    let mut tree = single(&options());
    for (file, text) in [
        ("sw/host_libs.cpp", "int answer() { return 42; }\n"),
        ("sw/reconfigure.cpp", "int main() { return 0; }\n"),
        ("sw/test.cpp", "int answer();\nint main() { return answer() == 42 ? 0 : 1; }\n"),
    ] {
        tree.insert(file, text);
    }
    let Some(place) = Place::new("the_software_is_built", &tree) else { return };
    let (right, said) = place.configure("built", &["-DFLOW=sw"], Some(Path::new("coyote")));
    assert!(right, "{said}");
    let built = place.root.path().join("built");
    let done = Command::new(&place.cmake).arg("--build").arg(&built).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(built.join("lib/libCoyoteInference.so").is_file());
    assert!(Command::new(built.join("bin/test")).status().unwrap().success());
}

#[test]
fn what_cannot_be_configured() {
    let Some(place) = Place::new("what_cannot_be_configured", &single(&options())) else { return };
    let coyote = Some(Path::new("coyote"));
    let (right, said) = place.configure("wrong", &["-DFLOW=fw"], coyote);
    assert!(!right && said.contains("must be hw or sw"), "{said}");
    let (right, said) = place.configure("nowhere", &[], None);
    assert!(!right && said.contains("COYOTE_ROOT is \"\"") && said.contains("-DCOYOTE_ROOT=DIR"), "{said}");
    // A folder that is no checkout of Coyote.
    let (right, said) = place.configure("other", &[], Some(Path::new("src")));
    assert!(!right && said.contains("no cmake/FindCoyoteHW.cmake"), "{said}");
    let (right, said) = place.configure("with space", &[], coyote);
    assert!(!right && said.contains("There is a space"), "{said}");
    // The stand-in is strict: an application without its integration header.
    fs::remove_file(place.root.path().join("src/vfpga_top.svh")).unwrap();
    let (right, said) = place.configure("incomplete", &[], coyote);
    assert!(!right && said.contains("vfpga_top.svh"), "{said}");
}
