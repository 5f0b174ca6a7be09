//! ZeroPadding1D, ZeroPadding2D.

use netlathe_ir::op::zero_padding::ZeroPadding;
use netlathe_ir::{Diagnostic, Op};

use super::{Piece, Scene, window};

pub(super) fn zero_padding(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    window::channels_last(scene)?;
    let spatial = window::spatial(scene);
    window::image(scene, spatial)?;
    let op = Op::ZeroPadding(ZeroPadding { spatial, sides: window::sides(scene, "padding", spatial, 1)? });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
