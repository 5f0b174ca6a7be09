//! A tree of generated files in memory.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;

/// Generated files by relative path. Iterates in the order of the paths, so equal trees are equal byte for byte.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SourceTree {
    files: BTreeMap<Utf8PathBuf, Vec<u8>>,
}

impl SourceTree {
    /// A tree without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    ///
    /// # Panics
    /// If the path is empty, absolute, has a `.` or `..`, or is there already: a broken emitter.
    pub fn insert(&mut self, path: impl Into<Utf8PathBuf>, content: impl Into<Vec<u8>>) {
        let path = path.into();
        assert!(is_plain(&path), "`{path}` is not a plain relative path");
        let old = self.files.insert(path.clone(), content.into());
        assert!(old.is_none(), "`{path}` is generated twice");
    }

    /// Adds all files of another tree below a folder; an empty `prefix` puts them beside the files here.
    ///
    /// # Panics
    /// As [`SourceTree::insert`].
    pub fn merge_under(&mut self, prefix: impl AsRef<Utf8Path>, other: SourceTree) {
        for (path, content) in other.files {
            self.insert(prefix.as_ref().join(path), content);
        }
    }

    /// The files with their contents, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &[u8])> {
        self.files.iter().map(|(path, content)| (path.as_path(), content.as_slice()))
    }

    /// One file's content.
    pub fn get(&self, path: impl AsRef<Utf8Path>) -> Option<&[u8]> {
        self.files.get(path.as_ref()).map(Vec::as_slice)
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

fn is_plain(path: &Utf8Path) -> bool {
    // Components hide a `.` inside a path and doubled slashes, so the text is looked at as well.
    let parts_are_names = path.components().all(|c| matches!(c, Utf8Component::Normal(_)));
    let text = path.as_str();
    !text.is_empty()
        && parts_are_names
        && text.split('/').all(|part| !part.is_empty() && part != ".")
        && !text.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_and_orders() {
        let mut inner = SourceTree::new();
        inner.insert("b.h", "b");
        inner.insert("a/c.h", vec![1, 2]);
        let mut tree = SourceTree::new();
        tree.insert("z", "");
        tree.merge_under("firmware", inner.clone());
        tree.merge_under("", inner);
        let paths: Vec<&str> = tree.iter().map(|(p, _)| p.as_str()).collect();
        assert_eq!(paths, ["a/c.h", "b.h", "firmware/a/c.h", "firmware/b.h", "z"]);
        assert_eq!(tree.get("firmware/a/c.h"), Some(&[1, 2][..]));
        assert_eq!(tree.get("nothing"), None);
    }

    #[test]
    fn only_plain_relative_paths() {
        for bad in ["", "/a", "../a", "a/../b", "./a", "a//b", "a/./b", "a/", "a\\b"] {
            assert!(!is_plain(Utf8Path::new(bad)), "{bad}");
        }
        assert!(is_plain(Utf8Path::new("a/b.tar.gz")));
    }
}
