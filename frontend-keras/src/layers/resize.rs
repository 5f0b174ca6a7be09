//! UpSampling1D, UpSampling2D.

use netlathe_ir::op::resize::{Interpolation, Resize};
use netlathe_ir::op::window::Spatial;
use netlathe_ir::{Diagnostic, Op};
use serde_json::Value;

use super::{Piece, Scene, window};

pub(super) fn resize(scene: &mut Scene<'_>) -> Result<Vec<Piece>, Diagnostic> {
    window::channels_last(scene)?;
    let spatial = window::spatial(scene);
    window::image(scene, spatial)?;
    let default = match spatial {
        Spatial::One => [1, 2],
        Spatial::Two => [2, 2],
    };
    let factors = window::extents(scene, "size", spatial, default)?;
    let interpolation = match scene.layer.config.get("interpolation") {
        None | Some(Value::Null) => Interpolation::Nearest,
        Some(Value::String(name)) if name == "nearest" => Interpolation::Nearest,
        Some(Value::String(name)) if name == "bilinear" => Interpolation::Bilinear,
        Some(other) => {
            let text: String = other.to_string().chars().take(120).collect();
            return Err(scene
                .unsupported(format!("interpolation = {text} is not supported"))
                .help("use nearest or bilinear"));
        }
    };
    let op = Op::Resize(Resize { spatial, factors, interpolation });
    Ok(vec![Piece { name: scene.layer.name.clone(), role: "", op }])
}
