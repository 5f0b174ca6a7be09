//! The host software of a project, the same for every network: what differs stands in the manifest.

use netlathe_codegen_hls::SourceTree;

/// C++ for `FLOW=sw`: the host library, the program `test`, and the one that reconfigures a card. Python on top of the library.
const FILES: [(&str, &str); 9] = [
    ("host_libs.hpp", include_str!("../templates/sw/host_libs.hpp")),
    ("host_libs.cpp", include_str!("../templates/sw/host_libs.cpp")),
    ("device.hpp", include_str!("../templates/sw/device.hpp")),
    ("deferred.hpp", include_str!("../templates/sw/deferred.hpp")),
    ("json.hpp", include_str!("../templates/sw/json.hpp")),
    ("tensors.hpp", include_str!("../templates/sw/tensors.hpp")),
    ("test.cpp", include_str!("../templates/sw/test.cpp")),
    ("reconfigure.cpp", include_str!("../templates/sw/reconfigure.cpp")),
    ("coyote_overlay.py", include_str!("../templates/sw/coyote_overlay.py")),
];

/// The numbers of the PYNQ driver, so that both hosts convert alike.
const CODEC: [&str; 3] = [
    include_str!("../templates/sw/codec_head.py"),
    include_str!("../../backend-vivado-accel/templates/driver/1_fixed.py"),
    include_str!("../../backend-vivado-accel/templates/driver/2_tensor.py"),
];

/// The files of a project's folder `sw`.
pub fn host_files() -> SourceTree {
    let mut tree = SourceTree::new();
    for (name, text) in FILES {
        tree.insert(name, text);
    }
    tree.insert("netlathe_codec.py", CODEC.concat());
    tree
}
