//! Concatenate.

use netlathe_ir::op::concatenate::Concatenate;
use netlathe_ir::{Diagnostic, Op};

use super::{Piece, Scene};

pub(super) fn concatenate(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let rank = scene.inputs.first().map_or(0, Vec::len);
    let axis = scene.axis(scene.integer("axis", -1)?, rank)?;
    let op = Op::Concatenate(Concatenate { axis, reuse_factor: 1 });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
