//! A vector several times.

use netlathe_ir::op::repeat_vector::RepeatVector;

/// Where each output comes from (see `gather`).
pub fn sources(r: &RepeatVector, input: &[usize]) -> Vec<usize> {
    let n: usize = input.iter().product();
    (0..r.times * n).map(|i| i % n).collect()
}
