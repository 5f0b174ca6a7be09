//! A larger image (UpSampling).

use super::window::Spatial;

/// How cells between the input's are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interpolation {
    /// Output cell (i, j) is input cell (i / factor, j / factor).
    Nearest,
    /// Cells have their centre at (i + 1/2); outside the outermost centres the outermost value goes on.
    Bilinear,
}

impl Interpolation {
    /// Keras's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Interpolation::Nearest => "nearest",
            Interpolation::Bilinear => "bilinear",
        }
    }
}

/// Up-sampling by whole factors; each value is converted to the result's type once.
///
/// Bilinear: along an axis of n cells with factor f, output i lies `t = 2i + 1 - f` steps of `1 / (2f)` input cells behind cell
/// 0's centre; it takes cell `k = floor(t / 2f)` with weight `2f - t mod 2f` and cell `k + 1` with weight `t mod 2f`, both cells
/// clamped to 0 .. n-1. With `s` the exact sum of the four (in 1-D the height has one cell and f = 1) cells times the product of
/// their weights and `d = 2 f_height * 2 f_width`, the result is `Q(result, s / d)`: exact where d is a power of two, else first
/// divided toward zero at the input's step.
#[derive(Clone, PartialEq, Debug)]
pub struct Resize {
    pub spatial: Spatial,
    /// (height, width); the height's is 1 in 1-D.
    pub factors: [usize; 2],
    pub interpolation: Interpolation,
}

impl Resize {
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [h, w, c] = self.spatial.split(input)?;
        match (h.checked_mul(self.factors[0]), w.checked_mul(self.factors[1])) {
            (Some(h), Some(w)) => Ok(self.spatial.join([h, w, c])),
            _ => Err(format!("an input of shape {input:?} cannot grow by {:?}", self.factors)),
        }
    }
}
