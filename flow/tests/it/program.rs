//! Plans for machines that are folders, and the Tcl for Vivado under tclsh.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use netlathe_flow::coyote;
use netlathe_flow::program::{Action, Machine, Plan, Request, What, execute, is_pci_address, prepare};

/// A folder that stands for `/`, a project and Coyote's sources.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("project/manifest.json", "{\"project\": \"jet\"}");
        place.write("project/build/hw/bitstreams/cyt_top.bit", "image");
        place.write("coyote/driver/Makefile", "all:");
        place.write("coyote/driver/build/coyote_driver.ko", "module");
        place.write("sys/bus/pci/rescan", "");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn card(&self, address: &str, device: &str) {
        let folder = format!("sys/bus/pci/devices/{address}");
        self.write(&format!("{folder}/vendor"), "0x10ee\n");
        self.write(&format!("{folder}/device"), &format!("{device}\n"));
        self.write(&format!("{folder}/remove"), "");
    }

    fn request(&self, what: What) -> Request {
        Request {
            board: "u55c".into(),
            project: self.path("project"),
            device: 0,
            what,
            pci: None,
            jtag: None,
            hdev_device: None,
            huge_pages: 64,
            ip_address: None,
            mac_address: None,
            coyote_root: Some(self.path("coyote")),
            root: self.path(""),
        }
    }

    fn plan(&self) -> Plan {
        prepare(&self.request(What::Card { image: None })).unwrap()
    }
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.line(plan.machine.root)).collect()
}

/// What is missing, this machine's lack of Vivado aside.
fn missing(plan: &Plan) -> String {
    let all = plan.missing.iter().filter(|m| !m.what.starts_with("Vivado"));
    all.map(|m| m.what.clone()).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_steps_of_a_machine_of_one_s_own() {
    let place = Place::new();
    place.card("0000:c1:00.0", "0x9014");
    place.card("0000:c1:00.1", "0x9014");
    place.write("sys/bus/pci/devices/0000:00:1f.0/vendor", "0x8086\n");
    place.write("sys/module/coyote_driver/refcnt", "0");
    place.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "20\n");
    place.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "4\n");
    let plan = place.plan();
    assert_eq!(missing(&plan), "");
    let expected = [
        "rmmod coyote_driver".to_owned(),
        format!(
            "echo 1 | tee {} > /dev/null",
            place.path("sys/bus/pci/devices/0000:c1:00.0/remove").display()
        ),
        format!(
            "echo 1 | tee {} > /dev/null",
            place.path("sys/bus/pci/devices/0000:c1:00.1/remove").display()
        ),
        format!("# writes {}", place.path("project/build/program_card.tcl").display()),
        format!(
            "vivado -mode batch -nolog -nojournal -source {} -tclargs {} xcu55c",
            place.path("project/build/program_card.tcl").display(),
            place.path("project/build/hw/bitstreams/cyt_top.bit").display()
        ),
        format!("echo 1 | tee {} > /dev/null", place.path("sys/bus/pci/rescan").display()),
        format!("# waits up to 10 s for {}", place.path("sys/bus/pci/devices/0000:c1:00.0").display()),
        format!("insmod {}", place.path("coyote/driver/build/coyote_driver.ko").display()),
        // 4 of 20 are free; 60 more.
        "sysctl -w vm.nr_hugepages=80".to_owned(),
        format!("# waits up to 20 s for {}", place.path("dev/coyote_fpga_0_v0").display()),
    ];
    if plan.machine.hdev.is_none() {
        assert_eq!(lines(&plan), expected);
    }
    // Not as root: the lines have sudo, and nothing is executed.
    let mut plan = plan;
    plan.machine.root = false;
    plan.missing.clear();
    assert_eq!(lines(&plan)[0], "sudo rmmod coyote_driver");
    let refused = execute(&plan, &mut |_| panic!("a step was done")).unwrap_err();
    assert!(refused.to_string().contains("need root"), "{refused}");
    assert_eq!(
        prepare(&place.request(What::Card { image: None })).unwrap().steps,
        plan.steps,
        "same in, same out"
    );
}

#[test]
fn nothing_is_guessed() {
    let place = Place::new();
    place.card("0000:c1:00.0", "0x505c");
    place.card("0000:e1:00.0", "0x9014");
    assert_eq!(missing(&place.plan()), "which of the cards at 0000:c1:00, 0000:e1:00 is meant");
    let given = |pci: &str| {
        let request = Request { pci: Some(pci.into()), ..place.request(What::Card { image: None }) };
        prepare(&request).unwrap()
    };
    let plan = given("0000:e1:00.0");
    assert_eq!(missing(&plan), "");
    let removed: Vec<String> = lines(&plan).into_iter().filter(|l| l.contains("/remove")).collect();
    assert!(removed.len() == 1 && removed[0].contains("0000:e1:00.0/remove"), "{removed:?}");
    assert_eq!(missing(&given("0000:d1:00.0")), "there is no card of AMD's at 0000:d1:00.0");
    assert_eq!(missing(&given("../../../etc")), "--pci ../../../etc is no PCI address");
    for (text, right) in [
        ("0000:c1:00.0", true),
        ("0000:c1:00.7", true),
        ("0000:c1:00.8", false),
        ("c1:00.0", false),
        ("0000:c1.00:0", false),
        ("0000:c1:00.0/..", false),
        ("0000:C1:00.0", false),
        ("", false),
    ] {
        assert_eq!(is_pci_address(text), right, "{text}");
    }
}

#[test]
fn what_is_missing_is_told() {
    let place = Place::new();
    fs::remove_file(place.path("project/build/hw/bitstreams/cyt_top.bit")).unwrap();
    let plan = prepare(&Request { coyote_root: None, ..place.request(What::Card { image: None }) }).unwrap();
    let all = missing(&plan);
    assert!(all.contains("bitstreams/cyt_top.bit") && all.contains("COYOTE_ROOT"), "{all}");
    let refused = execute(&plan, &mut |_| panic!("a step was done")).unwrap_err();
    assert!(refused.to_string().contains("nothing was done"), "{refused}");

    // hls4ml's folder; the wrong kind of image; a driver that is not built yet.
    place.write("project/build/jet_cyt_hw/bitstreams/cyt_top.bit", "image");
    fs::remove_file(place.path("coyote/driver/build/coyote_driver.ko")).unwrap();
    let plan = place.plan();
    assert_eq!(missing(&plan), "");
    assert!(
        lines(&plan)[0].ends_with("/coyote/driver && make TARGET_PLATFORM=ultrascale_plus"),
        "{:?}",
        lines(&plan)
    );
    place.write("x.pdi", "");
    let plan = prepare(&place.request(What::Card { image: Some(place.path("x.pdi")) })).unwrap();
    assert!(missing(&plan).contains("x.pdi is no .bit"), "{}", missing(&plan));

    for (request, says) in [
        (Request { board: "zcu102".into(), ..place.request(What::Card { image: None }) }, "zcu102"),
        (
            Request { ip_address: Some("10.1.2.3".into()), ..place.request(What::Card { image: None }) },
            "--ip-address",
        ),
        (Request { project: place.path("nowhere"), ..place.request(What::Card { image: None }) }, "nowhere"),
    ] {
        assert!(prepare(&request).unwrap_err().to_string().contains(says), "{says}");
    }
}

#[test]
fn the_driver_gets_its_parameters() {
    let place = Place::new();
    let request = Request {
        ip_address: Some("0B01D4D1".into()),
        mac_address: Some("000A35029DE5".into()),
        ..place.request(What::Card { image: None })
    };
    let plan = prepare(&request).unwrap();
    let wanted = "coyote_driver.ko ip_addr=0B01D4D1 mac_addr=000A35029DE5";
    assert!(
        plan.machine.hdev.is_some() || lines(&plan).iter().any(|l| l.ends_with(wanted)),
        "{:?}",
        lines(&plan)
    );
}

#[test]
fn hacc_s_tool_is_used_where_it_is() {
    let place = Place::new();
    place.write("opt/hdev/cli/hdev", "");
    place.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "500\n");
    place.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "400\n");
    let request = Request { hdev_device: Some(2), ..place.request(What::Card { image: None }) };
    let plan = prepare(&request).unwrap();
    let expected = format!(
        "cd {} && bash program_hacc_local.sh {} {} 2",
        place.path("coyote/util").display(),
        place.path("project/build/hw/bitstreams/cyt_top.bit").display(),
        place.path("coyote/driver/build/coyote_driver.ko").display()
    );
    assert_eq!(lines(&plan)[0], expected);
    assert_eq!(plan.steps.len(), 2, "and then the node is waited for: {:?}", lines(&plan));
    assert!(!plan.steps.iter().any(netlathe_flow::program::Step::as_root));
}

#[test]
fn hacc_s_tool_is_given_no_guess_and_ignores_no_wish() {
    let place = Place::new();
    place.write("opt/hdev/cli/hdev", "");
    place.card("0000:c1:00.0", "0x9014");
    place.card("0000:e1:00.0", "0x9014");
    assert_eq!(missing(&place.plan()), "which of the cards at 0000:c1:00, 0000:e1:00 is meant");
    let numbered = || Request { hdev_device: Some(2), ..place.request(What::Card { image: None }) };
    assert_eq!(missing(&prepare(&numbered()).unwrap()), "");
    let all = missing(&prepare(&Request { pci: Some("0000:e1:00.0".into()), ..numbered() }).unwrap());
    assert!(all.starts_with("a use for --pci: "), "{all}");
    let all = missing(&prepare(&Request { jtag: Some("usb2".into()), ..numbered() }).unwrap());
    assert!(all.starts_with("a use for --jtag: "), "{all}");
}

#[test]
fn huge_pages_beyond_all_numbers_do_not_overflow() {
    let place = Place::new();
    place.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "20\n");
    place.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "4\n");
    let request = Request { huge_pages: u64::MAX, ..place.request(What::Card { image: None }) };
    let plan = prepare(&request).unwrap();
    let wanted = format!("sysctl -w vm.nr_hugepages={}", u64::MAX);
    assert!(lines(&plan).iter().any(|l| l.ends_with(&wanted)), "{:?}", lines(&plan));
}

#[test]
fn shell_and_application_go_through_the_driver() {
    let place = Place::new();
    place.write("app.bin", "image");
    let app = || place.request(What::App { image: place.path("app.bin"), vfpga: 3 });
    let all = missing(&prepare(&app()).unwrap());
    assert!(all.contains("build/sw/bin/reconfigure") && all.contains("/dev/coyote_fpga_0_reconfig"), "{all}");

    // A program that says what it is called with.
    place
        .write("project/build/sw/bin/reconfigure", "#!/bin/sh\necho \"$@\" > \"$(dirname \"$0\")/called\"\n");
    let program = place.path("project/build/sw/bin/reconfigure");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    place.write("dev/coyote_fpga_1_reconfig", "");
    let plan = prepare(&Request { device: 1, ..app() }).unwrap();
    assert_eq!(missing(&plan), "");
    let mut done = 0;
    execute(&plan, &mut |_| done += 1).unwrap();
    assert_eq!(done, 2, "begun and done");
    let called = fs::read_to_string(place.path("project/build/sw/bin/called")).unwrap();
    assert_eq!(called.trim(), format!("--app {} --vfpga 3 --device 1", place.path("app.bin").display()));

    let shell = place.request(What::Shell { image: place.path("project/build/hw/bitstreams/cyt_top.bit") });
    assert!(missing(&prepare(&shell).unwrap()).contains("is no .bin"));
}

#[test]
fn a_step_that_fails_ends_it() {
    let place = Place::new();
    place.card("0000:c1:00.0", "0x9014");
    let mut plan = place.plan();
    plan.missing.clear();
    plan.steps.retain(|step| !matches!(step.action, Action::Command { .. }));
    // The card leaves, the script is written, the bus is scanned, and the driver's node does not come.
    for step in &mut plan.steps {
        if let Action::Appears { seconds, .. } = &mut step.action {
            *seconds = 0;
        }
    }
    let failed = execute(&plan, &mut |_| ()).unwrap_err();
    assert!(failed.to_string().contains("coyote_fpga_0_v0 has not appeared"), "{failed}");
    assert_eq!(fs::read_to_string(place.path("sys/bus/pci/devices/0000:c1:00.0/remove")).unwrap(), "1");
    assert_eq!(fs::read_to_string(place.path("sys/bus/pci/rescan")).unwrap(), "1");
    assert!(place.path("project/build/program_card.tcl").is_file());
    // What the kernel does not have is not made.
    fs::remove_file(place.path("sys/bus/pci/rescan")).unwrap();
    assert!(execute(&plan, &mut |_| ()).unwrap_err().to_string().contains("rescan"));
    assert!(!place.path("sys/bus/pci/rescan").exists());
}

/// Vivado's commands as Tcl that says what it is told; `cables` has the devices' parts of every cable.
const VIVADO: &str = r#"
proc open_hw_manager {} {}
proc connect_hw_server {} { if {$::down} { error "connection refused" } }
proc disconnect_hw_server {} {}
proc close_hw_manager {} {}
proc get_hw_targets {args} { set all {}; dict for {c p} $::cables { if {[string match [lindex $args end] $c]} { lappend all $c } }; return $all }
proc current_hw_target {c} { set ::cable $c }
proc open_hw_target {} { set ::open 1 }
proc close_hw_target {} { set ::open 0 }
proc get_hw_devices {args} {
    if {!$::open} { error "no open target" }
    if {[llength $args] == 1 && [lindex $args 0] ne "-quiet"} { return [lindex $args 0] }
    set all {}; set i 0; foreach p [dict get $::cables $::cable] { lappend all ${p}_$i; incr i }; return $all
}
proc get_property {name device} { return [lindex [split $device _] 0] }
proc current_hw_device {args} { if {[llength $args]} { set ::device [lindex $args 0] }; return $::device }
proc refresh_hw_device {args} {}
proc set_property {name value device} { puts "$name $value $device on $::cable" }
proc program_hw_devices {device} { if {$::broken} { error "DONE did not go high" }; puts "programmed $device" }
set open 0; set down 0; set broken 0
"#;

fn vivado(place: &Place, setting: &str, arguments: &[&str]) -> (i32, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/program/program_card.tcl");
    place.write("run.tcl", &format!("{VIVADO}\n{setting}\nsource {}\n", script.display()));
    let done = Command::new("tclsh").arg(place.path("run.tcl")).args(arguments).output().unwrap();
    (done.status.code().unwrap(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

#[test]
fn the_script_programs_one_card_or_none() {
    if Command::new("tclsh").arg("/dev/null").output().is_err() {
        eprintln!("SKIPPED the_script_programs_one_card_or_none: there is no tclsh");
        return;
    }
    let place = Place::new();
    let image = place.path("project/build/hw/bitstreams/cyt_top.bit").display().to_string();
    let one = "set cables {usb1 {xcu250} usb2 {arm_dap xcu55c}}";
    let (code, said) = vivado(&place, one, &[&image, "xcu55c"]);
    assert_eq!((code, said.as_str()), (0, format!("PROGRAM.FILE {image} xcu55c_1 on usb2\nprogrammed xcu55c_1\nPROGRAMMED xcu55c_1 with {image}\n").as_str()));
    let two = "set cables {usb1 {xcu55c} usb2 {xcu55c}}";
    let (code, said) = vivado(&place, two, &[&image, "xcu55c"]);
    assert!(code == 1 && said.contains("several xcu55c") && !said.contains("programmed"), "{said}");
    let (code, said) = vivado(&place, two, &[&image, "xcu55c", "*2"]);
    assert!(code == 0 && said.contains("on usb2"), "{said}");
    for (setting, arguments, says) in [
        ("set cables {usb1 {xcu250}}", &[image.as_str(), "xcu55c"][..], "there is no xcu55c"),
        ("set cables {}", &[&image, "xcu55c"], "there is no xcu55c"),
        (one, &["nowhere.bit", "xcu55c"], "no image nowhere.bit"),
        (one, &[&image], "give IMAGE PART"),
        ("set cables {}; set down 1", &[&image, "xcu55c"], "no hardware server"),
        ("set cables {usb1 {xcu55c}}; set broken 1", &[&image, "xcu55c"], "programming failed: DONE"),
    ] {
        let (code, said) = vivado(&place, setting, arguments);
        assert!(code == 1 && said.contains(says), "{says}: {said}");
    }
}

#[test]
fn doctor_knows_coyote() {
    let place = Place::new();
    let item = |name: &str| {
        let machine = Machine::look(&place.path(""));
        let root = place.path("coyote");
        coyote::items(Some(&root), &machine).into_iter().find(|i| i.name == name).unwrap()
    };
    assert!(item("Coyote").found.is_none() && item("Coyote").how.contains("no cmake/FindCoyoteHW.cmake"));
    for file in ["cmake/FindCoyoteHW.cmake", "scripts/base.tcl.in", "sw/CMakeLists.txt"] {
        place.write(&format!("coyote/{file}"), "");
    }
    assert!(item("Coyote").found.unwrap().contains("revision unknown"));
    assert!(coyote::items(None, &Machine::default())[0].how.contains("git clone"));
    for name in ["AMD PCIe card", "Coyote driver", "huge pages"] {
        assert_eq!(item(name).found, None, "{name}");
    }
    place.card("0000:c1:00.0", "0x9014");
    place.write("sys/module/coyote_driver/refcnt", "0");
    assert!(item("Coyote driver").found.unwrap().contains("no card"));
    place.write("dev/coyote_fpga_0_v0", "");
    place.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "20\n");
    place.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "4\n");
    assert_eq!(item("Coyote driver").found.unwrap(), "loaded: /dev/coyote_fpga_0_v0");
    assert_eq!(item("AMD PCIe card").found.unwrap(), "0000:c1:00.0 (10ee:9014, as Coyote's shell has it)");
    assert_eq!(item("huge pages").found.unwrap(), "4 of 20 of 2 MB are free");

    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=n", "-c", "user.email=e@e", "-C"]).arg(place.path("coyote"));
        git.args(arguments).output().is_ok_and(|done| done.status.success())
    };
    if git(&["init", "-q"]) && git(&["commit", "-q", "--allow-empty", "-m", "other"]) {
        assert!(item("Coyote").found.unwrap().contains("not known to be 0b49d628 or later"));
    }
}

#[test]
fn a_versal_card_is_told_by_its_family() {
    let place = Place::new();
    place.write("project/build/hw/bitstreams/cyt_top.pdi", "image");
    fs::remove_file(place.path("coyote/driver/build/coyote_driver.ko")).unwrap();
    let of = |board: &str| {
        let request = Request { board: board.into(), ..place.request(What::Card { image: None }) };
        lines(&prepare(&request).unwrap()).join("\n")
    };
    let v80 = of("v80");
    assert!(v80.contains("cyt_top.pdi") && v80.contains("TARGET_PLATFORM=versal"), "{v80}");
    let u280 = of("u280");
    assert!(u280.contains("cyt_top.bit") && u280.contains("TARGET_PLATFORM=ultrascale_plus"), "{u280}");
}
