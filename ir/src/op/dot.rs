//! Dot product of two tensors along one axis of each.

use netlathe_apfixed::Precision;

/// `y[.., ..] = sum over k of a[.., k, ..] * b[.., k, ..]`: the free axes of the first operand, then those of the second; a
/// product of two vectors has shape (1).
#[derive(Clone, PartialEq, Debug)]
pub struct Dot {
    /// The axis of each operand, counted without the batch.
    pub axes: [usize; 2],
    pub accum: Precision,
    pub reuse_factor: u32,
}

impl Dot {
    pub(super) fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let &[a, b] = inputs else { return Err(format!("Dot takes two inputs, it has {}", inputs.len())) };
        let [i, j] = self.axes;
        if i >= a.len() || j >= b.len() || a[i] != b[j] {
            return Err(format!("inputs of shapes {a:?} and {b:?} do not fit along axes {i} and {j}"));
        }
        let free = |shape: &[usize], axis: usize| [&shape[..axis], &shape[axis + 1..]].concat();
        let shape = [free(a, i), free(b, j)].concat();
        Ok(if shape.is_empty() { vec![1] } else { shape })
    }
}
