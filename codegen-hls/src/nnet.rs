//! The header library `nnet`, embedded: plain C++ in `codegen-hls/nnet`.

use crate::tree::SourceTree;

const HEADERS: &[(&str, &str)] = &[
    ("nnet_activation.h", include_str!("../nnet/nnet_activation.h")),
    ("nnet_average.h", include_str!("../nnet/nnet_average.h")),
    ("nnet_batchnorm.h", include_str!("../nnet/nnet_batchnorm.h")),
    ("nnet_beats.h", include_str!("../nnet/nnet_beats.h")),
    ("nnet_bench.h", include_str!("../nnet/nnet_bench.h")),
    ("nnet_bilinear.h", include_str!("../nnet/nnet_bilinear.h")),
    ("nnet_centred.h", include_str!("../nnet/nnet_centred.h")),
    ("nnet_common.h", include_str!("../nnet/nnet_common.h")),
    ("nnet_concatenate.h", include_str!("../nnet/nnet_concatenate.h")),
    ("nnet_conv.h", include_str!("../nnet/nnet_conv.h")),
    ("nnet_conv_adders.h", include_str!("../nnet/nnet_conv_adders.h")),
    ("nnet_conv_grouped.h", include_str!("../nnet/nnet_conv_grouped.h")),
    ("nnet_conv_latency.h", include_str!("../nnet/nnet_conv_latency.h")),
    ("nnet_conv_parallel.h", include_str!("../nnet/nnet_conv_parallel.h")),
    ("nnet_conv_resource.h", include_str!("../nnet/nnet_conv_resource.h")),
    ("nnet_dense.h", include_str!("../nnet/nnet_dense.h")),
    ("nnet_dense_adders.h", include_str!("../nnet/nnet_dense_adders.h")),
    ("nnet_dense_exponent.h", include_str!("../nnet/nnet_dense_exponent.h")),
    ("nnet_dense_latency.h", include_str!("../nnet/nnet_dense_latency.h")),
    ("nnet_dense_resource.h", include_str!("../nnet/nnet_dense_resource.h")),
    ("nnet_dense_rows.h", include_str!("../nnet/nnet_dense_rows.h")),
    ("nnet_dot.h", include_str!("../nnet/nnet_dot.h")),
    ("nnet_elu.h", include_str!("../nnet/nnet_elu.h")),
    ("nnet_embedding.h", include_str!("../nnet/nnet_embedding.h")),
    ("nnet_float.h", include_str!("../nnet/nnet_float.h")),
    ("nnet_gather.h", include_str!("../nnet/nnet_gather.h")),
    ("nnet_image.h", include_str!("../nnet/nnet_image.h")),
    ("nnet_layer_norm.h", include_str!("../nnet/nnet_layer_norm.h")),
    ("nnet_merge.h", include_str!("../nnet/nnet_merge.h")),
    ("nnet_pool.h", include_str!("../nnet/nnet_pool.h")),
    ("nnet_pragmas.h", include_str!("../nnet/nnet_pragmas.h")),
    ("nnet_prelu.h", include_str!("../nnet/nnet_prelu.h")),
    ("nnet_raw.h", include_str!("../nnet/nnet_raw.h")),
    ("nnet_relu.h", include_str!("../nnet/nnet_relu.h")),
    ("nnet_reshape.h", include_str!("../nnet/nnet_reshape.h")),
    ("nnet_softmax.h", include_str!("../nnet/nnet_softmax.h")),
    ("nnet_stream.h", include_str!("../nnet/nnet_stream.h")),
    ("nnet_stream_image.h", include_str!("../nnet/nnet_stream_image.h")),
    ("nnet_stream_pool.h", include_str!("../nnet/nnet_stream_pool.h")),
    ("nnet_stream_trace.h", include_str!("../nnet/nnet_stream_trace.h")),
    ("nnet_stream_window.h", include_str!("../nnet/nnet_stream_window.h")),
    ("nnet_ternary_tanh.h", include_str!("../nnet/nnet_ternary_tanh.h")),
    ("nnet_threshold.h", include_str!("../nnet/nnet_threshold.h")),
    ("nnet_trace.h", include_str!("../nnet/nnet_trace.h")),
    ("nnet_window.h", include_str!("../nnet/nnet_window.h")),
];

/// Headers that every kernel has. That of the test benches stands here, too: this is the folder that all of them see.
pub(crate) const ALWAYS: &[&str] = &["nnet_bench.h", "nnet_common.h", "nnet_trace.h"];

/// Adds the wanted headers and those that they include, except what is there already.
pub(crate) fn add(tree: &mut SourceTree, wanted: impl Iterator<Item = &'static str>) {
    let mut open: Vec<&str> = wanted.collect();
    while let Some(name) = open.pop() {
        let Some((_, text)) = HEADERS.iter().find(|(n, _)| *n == name) else { continue };
        if tree.get(name).is_some() {
            continue;
        }
        tree.insert(name, *text);
        open.extend(text.lines().filter_map(included).filter(|n| n.starts_with("nnet_")));
    }
}

/// The file that a line `#include "file"` names.
fn included(line: &str) -> Option<&str> {
    line.strip_prefix("#include \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_brings_what_it_includes() {
        let mut tree = SourceTree::new();
        add(&mut tree, ["nnet_dense_latency.h", "nnet_trace.h"].into_iter());
        let files: Vec<&str> = tree.iter().map(|(p, _)| p.as_str()).collect();
        assert_eq!(
            files,
            ["nnet_common.h", "nnet_dense.h", "nnet_dense_latency.h", "nnet_pragmas.h", "nnet_trace.h"]
        );
    }

    #[test]
    fn every_header_can_be_asked_for_and_includes_only_known_ones() {
        for (name, text) in HEADERS {
            for file in text.lines().filter_map(included) {
                let known = HEADERS.iter().any(|(n, _)| *n == file);
                if *name == "nnet_stream.h" && file == "hls_stream.h" {
                    continue;
                }
                assert!(known || file.starts_with("ap_"), "{name} includes {file}");
                assert_eq!(
                    file.starts_with("ap_"),
                    *name == "nnet_common.h" && !known,
                    "{name} includes {file}"
                );
            }
        }
    }

    /// PandA-bambu refuses a pragma in code that is never instantiated.
    #[test]
    fn at_most_one_inline_a_header() {
        for (name, text) in HEADERS.iter().filter(|(n, _)| *n != "nnet_pragmas.h") {
            assert!(text.matches("NNET_INLINE").count() <= 1, "{name}");
            assert!(!text.contains("#pragma") && !text.contains("_Pragma"), "{name}");
        }
    }
}
