//! Xilinx's arbitrary-precision types (`ap_fixed.h`, ...), which C simulation includes.
//!
//! They are taken from where the user says, else from a Vitis installation, else from hls4ml's wheel on PyPI, which carries
//! them under the Apache licence. The wheel is pinned by its hash; nothing else of it is used, and nothing of Python.

use crate::cache::Cache;
use crate::error::Error;
use crate::fs::{self, File, Tree};
use crate::hash;
use crate::tool::{self, Tool, ToolError};
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The wheel, as `pip download` names it.
const REQUIREMENT: &str = "hls4ml==1.3.0";
/// SHA-256 of that wheel.
const WHEEL: &str = "01bf1de2cd9bca56699b9fe3385cb1735026b022f9580fe1d73faf192dfb90f2";
/// The headers' folder in the wheel.
const PREFIX: &str = "hls4ml/templates/vivado/ap_types/";
/// The variable that names a folder with the headers.
pub const VARIABLE: &str = "NETLATHE_AP_TYPES";
/// No header is larger than this.
const MAX_HEADER: u64 = 4 << 20;

/// Where the headers come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApTypes {
    /// The include folder, absolute.
    pub dir: PathBuf,
    /// In words, for people.
    pub source: String,
}

/// Finds the headers without fetching anything; `None` when there are none.
///
/// # Errors
/// The user named a folder without them.
pub fn find(given: Option<&Path>, cache: &Cache) -> Result<Option<ApTypes>, Error> {
    let variable = std::env::var_os(VARIABLE).map(PathBuf::from);
    let named = given.map(|g| (g.to_owned(), "--ap-types")).or(variable.map(|v| (v, VARIABLE)));
    if let Some((dir, by)) = named {
        let dir = holds(&dir).ok_or_else(|| {
            Error::usage(
                format!("{by} is {}, where ap_fixed.h and ap_int.h are not", dir.display()),
                "give the folder with these headers: `include` of a Vitis HLS installation, or ap_types of hls4ml",
            )
        })?;
        return Ok(Some(ApTypes { dir, source: by.into() }));
    }
    Ok(vitis().or_else(|| {
        let dir = holds(&cache.root().join(CACHED))?;
        Some(ApTypes { dir, source: format!("{REQUIREMENT} from PyPI, in the cache") })
    }))
}

/// The folder in the cache; its name changes with the wheel.
const CACHED: &str = "ap_types-1.3.0";

/// Finds the headers, or fetches them into the cache.
///
/// # Errors
/// The user named a folder without them, or they cannot be fetched.
pub fn obtain(given: Option<&Path>, cache: &Cache) -> Result<ApTypes, Error> {
    match find(given, cache)? {
        Some(found) => Ok(found),
        None => fetch(cache),
    }
}

/// A hash of the headers, for caches of what was compiled with them.
///
/// # Errors
/// A header cannot be read.
pub fn hash(headers: &ApTypes) -> Result<String, Error> {
    let mut tree = Tree::new();
    let mut folders = vec![headers.dir.clone()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| Error::io("read", &folder, &e))?;
        for entry in entries {
            let path = entry.map_err(|e| Error::io("read", &folder, &e))?.path();
            let name = path.strip_prefix(&headers.dir).unwrap_or(&path).to_string_lossy().into_owned();
            // A Vitis installation has much beside them; these are all that the types include.
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && file_name == "etc" {
                folders.push(path);
            } else if path.is_file()
                && (file_name.starts_with("ap_") || file_name == "hls_stream.h" || name.starts_with("etc/"))
            {
                let bytes = std::fs::read(&path).map_err(|e| Error::io("read", &path, &e))?;
                tree.insert(name, File { bytes, executable: false });
            }
        }
    }
    Ok(hash::of_tree(&tree))
}

fn holds(dir: &Path) -> Option<PathBuf> {
    let all = ["ap_fixed.h", "ap_int.h"].iter().all(|h| dir.join(h).is_file());
    if all { dir.canonicalize().ok() } else { None }
}

fn vitis() -> Option<ApTypes> {
    let variables = ["XILINX_HLS", "XILINX_VITIS"];
    let by_variable = variables.iter().find_map(|name| {
        let dir = holds(&PathBuf::from(std::env::var_os(name)?).join("include"))?;
        Some(ApTypes { dir, source: format!("{name}/include") })
    });
    by_variable.or_else(|| {
        ["vitis_hls", "vitis-run"].iter().find_map(|program| {
            // .../Vitis_HLS/2023.2/bin/vitis_hls and .../Vitis_HLS/2023.2/include
            let path = tool::find(OsStr::new(program), None)?.canonicalize().ok()?;
            let dir = path.ancestors().skip(1).take(4).find_map(|a| holds(&a.join("include")))?;
            Some(ApTypes { dir, source: format!("the installation of {program}") })
        })
    })
}

fn fetch(cache: &Cache) -> Result<ApTypes, Error> {
    const OFFLINE: &str =
        "give the headers with --ap-types DIR (`include` of a Vitis HLS installation, or ap_types of hls4ml)";
    let place = cache.temporary()?;
    let download = Tool::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", REQUIREMENT, "--no-deps"])
        .args(["--only-binary", ":all:", "-d"])
        .arg(place.path().as_os_str())
        .timeout(Duration::from_secs(300));
    download.run().map_err(|e| match e {
        ToolError::NotFound { program, .. } => ToolError::NotFound {
            program,
            help: format!("python3 with pip fetches the ap_types headers; or {OFFLINE}"),
        },
        other => ToolError::Wrong {
            what: format!(
                "the ap_types headers were not fetched: {}",
                other.to_string().trim_start_matches("error: ")
            ),
            help: format!("see that `python3 -m pip` works and reaches PyPI; or {OFFLINE}"),
        },
    })?;
    let wheel = std::fs::read_dir(place.path())
        .map_err(|e| Error::io("read", place.path(), &e))?
        .filter_map(|e| e.ok().map(|e| e.path()))
        .find(|p| p.extension() == Some(OsStr::new("whl")))
        .ok_or_else(|| ToolError::Wrong {
            what: format!("`{}` made no .whl file", download.line()),
            help: OFFLINE.into(),
        })?;
    let bytes = std::fs::read(&wheel).map_err(|e| Error::io("read", &wheel, &e))?;
    let found = hash::of(&bytes);
    if found != WHEEL {
        return Err(ToolError::Wrong {
            what: format!(
                "the wheel of {REQUIREMENT} has the SHA-256 {found}, {WHEEL} is expected; it is not used"
            ),
            help: OFFLINE.into(),
        }
        .into());
    }
    let tree = unpack(&bytes).map_err(|problem| ToolError::Wrong {
        what: format!("the wheel of {REQUIREMENT} cannot be unpacked: {problem}"),
        help: OFFLINE.into(),
    })?;
    let new = place.path().join("headers");
    fs::write_files(&new, &tree, "").map_err(|e| Error::io("write", &new, &e))?;
    let to = cache.folder("")?.join(CACHED);
    // Another process may have been faster; its headers are the same.
    if let Err(e) = std::fs::rename(&new, &to)
        && holds(&to).is_none()
    {
        return Err(Error::io("write", &to, &e));
    }
    let dir = holds(&to).ok_or_else(|| ToolError::Wrong {
        what: format!("the wheel of {REQUIREMENT} holds no ap_fixed.h"),
        help: OFFLINE.into(),
    })?;
    Ok(ApTypes { dir, source: format!("{REQUIREMENT} from PyPI, fetched into the cache") })
}

/// The headers in the wheel.
fn unpack(wheel: &[u8]) -> Result<Tree, String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(wheel)).map_err(|e| e.to_string())?;
    let mut tree = Tree::new();
    for i in 0..archive.len() {
        let member = archive.by_index(i).map_err(|e| e.to_string())?;
        let name = member.name().map_err(|e| e.to_string())?;
        let Some(name) = name.strip_prefix(PREFIX).map(str::to_owned) else { continue };
        if name.is_empty() || name.ends_with('/') {
            continue;
        }
        let mut bytes = Vec::new();
        member.take(MAX_HEADER).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        tree.insert(name, File { bytes, executable: false });
    }
    Ok(tree)
}
