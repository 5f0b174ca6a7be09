//! What several tests need.

use ndarray::ArrayD;
use ndarray_npy::WriteNpyExt;
use netlathe_flow::cache::Cache;
use netlathe_flow::model::Source;
use netlathe_flow::{ap_types, check};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file of `tests/data`.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The network of two inputs and a dense layer of two with ReLU.
pub(crate) fn tiny(config: Option<&Path>) -> Source {
    Source { model: data("tiny.keras"), weights: None, config: config.map(Path::to_owned) }
}

/// Three samples for it.
pub(crate) fn x() -> ArrayD<f32> {
    // The last one is below the grid of ap_fixed<16,6>: 2^-11.
    ndarray::array![[1.5, -0.5], [0.25, 3.0], [2f32.powi(-11), -(2f32.powi(-11))]].into_dyn()
}

/// What `d` answers in ap_fixed<16,6>: x is truncated to multiples of 2^-10, so the last sample is (0, -2^-10).
pub(crate) fn d() -> ArrayD<f32> {
    let e = 2f32.powi(-10);
    ndarray::array![[2.25, -0.5], [-2.5, 5.875], [0.25 + e, -0.25 - 2.0 * e]].into_dyn()
}

/// `d` after ReLU.
pub(crate) fn y() -> ArrayD<f32> {
    d().mapv(|v| v.max(0.0))
}

pub(crate) fn save(path: &Path, array: &ArrayD<f32>) {
    array.write_npy(std::fs::File::create(path).unwrap()).unwrap();
}

/// The cache of the checkout, so that compiled benches are kept between runs.
pub(crate) fn cache() -> Cache {
    Cache::at(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/netlathe"))
}

/// Whether generated C++ can be compiled here without fetching anything; if not, the skip is noted.
pub(crate) fn can_compile(test: &str) -> bool {
    let headers = ap_types::find(None, &cache()).unwrap().is_some();
    let gxx = netlathe_flow::tool::find("g++".as_ref(), None).is_some();
    if headers && gxx {
        return true;
    }
    let what = if gxx { "the ap_types headers are" } else { "g++ is" };
    if let Some(path) = std::env::var_os(check::SKIPS) {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        writeln!(file, "{test}: {what} not installed").unwrap();
    }
    false
}
