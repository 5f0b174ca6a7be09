//! Cropping1D, Cropping2D.

use netlathe_ir::op::cropping::Cropping;
use netlathe_ir::op::window::Spatial;
use netlathe_ir::{Diagnostic, Op};

use super::{Piece, Scene, window};

pub(super) fn cropping(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    window::channels_last(scene)?;
    let spatial = window::spatial(scene);
    window::image(scene, spatial)?;
    let default = match spatial {
        Spatial::One => 1,
        Spatial::Two => 0,
    };
    let op = Op::Cropping(Cropping { spatial, sides: window::sides(scene, "cropping", spatial, default)? });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
