//! `card.json`: what lies where in a project for Coyote, be it of one model or of several.

use crate::error::Error;
use netlathe_backend_coyote as coyote;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file's name.
pub const FILE: &str = "card.json";
/// Version of its form.
pub const SCHEMA_VERSION: u32 = 1;
/// The largest that is read, in bytes; 15 vFPGAs of many configurations are some kilobytes.
const MAX_BYTES: u64 = 1 << 20;

/// A project for Coyote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    pub schema_version: u32,
    pub project: String,
    pub board: String,
    /// `ultrascale_plus` or `versal`.
    pub family: String,
    /// vFPGAs.
    pub regions: usize,
    /// Configurations of them; with more than one, partial reconfiguration exchanges them.
    pub configurations: usize,
    pub reconfigurable: bool,
    /// The whole card's image, in the folder of the hardware build.
    pub image: String,
    /// Extension of images that partial reconfiguration loads.
    pub partial: String,
    /// The models, those of configuration 0 first.
    pub models: Vec<Place>,
}

/// Where a model lies. Paths are relative to the project's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub name: String,
    pub manifest: String,
    /// The configuration with every type concrete.
    pub configuration_file: String,
    /// The folder of its vectors.
    pub vectors: String,
    /// The folder of its application.
    pub application: String,
    pub kernel: String,
    pub vfpga: usize,
    pub configuration: usize,
    /// The image that puts it there by partial reconfiguration, in the folder of the hardware build.
    pub image: Option<String>,
}

impl Card {
    /// Of an emitted project.
    pub(crate) fn new(project: &str, board: &coyote::Board, card: &coyote::Card) -> Self {
        let place = |member: &coyote::Member| {
            let suffix = suffix(&member.manifest_file);
            Place {
                name: member.name.clone(),
                manifest: member.manifest_file.clone(),
                configuration_file: format!("netlathe{suffix}.yml"),
                vectors: member.wrapper.data_dir.to_string(),
                application: member.folder.clone(),
                kernel: member.kernel.clone(),
                vfpga: member.vfpga,
                configuration: member.configuration,
                image: member.image.clone(),
            }
        };
        Self {
            schema_version: SCHEMA_VERSION,
            project: project.to_owned(),
            board: board.name.clone(),
            family: board.family.word().to_owned(),
            regions: card.shell.regions,
            configurations: card.shell.configurations,
            reconfigurable: card.shell.reconfigurable,
            image: format!("bitstreams/cyt_top.{}", board.images.full),
            partial: board.images.partial.clone(),
            models: card.members.iter().map(place).collect(),
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// [`Error::Internal`]: it cannot be written.
    pub(crate) fn text(&self) -> Result<String, Error> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(text + "\n")
    }

    /// That of a project's folder.
    ///
    /// # Errors
    /// [`Error::Usage`]: there is none, it is damaged, or names files elsewhere.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let bytes = std::fs::metadata(&path).map_err(|e| Error::io("read", &path, &e))?.len();
        let wrong = |why: String| {
            Error::usage(
                format!("{}: {why}", path.display()),
                "write the project again with `netlathe build --overwrite`",
            )
        };
        if bytes > MAX_BYTES {
            return Err(wrong(format!("it has {bytes} bytes, at most {MAX_BYTES} are read")));
        }
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
        let card: Self = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        match card.problem() {
            Some(why) => Err(wrong(why)),
            None => Ok(card),
        }
    }

    fn problem(&self) -> Option<String> {
        if self.schema_version != SCHEMA_VERSION {
            return Some(format!("its version is {}, not {SCHEMA_VERSION}", self.schema_version));
        }
        if self.models.is_empty() {
            return Some("it has no models".into());
        }
        let word = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        let path = |text: &str| text.split('/').all(|part| part.split('.').all(word));
        let m = self.models.iter();
        let paths = m.flat_map(|m| {
            [&m.manifest, &m.configuration_file, &m.vectors, &m.application].into_iter().chain(&m.image)
        });
        let names = self.models.iter().flat_map(|m| [&m.name, &m.kernel]);
        let bad = names.chain([&self.project, &self.partial]).find(|text| !word(text));
        let bad = bad.or_else(|| paths.chain([&self.image]).find(|text| !path(text)));
        bad.map(|text| format!("{text:?} is no name of a project's"))
    }
}

/// What distinguishes a model's files: nothing, `_0`, `_1`, ...
pub(crate) fn suffix(manifest_file: &str) -> &str {
    manifest_file.trim_start_matches("manifest").trim_end_matches(".json")
}
