//! An image without its borders.

use super::gather::cells;
use netlathe_ir::op::cropping::Cropping;

/// Where each output comes from (see `gather`).
pub fn sources(c: &Cropping, input: &[usize]) -> Vec<usize> {
    let Ok(shape @ [h, w, _]) = c.spatial.split(input) else { unreachable!("validated") };
    let s = c.sides;
    cells([h - s.top - s.bottom, w - s.left - s.right], shape, |i, j| Some([i + s.top, j + s.left]))
}
