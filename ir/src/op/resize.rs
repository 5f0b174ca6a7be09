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
