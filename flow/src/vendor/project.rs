//! A project on disk, as a vendor run and a package see it.

use crate::error::Error;
use crate::fs;
use crate::hash;
use netlathe_overlay::{Flow, Manifest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which tools build it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// HLS, then a block design in Vivado: Zynq-7000 and Zynq UltraScale+.
    Zynq,
    /// v++ and XRT.
    Alveo,
    /// CMake and Coyote's shell.
    Coyote,
}

/// A project that NetLathe wrote.
#[derive(Clone, Debug)]
pub struct Project {
    /// Absolute.
    pub dir: PathBuf,
    pub manifest: Manifest,
    pub kind: Kind,
    /// For Vivado HLS (2019.2, 2020.1) and not for Vitis HLS.
    pub legacy_hls: bool,
    /// Its own files with their SHA-256.
    pub sources: BTreeMap<String, String>,
}

impl Project {
    /// Reads a project's folder.
    ///
    /// # Errors
    /// [`Error::Usage`]: it is none, or its manifest is damaged.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let dir = dir.canonicalize().map_err(|e| Error::io("find the project", dir, &e))?;
        let sources = fs::listed(&dir)?;
        let path = dir.join("manifest.json");
        let bytes = std::fs::read(&path).map_err(|e| Error::io("read", &path, &e))?;
        let manifest = Manifest::from_json(&bytes).map_err(|e| {
            Error::usage(
                format!("{}: {e}", path.display()),
                "write the project again with `netlathe build --overwrite`",
            )
        })?;
        let has = |name: &str| sources.contains_key(name);
        let kind = match manifest.flow {
            Flow::Coyote => Kind::Coyote,
            Flow::VivadoAccelerator if has("build_xclbin.sh") => Kind::Alveo,
            Flow::VivadoAccelerator if has("design.tcl") => Kind::Zynq,
            Flow::VivadoAccelerator => {
                return Err(Error::usage(
                    format!("{} has neither design.tcl nor build_xclbin.sh", dir.display()),
                    "write the project again with `netlathe build`",
                ));
            }
        };
        // The script names the tools that it is for.
        let script = std::fs::read_to_string(dir.join("build_hls.tcl")).unwrap_or_default();
        let legacy_hls = script.contains("vivado_hls -f") && !script.contains("vitis_hls -f");
        Ok(Self { dir, manifest, kind, legacy_hls, sources })
    }

    /// The first file that is gone or not as NetLathe wrote it.
    pub fn changed(&self) -> Option<&str> {
        self.sources.iter().find_map(|(path, hash)| {
            let same = std::fs::read(self.dir.join(path)).is_ok_and(|bytes| hash::of(&bytes) == *hash);
            (!same).then_some(path.as_str())
        })
    }
}
