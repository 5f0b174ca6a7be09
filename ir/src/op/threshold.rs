//! Batch normalisation and a binary or ternary tanh in one: comparisons with thresholds (hls4ml's
//! `BatchNormalizationQuantizedTanh`).

use crate::weight::Weight;

/// What is compared, one threshold per channel, in the input's type.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "one a layer: a box would only be in the way")]
pub enum Levels {
    /// 1 for `x >= at`, else 0; 0 stands for -1. The result is `ap_uint<1>`.
    Binary { at: Weight },
    /// 1 for `x > high`, -1 for `x <= low`, else 0. The result is `ap_int<2>`.
    Ternary { high: Weight, low: Weight },
}

/// Comparisons with thresholds; element `i` uses threshold `i % channels`.
#[derive(Clone, PartialEq, Debug)]
pub struct Threshold {
    pub levels: Levels,
}

impl Threshold {
    /// Number of thresholds.
    pub fn channels(&self) -> usize {
        match &self.levels {
            Levels::Binary { at } => at.data.len(),
            Levels::Ternary { high, .. } => high.data.len(),
        }
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let n = self.channels();
        let size: usize = input.iter().product();
        if n == 0 || !(n == size || input.last() == Some(&n)) {
            return Err(format!("input has shape {input:?}, there are {n} thresholds"));
        }
        Ok(input.to_vec())
    }
}
