//! Which of the vendor's tools are there.

use crate::tool;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The tools that were found, and where they were looked for.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// `PATH` for the tools, too: Vivado starts others by name.
    pub path: OsString,
    pub vivado: Option<PathBuf>,
    pub vitis_hls: Option<PathBuf>,
    pub vitis_run: Option<PathBuf>,
    /// Up to 2020.1.
    pub vivado_hls: Option<PathBuf>,
    /// `v++`.
    pub vpp: Option<PathBuf>,
    pub platforminfo: Option<PathBuf>,
    pub xbutil: Option<PathBuf>,
    pub cmake: Option<PathBuf>,
    pub make: Option<PathBuf>,
    pub sh: Option<PathBuf>,
    /// The folder that `COYOTE_ROOT` names, if it has Coyote's CMake files.
    pub coyote: Option<PathBuf>,
}

impl Tools {
    /// Those on this program's own `PATH`.
    pub fn here() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self::on(&path, std::env::var_os("COYOTE_ROOT").as_deref().map(Path::new))
    }

    /// Those in the folders of such a `PATH`.
    pub fn on(path: &OsStr, coyote: Option<&Path>) -> Self {
        let find = |name: &str| tool::find_on(path, name);
        Self {
            path: path.to_owned(),
            vivado: find("vivado"),
            vitis_hls: find("vitis_hls"),
            vitis_run: find("vitis-run"),
            vivado_hls: find("vivado_hls"),
            vpp: find("v++"),
            platforminfo: find("platforminfo"),
            xbutil: find("xbutil"),
            cmake: find("cmake"),
            make: find("make"),
            sh: find("sh"),
            coyote: coyote.filter(|r| r.join("cmake").is_dir()).map(Path::to_owned),
        }
    }
}

/// The version that an installation's path names: `2023.2` of `/tools/Vitis_HLS/2023.2/bin/vitis_hls`. Vivado takes seconds to
/// say it itself.
pub fn version_of(program: &Path) -> Option<String> {
    program.components().rev().find_map(|c| {
        let text = c.as_os_str().to_str()?;
        let (year, release) = text.split_once('.')?;
        let year: u32 = year.parse().ok()?;
        let digits = release.starts_with(|c: char| c.is_ascii_digit());
        ((2000..2100).contains(&year) && digits).then(|| text.to_owned())
    })
}

/// The version that a tool's banner names: `2019.2` of `****** Vivado v2019.2 (64-bit)`.
pub fn version_in(log: &str) -> Option<String> {
    log.lines().take(200).find_map(|line| {
        let banner = line.trim().strip_prefix("******")?;
        banner.split_whitespace().find_map(|word| {
            let version = word.strip_prefix('v')?;
            version.starts_with("20").then(|| version.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(version_of(Path::new("/x/Vitis/2023.2/bin/v++")).as_deref(), Some("2023.2"));
        assert_eq!(version_of(Path::new("/x/2025.1.1/Vivado/bin/vivado")).as_deref(), Some("2025.1.1"));
        assert_eq!(version_of(Path::new("/usr/bin/vivado")), None);
        let hls = "\n****** Vitis HLS - High-Level Synthesis from C, C++ and OpenCL v2024.2 (64-bit)\n";
        assert_eq!(version_in(hls).as_deref(), Some("2024.2"));
        assert_eq!(version_in("# v2020\nINFO: v2021.1"), None);
    }
}
