//! Joins tensors along an axis.

/// Concatenation; each element is converted to the result's type.
#[derive(Clone, PartialEq, Debug)]
pub struct Concatenate {
    /// Axis, counted without the batch.
    pub axis: usize,
    pub reuse_factor: u32,
}

impl Concatenate {
    pub(super) fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let first = inputs[0];
        if self.axis >= first.len() {
            return Err(format!("axis {} is outside the input's shape {first:?}", self.axis));
        }
        let mut shape = first.to_vec();
        for other in &inputs[1..] {
            let fits = other.len() == first.len()
                && (0..first.len()).all(|d| d == self.axis || other[d] == first[d]);
            if !fits {
                return Err(format!("shapes {first:?} and {other:?} do not join along axis {}", self.axis));
            }
            shape[self.axis] += other[self.axis];
        }
        Ok(shape)
    }
}
