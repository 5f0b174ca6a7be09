//! SHA-256, for caches, lists of files and manifests.

use crate::fs::Tree;
use sha2::{Digest, Sha256};

/// The hash of some bytes, as 64 lower-case hexadecimal digits.
pub fn of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The hash of a tree: its paths, lengths and bytes in order of the paths.
pub fn of_tree(tree: &Tree) -> String {
    let mut all = Sha256::new();
    for (path, file) in tree {
        for part in [path.as_bytes(), &file.bytes] {
            all.update((part.len() as u64).to_le_bytes());
            all.update(part);
        }
    }
    hex(&all.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_the_empty_and_of_abc() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(super::of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(super::of(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
