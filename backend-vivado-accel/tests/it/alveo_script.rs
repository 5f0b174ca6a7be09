//! `build_xclbin.sh`, run with stand-ins for the vendor's tools (`tests/alveo_tools`) that take only documented options and can go
//! wrong in each way that the script must notice.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use netlathe_backend_vivado_accel::{Options, Project, emit};

use crate::alveo::{options, two};
use crate::wrapper_tree::spec;

/// What the stand-ins have for the card by default.
const PLATFORM: &str = "xilinx_u250_gen3x16_xdma_4_1_202210_1";

struct Run {
    root: tempfile::TempDir,
    code: i32,
    /// Standard output, then standard error.
    said: String,
    /// The calls of the tools.
    log: String,
}

impl Run {
    fn has(&self, file: &str) -> bool {
        self.root.path().join(file).is_file()
    }
}

/// The project on disk, and the folder of the tools.
fn project(options: &Options) -> (tempfile::TempDir, std::path::PathBuf) {
    on_disk(&emit(&spec().network(), &spec().kernel(), options).unwrap())
}

fn on_disk(project: &Project) -> (tempfile::TempDir, std::path::PathBuf) {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in project.tree.iter() {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    // Copied, so that the mode does not depend on how the tests came here.
    let tools = root.path().join("tools");
    fs::create_dir_all(&tools).unwrap();
    for tool in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alveo_tools")).unwrap() {
        let tool = tool.unwrap();
        let copy = tools.join(tool.file_name());
        fs::copy(tool.path(), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    }
    (root, tools)
}

fn run_in(root: tempfile::TempDir, tools: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let log = root.path().join("calls.log");
    fs::write(&log, "").unwrap();
    let done = Command::new("sh")
        .arg(root.path().join("build_xclbin.sh"))
        .args(arguments)
        // Anywhere: the script finds its own folder.
        .current_dir("/")
        .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
        .env("STAND_IN_LOG", &log)
        .env("STAND_IN_PLATFORMS", PLATFORM)
        .env_remove("PLATFORM")
        .env_remove("STAND_IN_FAIL")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    let log = fs::read_to_string(log).unwrap();
    Run { root, code: done.status.code().unwrap(), said, log }
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let (root, tools) = project(&options("alveo-u250"));
    run_in(root, &tools, arguments, environment)
}

/// Runs with a tool that goes wrong: the exit code, what must be said, and nothing in `export/`.
fn fails(way: &str, code: i32, said: &str) {
    let (root, tools) = project(&options("alveo-u250"));
    // What an earlier run made is not to be seen after one that fails.
    fs::create_dir_all(root.path().join("export")).unwrap();
    fs::write(root.path().join("export/demo.xclbin"), "old").unwrap();
    let run = run_in(root, &tools, &[], &[("STAND_IN_FAIL", way)]);
    assert_eq!(run.code, code, "{way}: {}", run.said);
    assert!(run.said.contains(said), "{way}: {}", run.said);
    assert!(!run.has("export/demo.xclbin"), "{way}");
}

fn calls(run: &Run, expected: Expect) {
    expected.assert_eq(&run.log);
}

#[test]
fn it_builds_for_the_card() {
    let run = run(&[], &[]);
    assert_eq!(run.code, 0, "{}", run.said);
    for file in [
        "export/demo.xclbin",
        "reports/utilization.rpt",
        "reports/utilization_kernel.rpt",
        "reports/timing.rpt",
        "reports/xclbin.txt",
        "reports/hls.rpt",
        "demo_hls/solution1/syn/report/demo_axi_csynth.xml",
    ] {
        assert!(run.has(file), "{file}: {}", run.said);
    }
    assert!(run.said.ends_with("build_xclbin: done: export/demo.xclbin at 300 MHz\n"), "{}", run.said);
    calls(
        &run,
        expect![[r#"
        v++ --version
        platforminfo -l
        platforminfo -p xilinx_u250_gen3x16_xdma_4_1_202210_1
        v++ -c -t hw --platform xilinx_u250_gen3x16_xdma_4_1_202210_1 --config compile.cfg -k demo_axi -Ifirmware --save-temps --temp_dir _x_hw --report_dir _x_hw/reports --log_dir _x_hw/logs -o _x_hw/demo_axi.xo firmware/demo_axi.cpp firmware/hand_made.cpp
        platforminfo -p xilinx_u250_gen3x16_xdma_4_1_202210_1
        v++ -l -t hw --platform xilinx_u250_gen3x16_xdma_4_1_202210_1 --config link.cfg --save-temps --temp_dir _x_hw --report_dir _x_hw/reports --log_dir _x_hw/logs -o _x_hw/demo.xclbin _x_hw/demo_axi.xo
        platforminfo -p xilinx_u250_gen3x16_xdma_4_1_202210_1
        slr demo_axi_1:SLR0
        xclbinutil --info --input _x_hw/demo.xclbin
        xclbinutil --force --dump-section CLOCK_FREQ_TOPOLOGY:JSON:reports/clocks.json --input _x_hw/demo.xclbin
    "#]],
    );
}

#[test]
fn jobs_and_slr_reach_the_linker() {
    let one = run(&["-j", "2", "-s", "SLR2"], &[]);
    assert_eq!(one.code, 0, "{}", one.said);
    assert!(one.log.contains("--vivado.synth.jobs 2 --vivado.impl.jobs 2"), "{}", one.log);
    assert!(one.log.contains("\nslr demo_axi_1:SLR2\n"), "{}", one.log);
    let any = run(&["-s", "any"], &[]);
    assert_eq!(any.code, 0, "{}", any.said);
    assert!(any.log.contains("\nslr \n"), "{}", any.log);
}

#[test]
fn it_builds_for_emulation() {
    let run = run(&["-t", "hw_emu"], &[]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert!(run.has("export/demo.hw_emu.xclbin") && run.has("export/emconfig.json"));
    assert!(!run.has("export/demo.xclbin"));
    calls(
        &run,
        expect![[r#"
        v++ --version
        platforminfo -l
        platforminfo -p xilinx_u250_gen3x16_xdma_4_1_202210_1
        v++ -c -t hw_emu -g --platform xilinx_u250_gen3x16_xdma_4_1_202210_1 --config compile.cfg -k demo_axi -Ifirmware --save-temps --temp_dir _x_hw_emu --report_dir _x_hw_emu/reports --log_dir _x_hw_emu/logs -o _x_hw_emu/demo_axi.xo firmware/demo_axi.cpp firmware/hand_made.cpp
        platforminfo -p xilinx_u250_gen3x16_xdma_4_1_202210_1
        v++ -l -t hw_emu -g --platform xilinx_u250_gen3x16_xdma_4_1_202210_1 --config link.cfg --save-temps --temp_dir _x_hw_emu --report_dir _x_hw_emu/reports --log_dir _x_hw_emu/logs -o _x_hw_emu/demo.xclbin _x_hw_emu/demo_axi.xo
        platforminfo -p xilinx_u250_gen3x16_xdma_4_1_202210_1
        slr demo_axi_1:SLR0
        xclbinutil --info --input _x_hw_emu/demo.xclbin
        emconfigutil --platform xilinx_u250_gen3x16_xdma_4_1_202210_1 --od export
    "#]],
    );
}

#[test]
fn software_emulation_ends_with_2024_2() {
    for (version, code) in [("2020.2", 0), ("2024.2", 0), ("2025.1", 3)] {
        let run = run(&["-t", "sw_emu"], &[("STAND_IN_VERSION", version)]);
        assert_eq!(run.code, code, "{version}: {}", run.said);
    }
    let run = run(&[], &[("STAND_IN_VERSION", "2020.1")]);
    assert_eq!(run.code, 3, "{}", run.said);
    assert!(run.said.contains("v++ is of Vitis 2020.1: 2020.2 or newer is needed"), "{}", run.said);
}

#[test]
fn compiling_only_stops_there() {
    let run = run(&["-c"], &[]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert!(run.has("_x_hw/demo_axi.xo") && !run.log.contains("v++ -l"), "{}", run.log);
}

#[test]
fn linking_takes_what_compiling_left() {
    let left = |run: Run| {
        assert_eq!(run.code, 0, "{}", run.said);
        run.root
    };
    let tools_of = |root: &tempfile::TempDir| root.path().join("tools");
    let root = left(run(&["-c"], &[]));
    let tools = tools_of(&root);
    let linked = run_in(root, &tools, &["-l", "-j", "3"], &[]);
    assert!(!linked.log.contains("v++ -c") && linked.has("export/demo.xclbin"), "{}", linked.said);
    assert!(linked.has("reports/hls.rpt"), "what compiling reported stays");
    // Of another platform.
    let old = "xilinx_u250_xdma_201830_2";
    let root = left(linked);
    let other = run_in(root, &tools, &["-l", "-p", old], &[("STAND_IN_PLATFORMS", old)]);
    assert_eq!(other.code, 3, "{}", other.said);
    assert!(other.said.contains("was compiled for another platform: compile again"), "{}", other.said);
    // Older than its sources.
    let source = other.root.path().join("firmware/hand_made.h");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::options().append(true).open(source).unwrap().set_modified(later).unwrap();
    let stale = run_in(other.root, &tools, &["-l"], &[]);
    assert_eq!(stale.code, 3, "{}", stale.said);
    assert!(stale.said.contains("is older than firmware/"), "{}", stale.said);
    // Never compiled.
    let none = run(&["-l"], &[]);
    assert_eq!(none.code, 3, "{}", none.said);
    assert!(none.said.contains("there is no _x_hw/demo_axi.xo: compile first"), "{}", none.said);
}

#[test]
fn the_platform_is_found_or_named() {
    let installed = |names: &str, arguments: &[&str], variable: &str| {
        run(arguments, &[("STAND_IN_PLATFORMS", names), ("PLATFORM", variable)])
    };
    let took = |run: &Run, name: &str| {
        assert_eq!(run.code, 0, "{}", run.said);
        assert!(run.said.contains(&format!("build_xclbin: platform {name}\n")), "{}", run.said);
    };
    let old = "xilinx_u250_xdma_201830_2";
    // The newest that is known, whatever the order of the list.
    took(&installed(&format!("xilinx_u50_gen3x16_xdma_5_202210_1 {old} {PLATFORM}"), &[], ""), PLATFORM);
    let run = installed(old, &[], "");
    took(&run, old);
    assert!(run.said.contains(&format!("note: manifest.json names {PLATFORM}")), "{}", run.said);
    // By an argument before the variable.
    took(&installed(&format!("{PLATFORM} {old}"), &[], old), old);
    took(&installed(&format!("{PLATFORM} {old}"), &["-p", PLATFORM], old), PLATFORM);
    // An own one is never chosen by itself, but told of.
    let run = installed("lab_u250_xdma_1 xilinx_u50_gen3x16_xdma_5_202210_1", &[], "");
    assert_eq!(run.code, 3, "{}", run.said);
    assert!(run.said.contains("Installed for u250: lab_u250_xdma_1 . Install one"), "{}", run.said);
    took(&installed("lab_u250_xdma_1", &["-p", "lab_u250_xdma_1"], ""), "lab_u250_xdma_1");
    let run = installed(PLATFORM, &["-p", "lab_u250_xdma_1"], "");
    assert_eq!(run.code, 3, "{}", run.said);
    assert!(run.said.contains("platform lab_u250_xdma_1 is not installed"), "{}", run.said);
    let run = installed(PLATFORM, &["-p", "/nowhere/lab_u250_xdma_1.xpfm"], "");
    assert_eq!(run.code, 3, "{}", run.said);
    assert!(run.said.contains("there is no platform file /nowhere/lab_u250_xdma_1.xpfm"), "{}", run.said);
}

#[test]
fn a_file_of_a_platform_is_taken() {
    let (root, tools) = project(&options("alveo-u250"));
    let file = root.path().join("lab_u250_xdma_1.xpfm");
    fs::write(&file, "").unwrap();
    let run = run_in(root, &tools, &["-p", file.to_str().unwrap()], &[]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert!(run.log.contains(&format!("--platform {} ", file.display())), "{}", run.log);
}

#[test]
fn the_platform_named_at_conversion_is_used() {
    let named = Options { platform: Some("xilinx_u250_xdma_201830_2".into()), ..options("alveo-u250") };
    let (root, tools) = project(&named);
    let run = run_in(
        root,
        &tools,
        &[],
        &[("STAND_IN_PLATFORMS", &format!("{PLATFORM} xilinx_u250_xdma_201830_2"))],
    );
    assert_eq!(run.code, 0, "{}", run.said);
    assert!(run.said.contains("build_xclbin: platform xilinx_u250_xdma_201830_2\n"), "{}", run.said);
    assert!(!run.said.contains("note: manifest.json"), "{}", run.said);
}

#[test]
fn failures_are_told_by_exit_code_and_cause() {
    fails("compile_error", 4, "compiling the kernel failed with exit code 1; its logs are in _x_hw/logs");
    fails(
        "compile_oom",
        4,
        "compiling the kernel was killed (signal 9): most often the machine ran out of memory",
    );
    fails("compile_silent", 5, "v++ -c ended well but wrote no _x_hw/demo_axi.xo");
    fails("link_error", 4, "linking failed with exit code 1; its logs are in _x_hw/logs");
    fails("link_oom_below", 4, "linking failed with exit code 1 after a tool below it ran out of memory");
    fails("corrupt", 4, "xclbinutil --info failed on _x_hw/demo.xclbin");
    fails("link_silent", 5, "v++ -l ended well but wrote no _x_hw/demo.xclbin");
}

#[test]
fn timing_and_clock_are_looked_at() {
    fails("link_timing", 6, "linking failed: timing is missed on a clock that cannot be slowed down");
    fails("lower_clock", 6, "the kernel reaches 138 MHz, not the 300 MHz asked for: v++ lowered the clock");
    fails("lower_clock", 6, "Convert again with ClockPeriod 7.246 ns or longer");
    fails("negative_slack", 6, "timing is missed: slacks -0.001 0.009 0.000 ns");
    fails("hold", 6, "timing is missed: slacks 0.1 -0.003 0.000 ns");
    fails("no_timing", 5, "v++ left no timing summary");
    fails("no_clock", 5, "the xclbin does not tell the kernel clock");
    // Routing missed timing, and what was done after it met it.
    let run = run(&[], &[("STAND_IN_FAIL", "physopt")]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert!(run.said.contains("in ns: 0.004 0.009 0.000\n"), "{}", run.said);
}

#[test]
fn emulation_without_its_description_fails() {
    let run = run(&["-t", "hw_emu"], &[("STAND_IN_FAIL", "no_emconfig")]);
    assert_eq!(run.code, 5, "{}", run.said);
    assert!(!run.has("export/demo.hw_emu.xclbin"));
}

#[test]
fn tools_that_are_not_there() {
    for (tool, hint) in [
        ("v++", "settings64.sh"),
        ("platforminfo", "settings64.sh"),
        ("xclbinutil", "/opt/xilinx/xrt/setup.sh"),
    ] {
        let (root, tools) = project(&options("alveo-u250"));
        fs::remove_file(tools.join(tool)).unwrap();
        let run = run_in(root, &tools, &[], &[]);
        assert_eq!(run.code, 3, "{}", run.said);
        assert!(
            run.said.contains(&format!("{tool} is not found: source ")) && run.said.contains(hint),
            "{}",
            run.said
        );
    }
}

#[test]
fn wrong_arguments_are_told() {
    for arguments in [
        ["-t", "fpga"].as_slice(),
        &["-s", "SLR4"],
        &["-s", "0"],
        &["-j", "0"],
        &["-j", "many"],
        &["-x"],
        &["more"],
    ] {
        let run = run(arguments, &[]);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.said);
        assert_eq!(run.log, "", "{arguments:?}");
    }
}

#[test]
fn every_port_of_several_tensors_is_connected() {
    let (network, kernel) = two();
    let project = emit(&network, &kernel, &options("alveo-u250")).unwrap();
    let (root, tools) = on_disk(&project);
    let run = run_in(root, &tools, &[], &[]);
    // The stand-in compares `sp` with the pointers of the kernel's source.
    assert_eq!(run.code, 0, "{}", run.said);
}

#[test]
fn it_is_a_script_for_every_shell() {
    let (root, _) = project(&options("alveo-u250"));
    let done = Command::new("sh").arg("-n").arg(root.path().join("build_xclbin.sh")).output().unwrap();
    assert!(done.status.success() && done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
}
