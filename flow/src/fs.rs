//! The only place that writes projects.
//!
//! A project folder is written as a whole into a temporary folder beside it and then renamed: it is there completely or not at
//! all. It carries a list of its files with their hashes ([`MARKER`]); with it NetLathe knows its own folders and what changed
//! in them since. A folder without the list, and a folder with files that NetLathe did not write so, is left alone unless the
//! user says otherwise.

use crate::error::Error;
use crate::hash;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The file that makes a folder a NetLathe project.
pub const MARKER: &str = ".netlathe-project";
const HEADING: &str =
    "# Files that NetLathe wrote here, with their SHA-256. NetLathe overwrites only folders with this list.";
/// How many paths a message names.
const NAMED: usize = 5;

/// The files of a project by path, `/` between folders.
pub type Tree = BTreeMap<String, File>;

/// One file of a project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    pub bytes: Vec<u8>,
    pub executable: bool,
}

impl From<String> for File {
    fn from(text: String) -> Self {
        Self { bytes: text.into_bytes(), executable: false }
    }
}

/// What writing did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Written {
    /// The folder is new, or its files were replaced.
    Anew,
    /// The folder already held exactly these files; nothing was touched.
    Unchanged,
}

/// Writes a project folder.
///
/// With `overwrite`, files in a NetLathe project that were changed or added since go, too; a folder that is no NetLathe project
/// is never overwritten.
///
/// # Errors
/// [`Error::Usage`] when the folder is not ours to write, holds others' files, or cannot be written;
/// [`Error::Internal`] when the tree holds a path that leaves the folder.
pub fn write_project(out: &Path, tree: &Tree, overwrite: bool) -> Result<Written, Error> {
    let mut folders = std::collections::BTreeSet::new();
    for path in tree.keys() {
        check_path(path)?;
        folders.extend(Path::new(path).ancestors().skip(1).map(Path::to_owned));
    }
    if let Some(path) = tree.keys().find(|p| folders.contains(Path::new(p))) {
        return Err(Error::Internal(format!("`{path}` is a file and a folder of one project")));
    }
    let io = |doing: &str, e: std::io::Error| Error::io(doing, out, &e);
    let there = match out.symlink_metadata() {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => false,
        Err(e) => return Err(io("look at", e)),
        Ok(m) if m.is_dir() => std::fs::read_dir(out).map_err(|e| io("read", e))?.next().is_some(),
        Ok(_) => {
            return Err(Error::usage(
                format!("{} is not a folder", out.display()),
                "give another output folder with -o",
            ));
        }
    };
    let list = listing(tree);
    if there {
        let old = std::fs::read_to_string(out.join(MARKER)).map_err(|_| {
            Error::usage(
                format!("{} holds files and is no NetLathe project ({MARKER} is missing)", out.display()),
                "give another output folder with -o; NetLathe does not overwrite what it did not write",
            )
        })?;
        let foreign = foreign(out, &old)?;
        // What tools added (bitstreams of hours) stays where nothing would change.
        let added = foreign.iter().all(|p| !tree.contains_key(p));
        if added && old == list && tree.keys().all(|p| out.join(p).is_file()) {
            return Ok(Written::Unchanged);
        }
        if !foreign.is_empty() && !overwrite {
            let more = foreign.len().saturating_sub(NAMED);
            let named = foreign.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            return Err(Error::usage(
                format!(
                    "{} holds files that were changed or added since NetLathe wrote it: {named}{more}",
                    out.display()
                ),
                "move them away, give another output folder with -o, or replace the whole folder with --overwrite",
            ));
        }
    }
    let parent = match out.parent() {
        Some(p) if p != Path::new("") => p.to_owned(),
        _ => PathBuf::from("."),
    };
    std::fs::create_dir_all(&parent).map_err(|e| Error::io("make the folder", &parent, &e))?;
    let beside = tempfile::Builder::new()
        .prefix(".netlathe-")
        .tempdir_in(&parent)
        .map_err(|e| Error::io("write in", &parent, &e))?;
    let new = beside.path().join("new");
    write_files(&new, tree, &list).map_err(|e| io("write", e))?;
    let old = beside.path().join("old");
    let moved = out.symlink_metadata().is_ok();
    if moved {
        std::fs::rename(out, &old).map_err(|e| io("replace", e))?;
    }
    if let Err(e) = std::fs::rename(&new, out) {
        if moved {
            // Best effort: the old project comes back; the error below is the one to report.
            let _ = std::fs::rename(&old, out);
        }
        return Err(io("write", e));
    }
    Ok(Written::Anew)
}

/// Writes files below a folder that is ours alone (a cache, a temporary folder).
///
/// # Errors
/// As the system has it; a path that leaves the folder is `InvalidInput`.
pub fn write_files(root: &Path, tree: &Tree, list: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(root)?;
    for (path, file) in tree {
        if check_path(path).is_err() {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, format!("path `{path}`")));
        }
        let to = root.join(path);
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&to, &file.bytes)?;
        if file.executable {
            use std::os::unix::fs::PermissionsExt;
            let mut permissions = to.metadata()?.permissions();
            // Whoever may read may execute.
            permissions.set_mode(permissions.mode() | (permissions.mode() & 0o444) >> 2);
            std::fs::set_permissions(&to, permissions)?;
        }
    }
    if !list.is_empty() {
        std::fs::write(root.join(MARKER), list)?;
    }
    Ok(())
}

/// Only plain names below the folder: no `..`, nothing absolute, not the list itself.
fn check_path(path: &str) -> Result<(), Error> {
    let plain = Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    let tidy = !path.is_empty()
        && !path.contains("//")
        && !path.ends_with('/')
        && !path.contains(['\n', '\0', '\\']);
    if plain && tidy && path != MARKER {
        Ok(())
    } else {
        Err(Error::Internal(format!("a generated project has a file with the path `{path}`")))
    }
}

/// The files of a project by path, with the SHA-256 that they were written with.
///
/// # Errors
/// [`Error::Usage`]: the folder is no NetLathe project.
pub fn listed(dir: &Path) -> Result<BTreeMap<String, String>, Error> {
    let text = std::fs::read_to_string(dir.join(MARKER)).map_err(|_| {
        Error::usage(
            format!("{} is no NetLathe project ({MARKER} is missing)", dir.display()),
            "name the folder that `netlathe build` wrote",
        )
    })?;
    let known = text.lines().filter_map(|l| l.split_once("  "));
    Ok(known
        .filter(|(hash, path)| hash.len() == 64 && check_path(path).is_ok())
        .map(|(hash, path)| (path.to_owned(), hash.to_owned()))
        .collect())
}

fn listing(tree: &Tree) -> String {
    let mut text = format!("{HEADING}\n");
    for (path, file) in tree {
        text.push_str(&format!("{}  {path}\n", hash::of(&file.bytes)));
    }
    text
}

/// Files in the folder that are not as the list says: added or changed.
fn foreign(out: &Path, list: &str) -> Result<Vec<String>, Error> {
    let known: BTreeMap<&str, &str> =
        list.lines().filter_map(|l| l.split_once("  ")).map(|(hash, path)| (path, hash)).collect();
    let mut foreign = Vec::new();
    let mut folders = vec![out.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| Error::io("read", &folder, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| Error::io("read", &folder, &e))?;
            let path = entry.path();
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(out).unwrap_or(&path).to_string_lossy().into_owned();
            let ours = name == MARKER
                || known.get(name.as_str()).is_some_and(|&h| {
                    entry.file_type().is_ok_and(|t| t.is_file())
                        && std::fs::read(&path).is_ok_and(|bytes| hash::of(&bytes) == h)
                });
            if !ours {
                foreign.push(name);
            }
        }
    }
    foreign.sort();
    Ok(foreign)
}
