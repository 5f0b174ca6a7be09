//! hls4ml's configuration: the dictionary `HLSConfig` alone, or a whole `hls4ml_config.yml`, as JSON or YAML.
//!
//! Every key is known or refused, with its path and what is allowed. Whether the layers exist that `LayerName` names is
//! the graph's to say (pass `apply_config`).

mod hls;
mod keys;

use std::path::Path;

use netlathe_ir::config::{Config, IoType, ProjectConfig};
use netlathe_ir::{Diagnostic, Refused};
use serde_json::{Map, Value};

use crate::archive::read_text;
use crate::error::{Error, code};
use hls::{Reader, plain};

/// Largest configuration that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// A configuration that was read.
#[derive(Clone, PartialEq, Debug)]
pub struct ConfigReading {
    /// What it says.
    pub config: Config,
    /// Findings that did not refuse it.
    pub notes: Vec<Diagnostic>,
}

/// Reads a configuration file of at most 16 MiB.
///
/// # Errors
/// It cannot be read, is neither JSON nor YAML, or says what hls4ml does not know.
pub fn read(path: impl AsRef<Path>) -> Result<ConfigReading, Error> {
    let path = path.as_ref();
    parse_at(&path.display().to_string(), &read_text(path, MAX_BYTES)?)
}

/// Reads a configuration's text: JSON where it begins with a brace, else YAML.
///
/// # Errors
/// It is neither, or says what hls4ml does not know; all findings are listed.
///
/// ```
/// let text = "Model: {Precision: 'fixed<16,6>', ReuseFactor: 4, Strategy: Resource}";
/// let config = netlathe_frontend_keras::config::parse(text)?.config;
/// assert_eq!(config.reuse_factor, Some(4));
///
/// let wrong = netlathe_frontend_keras::config::parse("Model: {Strategy: Fastest}").unwrap_err();
/// assert!(wrong.to_string().contains("Model.Strategy is `Fastest`"));
/// # Ok::<(), netlathe_frontend_keras::Error>(())
/// ```
pub fn parse(text: &str) -> Result<ConfigReading, Error> {
    parse_at("configuration", text)
}

fn parse_at(place: &str, text: &str) -> Result<ConfigReading, Error> {
    if text.len() as u64 > MAX_BYTES {
        let why = format!("the limit is {MAX_BYTES} bytes");
        return Err(Error::TooLarge { place: place.into(), size: text.len() as u64, why });
    }
    let value: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|e| Error::json(place, text, &e))?
    } else {
        serde_saphyr::from_str(text)
            .map_err(|e| Error::Text { place: place.into(), problem: format!("not valid YAML: {e}") })?
    };
    let Value::Object(map) = value else {
        let message = "the configuration is not a dictionary";
        return Err(Diagnostic::error(code::BAD_VALUE, message)
            .help("begin with `HLSConfig:` or `Model:`")
            .into());
    };
    let mut reader = Reader { findings: Vec::new(), notes: Vec::new() };
    let mut config = Config::default();
    // The dictionary of `config_from_keras_model` stands alone, or below `HLSConfig` in a whole file.
    let bare = !map.contains_key("HLSConfig") && map.keys().any(|k| keys::HLS.contains(&k.as_str()));
    if bare {
        reader.hls("", &map, &mut config);
    } else {
        top(&mut reader, "", &map, &mut config);
    }
    if reader.findings.is_empty() {
        Ok(ConfigReading { config, notes: reader.notes })
    } else {
        Err(Error::Refused(Refused(reader.findings)))
    }
}

fn top(reader: &mut Reader, path: &str, map: &Map<String, Value>, config: &mut Config) {
    // What stands in the file itself comes before what a nested copy says.
    let nested = |key: &str| matches!(plain(key).as_str(), "projectconfig" | "convertkwargs");
    for (key, value) in map.iter().filter(|(k, _)| !nested(k)).chain(map.iter().filter(|(k, _)| nested(k))) {
        let Some(known) = reader.key(path, key, keys::TOP) else { continue };
        let here = if path.is_empty() { known.to_string() } else { format!("{path}.{known}") };
        match known {
            _ if value.is_null() => {}
            "HLSConfig" => {
                if let Some(map) = reader.map(&here, value) {
                    reader.hls(&here, map, config);
                }
            }
            "IOType" => io_type(reader, &here, value, config),
            "project_config" if path.is_empty() => {
                if let Some(map) = reader.map(&here, value) {
                    top(reader, &here, map, config);
                }
            }
            "convert_kwargs" => {
                for (key, value) in reader.map(&here, value).into_iter().flatten() {
                    let Some(known) = reader.key(&here, key, keys::CONVERT) else { continue };
                    let here = format!("{here}.{known}");
                    match known {
                        _ if value.is_null() => {}
                        "io_type" => io_type(reader, &here, value, config),
                        "hls_config" => {
                            if let Some(map) = reader.map(&here, value) {
                                reader.hls(&here, map, config);
                            }
                        }
                        _ => project(reader, &here, known, value, &mut config.project),
                    }
                }
            }
            "AcceleratorConfig" => {
                for (key, value) in reader.map(&here, value).into_iter().flatten() {
                    let Some(known) = reader.key(&here, key, keys::ACCELERATOR) else { continue };
                    let here = format!("{here}.{known}");
                    if known != "Precision" {
                        project(reader, &here, known, value, &mut config.project);
                        continue;
                    }
                    for (key, value) in reader.map(&here, value).into_iter().flatten() {
                        let Some(known) = reader.key(&here, key, &["Input", "Output"]) else { continue };
                        let key = if known == "Input" { "input_type" } else { "output_type" };
                        project(reader, &format!("{here}.{known}"), key, value, &mut config.project);
                    }
                }
            }
            "bit_exact" => reader.bit_exact(&here, value),
            _ => project(reader, &here, known, value, &mut config.project),
        }
    }
}

fn io_type(reader: &mut Reader, path: &str, value: &Value, config: &mut Config) {
    let io = [IoType::Parallel, IoType::Stream].into_iter().find(|io| Some(io.name()) == value.as_str());
    match io {
        Some(io) => config.io_type = config.io_type.or(Some(io)),
        None => reader.bad(path, value, "one of io_parallel, io_stream is wanted"),
    }
}

/// One fact about the project; the first to say it wins.
fn project(reader: &mut Reader, path: &str, key: &str, value: &Value, project: &mut ProjectConfig) {
    if value.is_null() {
        return;
    }
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    };
    let slot = match plain(key).as_str() {
        "projectname" => &mut project.project_name,
        "backend" => &mut project.backend,
        "board" => &mut project.board,
        "part" | "xilinxpart" => &mut project.part,
        "clockuncertainty" => &mut project.clock_uncertainty,
        "interface" => &mut project.interface,
        "platform" => &mut project.platform,
        "inputtype" => &mut project.input_type,
        "outputtype" => &mut project.output_type,
        "clockperiod" => {
            let period = value.as_f64().or_else(|| value.as_str().and_then(|t| t.trim().parse().ok()));
            match period.filter(|p| p.is_finite() && *p > 0.0) {
                Some(period) => project.clock_period_ns = project.clock_period_ns.or(Some(period)),
                None => reader.bad(path, value, "a positive number of nanoseconds is wanted"),
            }
            return;
        }
        _ => return,
    };
    match text {
        Some(text) => {
            slot.get_or_insert(text);
        }
        None => reader.bad(path, value, "a text is wanted"),
    }
}
