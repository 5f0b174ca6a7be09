use std::path::Path;

#[test]
fn the_page_of_supported_layers_is_fresh() {
    let page = netlathe_flow::supported::page().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../SUPPORTED-LAYERS.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == written, "run `cargo xtask supported-layers`");
}

#[test]
fn the_page_says_what_is_and_what_is_not() {
    let page = netlathe_flow::supported::page().unwrap();
    assert!(page.contains("| Dense | yes | yes | no | no | yes | yes | yes | L R U D |"), "{page}");
    assert!(page.contains("| ThresholdedReLU | yes | no | no | no |"), "{page}");
    // A depthwise convolution cannot have resource_unrolled or distributed arithmetic.
    let line = page.lines().find(|l| l.starts_with("| DepthwiseConv2D |")).unwrap();
    assert!(line.ends_with("| L R |"), "{line}");
}
