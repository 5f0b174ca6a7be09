//! Where NetLathe keeps what it can make again: fetched headers, compiled test benches.

use crate::error::Error;
use std::path::{Path, PathBuf};

/// A cache folder.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// A cache in this folder; the folder need not be there yet.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `target/netlathe` of the checkout, else the user's cache folder.
    ///
    /// # Errors
    /// Neither a checkout nor `XDG_CACHE_HOME` nor `HOME` is known.
    pub fn standard(checkout: Option<&Path>) -> Result<Self, Error> {
        if let Some(checkout) = checkout {
            return Ok(Self::at(checkout.join("target/netlathe")));
        }
        // The XDG base directory specification ignores relative paths.
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
            .map(|base| Self::at(base.join("netlathe")))
            .ok_or_else(|| {
                Error::usage(
                    "there is no folder for the cache: HOME is not set",
                    "set XDG_CACHE_HOME to a folder",
                )
            })
    }

    /// A folder of the cache, made if it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.root.join(name);
        std::fs::create_dir_all(&folder).map_err(|e| Error::io("make the cache folder", &folder, &e))?;
        // Tools run in other folders.
        folder.canonicalize().map_err(|e| Error::io("find the cache folder", &folder, &e))
    }

    /// The cache's own folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A temporary folder in the cache, so that renaming out of it is one step.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn temporary(&self) -> Result<tempfile::TempDir, Error> {
        let folder = self.folder("tmp")?;
        tempfile::tempdir_in(&folder).map_err(|e| Error::io("make a folder in", &folder, &e))
    }
}

/// The checkout that `start` lies in: the folder with NetLathe's own `xtask`.
pub fn checkout(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .find(|dir| {
            std::fs::read_to_string(dir.join("xtask/Cargo.toml"))
                .is_ok_and(|text| text.lines().any(|l| l.trim() == "name = \"netlathe-xtask\""))
        })
        .map(Path::to_owned)
}
