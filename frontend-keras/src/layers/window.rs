//! Settings that layers over images share: extents of windows, padding, the order of the axes.

use netlathe_ir::Diagnostic;
use netlathe_ir::op::window::{Sides, Spatial, Window};
use serde_json::Value;

use super::Scene;
use crate::error::code;

/// Largest extent, stride, dilation, border or factor that is read.
const MAX_EXTENT: u64 = 1 << 20;

/// The number of spatial axes that the class's name ends in.
pub(super) fn spatial(scene: &Scene<'_>) -> Spatial {
    if scene.layer.class.contains("1D") { Spatial::One } else { Spatial::Two }
}

/// (height, width, channels) of the layer's input.
pub(super) fn image(scene: &Scene<'_>, spatial: Spatial) -> Result<[usize; 3], Diagnostic> {
    spatial.split(&scene.inputs[0]).map_err(|why| scene.error(code::SHAPE, why))
}

/// Refuses channels before the spatial axes.
pub(super) fn channels_last(scene: &Scene<'_>) -> Result<(), Diagnostic> {
    match scene.layer.config.get("data_format") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(format)) if format == "channels_last" => Ok(()),
        Some(format) => {
            let text: String = format.to_string().chars().take(120).collect();
            Err(scene
                .unsupported(format!("data_format = {text} is not supported"))
                .help("build the model with data_format=\"channels_last\""))
        }
    }
}

/// Extents (height, width) of at least 1 under `key`: a number for all axes, or one per axis. `default` where the key is
/// absent or null.
pub(super) fn extents(
    scene: &Scene<'_>,
    key: &str,
    spatial: Spatial,
    default: [usize; 2],
) -> Result<[usize; 2], Diagnostic> {
    let value = match scene.layer.config.get(key) {
        None | Some(Value::Null) => return Ok(default),
        Some(value) => value,
    };
    let number = |v: &Value| v.as_u64().filter(|n| (1..=MAX_EXTENT).contains(n)).map(|n| n as usize);
    let found = match (spatial, value) {
        (Spatial::One, Value::Array(list)) if list.len() == 1 => number(&list[0]).map(|w| [1, w]),
        (Spatial::One, value) => number(value).map(|w| [1, w]),
        (Spatial::Two, Value::Array(list)) if list.len() == 2 => {
            number(&list[0]).zip(number(&list[1])).map(|(h, w)| [h, w])
        }
        (Spatial::Two, value) => number(value).map(|n| [n, n]),
    };
    found.ok_or_else(|| scene.wrong(key, value, &format!("1 to {MAX_EXTENT} for each spatial axis")))
}

/// Borders under `key`: a number for all sides; before and after in 1-D; one of these for each axis in 2-D.
pub(super) fn sides(
    scene: &Scene<'_>,
    key: &str,
    spatial: Spatial,
    default: u64,
) -> Result<Sides, Diagnostic> {
    let default = Value::from(default);
    let value = match scene.layer.config.get(key) {
        None | Some(Value::Null) => &default,
        Some(value) => value,
    };
    let number = |v: &Value| v.as_u64().filter(|n| *n <= MAX_EXTENT).map(|n| n as usize);
    let axis = |v: &Value| match v {
        Value::Array(list) if list.len() == 2 => number(&list[0]).zip(number(&list[1])),
        v => number(v).map(|n| (n, n)),
    };
    let found = match (spatial, value) {
        (Spatial::One, value) => axis(value).map(|across| ((0, 0), across)),
        (Spatial::Two, Value::Array(list)) if list.len() == 2 => axis(&list[0]).zip(axis(&list[1])),
        (Spatial::Two, value) => number(value).map(|n| ((n, n), (n, n))),
    };
    found
        .map(|((top, bottom), (left, right))| Sides { top, bottom, left, right })
        .ok_or_else(|| scene.wrong(key, value, &format!("0 to {MAX_EXTENT} for each side")))
}

/// The window with the padding that the layer asks for.
pub(super) fn padded(scene: &Scene<'_>, window: Window, [h, w]: [usize; 2]) -> Result<Window, Diagnostic> {
    let padding = match scene.layer.config.get("padding") {
        None | Some(Value::Null) => "valid",
        Some(Value::String(text)) => text,
        Some(value) => return Err(scene.wrong("padding", value, "`valid`, `same` or `causal`")),
    };
    match padding.to_ascii_lowercase().as_str() {
        "valid" => Ok(window),
        "same" => Ok(window.same([h, w])),
        "causal" if scene.layer.class.contains("Conv1D") => {
            let padding = Sides { left: window.reach()[1] - 1, ..Sides::default() };
            Ok(Window { padding, ..window })
        }
        other => {
            let text: String = other.chars().take(120).collect();
            Err(scene.unsupported(format!("padding = `{text}` is not supported")))
        }
    }
}
