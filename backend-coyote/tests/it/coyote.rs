//! Projects under the real Coyote: a checkout that `NETLATHE_COYOTE_ROOT` or `COYOTE_ROOT` names.
//!
//! Coyote's CMake looks for Vivado and Vitis HLS and only keeps where they are, so empty programs of these names are enough to
//! configure; what they would be given to run is then looked at: the HLS script runs under tclsh with commands that
//! write down what they are asked, and the generated top level is parsed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use netlathe_backend_coyote::{Card, Model, Options, emit_many};

use crate::models::{on, options, ports};
use crate::svh::{ip, parse_files};
use crate::tools::{self, put, skipped};

fn checkout(test: &str) -> Option<PathBuf> {
    let named = ["NETLATHE_COYOTE_ROOT", "COYOTE_ROOT"].iter().find_map(std::env::var_os).map(PathBuf::from);
    let found = named.filter(|dir| dir.join("cmake/FindCoyoteHW.cmake").is_file());
    if found.is_none() {
        skipped(test, "needs a checkout of Coyote, named by NETLATHE_COYOTE_ROOT or COYOTE_ROOT");
    }
    found.map(|dir| dir.canonicalize().unwrap())
}

struct Built {
    root: tempfile::TempDir,
    said: String,
    right: bool,
}

impl Built {
    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.root.path().join("build").join(name)).unwrap()
    }
}

/// Configures a card's project with the real Coyote; the vendor's tools are there if `tools`.
fn configure(cmake: &Path, coyote: &Path, card: &Card, tools: bool) -> Built {
    let root = tempfile::tempdir().unwrap();
    tools::write(&card.tree, root.path());
    let vendor = root.path().join("vendor");
    if tools {
        for name in ["vivado", "vitis_hls", "xsc"] {
            put(&vendor.join("bin").join(name), "#!/bin/sh\nexit 1\n");
        }
    }
    let done = Command::new(cmake)
        .arg("-S")
        .arg(root.path())
        .arg("-B")
        .arg(root.path().join("build"))
        .arg(format!("-DCOYOTE_ROOT={}", coyote.display()))
        // Colours on a terminal, for which its scripts start tput.
        .arg("-DEN_XTERM=0")
        .env("XILINX_VIVADO", &vendor)
        .env("XILINX_HLS", &vendor)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    Built { root, said, right: done.status.success() }
}

fn card(options: &Options) -> Card {
    let parts = [ports(1, 1), ports(2, 3), ports(1, 2), ports(2, 1)];
    let models: Vec<_> =
        parts.iter().map(|(network, kernel)| Model { network, kernel, name: "m".into() }).collect();
    emit_many(&models, options).unwrap()
}

#[test]
fn the_real_coyote_is_configured() {
    let test = "the_real_coyote_is_configured";
    let (Some(coyote), Some(cmake)) = (checkout(test), tools::cmake(test)) else { return };
    let two = |board: &str| Options {
        regions: Some(2),
        clock_period_ns: Some(3.3333),
        user_clock_period_ns: Some(5.0),
        hls_clock_period_ns: Some(4.5),
        optimise_timing: true,
        cores: 3,
        card_streams: 1,
        ..on(board)
    };
    for (options, expected) in [
        (
            options(),
            "fdev u55c|fpga_arch ultrascale_plus|n_reg 4|n_config 1|en_pr 0|n_strm_axi 3|aclk_f 250|en_uclk 0|hls_clk_u 27|en_mem 0",
        ),
        (
            two("u280"),
            "fdev u280|n_reg 2|n_config 2|en_pr 1|en_shell_pblock 1|aclk_f 300|en_uclk 1|uclk_f 200|uclk_p 5|build_opt 1|cores 3|en_mem 1|n_card_axi 1|n_mem_chan 3|hls_clk_u 34.3",
        ),
        (two("u250"), "fdev u250|en_pr 1|en_dcard 1"),
        (two("v80"), "fdev v80|fpga_arch versal|en_pr 1|en_shell_pblock 0|pcie_gen 4|sclk_f 333"),
    ] {
        let board = options.board.name.clone();
        let built = configure(&cmake, &coyote, &card(&options), true);
        assert!(built.right, "{board}: {}", built.said);
        let base = built.file("base.tcl");
        for word in expected.split('|') {
            let (name, value) = word.split_once(' ').unwrap();
            let line = format!("set cfg({name})");
            let found = base.lines().find_map(|text| text.strip_prefix(&line)).map(str::trim);
            assert_eq!(found, Some(value), "{board}: {name}");
        }
        assert!(built.file("comp_hls.tcl").contains("set vfpga_c0_1 \"src_1\""), "{board}");
    }
}

/// Without the tools it ends where Coyote says so.
#[test]
fn the_real_coyote_misses_vivado() {
    let test = "the_real_coyote_misses_vivado";
    let (Some(coyote), Some(cmake)) = (checkout(test), tools::cmake(test)) else { return };
    if Command::new("vivado").arg("-version").output().is_ok() {
        return skipped(test, "Vivado is installed");
    }
    let built = configure(&cmake, &coyote, &card(&options()), false);
    assert!(!built.right && built.said.contains("Vivado not found"), "{}", built.said);
}

/// The commands of the HLS tool that Coyote's script uses, which write down what they are given.
const HLS: &str = r#"
set log [open "hls.log" w]
proc say {args} { puts $::log $args }
proc open_project {name} { say open_project $name; set ::kernel $name }
foreach command {open_solution set_part create_clock set_clock_uncertainty set_top add_files csynth_design} {
    proc $command {args} "say $command {*}\$args"
}
proc export_design {args} { say export_design {*}$args; file mkdir $::kernel/solution1/impl/ip }
rename exit leave
proc exit {code} { close $::log; leave $code }
source comp_hls.tcl
"#;

/// Coyote's HLS script finds one file a kernel, which compiles from the flat folder it was copied to.
#[test]
fn the_real_hls_script_takes_the_kernels() {
    let test = "the_real_hls_script_takes_the_kernels";
    let (Some(coyote), Some(cmake)) = (checkout(test), tools::cmake(test)) else { return };
    if Command::new("tclsh").arg("/dev/null").output().is_err() {
        return skipped(test, "there is no tclsh");
    }
    let options = Options { regions: Some(2), hls_clock_period_ns: Some(3.2), ..options() };
    let built = configure(&cmake, &coyote, &card(&options), true);
    assert!(built.right, "{}", built.said);
    let build = built.root.path().join("build");
    put(&build.join("run.tcl"), HLS);
    let done = Command::new("tclsh").arg("run.tcl").current_dir(&build).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let log = built.file("hls.log");
    for (number, place) in ["c0_0", "c0_1", "c1_0", "c1_1"].iter().enumerate() {
        let kernel = format!("model_wrapper_{number}");
        let folder = build.join(format!("demo_config_{}/user_{place}/hdl/ext/{kernel}_hls", number / 2));
        assert!(log.contains(&format!("open_project {kernel}_{place}\n")), "{log}");
        assert!(log.contains(&format!("set_top {kernel}\n")), "{log}");
        let source = folder.join(format!("{kernel}.cpp"));
        assert!(log.contains(&format!("add_files {} -cflags", source.display())), "{log}");
        assert!(build.join(format!("iprepo/{kernel}_hls_ip")).is_dir(), "its IP has a name of its own");
        if let Some(ap_types) = crate::gxx::ap_types(test) {
            let stand_in = built.root.path().join(format!("tb_{number}/include"));
            let mut gxx = Command::new("g++");
            gxx.args(["-std=c++11", "-fsyntax-only", "-I"]).arg(&folder).arg("-I").arg(stand_in);
            let done = gxx.arg("-I").arg(ap_types).arg(&source).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }
    assert_eq!(log.matches("create_clock -period 4 -name default").count(), 4, "{log}");
    assert_eq!(log.matches("set_clock_uncertainty 41.6% default").count(), 4, "{log}");
}

/// The integration header within the module that Coyote's own scripts generate, between Coyote's own interfaces.
#[test]
fn the_real_interfaces_fit() {
    let test = "the_real_interfaces_fit";
    let (Some(coyote), Some(cmake)) = (checkout(test), tools::cmake(test)) else { return };
    let Some(pyslang) = tools::pyslang(test) else { return };
    let Some(jinja) = tools::python_package("jinja2==3.1.6") else {
        return skipped(test, "jinja2, which Coyote's scripts use, cannot be fetched from PyPI");
    };
    let made = card(&Options { regions: Some(2), card_streams: 1, ..options() });
    let built = configure(&cmake, &coyote, &made, true);
    assert!(built.right, "{}", built.said);
    let build = built.root.path().join("build");
    let idents = |stem: &str, count: usize| match count {
        1 => vec![stem.to_owned()],
        _ => (0..count).map(|i| format!("{stem}{i}")).collect(),
    };
    for member in &made.members {
        let (c, v) = (member.configuration, member.vfpga);
        let hdl = build.join(format!("demo_config_{c}/user_c{c}_{v}/hdl"));
        for folder in [hdl.join("wrappers"), hdl.with_file_name("xdc")] {
            fs::create_dir_all(folder).unwrap();
        }
        let done = Command::new("python3")
            .env("PYTHONPATH", &jinja)
            .current_dir(&build)
            .args(["write_hdl.py", "2", &c.to_string(), &v.to_string()])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

        let inputs = idents("data_in", member.manifest.inputs.len());
        let outputs = idents("data_out", member.manifest.outputs.len());
        let module = build.join(format!("{}_hls_ip.sv", member.kernel));
        put(&module, ip(&member.kernel, &inputs, &outputs));
        let header = built.root.path().join(&member.folder).join("vfpga_top.svh");
        fs::copy(header, hdl.join("vfpga_top.svh")).unwrap();
        let package = coyote.join("hw/hdl/pkg");
        for macros in ["axi_macros.svh", "lynx_macros.svh", "assert_macros.svh"] {
            fs::copy(package.join(macros), hdl.join(macros)).unwrap();
        }
        // Vivado takes a time step for a constant; the standard does not (IEEE 1800-2017, 14.4).
        let constants = fs::read_to_string(hdl.join("lynx_pkg.sv")).unwrap().replace("= 1step;", "= 1;");
        put(&hdl.join("lynx_pkg.sv"), constants);
        let files = [
            hdl.join("lynx_pkg.sv"),
            package.join("axi_intf.sv"),
            package.join("lynx_intf.sv"),
            module,
            hdl.join(format!("wrappers/user_logic_c{c}_{v}.sv")),
        ];
        let (right, said) = parse_files(&pyslang, &format!("design_user_logic_c{c}_{v}"), &hdl, &files);
        assert!(right, "{said}");
    }
}
