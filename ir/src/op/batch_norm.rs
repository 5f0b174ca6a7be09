//! Affine map per channel: batch normalisation, and the scale that a QKeras quantiser left behind.

use crate::weight::Weight;

/// `y = Q(result, x * scale + bias)`, index modulo the number of channels.
#[derive(Clone, PartialEq, Debug)]
pub struct BatchNorm {
    /// Shape (channels), or one value per element.
    pub scale: Weight,
    pub bias: Weight,
    /// Made of a quantiser's scale (hls4ml's `ApplyAlpha`) instead of a BatchNormalization layer.
    pub alpha: bool,
    pub reuse_factor: u32,
}

impl BatchNorm {
    /// Number of scale factors; element `i` of the flat tensor uses factor `i % channels`.
    pub fn channels(&self) -> usize {
        self.scale.data.len()
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let (n, m) = (self.scale.data.len(), self.bias.data.len());
        let size: usize = input.iter().product();
        if n != m || n == 0 || !size.is_multiple_of(n) || !(n == size || input.last() == Some(&n)) {
            return Err(format!("input has shape {input:?}, scale has {n} and bias {m} values"));
        }
        Ok(input.to_vec())
    }
}
