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
        let grown = |n: usize, before: usize, after: usize| n.checked_add(before)?.checked_add(after);
        match (grown(h, s.top, s.bottom), grown(w, s.left, s.right)) {
            (Some(h), Some(w)) => Ok(self.spatial.join([h, w, c])),
            _ => Err(format!("an input of shape {input:?} cannot grow by {s:?}")),
        }
    }
}
