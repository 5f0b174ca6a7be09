//! Rows of a table, picked by integers.

use crate::weight::Weight;

/// `y[.., :] = Q(result, table[x[..], :])`. An index outside the table takes its nearest row.
#[derive(Clone, PartialEq, Debug)]
pub struct Embedding {
    /// Shape (rows, n_out): hls4ml's `embeddings`.
    pub table: Weight,
    pub reuse_factor: u32,
}

impl Embedding {
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match self.table.data.shape() {
            &[rows, n] if rows > 0 => Ok([input, &[n]].concat()),
            shape => Err(format!("its table has shape {shape:?}, a matrix is needed")),
        }
    }
}
