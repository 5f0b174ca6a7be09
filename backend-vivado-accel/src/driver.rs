//! The Python driver for boards and cards: hls4ml's `NeuralNetworkOverlay`, over the manifest.

/// One Python file that a project installs as `<interface>_driver.py` beside its manifest. It is the same for every network,
/// board and interface: what differs, it reads from the manifest.
pub const DRIVER: &str = concat!(
    include_str!("../templates/driver/0_head.py"),
    include_str!("../templates/driver/1_fixed.py"),
    include_str!("../templates/driver/2_tensor.py"),
    include_str!("../templates/driver/3_manifest.py"),
    include_str!("../templates/driver/4_engine.py"),
    include_str!("../templates/driver/5_xrt.py"),
    include_str!("../templates/driver/6_overlay.py"),
    include_str!("../templates/driver/7_verify.py"),
);
