//! Zeros around an image.

use super::window::{Sides, Spatial};

/// Zero padding; each element is converted to the result's type.
#[derive(Clone, PartialEq, Debug)]
pub struct ZeroPadding {
    pub spatial: Spatial,
    pub sides: Sides,
}

impl ZeroPadding {
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [h, w, c] = self.spatial.split(input)?;
        let s = self.sides;
        Ok(self.spatial.join([h + s.top + s.bottom, w + s.left + s.right, c]))
    }
}
