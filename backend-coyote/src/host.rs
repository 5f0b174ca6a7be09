//! The host's side of a project: the library with its C interface, the programs `test` and `reconfigure`, Python's overlay.

use netlathe_codegen_hls::SourceTree;

/// Files of `sw/` as they are.
const FILES: [(&str, &str); 9] = [
    ("coyote_overlay.py", include_str!("../templates/sw/coyote_overlay.py")),
    ("deferred.hpp", include_str!("../templates/sw/deferred.hpp")),
    ("device.hpp", include_str!("../templates/sw/device.hpp")),
    ("host_libs.cpp", include_str!("../templates/sw/host_libs.cpp")),
    ("host_libs.hpp", include_str!("../templates/sw/host_libs.hpp")),
    ("json.hpp", include_str!("../templates/sw/json.hpp")),
    ("reconfigure.cpp", include_str!("../templates/sw/reconfigure.cpp")),
    ("tensors.hpp", include_str!("../templates/sw/tensors.hpp")),
    ("test.cpp", include_str!("../templates/sw/test.cpp")),
];

/// Parts of the module `netlathe_codec`: conversions and packing are those of the driver for boards with PYNQ.
const CODEC: &str = concat!(
    include_str!("../templates/sw/codec_head.py"),
    include_str!("../../backend-vivado-accel/templates/driver/1_fixed.py"),
    include_str!("../../backend-vivado-accel/templates/driver/2_tensor.py"),
);

/// All of `sw/`. It is the same for every project: what differs is in the manifest.
pub(crate) fn files() -> SourceTree {
    let mut tree = SourceTree::new();
    for (name, text) in FILES {
        tree.insert(name, text);
    }
    tree.insert("netlathe_codec.py", CODEC);
    tree
}
