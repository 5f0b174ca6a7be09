//! Layers with two operands.

use netlathe_ir::op::concatenate::Concatenate;
use netlathe_ir::op::merge::{Merge, MergeOp};
use netlathe_ir::{Diagnostic, Op};

use super::{Piece, Scene};

pub(super) fn merge(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let op = match scene.layer.class.as_str() {
        "Add" => MergeOp::Add,
        "Subtract" => MergeOp::Subtract,
        "Multiply" => MergeOp::Multiply,
        "Average" => MergeOp::Average,
        "Maximum" => MergeOp::Maximum,
        _ => MergeOp::Minimum,
    };
    let class = &scene.layer.class;
    match scene.inputs {
        [a, b] if a == b => {}
        [a, b] => {
            return Err(scene
                .unsupported(format!("{class} of shapes {a:?} and {b:?}: broadcasting is not supported"))
                .help("give both operands the same shape"));
        }
        other => {
            return Err(scene
                .unsupported(format!("{class} of {} tensors is not supported", other.len()))
                .help("chain layers of two operands"));
        }
    }
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op: Op::Merge(Merge { op, reuse_factor: 1 }) }])
}

pub(super) fn concatenate(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let rank = scene.inputs.first().map_or(0, Vec::len);
    let axis = scene.axis(scene.integer("axis", -1)?, rank)?;
    let op = Op::Concatenate(Concatenate { axis, reuse_factor: 1 });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
