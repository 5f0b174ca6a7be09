//! The same elements under another shape (Reshape, Flatten).

/// Reshape; channels last, so the flat order does not change.
#[derive(Clone, PartialEq, Debug)]
pub struct Reshape {
    pub shape: Vec<usize>,
}

impl Reshape {
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if self.shape.iter().product::<usize>() != input.iter().product::<usize>() {
            return Err(format!("{input:?} cannot be reshaped to {:?}: the sizes differ", self.shape));
        }
        Ok(self.shape.clone())
    }
}
