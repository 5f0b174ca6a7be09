//! Inputs, and layers that only rename elements.

use netlathe_ir::op::input::Input;
use netlathe_ir::op::reshape::Reshape;
use netlathe_ir::{Diagnostic, Op};
use serde_json::Value;

use super::{MAX_ELEMENTS, Piece, Scene};
use crate::error::code;

pub(super) fn input(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let shape = match scene.batch_shape("batch_shape")? {
        Some(shape) => Some(shape),
        None => scene.batch_shape("batch_input_shape")?,
    };
    let shape = shape.filter(|s| !s.is_empty()).ok_or_else(|| {
        scene
            .error(code::MALFORMED, "the shape of the network's input is not in the file")
            .help("build the model with an Input of fixed shape before saving it")
    })?;
    let elements = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).filter(|n| *n <= MAX_ELEMENTS);
    if elements.is_none() {
        return Err(
            scene.error(code::SHAPE, format!("input shape {shape:?} has more than {MAX_ELEMENTS} elements"))
        );
    }
    let op = Op::Input(Input { shape, integer: integer(scene.layer.config.get("dtype")) });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}

/// `int8` is (8, true), `uint16` is (16, false); floating point gives `None`.
fn integer(dtype: Option<&Value>) -> Option<(u32, bool)> {
    let name = match dtype? {
        Value::String(name) => name.as_str(),
        policy => policy.get("config")?.get("name")?.as_str()?,
    };
    let (signed, width) = match name.strip_prefix('u') {
        Some(rest) => (false, rest.strip_prefix("int")?),
        None => (true, name.strip_prefix("int")?),
    };
    width.parse().ok().filter(|w| (1..=64).contains(w)).map(|w| (w, signed))
}

pub(super) fn reshape(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    let input = &scene.inputs[0];
    let shape = if scene.layer.class == "Flatten" {
        let format = scene.layer.config.get("data_format").and_then(Value::as_str);
        if format == Some("channels_first") && input.len() > 1 {
            return Err(scene.unsupported("Flatten with data_format = channels_first is not supported"));
        }
        vec![input.iter().product()]
    } else {
        target(scene, input)?
    };
    let op = Op::Reshape(Reshape { shape });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}

/// `target_shape` with its one -1 filled in.
fn target(scene: &Scene<'_>, input: &[usize]) -> Result<Vec<usize>, Diagnostic> {
    let value = scene.layer.config.get("target_shape").unwrap_or(&Value::Null);
    let wrong = || {
        let text: String = value.to_string().chars().take(120).collect();
        scene.error(code::SHAPE, format!("target_shape {text} does not go with its input's shape {input:?}"))
    };
    let extents: Vec<i64> =
        value.as_array().and_then(|l| l.iter().map(Value::as_i64).collect()).ok_or_else(wrong)?;
    let size: usize = input.iter().product();
    let known = extents
        .iter()
        .filter(|e| **e != -1)
        .try_fold(1usize, |n, e| usize::try_from(*e).ok().filter(|e| *e > 0).and_then(|e| n.checked_mul(e)));
    let known = known.ok_or_else(wrong)?;
    let open = extents.iter().filter(|e| **e == -1).count();
    let fits = if open == 0 { known == size } else { open == 1 && size.is_multiple_of(known) };
    if !fits {
        return Err(wrong());
    }
    Ok(extents.iter().map(|&e| if e == -1 { size / known } else { e as usize }).collect())
}

#[cfg(test)]
mod tests {
    use super::integer;
    use serde_json::json;

    #[test]
    fn integer_dtypes_are_recognised() {
        assert_eq!(integer(Some(&json!("int8"))), Some((8, true)));
        assert_eq!(integer(Some(&json!("uint16"))), Some((16, false)));
        assert_eq!(integer(Some(&json!("float32"))), None);
        assert_eq!(
            integer(Some(&json!({"class_name": "DTypePolicy", "config": {"name": "int32"}}))),
            Some((32, true))
        );
        assert_eq!(integer(None), None);
    }
}
