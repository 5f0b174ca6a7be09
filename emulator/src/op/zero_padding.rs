//! Zeros around an image.

use super::gather::cells;
use netlathe_ir::op::zero_padding::ZeroPadding;

/// Where each output comes from (see `gather`).
pub fn sources(z: &ZeroPadding, input: &[usize]) -> Vec<usize> {
    let Ok(shape @ [h, w, _]) = z.spatial.split(input) else { unreachable!("validated") };
    let s = z.sides;
    cells([h + s.top + s.bottom, w + s.left + s.right], shape, |i, j| {
        let i = i.checked_sub(s.top).filter(|&i| i < h)?;
        let j = j.checked_sub(s.left).filter(|&j| j < w)?;
        Some([i, j])
    })
}
