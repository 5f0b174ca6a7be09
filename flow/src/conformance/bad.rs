//! Files that must be refused: with exit code 3 and a message, quickly, in little memory.

use crate::error::Error;
use crate::tool::{Tool, ToolError};
use std::path::Path;
use std::time::Duration;

/// Time for one refusal.
pub const TIME: Duration = Duration::from_secs(2);
/// Address space for one refusal, in KiB.
pub const MEMORY_KIB: u64 = 256 << 10;

/// A file of `bad/`.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct BadFile {
    pub name: String,
    /// What the program said, its first line.
    pub message: String,
    /// Why that does not count as a refusal.
    pub problem: Option<String>,
}

/// The models in `bad/`; a `NAME.config.json` beside a model is its configuration.
pub(super) fn list(dir: &Path) -> Result<Vec<BadFile>, Error> {
    let dir = dir.join("bad");
    let Ok(entries) = std::fs::read_dir(&dir) else { return Ok(Vec::new()) };
    let mut names: Vec<String> = entries
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| n.ends_with(".keras") || n.ends_with(".h5"))
        .collect();
    names.sort();
    Ok(names
        .into_iter()
        .map(|name| BadFile { name, message: String::new(), problem: Some("not tried".into()) })
        .collect())
}

/// Has the program write the configuration of a file: that reads the model and lowers it.
pub(super) fn run(program: &Path, dir: &Path, file: &mut BadFile) {
    let model = dir.join("bad").join(&file.name);
    let mut tool = Tool::new(program.as_os_str()).arg("config").arg(model.as_os_str()).timeout(TIME);
    tool.memory_kib = Some(MEMORY_KIB);
    let config = model.with_extension("config.json");
    if config.is_file() {
        tool = tool.arg("--config").arg(config.as_os_str());
    }
    file.problem = match tool.finish() {
        Ok(finished) => {
            file.message = finished.output.lines().next().unwrap_or_default().to_owned();
            match finished.status.code() {
                Some(3) if file.message.is_empty() => Some("it was refused without a message".into()),
                Some(3) => None,
                Some(0) => Some("it was accepted".into()),
                _ => Some(format!(
                    "the program ended with {}, not with exit code 3: {}",
                    finished.status, finished.tail
                )),
            }
        }
        Err(ToolError::Timeout { seconds, .. }) => Some(format!("it was not refused within {seconds} s")),
        Err(e) => Some(e.to_string()),
    };
}
