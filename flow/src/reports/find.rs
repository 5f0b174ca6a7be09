//! Where a report lies: tools and versions put them into different folders.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Entries that are looked at below a folder; a Vivado project has some ten thousand.
const ENTRIES: usize = 300_000;
/// Folders inside one another.
const DEPTH: usize = 16;

/// Files below `root` that match a pattern, the newest first: folders, then `**` for any folders, then a name with `*`.
///
/// `a/b.rpt`, `a/*.rpt`, `a/**/x*_timing.rpt`. Symbolic links are not followed.
pub fn files(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let (folder, name, deep) = match pattern.split_once("**/") {
        Some((folder, name)) => (folder.trim_end_matches('/'), name, true),
        None => match pattern.rsplit_once('/') {
            Some((folder, name)) => (folder, name, false),
            None => ("", pattern, false),
        },
    };
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    let mut folders = vec![(root.join(folder), 0)];
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            seen += 1;
            if seen > ENTRIES {
                break;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && deep && depth < DEPTH {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file()
                && matches(name.as_bytes(), entry.file_name().as_encoded_bytes())
                && let Ok(time) = entry.metadata().and_then(|m| m.modified())
            {
                found.push((time, entry.path()));
            }
        }
    }
    // Of equally old ones the first by name, so that the answer does not depend on the file system.
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.into_iter().map(|(_, path)| path).collect()
}

/// The newest of [`files`].
pub fn newest(root: &Path, pattern: &str) -> Option<PathBuf> {
    files(root, pattern).into_iter().next()
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|i| matches(rest, &name[i..])),
        Some((c, rest)) => name.split_first().is_some_and(|(n, tail)| c == n && matches(rest, tail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_names() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        for path in ["a/x_1.rpt", "a/b/c/x_2.rpt", "a/y.rpt", "x_3.rpt"] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), "").unwrap();
        }
        let names = |pattern: &str| {
            let mut names: Vec<String> = files(root, pattern)
                .iter()
                .map(|p| p.strip_prefix(root).unwrap().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names("a/**/x*.rpt"), ["a/b/c/x_2.rpt", "a/x_1.rpt"]);
        assert_eq!(names("a/*.rpt"), ["a/x_1.rpt", "a/y.rpt"]);
        assert_eq!(names("**/x*.rpt").len(), 3);
        assert_eq!(names("x_3.rpt"), ["x_3.rpt"]);
        assert!(names("no/**/x").is_empty());
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        std::fs::File::options().write(true).open(root.join("a/x_1.rpt")).unwrap().set_modified(old).unwrap();
        assert!(newest(root, "a/**/x*.rpt").unwrap().ends_with("x_2.rpt"));
    }
}
