//! Pooling, over windows and over the whole image.

use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::window::{Spatial, Window};
use netlathe_ir::{Diagnostic, Op};

use super::{Piece, Scene, window};

pub(super) fn pool(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    window::channels_last(scene)?;
    let class = scene.layer.class.as_str();
    let op = if class.contains("Max") { PoolOp::Max } else { PoolOp::Average };
    let spatial = window::spatial(scene);
    let [h, w, _] = window::image(scene, spatial)?;
    let extent = if class.starts_with("Global") {
        Extent::Global { keep_axes: scene.flag("keepdims", false)? }
    } else {
        let default = match spatial {
            Spatial::One => [1, 2],
            Spatial::Two => [2, 2],
        };
        let kernel = window::extents(scene, "pool_size", spatial, default)?;
        let stride = window::extents(scene, "strides", spatial, kernel)?;
        let open = Window { kernel, stride, dilation: [1, 1], padding: Default::default() };
        Extent::Window(window::padded(scene, open, [h, w])?)
    };
    let op = Op::Pool(Pool::new(op, spatial, extent));
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
