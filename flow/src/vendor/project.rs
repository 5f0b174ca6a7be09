//! A project on disk, as a vendor run and a package see it.

use crate::card::{self, Card};
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
    /// Of the first model, which is the only one of most projects.
    pub manifest: Manifest,
    /// Of the others on a card of Coyote's.
    pub others: Vec<Manifest>,
    /// Where a project for Coyote has what.
    pub card: Option<Card>,
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
        let card = dir.join(card::FILE).is_file().then(|| Card::read(&dir)).transpose()?;
        let manifest = |name: &str| {
            let path = dir.join(name);
            let bytes = std::fs::read(&path).map_err(|e| Error::io("read", &path, &e))?;
            Manifest::from_json(&bytes).map_err(|e| {
                Error::usage(
                    format!("{}: {e}", path.display()),
                    "write the project again with `netlathe build --overwrite`",
                )
            })
        };
        let mut names = card.iter().flat_map(|c| &c.models).map(|m| m.manifest.as_str());
        let first = manifest(names.next().unwrap_or("manifest.json"))?;
        let others = names.map(manifest).collect::<Result<Vec<_>, _>>()?;
        let has = |name: &str| sources.contains_key(name);
        let kind = match first.flow {
            Flow::Coyote if card.is_some() => Kind::Coyote,
            Flow::Coyote => {
                return Err(Error::usage(
                    format!("{} has no {}", dir.display(), card::FILE),
                    "write the project again with `netlathe build`",
                ));
            }
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
        Ok(Self { dir, manifest: first, others, card, kind, legacy_hls, sources })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.card.as_ref().map_or(&self.manifest.project, |card| &card.project)
    }

    /// The manifests of all models with the names of their files.
    pub fn manifests(&self) -> Vec<(&str, &Manifest)> {
        let files = self.card.iter().flat_map(|c| &c.models).map(|m| m.manifest.as_str());
        let files = files.chain(self.card.is_none().then_some("manifest.json"));
        files.zip(std::iter::once(&self.manifest).chain(&self.others)).collect()
    }

    /// The first file that is gone or not as NetLathe wrote it.
    pub fn changed(&self) -> Option<&str> {
        self.sources.iter().find_map(|(path, hash)| {
            let same = std::fs::read(self.dir.join(path)).is_ok_and(|bytes| hash::of(&bytes) == *hash);
            (!same).then_some(path.as_str())
        })
    }
}
