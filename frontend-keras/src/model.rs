//! The network as the file's JSON describes it: layers, their configurations, and who reads whom.
//!
//! Keras 2 and Keras 3 spell connections differently; behind this file both look the same. Nothing is judged here but
//! the form.

use std::collections::BTreeMap;

use netlathe_ir::Diagnostic;
use serde_json::{Map, Value};

use crate::error::{Error, code};

/// Most layers of a network that is read.
const MAX_LAYERS: usize = 10_000;

/// Whose rules name the nodes: hls4ml has a parser for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keras {
    /// Keras 2 (`tf.keras`, with QKeras).
    V2,
    /// Keras 3.
    V3,
}

/// One tensor: output number `tensor` of the `node`-th use of layer `layer`. Only models within the model have several.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TensorRef {
    pub layer: String,
    pub node: usize,
    pub tensor: usize,
}

/// One layer of the file.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub name: String,
    /// Keras's class name, without a package prefix.
    pub class: String,
    /// The package that registered the class (`qkeras`, `hgq`), or the module's first word.
    pub package: String,
    pub config: Map<String, Value>,
    /// Operands of each use; an input layer has one use without operands.
    pub calls: Vec<Vec<TensorRef>>,
    /// The network that the layer is (a Sequential or functional model as a layer).
    pub inner: Option<Box<Model>>,
}

/// The network.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub name: String,
    pub keras: Keras,
    pub layers: Vec<Layer>,
    pub inputs: Vec<TensorRef>,
    pub outputs: Vec<TensorRef>,
}

fn malformed(message: impl Into<String>) -> Error {
    Diagnostic::error(code::MALFORMED, message).help("save the model again with Keras").into()
}

/// Reads the JSON text of a model (`config.json`, `model.json`, or the attribute `model_config`).
///
/// `version` is the Keras version that the file names elsewhere; the text's own, if any, comes second.
pub(crate) fn parse(place: &str, text: &str, version: Option<&str>) -> Result<Model, Error> {
    let root: Value = serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&quote_constants(text)))
        .map_err(|e| Error::json(place, text, &e))?;
    let class = root
        .get("class_name")
        .and_then(Value::as_str)
        .ok_or_else(|| malformed("the model has no class_name"))?;
    let config = root.get("config").ok_or_else(|| malformed("the model has no config"))?;
    let keras = match version.or_else(|| root.get("keras_version").and_then(Value::as_str)) {
        Some(version) if version.starts_with('3') => Keras::V3,
        Some(_) => Keras::V2,
        // Only Keras 3 writes the shape of an input as batch_shape.
        None if text.contains("\"batch_shape\"") => Keras::V3,
        None => Keras::V2,
    };
    network(class, config, keras)
}

/// Whether a class is a network of layers.
fn is_network(class: &str) -> bool {
    matches!(class, "Sequential" | "Functional" | "Model")
}

/// Reads a network, and those within it. How deep they may lie is bounded by the depth of JSON that is parsed at all.
fn network(class: &str, config: &Value, keras: Keras) -> Result<Model, Error> {
    let name = config.get("name").and_then(Value::as_str).unwrap_or("model").to_string();
    // Very old Sequential models have the list itself as their configuration.
    let list = config
        .get("layers")
        .unwrap_or(config)
        .as_array()
        .ok_or_else(|| malformed("the model has no layers"))?;
    if list.is_empty() || list.len() > MAX_LAYERS {
        return Err(malformed(format!("the model has {} layers; 1 to {MAX_LAYERS} are read", list.len())));
    }
    let mut layers = Vec::with_capacity(list.len());
    for (at, layer) in list.iter().enumerate() {
        layers.push(parse_layer(at, layer, keras)?);
    }
    match class {
        "Sequential" => Ok(sequential(name, keras, layers, config)),
        class if is_network(class) => {
            for (layer, value) in layers.iter_mut().zip(list) {
                layer.calls = calls(layer, value.get("inbound_nodes"))?;
            }
            let inputs = endpoints(config, "input_layers")?;
            let outputs = endpoints(config, "output_layers")?;
            let mut model = Model { name, keras, layers, inputs, outputs };
            count_uses(&mut model)?;
            Ok(model)
        }
        other => Err(malformed(format!(
            "the model's class is `{other}`; Sequential, Functional and Model are read"
        ))),
    }
}

/// Python writes NaN and Infinity into JSON, which JSON does not have: they become texts of that spelling.
fn quote_constants(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let constant = ["NaN", "Infinity", "-Infinity"].into_iter().find(|w| rest.starts_with(w));
        let taken = if c == '"' {
            // A whole string at once, so that nothing inside it is touched.
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            let end = end.map_or(rest.len(), |end| end + 2);
            out.push_str(&rest[..end]);
            end
        } else if let Some(word) = constant {
            out.push('"');
            out.push_str(word);
            out.push('"');
            word.len()
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

fn parse_layer(at: usize, value: &Value, keras: Keras) -> Result<Layer, Error> {
    let class = value.get("class_name").and_then(Value::as_str);
    let class = class.ok_or_else(|| malformed(format!("layer number {} has no class_name", at + 1)))?;
    let config = match value.get("config") {
        Some(Value::Object(config)) => config.clone(),
        _ => return Err(malformed(format!("layer number {} ({class}) has no config", at + 1))),
    };
    let name = config.get("name").or_else(|| value.get("name")).and_then(Value::as_str);
    let name =
        name.ok_or_else(|| malformed(format!("layer number {} ({class}) has no name", at + 1)))?.to_string();
    let registered = value.get("registered_name").and_then(Value::as_str).unwrap_or(class);
    let module = value.get("module").and_then(Value::as_str).unwrap_or("");
    let package = match registered.split_once('>').or_else(|| class.split_once('>')) {
        Some((package, _)) => package,
        None => module.split('.').next().unwrap_or(""),
    };
    let class = class.rsplit('>').next().unwrap_or(class).to_string();
    let inner = match value.get("config") {
        Some(config) if is_network(&class) => Some(Box::new(network(&class, config, keras)?)),
        _ => None,
    };
    Ok(Layer { name, class, package: package.to_ascii_lowercase(), config, calls: Vec::new(), inner })
}

/// Layers in a row. Where the file has no input, it gets the name that hls4ml's users see: Keras's own, since Keras loads
/// the file first; `input1` in networks that Keras cannot load and hls4ml reads by itself.
fn sequential(name: String, keras: Keras, mut layers: Vec<Layer>, config: &Value) -> Model {
    if layers[0].class != "InputLayer" {
        let foreign = layers.iter().any(|l| matches!(l.class.as_str(), "BinaryDense" | "TernaryDense"));
        let (input, key) = match keras {
            Keras::V2 if foreign => ("input1".to_string(), "batch_input_shape"),
            Keras::V2 => (format!("{}_input", layers[0].name), "batch_input_shape"),
            Keras::V3 => ("input_layer".to_string(), "batch_shape"),
        };
        let shape = first_shape(&layers[0]).or_else(|| config.get("build_input_shape"));
        let shape = shape.cloned().unwrap_or(Value::Null);
        let mut map = Map::new();
        map.insert("name".into(), input.clone().into());
        map.insert(key.into(), shape);
        map.insert("dtype".into(), "float32".into());
        let class = "InputLayer".to_string();
        layers.insert(
            0,
            Layer {
                name: input,
                class,
                package: "keras".into(),
                config: map,
                calls: Vec::new(),
                inner: None,
            },
        );
    }
    for at in 0..layers.len() {
        let operands = at.checked_sub(1).map(|before| TensorRef::first(&layers[before]));
        layers[at].calls = vec![operands.into_iter().collect()];
    }
    let end = |layer: &Layer| vec![TensorRef::first(layer)];
    let (inputs, outputs) = (end(&layers[0]), end(&layers[layers.len() - 1]));
    Model { name, keras, layers, inputs, outputs }
}

/// The shape of its input that a layer, or the first of a model's layers, was built with.
fn first_shape(layer: &Layer) -> Option<&Value> {
    let own = ["batch_input_shape", "batch_shape"].iter().find_map(|key| layer.config.get(*key));
    own.or_else(|| layer.inner.as_ref().and_then(|inner| inner.layers.first()).and_then(first_shape))
}

impl TensorRef {
    /// The only output of a layer's first use.
    fn first(layer: &Layer) -> Self {
        Self { layer: layer.name.clone(), node: 0, tensor: 0 }
    }
}

/// The uses of a layer.
fn calls(layer: &Layer, inbound: Option<&Value>) -> Result<Vec<Vec<TensorRef>>, Error> {
    let nodes = inbound.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if nodes.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    let mut calls = Vec::with_capacity(nodes.len());
    for node in nodes {
        let mut operands = Vec::new();
        collect(&layer.name, node, &mut operands)?;
        calls.push(operands);
    }
    Ok(calls)
}

/// Counts each layer's uses from 0, and refuses second outputs of layers that have none.
///
/// A functional model begins with a use of its own, which no file holds: Keras 2 counts it everywhere (of a Sequential
/// model too, if it has an input layer), Keras 3 where the network's outputs are named. Keras 2 may also count uses in
/// other networks: a layer that is used once here has use 0 only.
fn count_uses(model: &mut Model) -> Result<(), Error> {
    struct Facts {
        once: bool,
        outputs: Option<usize>,
        /// Whether operands and the network's ends count the use of its own.
        counted: (bool, bool),
    }
    let keras = model.keras;
    let facts: BTreeMap<String, Facts> = model
        .layers
        .iter()
        .map(|layer| {
            let sequential = layer.class == "Sequential";
            let first = layer.config.get("layers").and_then(|l| l.get(0)).and_then(|l| l.get("class_name"));
            let counted = match (keras, &layer.inner) {
                (_, None) => (false, false),
                (Keras::V2, Some(_)) => {
                    let counts = !sequential || first.and_then(Value::as_str) == Some("InputLayer");
                    (counts, counts)
                }
                (Keras::V3, Some(_)) => (false, !sequential),
            };
            let once = layer.calls.len() == 1 && (keras == Keras::V2 || layer.inner.is_some());
            let outputs = layer.inner.as_ref().map(|inner| inner.outputs.len());
            (layer.name.clone(), Facts { once, outputs, counted })
        })
        .collect();
    let operands = model.layers.iter_mut().flat_map(|l| l.calls.iter_mut().flatten()).map(|t| (t, false));
    let ends = model.inputs.iter_mut().chain(&mut model.outputs).map(|t| (t, true));
    for (tensor, end) in operands.chain(ends) {
        let Some(facts) = facts.get(&tensor.layer) else { continue };
        if facts.once {
            tensor.node = 0;
        } else if if end { facts.counted.1 } else { facts.counted.0 } {
            tensor.node = tensor.node.saturating_sub(1);
        }
        if tensor.tensor > 0 && facts.outputs.is_none() {
            let message = format!(
                "its output number {} is read: layers with several outputs are not supported",
                tensor.tensor
            );
            return Err(Diagnostic::error(code::UNSUPPORTED_LAYER, message).layer(&tensor.layer).into());
        }
        if facts.outputs.is_some_and(|n| tensor.tensor >= n) {
            let message = format!("its output number {} is read, which does not exist", tensor.tensor);
            return Err(Diagnostic::error(code::TOPOLOGY, message).layer(&tensor.layer).into());
        }
    }
    Ok(())
}

/// Tensors in the arguments of one use, in order: Keras 3's `__keras_tensor__` objects, Keras 2's
/// `[layer, node, tensor, kwargs]`.
fn collect(layer: &str, value: &Value, into: &mut Vec<TensorRef>) -> Result<(), Error> {
    match value {
        Value::Object(map) if map.get("class_name").and_then(Value::as_str) == Some("__keras_tensor__") => {
            let history = map.get("config").and_then(|c| c.get("keras_history"));
            let tensor = history.and_then(tensor_ref).ok_or_else(|| bad_tensor(layer, value))?;
            into.push(tensor?);
        }
        Value::Object(map) => {
            for key in ["args", "kwargs"] {
                if let Some(inner) = map.get(key) {
                    collect(layer, inner, into)?;
                }
            }
            for (_, inner) in map.iter().filter(|(key, _)| *key != "args" && *key != "kwargs") {
                collect(layer, inner, into)?;
            }
        }
        Value::Array(items) => {
            if let Some(tensor) = tensor_ref(value) {
                into.push(tensor?);
            } else {
                for item in items {
                    collect(layer, item, into)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn bad_tensor(layer: &str, value: &Value) -> Error {
    let text: String = value.to_string().chars().take(120).collect();
    Diagnostic::error(code::MALFORMED, format!("reads a tensor that is written as {text}"))
        .layer(layer)
        .into()
}

/// `[layer, node, tensor, ...]`; `None` for any other list.
fn tensor_ref(value: &Value) -> Option<Result<TensorRef, Error>> {
    let [Value::String(layer), node, tensor, ..] = value.as_array()?.as_slice() else { return None };
    let (node, tensor) = (node.as_u64()?, tensor.as_u64()?);
    Some(match (usize::try_from(node), usize::try_from(tensor)) {
        (Ok(node), Ok(tensor)) => Ok(TensorRef { layer: layer.clone(), node, tensor }),
        _ => Err(bad_tensor(layer, value)),
    })
}

/// `input_layers` or `output_layers`: one tensor, a list, or a dictionary (in the order of its keys, as Keras flattens).
fn endpoints(config: &Value, key: &str) -> Result<Vec<TensorRef>, Error> {
    let value = config.get(key).ok_or_else(|| malformed(format!("the model has no {key}")))?;
    let mut tensors = Vec::new();
    collect(key, value, &mut tensors)?;
    if tensors.is_empty() {
        return Err(malformed(format!("the model's {key} is empty")));
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::quote_constants;

    #[test]
    fn pythons_constants_become_texts_outside_of_texts() {
        let text = r#"{"a": [NaN, -Infinity], "Infinity \" NaN": Infinity, "é": "NaN"}"#;
        let want = r#"{"a": ["NaN", "-Infinity"], "Infinity \" NaN": "Infinity", "é": "NaN"}"#;
        assert_eq!(quote_constants(text), want);
        assert_eq!(quote_constants("\"open NaN"), "\"open NaN");
    }
}
