//! What is installed, what is missing for which step, and how to get it.

use crate::ap_types;
use crate::cache::Cache;
use crate::coyote;
use crate::program::Machine;
use crate::tool::{self, Tool};
use std::ffi::OsStr;
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

fn vendor() -> [Item; 2] {
    let settings = "install AMD Vitis (2022.1 or later) and source its settings64.sh";
    let vivado = path("vivado").map(versioned);
    // 2025.1 has no vitis_hls any more.
    let hls = ["vitis_hls", "vitis-run", "v++"].iter().find_map(|name| path(name));
    [
        Item {
            name: "Vitis HLS".into(),
            found: hls.map(versioned),
            for_what: "hls: RTL, latency and resources".into(),
            how: settings.into(),
        },
        Item {
            name: "Vivado".into(),
            found: vivado,
            for_what: "bitstream".into(),
            how: format!("{settings} (or that of Vivado)"),
        },
    ]
}

/// A tool's path and, when its installation's folder has one, its version: Vivado takes seconds to say it itself.
fn versioned(path: PathBuf) -> String {
    let version = path.components().rev().find_map(|c| {
        let text = c.as_os_str().to_string_lossy();
        let year = text.split('.').next().and_then(|y| y.parse::<u32>().ok());
        year.filter(|y| (2000..2100).contains(y)).map(|_| text.into_owned())
    });
    match version {
        Some(version) => format!("{} ({version})", path.display()),
        None => path.display().to_string(),
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
