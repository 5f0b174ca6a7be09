//! `HLSConfig`: what hls4ml computes a layer with, by model, layer type and layer name.

use std::fmt::Display;

use netlathe_ir::config::{Config, LayerConfig, PipelineStyle, Strategy};
use netlathe_ir::op::conv::ConvImplementation;
use netlathe_ir::op::softmax::Implementation;
use netlathe_ir::{Diagnostic, FixedType, Precision};
use serde_json::{Map, Value};

use super::keys;
use crate::error::code;

/// Largest exponent of a table's range, either way.
const MAX_EXPONENT: i64 = 62;
const CONV_IMPLEMENTATIONS: &[(&str, ConvImplementation)] =
    &[("LineBuffer", ConvImplementation::LineBuffer), ("Encoded", ConvImplementation::Encoded)];

/// Findings while a configuration is read; it goes on after each.
pub(super) struct Reader {
    pub findings: Vec<Diagnostic>,
    pub notes: Vec<Diagnostic>,
}

/// A key's spelling without case and underscores: `ReuseFactor` and `reuse_factor` are one.
pub(super) fn plain(key: &str) -> String {
    key.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// hls4ml's `convert_to_snake_case`.
fn snake(key: &str) -> String {
    let mut text = String::new();
    for (i, c) in key.chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    while text.contains("__") {
        text = text.replace("__", "_");
    }
    text
}

fn cut(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        other => other.to_string(),
    };
    text.chars().take(120).collect()
}

impl Reader {
    /// Keeps a value, or the reason why there is none.
    pub(super) fn bad(&mut self, path: &str, value: &Value, wanted: impl Display) {
        let message = format!("{path} is {}: {wanted}", cut(value));
        self.findings.push(Diagnostic::error(code::BAD_VALUE, message));
    }

    /// The key of `known` that `key` spells.
    pub(super) fn key<'a>(&mut self, path: &str, key: &str, known: &[&'a str]) -> Option<&'a str> {
        let found = known.iter().find(|k| plain(k) == plain(key)).copied();
        if found.is_none() {
            let place = if path.is_empty() { "the configuration".to_string() } else { path.to_string() };
            let message = format!("{place} has the key `{key}`, which does not exist");
            let help = format!("allowed are {}", known.join(", "));
            self.findings.push(Diagnostic::error(code::UNKNOWN_KEY, message).help(help));
        }
        found
    }

    /// A dictionary; empty where the value is null or something else.
    pub(super) fn map<'a>(&mut self, path: &str, value: &'a Value) -> Option<&'a Map<String, Value>> {
        if !value.is_object() && !value.is_null() {
            self.bad(path, value, "a dictionary is wanted");
        }
        value.as_object()
    }

    /// An integer of at least `least`.
    fn count(&mut self, path: &str, value: &Value, least: u32) -> Option<u32> {
        let number = value.as_u64().or_else(|| value.as_str().and_then(|t| t.trim().parse().ok()));
        let number = number.and_then(|n| u32::try_from(n).ok()).filter(|n| *n >= least);
        if number.is_none() {
            self.bad(path, value, format!("an integer of {least} or more is wanted"));
        }
        number
    }

    pub(super) fn flag(&mut self, path: &str, value: &Value) -> Option<bool> {
        let flag = match value {
            Value::Bool(b) => Some(*b),
            Value::Number(n) => n.as_u64().filter(|n| *n <= 1).map(|n| n == 1),
            _ => None,
        };
        if flag.is_none() {
            self.bad(path, value, "true or false is wanted");
        }
        flag
    }

    /// hls4ml's bit-exact flow sizes every type by the data: not supported yet, so it cannot be asked for.
    pub(super) fn bit_exact(&mut self, path: &str, value: &Value) {
        if !value.is_null() && self.flag(path, value) == Some(true) {
            let message = format!("{path} is true: hls4ml's bit-exact flow is not supported yet");
            self.findings.push(Diagnostic::error(code::UNSUPPORTED_LAYER, message).subject("bit_exact"));
        }
    }

    fn precision(&mut self, path: &str, value: &Value) -> Option<Precision> {
        let Value::String(text) = value else {
            self.bad(path, value, "a type such as \"ap_fixed<16,6>\", or \"auto\", is wanted");
            return None;
        };
        match text.parse() {
            Ok(precision) => Some(precision),
            Err(e) => {
                self.findings.push(Diagnostic::error(code::BAD_TYPE, format!("{path}: {e}")));
                None
            }
        }
    }

    fn model_precision(&mut self, path: &str, value: &Value) -> Option<FixedType> {
        match self.precision(path, value)? {
            Precision::Is(ty) => Some(ty),
            Precision::Auto => {
                self.bad(path, value, "the model's own types cannot be inferred, a type is wanted");
                None
            }
        }
    }

    fn strategy(&mut self, path: &str, value: &Value) -> Option<Strategy> {
        let strategy = match value.as_str().map(plain).as_deref() {
            Some("latency") => Some(Strategy::Latency),
            Some("resource") => Some(Strategy::Resource),
            Some("resourceunrolled" | "unrolled") => Some(Strategy::ResourceUnrolled),
            Some("distributedarithmetic" | "da") => Some(Strategy::DistributedArithmetic),
            _ => None,
        };
        if strategy.is_none() {
            let message = format!("{path} is {}, which is no strategy", cut(value));
            self.findings.push(Diagnostic::error(code::UNKNOWN_STRATEGY, message).help(
                "allowed are Latency, Resource, Resource_unrolled (or Unrolled) and distributed_arithmetic (or DA)",
            ));
        }
        strategy
    }

    /// The whole of `HLSConfig`.
    pub(super) fn hls(&mut self, path: &str, map: &Map<String, Value>, config: &mut Config) {
        for (key, value) in map {
            let Some(known) = self.key(path, key, keys::HLS) else { continue };
            let here = if path.is_empty() { known.to_string() } else { format!("{path}.{known}") };
            match known {
                "Model" => self.model(&here, value, config),
                "LayerType" => {
                    for (class, value) in self.map(&here, value).into_iter().flatten() {
                        let Some(class) = self.key(&here, class, keys::CLASSES) else { continue };
                        let here = format!("{here}.{class}");
                        if let Some((_, found)) = keys::NEVER_FOUND.iter().find(|(name, _)| *name == class) {
                            self.notes.push(
                                Diagnostic::note(code::UNKNOWN_KEY, format!("{here} matches no layer"))
                                    .help(format!("the class of these layers is {found} in hls4ml")),
                            );
                        }
                        if let Some(layer) = self.layer(&here, value) {
                            config.layer_type.insert(class.to_string(), layer);
                        }
                    }
                }
                "LayerName" => {
                    for (name, value) in self.map(&here, value).into_iter().flatten() {
                        if let Some(layer) = self.layer(&format!("{here}.{name}"), value) {
                            config.layer_name.insert(name.clone(), layer);
                        }
                    }
                }
                _ if is_empty(value) => {}
                _ => self.notes.push(
                    Diagnostic::warning(
                        code::BAD_VALUE,
                        format!("{here} chooses passes of hls4ml; it has no effect here"),
                    )
                    .help("remove it"),
                ),
            }
        }
    }

    fn model(&mut self, path: &str, value: &Value, config: &mut Config) {
        for (key, value) in self.map(path, value).into_iter().flatten() {
            let Some(known) = self.key(path, key, keys::MODEL) else { continue };
            let here = format!("{path}.{known}");
            match known {
                _ if value.is_null() => {}
                "Precision" => match value {
                    Value::Object(map) => {
                        for (var, value) in map {
                            let here = format!("{here}.{var}");
                            let known = [keys::VARIABLES, &["maximum"]].concat();
                            if self.key(&format!("{path}.Precision"), var, &known).is_some()
                                && let Some(ty) = self.model_precision(&here, value)
                            {
                                config.model_precision.insert(snake(var), ty);
                            }
                        }
                    }
                    value => {
                        if let Some(ty) = self.model_precision(&here, value) {
                            config.model_precision.insert("default".into(), ty);
                        }
                    }
                },
                "ReuseFactor" => config.reuse_factor = self.count(&here, value, 1),
                "Strategy" => config.strategy = self.strategy(&here, value),
                "PipelineStyle" => {
                    config.pipeline_style = self
                        .choice(
                            &here,
                            value,
                            &[
                                ("auto", None),
                                ("pipeline", Some(PipelineStyle::Pipeline)),
                                ("dataflow", Some(PipelineStyle::Dataflow)),
                            ],
                        )
                        .flatten();
                }
                "PipelineInterval" => config.pipeline_interval = self.count(&here, value, 1),
                // Both compute the same numbers; a layer's own key reaches the layer.
                "ConvImplementation" => {
                    self.choice(&here, value, CONV_IMPLEMENTATIONS);
                }
                "Compression" if value.as_bool() == Some(true) || value.as_u64() == Some(1) => {
                    self.bad(&here, value, "compressed weights are not supported, false is wanted");
                }
                "TraceOutput" | "Compression" => {
                    self.flag(&here, value);
                }
                "BitExact" => self.bit_exact(&here, value),
                // A memory hint without any effect on numbers; hls4ml allows infinity.
                "BramFactor" if value.is_number() => {}
                _ => {
                    self.count(&here, value, 1);
                }
            }
        }
    }

    /// The meaning of a word, spelt in any case.
    fn choice<T: Copy>(&mut self, path: &str, value: &Value, allowed: &[(&str, T)]) -> Option<T> {
        let text = value.as_str().unwrap_or_default();
        let found = allowed.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, t)| *t);
        if found.is_none() {
            let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
            self.bad(path, value, format!("one of {} is wanted", names.join(", ")));
        }
        found
    }

    /// A power of two's exponent.
    fn exponent(&mut self, path: &str, value: &Value) -> Option<i32> {
        let number = value.as_i64().or_else(|| value.as_str().and_then(|t| t.trim().parse().ok()));
        let number = number.filter(|n| (-MAX_EXPONENT..=MAX_EXPONENT).contains(n)).map(|n| n as i32);
        if number.is_none() {
            self.bad(path, value, format!("an integer from -{MAX_EXPONENT} to {MAX_EXPONENT} is wanted"));
        }
        number
    }

    /// One layer or layer type.
    fn layer(&mut self, path: &str, value: &Value) -> Option<LayerConfig> {
        let mut layer = LayerConfig::default();
        for (key, value) in self.map(path, value)? {
            // hls4ml takes any `<variable>_t` as that variable's type.
            let variable = key.strip_suffix("_t").filter(|var| keys::VARIABLES.contains(var));
            if let (Some(var), Value::String(_)) = (variable, value) {
                if let Some(precision) = self.precision(&format!("{path}.{key}"), value) {
                    layer.precision.insert(var.to_string(), precision);
                    layer.precision.insert(key.clone(), precision);
                }
                continue;
            }
            let Some(known) = self.key(path, key, keys::LAYER) else { continue };
            if !value.is_null() {
                self.setting(&format!("{path}.{known}"), known, value, &mut layer);
            }
        }
        Some(layer)
    }

    fn setting(&mut self, here: &str, known: &str, value: &Value, layer: &mut LayerConfig) {
        match known {
            "Precision" => match value {
                Value::Object(map) => {
                    for (var, value) in map {
                        if self.key(here, var, keys::VARIABLES).is_some()
                            && let Some(precision) = self.precision(&format!("{here}.{var}"), value)
                        {
                            layer.precision.insert(snake(var), precision);
                        }
                    }
                }
                value => {
                    if let Some(precision) = self.precision(here, value) {
                        layer.precision.insert("default".into(), precision);
                    }
                }
            },
            "ReuseFactor" => layer.reuse_factor = self.count(here, value, 1),
            "Strategy" => layer.strategy = self.strategy(here, value),
            "TableSize" => layer.table_size = self.count(here, value, 1),
            "ExpTableSize" => layer.exp_table_size = self.count(here, value, 1),
            "InvTableSize" => layer.inv_table_size = self.count(here, value, 1),
            "ParallelizationFactor" => layer.parallelization_factor = self.count(here, value, 1),
            "ConvImplementation" => {
                layer.conv_implementation = self.choice(here, value, CONV_IMPLEMENTATIONS);
            }
            "TableRangePower2" => layer.table_range_power2 = self.exponent(here, value),
            "Skip" => layer.skip = self.flag(here, value),
            "Fuse" => layer.fuse = self.flag(here, value),
            "NormalisedIndex" => layer.normalised_index = self.flag(here, value),
            "Implementation" => {
                layer.implementation = value.as_str().and_then(Implementation::parse);
                if layer.implementation.is_none() {
                    self.bad(here, value, "one of stable, latency, legacy, argmax is wanted");
                }
            }
            "Compression" if value.as_bool() == Some(true) || value.as_u64() == Some(1) => {
                self.bad(here, value, "compressed weights are not supported, false is wanted");
            }
            _ => {
                match known {
                    "Trace" | "TraceOutput" | "Static" | "Compression" => {
                        self.flag(here, value);
                    }
                    "PipelineStyle" => {
                        self.choice(here, value, &[("auto", ()), ("pipeline", ()), ("dataflow", ())]);
                    }
                    key if key.ends_with("ReuseFactor") || key.ends_with("TableSize") => {
                        self.count(here, value, 1);
                    }
                    _ => {}
                }
                layer
                    .other
                    .insert(snake(known), value.as_str().map_or_else(|| value.to_string(), str::to_string));
            }
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{plain, snake};

    #[test]
    fn keys_are_spelt_either_way() {
        assert_eq!(plain("ReuseFactor"), plain("reuse_factor"));
        assert_eq!(snake("ConvImplementation"), "conv_implementation");
        assert_eq!(snake("exp_table"), "exp_table");
        assert_eq!(snake("TableRangePower2"), "table_range_power2");
    }
}
