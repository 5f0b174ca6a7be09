//! Dot.

use netlathe_ir::op::dot::Dot;
use netlathe_ir::{Diagnostic, Op, Precision};
use serde_json::Value;

use super::{Piece, Scene};
use crate::error::code;

pub(super) fn dot(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let [a, b] = scene.inputs else {
        let message = format!("Dot takes two inputs, it has {}", scene.inputs.len());
        return Err(scene.error(code::SHAPE, message));
    };
    if scene.flag("normalize", false)? {
        return Err(scene
            .unsupported("normalize = true is not supported")
            .help("normalise the operands with layers that are supported"));
    }
    let value = scene.layer.config.get("axes").unwrap_or(&Value::Null);
    let pair = match value {
        Value::Array(list) if list.len() == 2 => list[0].as_i64().zip(list[1].as_i64()),
        value => value.as_i64().map(|n| (n, n)),
    };
    let (i, j) = pair.ok_or_else(|| scene.wrong("axes", value, "an axis, or one for each input"))?;
    let axes = [scene.axis(i, a.len())?, scene.axis(j, b.len())?];
    let op = Op::Dot(Dot { axes, accum: Precision::Auto, reuse_factor: 1 });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
