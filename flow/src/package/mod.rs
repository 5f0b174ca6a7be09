//! The archive for a board: bitstream, manifest, driver, vectors and a page that says how to use them.
//!
//! The same project and bitstream give the same bytes: entries are sorted, owners and times are zero. What is missing, older than
//! its sources or misses its timing is refused, and the archive is written whole or not at all.

mod readme;

use crate::error::Error;
use crate::hash;
use crate::reports::{self, Earlier};
use crate::vendor::plan::{self, Plan};
use crate::vendor::{Kind, Project, run};
use flate2::{Compression, GzBuilder};
use netlathe_overlay::Manifest;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The archive's name when none is given.
pub const FILE: &str = "package.tar.gz";
/// Where build_xclbin.sh notes the platform that it builds for.
const PLATFORM: &str = "_x_hw/platform";

/// An archive that was written.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Packed {
    pub path: PathBuf,
    pub bytes: u64,
    pub sha256: String,
    /// Its entries, in their order.
    pub files: Vec<String>,
    /// What a user should know of them.
    pub notes: Vec<String>,
}

/// Packs a project; `out` is `package.tar.gz` in its folder when `None`.
///
/// # Errors
/// [`Error::Usage`]: what is missing, old, or misses its timing, and what to do.
pub fn package(folder: &Path, out: Option<&Path>) -> Result<Packed, Error> {
    let project = Project::open(folder)?;
    let plan = plan::results(&project);
    let bitstream = checked(&project, &plan)?;
    let (manifest, notes) = manifest(&project, &bitstream)?;
    let entries = entries(&project, &plan, &manifest)?;
    let name = &project.manifest.project;
    let bytes = archive(name, &entries)?;
    let path = out.map_or_else(|| project.dir.join(FILE), Path::to_owned);
    reports::write_whole(&path, &bytes)?;
    Ok(Packed {
        bytes: bytes.len() as u64,
        sha256: hash::of(&bytes),
        files: entries.keys().map(|path| format!("{name}/{path}")).collect(),
        notes,
        path,
    })
}

fn refused(what: String, help: &str) -> Error {
    Error::usage(format!("nothing was packed: {what}"), help)
}

const AGAIN: &str = "make it again: netlathe build ... --until bitstream";

/// The bytes of the bitstream, when all that is exported is there, new enough, and good.
fn checked(project: &Project, plan: &Plan) -> Result<Vec<u8>, Error> {
    let read = |path: &str| -> Result<Vec<u8>, Error> {
        std::fs::read(project.dir.join(path)).map_err(|_| match earlier(project).and_then(|e| e.failure) {
            Some(failure) => refused(
                format!(
                    "there is no {path}; the last run ended in stage {}: {}",
                    failure.stage, failure.what
                ),
                "see report.json, remove the cause, and run netlathe build ... --until bitstream",
            ),
            None => refused(
                format!("there is no {path}"),
                "make it: netlathe build ... --until bitstream, or the commands of the project's README.md",
            ),
        })
    };
    let mut bitstream = None;
    for (_, path) in &plan.exports {
        let bytes = read(path)?;
        if bytes.is_empty() {
            return Err(refused(format!("{path} is empty"), AGAIN));
        }
        bitstream.get_or_insert(bytes);
    }
    let bitstream = bitstream.ok_or_else(|| Error::Internal("a project exports nothing".into()))?;
    if let Some(path) = project.changed() {
        return Err(refused(
            format!("{path} is not as NetLathe wrote it, so the manifest does not describe the bitstream"),
            "write the project again (netlathe build --overwrite) and make the bitstream again",
        ));
    }
    fresh(project, plan, &bitstream)?;
    run::judge(project, plan).map_err(|wrong| {
        let what = if wrong.what.is_empty() { wrong.cause.what().to_owned() } else { wrong.what };
        refused(what, wrong.cause.help())
    })?;
    Ok(bitstream)
}

fn earlier(project: &Project) -> Option<Earlier> {
    let text = reports::read(&project.dir.join(reports::FILE)).ok()?;
    let earlier: Earlier = serde_json::from_str(&text).ok()?;
    (earlier.schema_version == reports::SCHEMA_VERSION).then_some(earlier)
}

/// The bitstream was made from these sources: by its record, or else by its time.
fn fresh(project: &Project, plan: &Plan, bitstream: &[u8]) -> Result<(), Error> {
    if let Some(earlier) = earlier(project) {
        let known = earlier.files.iter().any(|f| f.sha256 == hash::of(bitstream));
        if known && earlier.tree == project.manifest.hashes.tree {
            return Ok(());
        }
        if known {
            return Err(refused("the bitstream was made from other sources than these".into(), AGAIN));
        }
    }
    let time =
        |path: &Path| path.metadata().and_then(|m| m.modified()).map_err(|e| Error::io("look at", path, &e));
    for (_, export) in &plan.exports {
        let made = time(&project.dir.join(export))?;
        for source in project.sources.keys() {
            if time(&project.dir.join(source))? > made {
                return Err(refused(format!("{export} is older than {source}"), AGAIN));
            }
        }
    }
    Ok(())
}

/// The manifest for the board: with the bitstream's hash, and for a card with the platform that it was really linked for.
fn manifest(project: &Project, bitstream: &[u8]) -> Result<(Manifest, Vec<String>), Error> {
    let mut manifest = project.manifest.clone();
    manifest.hashes.bitstream = Some(hash::of(bitstream));
    let mut notes = Vec::new();
    if project.kind == Kind::Alveo {
        // build_xclbin.sh writes it before it compiles and removes what it exported then: a name, or the path of an .xpfm file.
        let path = project.dir.join(PLATFORM);
        let text = reports::read(&path).unwrap_or_default();
        let file = text.trim().rsplit('/').next().unwrap_or_default();
        let used = file.strip_suffix(".xpfm").unwrap_or(file);
        if used.is_empty() {
            return Err(refused(
                format!("{PLATFORM} does not say which platform the xclbin is for"),
                "build it with build_xclbin.sh, or netlathe build ... --until bitstream",
            ));
        }
        let planned = manifest.platform.replace(used.to_owned());
        if let Some(planned) = planned.filter(|p| p != used) {
            notes.push(format!(
                "the xclbin is for the platform {used}, as manifest.json in the archive says; the project was written for {planned}"
            ));
        }
    }
    Ok((manifest, notes))
}

/// The files of the archive by path.
fn entries(
    project: &Project,
    plan: &Plan,
    manifest: &Manifest,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let read = |path: &Path| std::fs::read(path).map_err(|e| Error::io("read", path, &e));
    let mut entries = BTreeMap::new();
    let mut exported: Vec<PathBuf> = plan.exports.iter().map(|(_, to)| project.dir.join(to)).collect();
    if project.kind == Kind::Coyote {
        exported.extend(reports::find::files(&project.dir, "export/*.bin"));
    }
    for path in exported {
        if let Some(name) = path.file_name().and_then(|n| n.to_str()) {
            entries.insert(name.to_owned(), read(&path)?);
        }
    }
    let json = manifest.to_json().map_err(|e| Error::Internal(e.to_string()))?;
    entries.insert("manifest.json".into(), json.into_bytes());
    let vectors = |side: &str, count: usize| -> Vec<String> {
        if count == 1 {
            vec![format!("{side}.npy")]
        } else {
            (0..count).map(|i| format!("{side}_{i}.npy")).collect()
        }
    };
    let x = vectors("x", project.manifest.inputs.len());
    let y = vectors("y", project.manifest.outputs.len());
    for name in x.iter().chain(&y) {
        let path = project.dir.join("tb_data").join(name);
        let bytes = std::fs::read(&path).map_err(|_| {
            refused(
                format!("there is no tb_data/{name} (test vectors)"),
                "write the project again with this version of NetLathe and make the bitstream again",
            )
        })?;
        entries.insert(name.clone(), bytes);
    }
    let drivers: Vec<&String> = project
        .sources
        .keys()
        .filter(|p| p.starts_with("sw/") || (p.ends_with("_driver.py") && !p.contains('/')))
        .collect();
    for path in &drivers {
        entries.insert((*path).clone(), read(&project.dir.join(path))?);
    }
    if drivers.is_empty() {
        return Err(refused(
            "the project has no driver for its board".into(),
            "write the project again with this version of NetLathe and make the bitstream again",
        ));
    }
    let page = readme::page(project.kind, manifest, &x, &y, &drivers);
    entries.insert("README.md".into(), page.into_bytes());
    let sums: String = entries.iter().map(|(path, bytes)| format!("{}  {path}\n", hash::of(bytes))).collect();
    entries.insert("SHA256SUMS".into(), sums.into_bytes());
    Ok(entries)
}

fn archive(name: &str, entries: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Error> {
    let wrong = |e: std::io::Error| Error::Internal(format!("packing: {e}"));
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (path, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        tar.append_data(&mut header, format!("{name}/{path}"), bytes.as_slice()).map_err(wrong)?;
    }
    let mut gzip = tar.into_inner().map_err(wrong)?;
    gzip.flush().map_err(wrong)?;
    gzip.finish().map_err(wrong)
}
