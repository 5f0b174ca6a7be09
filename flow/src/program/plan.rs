//! The steps that bring a network onto a card, as data. Nothing is done here.
//!
//! The order is that of Coyote's examples/README.md, Deploying the examples: modules out, program, rescan, driver, huge pages.

use std::path::{Path, PathBuf};

use super::machine::{Machine, is_pci_address};
use super::{Options, What};

/// One thing to do.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Step {
    /// What it is for.
    pub what: String,
    /// What is done.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// A command. `as_root`: it only works as root.
    Command { program: String, arguments: Vec<String>, folder: Option<PathBuf>, as_root: bool, seconds: u64 },
    /// Text into a file of `/sys`, as root.
    Sysfs { path: PathBuf, text: String },
    /// A file of our own, such as a script.
    File { path: PathBuf, text: String },
    /// Waits until one of these is there.
    Appears { paths: Vec<PathBuf>, seconds: u64, otherwise: String },
}

/// Something that must be there and is not.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Missing {
    /// What.
    pub what: String,
    /// How to get it.
    pub how: String,
}

/// What would be done, and what is in the way.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Plan {
    /// Of this format.
    pub schema_version: u32,
    /// The board.
    pub board: String,
    /// The card, as in `/dev/coyote_fpga_<device>_v0`.
    pub device: u32,
    /// What the machine is like.
    pub machine: Machine,
    /// What must be there first; with anything here no step is done.
    pub missing: Vec<Missing>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// What a person does where this cannot.
    pub by_hand: Vec<String>,
}

impl Step {
    /// The step as a line for a shell.
    pub fn line(&self, root: bool) -> String {
        use crate::tool::quoted;
        let path = |p: &Path| quoted(&p.to_string_lossy());
        let sudo = |needed: bool| if needed && !root { "sudo " } else { "" };
        match &self.action {
            Action::Command { program, arguments, folder, as_root, .. } => {
                let words: Vec<String> =
                    std::iter::once(program).chain(arguments).map(|w| quoted(w)).collect();
                let into = folder.as_deref().map(|f| format!("cd {} && ", path(f))).unwrap_or_default();
                format!("{into}{}{}", sudo(*as_root), words.join(" "))
            }
            Action::Sysfs { path: file, text } => {
                format!("echo {text} | {}tee {} > /dev/null", sudo(true), path(file))
            }
            Action::File { path: file, .. } => format!("# writes {}", path(file)),
            Action::Appears { paths, seconds, .. } => {
                let all: Vec<String> = paths.iter().map(|p| path(p)).collect();
                format!("# waits up to {seconds} s for {}", all.join(" or "))
            }
        }
    }

    /// Whether it only works as root.
    pub fn as_root(&self) -> bool {
        matches!(self.action, Action::Sysfs { .. } | Action::Command { as_root: true, .. })
    }
}

/// Makes the plan for a machine that looks so. Reads whether files are there, changes nothing.
pub fn plan(options: &Options, machine: Machine) -> Plan {
    let mut made = Plan {
        schema_version: 1,
        board: options.board.clone(),
        device: options.device,
        machine,
        missing: Vec::new(),
        steps: Vec::new(),
        by_hand: Vec::new(),
    };
    match &options.what {
        What::Card { image } => card(options, image.as_deref(), &mut made),
        What::Shell { image } => {
            let arguments = ["--shell".to_owned(), text(image)];
            reconfigure(options, image, &arguments, &mut made);
        }
        What::App { image, vfpga } => {
            let arguments = ["--app".to_owned(), text(image), "--vfpga".to_owned(), vfpga.to_string()];
            reconfigure(options, image, &arguments, &mut made);
        }
    }
    made
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn command(what: &str, program: impl Into<String>, arguments: &[&str], as_root: bool, seconds: u64) -> Step {
    let arguments = arguments.iter().map(|&a| a.to_owned()).collect();
    let action = Action::Command { program: program.into(), arguments, folder: None, as_root, seconds };
    Step { what: what.into(), action }
}

fn within(mut step: Step, place: &Path) -> Step {
    if let Action::Command { folder, .. } = &mut step.action {
        *folder = Some(place.to_owned());
    }
    step
}

/// The whole card, static layer and all, over JTAG.
fn card(options: &Options, image: Option<&Path>, made: &mut Plan) {
    let end = if options.versal { "pdi" } else { "bit" };
    let build = options.project.join("build");
    let usual: Vec<PathBuf> = ["hw".to_owned(), format!("{}_cyt_hw", options.name)]
        .iter()
        .map(|folder| build.join(folder).join("bitstreams").join(format!("cyt_top.{end}")))
        .collect();
    let image = image
        .map(Path::to_owned)
        .or_else(|| usual.iter().find(|path| path.is_file()).cloned())
        .unwrap_or_else(|| usual[0].clone());
    check_image(
        &image,
        end,
        "build the hardware (cmake --build build/hw --target bitgen), or give --image",
        made,
    );

    let coyote = options.coyote_root.clone().filter(|root| root.join("driver/Makefile").is_file());
    if coyote.is_none() {
        made.missing.push(Missing {
            what: "Coyote's sources (COYOTE_ROOT), for its driver".into(),
            how: "git clone --recurse-submodules https://github.com/fpgasystems/Coyote, and set COYOTE_ROOT to it".into(),
        });
    }
    let root = coyote.unwrap_or_else(|| PathBuf::from("$COYOTE_ROOT"));
    let driver = root.join("driver");
    let module = driver.join("build/coyote_driver.ko");
    if !module.is_file() {
        let platform = if options.versal { "versal" } else { "ultrascale_plus" };
        let make =
            command("build the driver", "make", &[&format!("TARGET_PLATFORM={platform}")], false, 1200);
        made.steps.push(within(make, &driver));
    }

    if made.machine.hdev.is_some() {
        // It removes modules, programs, rescans and inserts the driver with the card's own addresses; it asks sudo itself.
        hacc_options(options, made);
        let device = (options.hdev_device.unwrap_or(1)).to_string();
        if made.machine.vivado.is_none() {
            made.missing.push(vivado_missing());
        }
        let script = command(
            "HACC: modules out, program, rescan, driver in",
            "bash",
            &["program_hacc_local.sh", &text(&image), &text(&module), &device],
            false,
            1800,
        );
        made.steps.push(within(script, &root.join("util")));
    } else {
        alone(options, &image, &module, made);
    }
    huge_pages(options, made);
    made.steps.push(Step {
        what: "the driver has found the card (dmesg ends in \"probe returning 0\")".into(),
        action: Action::Appears {
            paths: vec![options.root.join(format!("dev/coyote_fpga_{}_v0", options.device))],
            seconds: 20,
            otherwise: "look at dmesg; a warm reboot (reboot, not a power cycle) makes the machine see the card anew, then \
                        insert the driver again"
                .into(),
        },
    });
    made.by_hand.push(format!(
        "If JTAG is on another machine: program {} there with Vivado's hardware manager, then reboot this machine warmly and \
         insert the driver: sudo insmod {}",
        image.display(),
        module.display()
    ));
    made.by_hand.push(
        "If the card is not seen after the rescan, or the driver finds no DMA engine: reboot warmly; look whether an IOMMU is \
         on (dmesg | grep -i iommu)"
            .into(),
    );
    made.by_hand.push(format!(
        "Device nodes belong to root: run as root, or sudo chmod a+rw /dev/coyote_fpga_{}_*",
        options.device
    ));
}

/// HACC's script knows a card by its number only: what would be ignored, and a number that would be guessed, is missing.
fn hacc_options(options: &Options, made: &mut Plan) {
    let given = [
        ("--pci", options.pci.is_some()),
        ("--jtag", options.jtag.is_some()),
        ("--ip-address", options.ip_address.is_some()),
        ("--mac-address", options.mac_address.is_some()),
    ];
    for (option, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
        made.missing.push(Missing {
            what: format!(
                "a use for {option}: HACC's hdev is on this machine, whose script does not take it"
            ),
            how: "leave it out, and give the card as --hdev-device N, as hdev numbers them".into(),
        });
    }
    let slots = made.machine.slots();
    if options.hdev_device.is_none() && slots.len() > 1 {
        let what = format!("which of the cards at {} is meant", slots.join(", "));
        made.missing.push(Missing { what, how: "give --hdev-device N, as hdev numbers them".into() });
    }
}

/// A machine of one's own.
fn alone(options: &Options, image: &Path, module: &Path, made: &mut Plan) {
    if made.machine.vivado.is_none() {
        made.missing.push(vivado_missing());
    }
    for (module, why) in
        [("ami", "the V80's management driver goes first"), ("coyote_driver", "Coyote's driver goes first")]
    {
        if made.machine.has_module(module) {
            made.steps.push(command(why, "rmmod", &[module], true, 60));
        }
    }
    let slot = match (&options.pci, made.machine.slots().as_slice()) {
        (Some(given), _) if !is_pci_address(given) => {
            let what = format!("--pci {given} is no PCI address");
            made.missing
                .push(Missing { what, how: "give it as lspci -D -d 10ee: shows it: 0000:c1:00.0".into() });
            None
        }
        (Some(given), _) if !made.machine.functions.iter().any(|f| f.address == *given) => {
            let what = format!("there is no card of AMD's at {given}");
            made.missing.push(Missing { what, how: "lspci -D -d 10ee: lists them".into() });
            None
        }
        (Some(given), _) => given.rsplit_once('.').map(|(slot, _)| slot.to_owned()),
        // The card is not on the bus yet: there is nothing to take off it.
        (None, []) => None,
        (None, [one]) => Some((*one).to_owned()),
        (None, several) => {
            let what = format!("which of the cards at {} is meant", several.join(", "));
            made.missing
                .push(Missing { what, how: "give --pci ADDRESS, as lspci -D -d 10ee: shows it".into() });
            None
        }
    };
    let pci = options.root.join("sys/bus/pci");
    for function in made.machine.functions.iter().filter(|f| Some(f.slot()) == slot.as_deref()) {
        let what =
            format!("{} leaves the bus, so that the machine does not fail when it goes", function.address);
        let path = pci.join("devices").join(&function.address).join("remove");
        made.steps.push(Step { what, action: Action::Sysfs { path, text: "1".into() } });
    }
    let script = options.project.join("build/program_card.tcl");
    made.steps.push(Step {
        what: "the script for Vivado".into(),
        action: Action::File { path: script.clone(), text: include_str!("program_card.tcl").into() },
    });
    let (script, image) = (text(&script), text(image));
    let mut arguments =
        vec!["-mode", "batch", "-nolog", "-nojournal", "-source", &script, "-tclargs", &image, &options.part];
    arguments.extend(options.jtag.as_deref());
    made.steps.push(command("program the card over JTAG", "vivado", &arguments, false, 1800));
    // Documentation/ABI/testing/sysfs-bus-pci of Linux: remove, rescan.
    made.steps.push(Step {
        what: "the machine looks for the card again".into(),
        action: Action::Sysfs { path: pci.join("rescan"), text: "1".into() },
    });
    if let Some(slot) = slot {
        made.steps.push(Step {
            what: "the card is on the bus".into(),
            action: Action::Appears {
                paths: vec![pci.join("devices").join(format!("{slot}.0"))],
                seconds: 10,
                otherwise: "reboot warmly (reboot, not a power cycle), then insert the driver".into(),
            },
        });
    }
    let mut arguments = vec![text(module)];
    arguments.extend(options.ip_address.as_ref().map(|a| format!("ip_addr={a}")));
    arguments.extend(options.mac_address.as_ref().map(|a| format!("mac_addr={a}")));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    made.steps.push(command("Coyote's driver", "insmod", &arguments, true, 60));
}

fn huge_pages(options: &Options, made: &mut Plan) {
    let (all, free) = made.machine.huge_pages.unwrap_or((0, 0));
    if free < options.huge_pages {
        let setting = format!("vm.nr_hugepages={}", all.saturating_add(options.huge_pages - free));
        let what = format!("huge pages of 2 MB: {free} are free, {} are wanted", options.huge_pages);
        made.steps.push(command(&what, "sysctl", &["-w", &setting], true, 60));
    }
}

/// Another shell or application, through the driver.
fn reconfigure(options: &Options, image: &Path, arguments: &[String], made: &mut Plan) {
    let end = if options.versal { "pdi" } else { "bin" };
    check_image(image, end, "build it with EN_PR (cmake --build build/hw --target bitgen)", made);
    let program = options.project.join("build/sw/bin/reconfigure");
    if !program.is_file() {
        made.missing.push(Missing {
            what: text(&program),
            how: format!(
                "build the software: cmake -S {0} -B {0}/build/sw -DFLOW=sw && make -C {0}/build/sw",
                options.project.display()
            ),
        });
    }
    let node = format!("coyote_fpga_{}_reconfig", options.device);
    if !made.machine.nodes.contains(&node) {
        let why = if made.machine.has_module("coyote_driver") {
            "there is no such card, or its shell was built without reconfiguration"
        } else {
            "the driver is not loaded: program the card first"
        };
        made.missing.push(Missing { what: format!("/dev/{node}"), how: why.into() });
    }
    let device = options.device.to_string();
    let mut all: Vec<&str> = arguments.iter().map(String::as_str).collect();
    all.extend(["--device", &device]);
    made.steps.push(command("reconfigure", text(&program), &all, true, 300));
    made.by_hand.push(
        "No program may have a replaced vFPGA open; the image must be of a build with the same static layer"
            .into(),
    );
}

fn check_image(image: &Path, end: &str, how: &str, made: &mut Plan) {
    if image.extension().is_none_or(|e| e != end) {
        let what = format!("an image for {}: {} is no .{end}", made.board, image.display());
        made.missing.push(Missing { what, how: format!("give a file that ends in .{end}") });
    } else if !image.is_file() {
        made.missing.push(Missing { what: text(image), how: how.into() });
    }
}

fn vivado_missing() -> Missing {
    Missing {
        what: "Vivado (or Vivado Lab Edition), for JTAG".into(),
        how: "install it and source its settings64.sh".into(),
    }
}
