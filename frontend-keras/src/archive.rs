//! The `.keras` archive: a zip with `config.json`, `metadata.json` and `model.weights.h5`.
//!
//! Only these three members are ever read; others are not even looked at. Sizes are judged from the zip's directory
//! before anything is allocated, and once more while inflating, since a directory can lie.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::Error;

/// Largest JSON text that is read, in bytes. The largest published Keras models stay below 4 MiB.
pub(crate) const MAX_JSON_BYTES: u64 = 64 << 20;
/// Largest weight file that is read, in bytes.
pub(crate) const MAX_WEIGHT_BYTES: u64 = 2 << 30;
/// A size that needs no further justification, in bytes.
const SMALL_BYTES: u64 = 64 << 20;
/// Above [`SMALL_BYTES`], the largest credible ratio of a size to the bytes that stand for it in the file. Trained
/// float32 weights deflate to no less than about a tenth; a run of zeros reaches 1000.
const MAX_RATIO: u64 = 200;

/// What a `.keras` archive holds.
pub(crate) struct Members {
    /// Text of `config.json`.
    pub config: String,
    /// Text of `metadata.json`, where there is one.
    pub metadata: Option<String>,
    /// Bytes of `model.weights.h5`.
    pub weights: Vec<u8>,
}

/// Why `size` bytes made out of `source` bytes cannot be right, if they cannot.
pub(crate) fn refuse_size(size: u64, source: u64, limit: u64) -> Option<String> {
    if size > limit {
        Some(format!("the limit is {limit} bytes"))
    } else if size > SMALL_BYTES && size / source.max(1) > MAX_RATIO {
        Some(format!(
            "{source} bytes in the file stand for it, and a ratio above {MAX_RATIO} is not believed"
        ))
    } else {
        None
    }
}

/// Opens `path` and reads its three members.
pub(crate) fn read(path: &Path) -> Result<Members, Error> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let length = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let place = path.display().to_string();
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|e| archive_error(&place, &e))?;
    let config = text(&mut zip, &place, "config.json", length)?.ok_or_else(|| Error::MissingMember {
        archive: place.clone(),
        member: "config.json".into(),
        hint: "save the model with `model.save(\"name.keras\")`".into(),
    })?;
    let metadata = text(&mut zip, &place, "metadata.json", length)?;
    let weights =
        member(&mut zip, &place, "model.weights.h5", MAX_WEIGHT_BYTES, length)?.ok_or_else(|| {
            Error::MissingMember {
            archive: place.clone(),
            member: "model.weights.h5".into(),
            hint:
                "the archive holds the architecture alone: save the model with `model.save(\"name.keras\")`"
                    .into(),
        }
        })?;
    Ok(Members { config, metadata, weights })
}

fn text<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    place: &str,
    name: &str,
    file_length: u64,
) -> Result<Option<String>, Error> {
    let Some(bytes) = member(zip, place, name, MAX_JSON_BYTES, file_length)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|e| Error::Archive {
        place: format!("{place}: {name}"),
        problem: format!("not UTF-8 text: {e}"),
    })?;
    Ok(Some(text))
}

/// One member's bytes, `None` when the archive lacks it.
fn member<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    place: &str,
    name: &str,
    limit: u64,
    file_length: u64,
) -> Result<Option<Vec<u8>>, Error> {
    let here = format!("{place}: {name}");
    let entry = match zip.by_name(name) {
        Ok(entry) => entry,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(e) => return Err(archive_error(&here, &e)),
    };
    let declared = entry.size();
    // A directory that claims more compressed bytes than the file has is not a reason to believe a larger size.
    let source = entry.compressed_size().min(file_length);
    if let Some(why) = refuse_size(declared, source, limit) {
        return Err(Error::TooLarge { place: here, size: declared, why });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(declared.min(SMALL_BYTES)).unwrap_or(0));
    entry
        .take(declared.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| Error::Archive { place: here.clone(), problem: e.to_string() })?;
    if bytes.len() as u64 != declared {
        return Err(Error::Archive {
            place: here,
            problem: format!(
                "the archive declares {declared} bytes, but the member holds {} or more",
                bytes.len()
            ),
        });
    }
    Ok(Some(bytes))
}

fn archive_error(place: &str, error: &ZipError) -> Error {
    Error::Archive { place: place.into(), problem: error.to_string() }
}

/// Reads a whole file, refusing one above `limit` bytes before reading it.
pub(crate) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let size = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let place = path.display().to_string();
    if size > limit {
        return Err(Error::TooLarge { place, size, why: format!("the limit is {limit} bytes") });
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
    Ok(bytes)
}

/// Reads a whole UTF-8 file, refusing one above `limit` bytes before reading it.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, Error> {
    String::from_utf8(read_file(path, limit)?).map_err(|e| Error::Text {
        place: path.display().to_string(),
        problem: format!("not UTF-8 text: {e}"),
    })
}

#[cfg(test)]
mod tests {
    use super::refuse_size;

    #[test]
    fn sizes_are_judged_by_limit_and_by_ratio() {
        assert!(refuse_size(1 << 20, 10, 1 << 30).is_none(), "small sizes need no justification");
        assert!(refuse_size(512 << 20, 512 << 20, 1 << 30).is_none(), "stored weights");
        assert!(refuse_size(512 << 20, 524_288, 1 << 30).is_some(), "1024 times its source");
        assert!(refuse_size(2 << 30, 2 << 30, 1 << 30).is_some(), "above the limit");
        assert!(refuse_size(u64::MAX, 0, u64::MAX).is_some(), "nothing cannot stand for something");
    }
}
