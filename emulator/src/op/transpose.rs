//! Axes in another order.

use netlathe_ir::op::transpose::Transpose;

/// Where each output comes from (see `gather`).
pub fn sources(t: &Transpose, input: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; input.len()];
    for axis in (1..input.len()).rev() {
        strides[axis - 1] = strides[axis] * input[axis];
    }
    // Axis by axis: every source so far, moved along the next output axis.
    t.perm.iter().fold(vec![0], |heads, &axis| {
        let moves = move |head: usize| (0..input[axis]).map(move |k| (head, k));
        heads.into_iter().flat_map(moves).map(|(head, k)| head + k * strides[axis]).collect()
    })
}
