//! Reads files: small ones of our own making (`testdata/keras`, made by its `make.py`), and, where the variable
//! `NETLATHE_CONFORMANCE` names their folder, the conformance cases.

mod config;
mod conformance;
mod files;
mod layers;
mod nested;
mod quantizers;

use std::path::PathBuf;

fn testdata(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/keras")).join(name)
}
