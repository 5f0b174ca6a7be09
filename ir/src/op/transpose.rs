//! Axes in another order (Permute).

/// Output axis `i` is input axis `perm[i]`, counted without the batch; each element is converted to the result's type.
#[derive(Clone, PartialEq, Debug)]
pub struct Transpose {
    pub perm: Vec<usize>,
}

impl Transpose {
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let mut sorted = self.perm.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..input.len()) {
            return Err(format!("{:?} is no order of the axes of an input of shape {input:?}", self.perm));
        }
        Ok(self.perm.iter().map(|&axis| input[axis]).collect())
    }
}
