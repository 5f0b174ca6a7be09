//! RepeatVector.

use netlathe_ir::op::repeat_vector::RepeatVector;
use netlathe_ir::{Diagnostic, Op};

use super::{Piece, Scene};
use crate::error::code;

/// Most repetitions that are read.
const MAX_TIMES: i64 = 1 << 28;

pub(super) fn repeat_vector(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let n = scene.integer("n", 0)?;
    let times = usize::try_from(n).ok().filter(|_| (1..=MAX_TIMES).contains(&n));
    let times = times
        .ok_or_else(|| scene.error(code::MALFORMED, format!("`n` is {n}, 1 to {MAX_TIMES} is wanted")))?;
    let op = Op::RepeatVector(RepeatVector { times });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
