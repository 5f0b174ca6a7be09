//! Element-wise combination of tensors.

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
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op: Op::Merge(Merge { op, reuse_factor: 1 }) }])
}
