//! An image without its borders.

use super::window::{Sides, Spatial};

/// Cropping; each element is converted to the result's type.
#[derive(Clone, PartialEq, Debug)]
pub struct Cropping {
    pub spatial: Spatial,
    pub sides: Sides,
}

impl Cropping {
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let [h, w, c] = self.spatial.split(input)?;
        let s = self.sides;
        let less = |n: usize, before: usize, after: usize| n.checked_sub(before)?.checked_sub(after);
        match (less(h, s.top, s.bottom), less(w, s.left, s.right)) {
            (Some(h), Some(w)) if h > 0 && w > 0 => Ok(self.spatial.join([h, w, c])),
            _ => Err(format!("cropping {s:?} leaves nothing of an input of shape {input:?}")),
        }
    }
}
