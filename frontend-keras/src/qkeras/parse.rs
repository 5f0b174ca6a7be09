//! Quantisers from a file: as a dictionary (`{"class_name", "config"}`) or as text (`quantized_bits(6,0,alpha=1)`).

use serde_json::{Map, Value};
use thiserror::Error;

use super::{Alpha, Bits, Po2, Quantizer};

/// A quantiser that cannot be kept as the file says it.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("quantiser `{text}`: {problem}")]
pub struct QuantizerError {
    /// The quantiser as the file writes it (cut after 200 characters).
    pub text: String,
    /// What is wrong.
    pub problem: String,
    /// Whether the quantiser's class is merely not supported; otherwise its settings are wrong or cannot be kept.
    pub unsupported: bool,
}

/// Classes that are read, in the order of the constructor's arguments.
const CLASSES: [(&str, &[&str]); 10] = [
    (
        "quantized_bits",
        &[
            "bits",
            "integer",
            "symmetric",
            "keep_negative",
            "alpha",
            "use_stochastic_rounding",
            "scale_axis",
            "qnoise_factor",
        ],
    ),
    (
        "quantized_relu",
        &[
            "bits",
            "integer",
            "use_sigmoid",
            "negative_slope",
            "use_stochastic_rounding",
            "relu_upper_bound",
            "is_quantized_clip",
            "qnoise_factor",
        ],
    ),
    ("quantized_tanh", &["bits", "use_stochastic_rounding", "symmetric", "use_real_tanh"]),
    ("quantized_sigmoid", &["bits", "symmetric", "use_real_sigmoid", "use_stochastic_rounding"]),
    (
        "quantized_po2",
        &[
            "bits",
            "max_value",
            "use_stochastic_rounding",
            "quadratic_approximation",
            "log2_rounding",
            "qnoise_factor",
        ],
    ),
    (
        "quantized_relu_po2",
        &[
            "bits",
            "max_value",
            "negative_slope",
            "use_stochastic_rounding",
            "quadratic_approximation",
            "log2_rounding",
            "qnoise_factor",
        ],
    ),
    ("binary", &["use_01", "alpha", "use_stochastic_rounding"]),
    ("ternary", &["alpha", "threshold", "use_stochastic_rounding", "number_of_unrolls"]),
    ("stochastic_binary", &["alpha", "temperature", "use_real_sigmoid"]),
    ("stochastic_ternary", &["alpha", "threshold", "temperature", "use_real_sigmoid", "number_of_unrolls"]),
];

/// Settings that change nothing in a trained network's inference. Stochastic rounding is for training only: QKeras
/// rounds to nearest outside of it, and the stochastic classes are then their plain ones.
const INERT: [&str; 8] = [
    "use_stochastic_rounding",
    "temperature",
    "var_name",
    "use_ste",
    "use_variables",
    "post_training_scale",
    "elements_per_scale",
    "min_po2_exponent",
];

/// Reads a quantiser; `None` for `null`.
///
/// # Errors
/// An unknown class or setting, or one whose numbers cannot be kept.
pub fn parse(value: &Value) -> Result<Option<Quantizer>, QuantizerError> {
    let fail = |problem: String| QuantizerError { text: cut(value), problem, unsupported: false };
    if let Some(class) = class_name(value)
        && let Err(problem) = arguments(class)
    {
        return Err(QuantizerError { text: cut(value), problem, unsupported: true });
    }
    let (class, config) = match value {
        Value::Null => return Ok(None),
        Value::String(text) => from_text(text).map_err(fail)?,
        Value::Object(map) => {
            let class = map
                .get("class_name")
                .and_then(Value::as_str)
                .ok_or_else(|| fail("has no class_name".into()))?;
            let config = match map.get("config") {
                Some(Value::Object(config)) => config.clone(),
                // A function: {"class_name": "function", "config": "binary_tanh"}.
                Some(Value::String(name)) => return parse(&Value::String(name.clone())),
                None | Some(Value::Null) => Map::new(),
                Some(other) => return Err(fail(format!("its config is {other}, not a dictionary"))),
            };
            (class.rsplit('>').next().unwrap_or(class).to_string(), config)
        }
        _ => return Err(fail("is neither a dictionary nor a text".into())),
    };
    build(&class, &config).map(Some).map_err(fail)
}

/// Reads an activation's quantiser; also knows the functions `binary_tanh` and `ternary_tanh`.
///
/// # Errors
/// As [`parse`].
pub fn parse_activation(value: &Value) -> Result<Option<Quantizer>, QuantizerError> {
    let name = match value {
        Value::String(text) => Some(text.as_str()),
        Value::Object(map) => match map.get("config") {
            Some(Value::String(text)) => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    };
    match name {
        Some("binary_tanh") => Ok(Some(Quantizer::Binary { use_01: false, alpha: Alpha::Unset })),
        Some("ternary_tanh") => {
            Ok(Some(Quantizer::Ternary { alpha: Alpha::Unset, threshold: None, unrolls: 5 }))
        }
        _ => parse(value),
    }
}

/// Whether a text looks like one of QKeras's quantisers rather than a Keras activation.
pub(crate) fn is_quantizer_name(text: &str) -> bool {
    let name = text.split('(').next().unwrap_or(text).trim();
    CLASSES.iter().any(|(class, _)| *class == name)
        || name.starts_with("quantized_")
        || name == "binary_tanh"
        || name == "ternary_tanh"
}

/// The class that a quantiser names, without package and arguments.
fn class_name(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => text.split('(').next().map(str::trim),
        Value::Object(map) => match map.get("config") {
            Some(Value::String(_)) => None,
            _ => map.get("class_name").and_then(Value::as_str)?.rsplit('>').next(),
        },
        _ => None,
    }
}

/// The constructor's arguments of a class, in order.
fn arguments(class: &str) -> Result<&'static [&'static str], String> {
    CLASSES.iter().find(|(name, _)| *name == class).map(|(_, arguments)| *arguments).ok_or_else(|| {
        let names: Vec<_> = CLASSES.iter().map(|(name, _)| *name).collect();
        format!("`{class}` is not supported; supported are {}", names.join(", "))
    })
}

fn build(class: &str, config: &Map<String, Value>) -> Result<Quantizer, String> {
    let known = arguments(class)?;
    if let Some(key) = config.keys().find(|k| !known.contains(&k.as_str()) && !INERT.contains(&k.as_str())) {
        return Err(format!("does not know the setting `{key}`"));
    }
    for (key, neutral) in [("qnoise_factor", 1.0), ("use_sigmoid", 0.0), ("is_quantized_clip", 1.0)] {
        if number(config, key, neutral)? != neutral {
            return Err(format!("{key} = {}: only {neutral} is supported", config[key]));
        }
    }
    for key in ["scale_axis", "post_training_scale", "elements_per_scale"] {
        if config.get(key).is_some_and(|v| !v.is_null()) {
            return Err(format!("{key} = {}: only null is supported", config[key]));
        }
    }
    let flag =
        |key, default: bool| Ok::<_, String>(number(config, key, f64::from(u8::from(default)))? != 0.0);
    Ok(match class {
        "quantized_bits" => {
            let alpha = alpha(config)?;
            let found = matches!(alpha, Alpha::Auto | Alpha::AutoPo2);
            let quantizer = Bits {
                bits: bits(config)?,
                integer: integer(config)?,
                symmetric: flag("symmetric", false)? || found, // QKeras: a found scale implies it
                keep_negative: flag("keep_negative", true)?,
                alpha,
            };
            if found && (!quantizer.keep_negative || quantizer.bits < 2) {
                return Err("a found scale needs a sign and at least 2 bits".into());
            }
            Quantizer::Bits(quantizer)
        }
        "quantized_po2" => Quantizer::Po2(po2(config, None)?),
        "quantized_relu_po2" => {
            let slope = number(config, "negative_slope", 0.0)?;
            if !(slope == 0.0 || slope > 0.0 && slope.to_bits().trailing_zeros() >= 52) {
                return Err(format!("negative_slope = {slope}: QKeras allows 0 and powers of two"));
            }
            Quantizer::Po2(po2(config, Some(slope))?)
        }
        "quantized_relu" => {
            // The default is_quantized_clip takes precedence over relu_upper_bound.
            let slope = number(config, "negative_slope", 0.0)?;
            if !(slope == 0.0 || (slope > 0.0 && slope.to_bits().trailing_zeros() >= 52)) {
                return Err(format!("negative_slope = {slope}: QKeras allows 0 and powers of two"));
            }
            Quantizer::Relu { bits: bits(config)?, integer: integer(config)?, negative_slope: slope }
        }
        "quantized_tanh" => Quantizer::Tanh {
            bits: bits(config)?,
            symmetric: flag("symmetric", false)?,
            real: flag("use_real_tanh", false)?,
        },
        "quantized_sigmoid" => {
            if flag("symmetric", false)? {
                return Err("symmetric = 1 (no 0 at the output) is not supported".into());
            }
            Quantizer::Sigmoid { bits: bits(config)?, real: flag("use_real_sigmoid", false)? }
        }
        "binary" => Quantizer::Binary { use_01: flag("use_01", false)?, alpha: alpha(config)? },
        "stochastic_binary" => Quantizer::Binary { use_01: false, alpha: alpha(config)? },
        _ => {
            let threshold = match config.get("threshold") {
                None | Some(Value::Null) => None,
                Some(_) => Some(number(config, "threshold", 0.33)?),
            };
            let alpha = alpha(config)?;
            if threshold.is_some() && matches!(alpha, Alpha::Auto | Alpha::AutoPo2) {
                return Err("a found scale does not go with a threshold".into());
            }
            let unrolls = number(config, "number_of_unrolls", 5.0)?;
            if !(0.0..=100.0).contains(&unrolls) {
                return Err(format!("number_of_unrolls = {unrolls} is outside 0..=100"));
            }
            Quantizer::Ternary { alpha, threshold, unrolls: unrolls as u32 }
        }
    })
}

fn po2(config: &Map<String, Value>, relu: Option<f64>) -> Result<Po2, String> {
    let max_value = match config.get("max_value") {
        None | Some(Value::Null) => None,
        Some(_) => Some(number(config, "max_value", 1.0)?).filter(|max| *max >= 0.0),
    };
    if max_value.is_none() && config.get("max_value").is_some_and(|v| !v.is_null()) {
        return Err(format!("max_value = {}: 0 or more is wanted", config["max_value"]));
    }
    let floor = match config.get("log2_rounding") {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) if text == "rnd" => false,
        Some(Value::String(text)) if text == "floor" => true,
        Some(other) => return Err(format!("log2_rounding = {other}: \"rnd\" or \"floor\" is wanted")),
    };
    let quadratic = number(config, "quadratic_approximation", 0.0)? != 0.0;
    let po2 = Po2 { bits: bits(config)?, max_value, quadratic, floor, relu };
    // Everything is computed in float32, whose smallest normal power of two is 2^-126.
    match po2.bounds() {
        Some(_) if po2.exponents().0 >= -126 && po2.exponents().1 <= 126 => Ok(po2),
        Some(_) => Err(format!("bits = {}: its exponents leave float32", po2.bits)),
        None => Err(format!("bits = {}: too few or too many for a sign and an exponent", po2.bits)),
    }
}

/// A number or a truth value.
fn number(config: &Map<String, Value>, key: &str, default: f64) -> Result<f64, String> {
    match config.get(key) {
        None => Ok(default),
        Some(Value::Bool(b)) => Ok(f64::from(u8::from(*b))),
        Some(value) => value.as_f64().ok_or_else(|| format!("{key} = {value} is not a number")),
    }
}

fn bits(config: &Map<String, Value>) -> Result<u32, String> {
    let bits = number(config, "bits", 8.0)?;
    if bits.fract() == 0.0 && (1.0..=32.0).contains(&bits) {
        Ok(bits as u32)
    } else {
        Err(format!("bits = {bits}: an integer from 1 to 32 is wanted"))
    }
}

fn integer(config: &Map<String, Value>) -> Result<i32, String> {
    let integer = number(config, "integer", 0.0)?;
    if integer.fract() == 0.0 && (-64.0..=64.0).contains(&integer) {
        Ok(integer as i32)
    } else {
        Err(format!("integer = {integer}: an integer from -64 to 64 is wanted"))
    }
}

fn alpha(config: &Map<String, Value>) -> Result<Alpha, String> {
    match config.get("alpha") {
        None | Some(Value::Null) => Ok(Alpha::Unset),
        Some(Value::String(text)) if text == "auto" => Ok(Alpha::Auto),
        Some(Value::String(text)) if text == "auto_po2" => Ok(Alpha::AutoPo2),
        Some(Value::Number(n)) if n.as_f64().is_some_and(|v| v.is_finite() && v > 0.0) => {
            Ok(Alpha::Value(n.as_f64().unwrap_or(1.0)))
        }
        Some(other) => {
            Err(format!("alpha = {other}: a positive number, \"auto\", \"auto_po2\" or null is wanted"))
        }
    }
}

/// `name`, or `name(arg, key=arg, ...)` with numbers, True, False, None and quoted texts (QKeras `safe_eval`).
fn from_text(text: &str) -> Result<(String, Map<String, Value>), String> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else { return Ok((text.to_string(), Map::new())) };
    let name = name.trim();
    let inner = rest.strip_suffix(')').ok_or("the closing parenthesis is missing")?;
    let order = arguments(name)?;
    let mut config = Map::new();
    let mut keyed = false;
    for (at, item) in inner.split(',').map(str::trim).filter(|item| !item.is_empty()).enumerate() {
        let (key, value) = match item.split_once('=') {
            Some((key, value)) => {
                keyed = true;
                (key.trim(), value.trim())
            }
            None if keyed => return Err(format!("`{item}` stands without a name after a named one")),
            None => {
                let key =
                    order.get(at).ok_or_else(|| format!("has no argument number {} (`{item}`)", at + 1))?;
                (*key, item)
            }
        };
        if config.insert(key.to_string(), literal(value)?).is_some() {
            return Err(format!("`{key}` is given twice"));
        }
    }
    Ok((name.to_string(), config))
}

fn literal(text: &str) -> Result<Value, String> {
    let quoted = |q: char| text.strip_prefix(q).and_then(|t| t.strip_suffix(q));
    match text {
        "True" => Ok(Value::Bool(true)),
        "False" => Ok(Value::Bool(false)),
        "None" => Ok(Value::Null),
        _ => {
            if let Some(inner) = quoted('\'').or_else(|| quoted('"')) {
                return Ok(Value::String(inner.to_string()));
            }
            if let Ok(n) = text.parse::<i64>() {
                return Ok(Value::from(n));
            }
            text.parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map(Value::Number)
                .ok_or_else(|| format!("`{text}` is neither a number nor a quoted text"))
        }
    }
}

fn cut(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bits(bits: u32, integer: i32, symmetric: bool, alpha: Alpha) -> Quantizer {
        Quantizer::Bits(Bits { bits, integer, symmetric, keep_negative: true, alpha })
    }

    #[test]
    fn text_and_dictionary_mean_the_same() {
        let cases = [
            (json!("quantized_bits(6,0,alpha=1)"), bits(6, 0, false, Alpha::Value(1.0))),
            (json!("quantized_bits(4, 1, 1, alpha='auto_po2')"), bits(4, 1, true, Alpha::AutoPo2)),
            (json!("quantized_bits"), bits(8, 0, false, Alpha::Unset)),
            (
                json!({"module": "qkeras.quantizers", "class_name": "quantized_bits", "registered_name": "qkeras>quantized_bits",
                       "config": {"bits": 4, "integer": 0, "symmetric": 0, "alpha": "auto", "keep_negative": true,
                                  "use_stochastic_rounding": false, "qnoise_factor": 1.0, "post_training_scale": null}}),
                bits(4, 0, true, Alpha::Auto),
            ),
            (json!("quantized_relu(6)"), Quantizer::Relu { bits: 6, integer: 0, negative_slope: 0.0 }),
            (
                json!("quantized_relu(8,2,negative_slope=0.125)"),
                Quantizer::Relu { bits: 8, integer: 2, negative_slope: 0.125 },
            ),
            (
                json!("quantized_tanh(5, symmetric=True)"),
                Quantizer::Tanh { bits: 5, symmetric: true, real: false },
            ),
            (
                json!("quantized_po2(4, 2, quadratic_approximation=True)"),
                Quantizer::Po2(Po2 {
                    bits: 4,
                    max_value: Some(2.0),
                    quadratic: true,
                    floor: false,
                    relu: None,
                }),
            ),
            (
                json!({"class_name": "quantized_relu_po2", "config": {"bits": 6, "max_value": 2048, "negative_slope": 0,
                       "use_stochastic_rounding": false, "quadratic_approximation": false, "qnoise_factor": 1.0,
                       "log2_rounding": "floor"}}),
                Quantizer::Po2(Po2 {
                    bits: 6,
                    max_value: Some(2048.0),
                    quadratic: false,
                    floor: true,
                    relu: Some(0.0),
                }),
            ),
            (
                json!("ternary(threshold=0.5)"),
                Quantizer::Ternary { alpha: Alpha::Unset, threshold: Some(0.5), unrolls: 5 },
            ),
            (
                json!("stochastic_binary(alpha=1)"),
                Quantizer::Binary { use_01: false, alpha: Alpha::Value(1.0) },
            ),
            (
                json!({"class_name": "binary", "config": {"use_01": true, "alpha": null}}),
                Quantizer::Binary { use_01: true, alpha: Alpha::Unset },
            ),
        ];
        for (value, want) in cases {
            assert_eq!(parse(&value).map_err(|e| e.to_string()), Ok(Some(want)), "{value}");
        }
        assert_eq!(parse(&Value::Null), Ok(None));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_reason() {
        let cases = [
            (json!("quantized_ulaw(8)"), "not supported"),
            (json!("quantized_bits(6,0"), "parenthesis"),
            (json!("quantized_bits(bits=6,0)"), "after a named one"),
            (json!("quantized_bits(6,bits=4)"), "given twice"),
            (json!("quantized_bits(6.5)"), "bits = 6.5"),
            (json!("quantized_bits(6,0,qnoise_factor=0.5)"), "qnoise_factor"),
            (json!("quantized_bits(6,alpha='best')"), "alpha"),
            (json!("quantized_relu(6,0,negative_slope=0.3)"), "powers of two"),
            (json!("quantized_po2(1)"), "too few"),
            (json!("quantized_po2(10)"), "leave float32"),
            (json!("quantized_po2(4, -1)"), "max_value"),
            (json!("quantized_po2(4, log2_rounding='up')"), "log2_rounding"),
            (json!("binary(1,2,3,4)"), "no argument number 4"),
            (json!({"class_name": "quantized_bits", "config": {"bitz": 4}}), "bitz"),
            (json!({"config": {}}), "class_name"),
            (json!(7), "neither"),
        ];
        for (value, want) in cases {
            let text = parse(&value).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(text.contains(want), "{value}: `{text}` does not say `{want}`");
        }
    }
}
