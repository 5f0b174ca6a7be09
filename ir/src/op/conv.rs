//! Convolution: a dense product at every position of a window.

use super::dense::Dense;
use super::window::{Spatial, Window};

/// What the file calls the layer; the arithmetic is the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Conv1D, Conv2D.
    Plain,
    /// QKeras's QConv2DBatchnorm, its batch normalisation already folded in.
    BatchNormFolded,
    /// DepthwiseConv1D, DepthwiseConv2D: as many groups as channels.
    Depthwise,
    /// A convolution with a window of one cell (hls4ml's PointwiseConv1D, PointwiseConv2D): the second half of a separable one.
    Pointwise,
}

/// How a convolution in `io_stream` is laid out (hls4ml's `ConvImplementation`). Only line buffers are made: `Encoded` computes
/// the same numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ConvImplementation {
    #[default]
    LineBuffer,
    Encoded,
}

impl ConvImplementation {
    /// hls4ml's spelling.
    pub fn name(self) -> &'static str {
        match self {
            ConvImplementation::LineBuffer => "LineBuffer",
            ConvImplementation::Encoded => "Encoded",
        }
    }
}

/// Convolution in one or two dimensions, channels last.
///
/// Output channel f belongs to group `f / (filters / groups)` and reads the input channels
/// `group * channels / groups ..`. Padding cells are 0.
#[derive(Clone, PartialEq, Debug)]
pub struct Conv {
    pub kind: Kind,
    pub spatial: Spatial,
    pub window: Window,
    pub groups: usize,
    /// What is computed at each position. `weight` has the shape (kernel height, kernel width, channels / groups, filters),
    /// `bias` (filters); `n_in` is the size of one group's window.
    pub product: Dense,
    /// Positions computed side by side (`ParallelizationFactor`); changes no number.
    pub parallelization_factor: u32,
    pub implementation: ConvImplementation,
}

impl Conv {
    /// A convolution with hls4ml's defaults.
    pub fn new(kind: Kind, spatial: Spatial, window: Window, groups: usize, product: Dense) -> Self {
        Self {
            kind,
            spatial,
            window,
            groups,
            product,
            parallelization_factor: 1,
            implementation: ConvImplementation::default(),
        }
    }

    /// hls4ml's class name.
    pub fn class_name(&self) -> &'static str {
        match (self.kind, self.spatial) {
            (Kind::Plain, Spatial::One) => "Conv1D",
            (Kind::Plain, Spatial::Two) => "Conv2D",
            (Kind::BatchNormFolded, _) => "Conv2DBatchnorm",
            (Kind::Depthwise, Spatial::One) => "DepthwiseConv1D",
            (Kind::Depthwise, Spatial::Two) => "DepthwiseConv2D",
            (Kind::Pointwise, Spatial::One) => "PointwiseConv1D",
            (Kind::Pointwise, Spatial::Two) => "PointwiseConv2D",
        }
    }

    /// Output channels.
    pub fn filters(&self) -> usize {
        self.product.n_out()
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [h, w, c] = self.spatial.split(input)?;
        let kernel = self.product.weight.data.shape();
        let &[kh, kw, group_channels, filters] = kernel else {
            return Err(format!("kernel has shape {kernel:?}, a convolution needs four axes"));
        };
        if [kh, kw] != self.window.kernel {
            return Err(format!("kernel has shape {kernel:?}, the window {:?}", self.window.kernel));
        }
        if self.groups == 0 || group_channels * self.groups != c || !filters.is_multiple_of(self.groups) {
            return Err(format!(
                "kernel of shape {kernel:?} in {} group(s) does not fit {c} input channels",
                self.groups
            ));
        }
        self.product.check_bias()?;
        let [oh, ow] = self.window.positions([h, w])?;
        Ok(self.spatial.join([oh, ow, filters]))
    }
}
