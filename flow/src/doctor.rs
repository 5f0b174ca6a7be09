//! What is installed, what is missing for which step, and how to get it.

use crate::ap_types;
use crate::cache::Cache;
use crate::coyote;
use crate::program::Machine;
use crate::tool::{self, Tool};
use crate::vendor::Tools;
use crate::vendor::tools::version_of;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One thing that a step needs.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Item {
    pub name: String,
    /// Where it is and which version; `None` when it is missing.
    pub found: Option<String>,
    /// The steps that need it.
    pub for_what: String,
    /// How to get it.
    pub how: String,
}

/// Looks at the machine; nothing is fetched or changed.
pub fn examine(given: Option<&Path>, cache: &Cache) -> Vec<Item> {
    let mut items = vec![
        program("g++", &["--version"], "csim", "apt-get install g++ (or dnf install gcc-c++)"),
        headers(given, cache),
        program(
            "python3",
            &["-m", "pip", "--version"],
            "fetching ap_types once",
            "apt-get install python3-pip",
        ),
    ];
    items.extend(vendor());
    let root = std::env::var_os("COYOTE_ROOT").map(PathBuf::from);
    items.extend(coyote::items(root.as_deref(), &Machine::look(Path::new("/"))));
    items.push(program(
        "cmake",
        &["--version"],
        "bitstream and host program for Coyote",
        "apt-get install cmake",
    ));
    items.push(tcl());
    items
}

fn headers(given: Option<&Path>, cache: &Cache) -> Item {
    let (found, how) = match ap_types::find(given, cache) {
        Ok(found) => (
            found.map(|h| format!("{} ({})", h.dir.display(), h.source)),
            "fetched from PyPI when first needed (python3 with pip); offline: --ap-types DIR".to_owned(),
        ),
        Err(e) => (None, e.to_string().replace('\n', ";")),
    };
    Item { name: "ap_types headers".into(), found, for_what: "csim".into(), how }
}

/// The vendor's tools, each by itself: which of them are there decides how a project is built.
fn vendor() -> Vec<Item> {
    let tools = Tools::here();
    let vitis = "install AMD Vitis (2020.2 or later; for Coyote 2022.1) and source its settings64.sh";
    let xrt = "install XRT and source its setup.sh, usually /opt/xilinx/xrt/setup.sh";
    let rows = [
        ("vitis_hls", &tools.vitis_hls, "hls, up to 2024.2", vitis),
        ("vitis-run", &tools.vitis_run, "hls, from 2024.1 on (then vitis_hls is not needed)", vitis),
        (
            "vivado_hls",
            &tools.vivado_hls,
            "hls with --legacy-hls only (2019.2, 2020.1)",
            "source the settings64.sh of such a Vivado",
        ),
        (
            "vivado",
            &tools.vivado,
            "bitstream for Zynq and Coyote",
            "install AMD Vivado and source its settings64.sh",
        ),
        ("v++", &tools.vpp, "hls and bitstream for Alveo", vitis),
        ("platforminfo", &tools.platforminfo, "bitstream for Alveo: finding the card's platform", vitis),
        ("xclbinutil", &path("xclbinutil"), "bitstream for Alveo: reading the clocks that are reached", xrt),
        ("xbutil", &tools.xbutil, "running on an Alveo card", xrt),
    ];
    let mut items: Vec<Item> = rows
        .map(|(name, found, for_what, how)| Item {
            name: name.into(),
            found: found.as_deref().map(versioned),
            for_what: for_what.into(),
            how: how.into(),
        })
        .to_vec();
    items.push(licence(
        std::env::var_os("XILINXD_LICENSE_FILE").or_else(|| std::env::var_os("LM_LICENSE_FILE")),
    ));
    items
}

/// A tool's path and, when its installation's folder has one, its version.
fn versioned(path: &Path) -> String {
    match version_of(path) {
        Some(version) => format!("{} ({version})", path.display()),
        None => path.display().to_string(),
    }
}

/// Where licences are looked for. Whether one fits the device only Vivado can say, and it takes minutes to.
fn licence(named: Option<OsString>) -> Item {
    let found = named.map(|value| {
        let text = value.to_string_lossy().into_owned();
        // `2100@server`, or files with `:` between them.
        let gone: Vec<&str> =
            text.split(':').filter(|p| !p.is_empty() && !p.contains('@') && !Path::new(p).exists()).collect();
        if gone.is_empty() {
            text.clone()
        } else {
            format!("{text}, of which {} is not there", gone.join(", "))
        }
    });
    // The folder where Vivado's licence manager puts files (UG973, "Managing Licenses").
    let found = found.or_else(|| {
        let folder = PathBuf::from(std::env::var_os("HOME")?).join(".Xilinx");
        crate::reports::find::newest(&folder, "*.lic").map(|p| p.display().to_string())
    });
    Item {
        name: "AMD licence".into(),
        found,
        for_what: "devices that AMD's free edition does not cover".into(),
        how: "set XILINXD_LICENSE_FILE to the licence file or to PORT@SERVER; the smaller devices need none (UG973 lists them)".into(),
    }
}

fn tcl() -> Item {
    Item {
        name: "tclsh".into(),
        found: path("tclsh").map(|p| p.display().to_string()),
        for_what: "NetLathe's own tests (generated Tcl)".into(),
        how: "apt-get install tcl".into(),
    }
}

fn path(name: &str) -> Option<PathBuf> {
    tool::find(OsStr::new(name), None)
}

fn program(name: &str, version: &[&str], for_what: &str, how: &str) -> Item {
    let said = Tool::new(name).args(version.iter().copied()).timeout(Duration::from_secs(20)).run();
    let found = said.ok().map(|s| s.output.lines().next().unwrap_or_default().trim().to_owned());
    Item { name: name.into(), found, for_what: for_what.into(), how: how.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_that_are_named_and_gone() {
        let found = |text: &str| licence(Some(text.into())).found.unwrap_or_default();
        assert_eq!(found("2100@server"), "2100@server");
        assert!(found("2100@server:/no/such.lic").ends_with("of which /no/such.lic is not there"));
    }
}
