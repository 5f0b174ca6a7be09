//! Separable convolution, as the file has it: pass `split_separable` makes a depthwise and a pointwise convolution of it.

use super::window::{Spatial, Window};
use crate::weight::Weight;
use netlathe_apfixed::Precision;

/// Depthwise convolution, then a 1x1 convolution.
#[derive(Clone, PartialEq, Debug)]
pub struct SeparableConv {
    pub spatial: Spatial,
    pub window: Window,
    /// Shape (kernel height, kernel width, 1, channels * multiplier): channel c's outputs are neighbours.
    pub depthwise: Weight,
    /// Shape (1, 1, channels * multiplier, filters).
    pub pointwise: Weight,
    /// Shape (filters).
    pub bias: Weight,
    pub channels: usize,
    pub depthwise_accum: Precision,
    pub pointwise_accum: Precision,
    /// Type of the tensor between the halves (hls4ml's `depthwise_result`).
    pub depthwise_result: Precision,
}

impl SeparableConv {
    /// A separable convolution, its types open.
    pub fn new(
        spatial: Spatial,
        window: Window,
        channels: usize,
        depthwise: Weight,
        pointwise: Weight,
        bias: Weight,
    ) -> Self {
        Self {
            spatial,
            window,
            depthwise,
            pointwise,
            bias,
            channels,
            depthwise_accum: Precision::Auto,
            pointwise_accum: Precision::Auto,
            depthwise_result: Precision::Auto,
        }
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [h, w, c] = self.spatial.split(input)?;
        let (depthwise, pointwise) = (self.depthwise.data.shape(), self.pointwise.data.shape());
        let (&[kh, kw, 1, middle], &[1, 1, n_in, filters]) = (depthwise, pointwise) else {
            return Err(format!("kernels have shapes {depthwise:?} and {pointwise:?}"));
        };
        if [kh, kw] != self.window.kernel
            || c != self.channels
            || c == 0
            || !middle.is_multiple_of(c)
            || n_in != middle
        {
            return Err(format!(
                "kernels of shapes {depthwise:?} and {pointwise:?} do not fit {c} input channels"
            ));
        }
        if self.bias.data.shape() != [filters] {
            return Err(format!("bias has shape {:?}, the kernel needs [{filters}]", self.bias.data.shape()));
        }
        let [oh, ow] = self.window.positions([h, w])?;
        Ok(self.spatial.join([oh, ow, filters]))
    }
}
