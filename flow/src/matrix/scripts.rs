//! The scripts of a project against what stands for the vendor's tools in this project's own tests.

use super::{Check, write};
use crate::cache::Cache;
use crate::error::Error;
use crate::hash;
use crate::project::Assembled;
use crate::target::Board;
use crate::tool::{self, Tool};
use netlathe_backend_vivado_accel as vivado;
use netlathe_overlay::{Host, Tensor, port_names};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

const TIME: Duration = Duration::from_secs(120);
/// The release that the stubs of Vivado play.
const RELEASE: &str = "2023.2";

/// Runs each distinct set of scripts once.
pub(super) struct Scripts {
    /// `backend-vivado-accel/tests` of the checkout.
    tests: Option<PathBuf>,
    cache: Cache,
    seen: BTreeMap<String, Check>,
}

impl Scripts {
    pub(super) fn new(root: Option<&Path>, cache: &Cache) -> Self {
        let tests = root.map(|r| r.join("backend-vivado-accel/tests")).filter(|d| d.is_dir());
        Self { tests, cache: cache.clone(), seen: BTreeMap::new() }
    }

    /// Sets that differ.
    pub(super) fn seen(&self) -> usize {
        self.seen.len()
    }

    /// How many of them were run.
    pub(super) fn run(&self) -> usize {
        self.seen.values().filter(|check| !matches!(check, Check::NotRun(_))).count()
    }

    pub(super) fn check(&mut self, board: &Board, assembled: &Assembled) -> Check {
        let Board::Vivado(board) = board else {
            return Check::NotRun("Coyote's CMake: run by the tests of backend-coyote".into());
        };
        let Some(tests) = self.tests.clone() else {
            return Check::NotRun("not in a checkout of NetLathe".into());
        };
        let core = core(assembled);
        // All but sources, data, and what only people read.
        let scripts = |path: &&String| {
            let skipped = ["firmware/", "tb/", "tb_data/"].iter().any(|folder| path.starts_with(folder));
            !skipped && !path.ends_with(".md") && !path.ends_with(".json") && !path.ends_with(".py")
        };
        let mut key = core.clone();
        for path in assembled.tree.keys().filter(scripts) {
            key += &format!("\n{path} {}", hash::of(&assembled.tree[path].bytes));
        }
        if let Some(check) = self.seen.get(&key) {
            return check.clone();
        }
        let ran = match board.family {
            vivado::Family::Alveo => self.alveo(&tests, board, assembled),
            vivado::Family::Zynq7000 | vivado::Family::ZynqUltrascale => self.zynq(&tests, &core, assembled),
        };
        let check = ran.unwrap_or_else(|e| Check::Failed(e.to_string()));
        self.seen.insert(key, check.clone());
        check
    }

    /// Both Tcl scripts under tclsh.
    fn zynq(&self, tests: &Path, core: &str, assembled: &Assembled) -> Result<Check, Error> {
        if tool::find("tclsh".as_ref(), None).is_none() {
            return Ok(Check::NotRun("tclsh is not installed".into()));
        }
        let place = self.cache.temporary()?;
        write(assembled, place.path())?;
        let parts = vivado::boards().map_err(|e| Error::Internal(e.to_string()))?;
        let parts: Vec<String> =
            parts.into_iter().filter_map(|b| b.zynq).flat_map(|z| z.board_parts).collect();
        for (name, script) in [("vitis_hls", "build_hls.tcl"), ("vivado", "design.tcl")] {
            let run = Tool::new("tclsh")
                .arg(tests.join("stubs/main.tcl"))
                .arg(place.path().join(script))
                .dir(place.path())
                .env("STUB_LOG", place.path().join("stub.log").as_os_str())
                .env("STUB_TOOL", name)
                .env("STUB_RELEASE", RELEASE)
                .env("STUB_BOARDS", parts.join(" "))
                .env("STUB_CORE", core)
                .timeout(TIME)
                .finish()?;
            if !run.status.success() {
                return Ok(Check::Failed(format!("{script}: {}", run.tail)));
            }
        }
        Ok(Check::Passed)
    }

    /// `build_xclbin.sh` with stand-ins for v++ and its companions.
    fn alveo(&self, tests: &Path, board: &vivado::Board, assembled: &Assembled) -> Result<Check, Error> {
        let place = self.cache.temporary()?;
        write(assembled, place.path())?;
        let platform = board.alveo.as_ref().and_then(|a| a.platforms.first()).cloned().unwrap_or_default();
        let mut path = tests.join("alveo_tools").into_os_string();
        path.push(":/usr/bin:/bin");
        let run = Tool::new("sh")
            .arg("build_xclbin.sh")
            .dir(place.path())
            .env("PATH", path)
            .env("STAND_IN_LOG", place.path().join("calls.log").as_os_str())
            .env("STAND_IN_PLATFORMS", platform)
            .timeout(TIME)
            .finish()?;
        Ok(match run.status.success() {
            true => Check::Passed,
            false => Check::Failed(format!("build_xclbin.sh: {}", run.tail)),
        })
    }
}

/// The core as the stubs want it, from what the manifest says.
fn core(assembled: &Assembled) -> String {
    let manifest = &assembled.first.manifest;
    let kind = match manifest.host {
        Host::AxiStream { .. } => "axi_stream",
        Host::AxiLite { .. } => "axi_lite",
        _ => "axi_master",
    };
    let side = |stem: &str, tensors: &[Tensor]| {
        let names = port_names(stem, tensors.len());
        let ports = names.iter().zip(tensors).map(|(n, t)| format!("{{{n} {}}}", t.packing.beat_bits));
        ports.collect::<Vec<_>>().join(" ")
    };
    let (inputs, outputs) = (side("data_in", &manifest.inputs), side("data_out", &manifest.outputs));
    format!("{}_axi {kind} {{{inputs}}} {{{outputs}}}", manifest.project)
}
