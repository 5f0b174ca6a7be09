//! Pooling: the largest or the mean of the cells of a window, channel by channel.

use super::window::{Spatial, Window};
use netlathe_apfixed::Precision;

/// What is taken of a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolOp {
    Max,
    Average,
}

impl PoolOp {
    /// hls4ml's `pool_op` attribute.
    pub fn name(self) -> &'static str {
        match self {
            PoolOp::Max => "Max",
            PoolOp::Average => "Average",
        }
    }
}

/// Where pooling looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// A window's positions; cells of the padding do not count.
    Window(Window),
    /// The whole image; the spatial axes go, or stay with size 1.
    Global { keep_axes: bool },
}

/// Pooling.
#[derive(Clone, PartialEq, Debug)]
pub struct Pool {
    pub op: PoolOp,
    pub spatial: Spatial,
    pub extent: Extent,
    pub accum: Precision,
}

impl Pool {
    /// A pooling layer, its accumulator's type open.
    pub fn new(op: PoolOp, spatial: Spatial, extent: Extent) -> Self {
        Self { op, spatial, extent, accum: Precision::Auto }
    }

    /// hls4ml's class name.
    pub fn class_name(&self) -> &'static str {
        match (self.extent, self.spatial) {
            (Extent::Window(_), Spatial::One) => "Pooling1D",
            (Extent::Window(_), Spatial::Two) => "Pooling2D",
            (Extent::Global { .. }, Spatial::One) => "GlobalPooling1D",
            (Extent::Global { .. }, Spatial::Two) => "GlobalPooling2D",
        }
    }

    /// The window: for global pooling the whole image.
    pub fn window(&self, [h, w]: [usize; 2]) -> Window {
        match self.extent {
            Extent::Window(window) => window,
            Extent::Global { .. } => {
                Window { kernel: [h, w], stride: [1, 1], dilation: [1, 1], padding: Default::default() }
            }
        }
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [h, w, c] = self.spatial.split(input)?;
        match self.extent {
            Extent::Window(window) => {
                let [oh, ow] = window.positions([h, w])?;
                Ok(self.spatial.join([oh, ow, c]))
            }
            Extent::Global { keep_axes: true } => Ok(self.spatial.join([1, 1, c])),
            Extent::Global { keep_axes: false } => Ok(vec![c]),
        }
    }
}
