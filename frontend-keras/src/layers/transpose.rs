//! Permute.

use netlathe_ir::op::transpose::Transpose;
use netlathe_ir::{Diagnostic, Op};
use serde_json::Value;

use super::{Piece, Scene};

pub(super) fn transpose(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let rank = scene.inputs[0].len();
    let value = scene.layer.config.get("dims").unwrap_or(&Value::Null);
    // Keras counts the axes from 1: the batch, which stays, is axis 0.
    let axis = |v: &Value| v.as_u64().filter(|n| (1..=rank as u64).contains(n)).map(|n| n as usize - 1);
    let perm: Option<Vec<usize>> = value.as_array().and_then(|list| list.iter().map(axis).collect());
    let perm =
        perm.ok_or_else(|| scene.wrong("dims", value, &format!("an order of the axes 1 to {rank}")))?;
    let op = Op::Transpose(Transpose { perm });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
