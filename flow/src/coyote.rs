//! What a machine has of what Coyote needs, for `doctor`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::doctor::Item;
use crate::program::Machine;
use crate::tool::Tool;

/// The revision of Coyote that projects are written for: upstream's master of 2026-04-09.
pub const BASELINE: &str = "0b49d628";
/// What a project's CMake and `program` take from the sources.
const NEEDED: [&str; 4] =
    ["cmake/FindCoyoteHW.cmake", "scripts/base.tcl.in", "sw/CMakeLists.txt", "driver/Makefile"];

/// Everything that has to do with Coyote; `root` is COYOTE_ROOT.
pub fn items(root: Option<&Path>, machine: &Machine) -> Vec<Item> {
    let item = |name: &str, found: Option<String>, for_what: &str, how: String| Item {
        name: name.into(),
        found,
        for_what: for_what.into(),
        how,
    };
    let (found, how) = sources(root);
    let cards: Vec<String> = machine
        .functions
        .iter()
        .map(|f| {
            let what = if f.is_coyote() { ", as Coyote's shell has it" } else { "" };
            format!("{} (10ee:{:04x}{what})", f.address, f.device)
        })
        .collect();
    let on_card = "running on a card with Coyote";
    let driver = machine.has_module("coyote_driver").then(|| match machine.nodes.as_slice() {
        [] => "loaded, but it has found no card; see dmesg".to_owned(),
        nodes => format!("loaded: /dev/{}", nodes.join(" /dev/")),
    });
    let free = machine.huge_pages.filter(|(_, free)| *free > 0);
    vec![
        item("Coyote", found, "bitstream, host program and driver for Coyote", how),
        item(
            "AMD PCIe card",
            (!cards.is_empty()).then(|| cards.join(", ")),
            on_card,
            "program the card, then reboot warmly; lspci -d 10ee: lists it".into(),
        ),
        item(
            "Coyote driver",
            driver,
            on_card,
            "`netlathe program --board NAME --dry-run` tells the steps".into(),
        ),
        item(
            "huge pages",
            free.map(|(all, free)| format!("{free} of {all} of 2 MB are free")),
            "speed of host programs on a card with Coyote",
            "as root: sysctl -w vm.nr_hugepages=64".into(),
        ),
    ]
}

/// Where the sources are and which revision they have; else what to do.
fn sources(root: Option<&Path>) -> (Option<String>, String) {
    let clone =
        "git clone --recurse-submodules https://github.com/fpgasystems/Coyote, and set COYOTE_ROOT to it";
    let Some(root) = root else { return (None, clone.into()) };
    let absent: Vec<&str> = NEEDED.into_iter().filter(|file| !root.join(file).is_file()).collect();
    if !absent.is_empty() {
        let how =
            format!("COYOTE_ROOT is {}, which has no {}; {clone}", root.display(), absent.join(", no "));
        return (None, how);
    }
    // Coyote's networking is a submodule; without it CMake fails at designs that use it only.
    (Some(format!("{} ({})", root.display(), revision(root))), clone.into())
}

fn revision(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let tool = Tool::new("git").args(["-C".into(), root.as_os_str().to_owned()]);
        tool.args(arguments.iter().copied()).timeout(Duration::from_secs(20)).finish().ok()
    };
    // Only of a checkout that this folder is the root of, not of one that it happens to lie in.
    let top = git(&["rev-parse", "--show-toplevel"]).filter(|done| done.status.success());
    let is_top = top.is_some_and(|done| {
        let found = PathBuf::from(done.output.trim()).canonicalize().ok();
        found.is_some() && found == root.canonicalize().ok()
    });
    let head = is_top.then(|| git(&["rev-parse", "HEAD"])).flatten().filter(|done| done.status.success());
    let Some(head) = head else {
        return format!("no git checkout: revision unknown, {BASELINE} is the baseline");
    };
    let head: String = head.output.trim().chars().take(8).collect();
    if head == BASELINE {
        return format!("revision {head}, the baseline");
    }
    let later = git(&["merge-base", "--is-ancestor", BASELINE, "HEAD"]);
    match later.and_then(|done| done.status.code()) {
        Some(0) => format!("revision {head}, later than the baseline {BASELINE}"),
        _ => format!("revision {head}, not known to be {BASELINE} or later, which is the baseline"),
    }
}
