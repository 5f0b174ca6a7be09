//! Where a layer's weights lie in the HDF5 file, and whether they are what the layer's configuration wants.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Dimension, IxDyn};
use netlathe_ir::Diagnostic;

use crate::error::{Error, code};
use crate::h5::{H5, WeightArray};
use crate::model::{Layer, Model};

/// Groups that hold a model's layers in Keras 3, and in archives of Keras 2.
const CONTAINERS: [&str; 2] = ["layers", "_layer_checkpoint_dependencies"];
/// How deep a weight is looked for in a Keras 2 layer's group.
const SEARCH_DEPTH: usize = 6;

/// A weight as stored.
pub(crate) struct Stored {
    /// The values.
    pub data: ArrayD<f64>,
    /// Whether every value is a float32.
    pub single: bool,
}

impl Stored {
    /// The values in float32 and C order.
    pub(crate) fn to_f32(&self) -> Vec<f32> {
        self.data.iter().map(|&v| v as f32).collect()
    }
}

/// One weight variable of a layer.
pub(crate) struct Variable<'a> {
    /// Keras's name (`kernel`, `moving_mean`).
    pub name: &'a str,
    /// Its number among the layer's variables, by which Keras 3 stores it.
    pub position: usize,
    /// The shape that the layer's configuration and input want.
    pub shape: &'a [usize],
}

/// Where the weights of a network, or of a model within it, lie.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// Keras 3: `layers/<class>_<n>/vars/<position>`; the group of each layer.
    Vars(BTreeMap<String, String>),
    /// Keras 2: `<layer>/<weight name>` below this group.
    Named(String),
    /// Keras 2: this group holds all weights of a model within the model, and of those within that; the names of the
    /// models below the outermost.
    Flat(String, Vec<String>),
}

/// The weights of a model.
pub(crate) struct Weights {
    h5: H5,
    root: Scope,
}

/// The weights that a network's layers find.
#[derive(Clone, Copy)]
pub(crate) struct Within<'a> {
    h5: &'a H5,
    scope: &'a Scope,
}

impl Weights {
    /// Finds out which of Keras's layouts the file has.
    pub(crate) fn new(h5: H5, model: &Model) -> Result<Self, Error> {
        let root = if h5.has_group("model_weights") {
            Scope::Named("model_weights".into())
        } else {
            let container = CONTAINERS.into_iter().find(|name| {
                // A Keras 2 file may have a layer of that very name.
                h5.has_group(name) && matches!(h5.attr_strs("", "layer_names"), Ok(None))
            });
            match container {
                Some(container) => Scope::Vars(groups(&h5, container, model)?),
                None => Scope::Named(String::new()),
            }
        };
        Ok(Self { h5, root })
    }

    /// Where the network's own weights lie.
    pub(crate) fn root(&self) -> Scope {
        self.root.clone()
    }

    /// Where the weights of the model `inner` lie, which is the layer `layer` of the network in `scope`.
    ///
    /// # Errors
    /// The file is damaged.
    pub(crate) fn inner(&self, scope: &Scope, layer: &Layer, inner: &Model) -> Result<Scope, Error> {
        Ok(match scope {
            Scope::Vars(by_name) => {
                let containers = by_name.get(&layer.name).into_iter().flat_map(|group| {
                    let direct = CONTAINERS.map(|name| format!("{group}/{name}"));
                    let functional = CONTAINERS.map(|name| format!("{group}/_functional/{name}"));
                    direct.into_iter().chain(functional)
                });
                match containers.into_iter().find(|path| self.h5.has_group(path)) {
                    Some(container) => Scope::Vars(groups(&self.h5, &container, inner)?),
                    None => Scope::Vars(BTreeMap::new()),
                }
            }
            Scope::Named(root) if root.is_empty() => Scope::Flat(layer.name.clone(), Vec::new()),
            Scope::Named(root) => Scope::Flat(format!("{root}/{}", layer.name), Vec::new()),
            Scope::Flat(group, names) => {
                let names = names.iter().chain([&layer.name]).cloned().collect();
                Scope::Flat(group.clone(), names)
            }
        })
    }

    /// The weights that layers of the network in `scope` find.
    pub(crate) fn within<'a>(&'a self, scope: &'a Scope) -> Within<'a> {
        Within { h5: &self.h5, scope }
    }
}

impl Within<'_> {
    /// Reads a variable of a layer.
    ///
    /// # Errors
    /// It is missing, has another shape, or holds NaN or infinite values. The shape is judged before data are read.
    pub(crate) fn get(&self, layer: &Layer, variable: &Variable<'_>) -> Result<Stored, Diagnostic> {
        let path = self.find(layer, variable).ok_or_else(|| {
            Diagnostic::error(
                code::MISSING_WEIGHT,
                format!("weight `{}` is not in {}", variable.name, self.h5.place()),
            )
            .layer(&layer.name)
            .help("save the model together with its weights")
        })?;
        let unreadable = |e: Error| {
            Diagnostic::error(code::MISSING_WEIGHT, format!("weight `{}` cannot be read: {e}", variable.name))
                .layer(&layer.name)
        };
        let shape = self.h5.shape(&path).map_err(unreadable)?;
        if shape != variable.shape {
            return Err(Diagnostic::error(
                code::WEIGHT_SHAPE,
                format!(
                    "weight `{}` is stored with shape {shape:?}, its configuration and input want {:?}",
                    variable.name, variable.shape
                ),
            )
            .layer(&layer.name)
            .help("the architecture and the weights are of two models: save both together"));
        }
        let WeightArray { shape, data, wide } = self.h5.dataset(&path).map_err(unreadable)?;
        let array = ArrayD::from_shape_vec(IxDyn(&shape), data).map_err(|e| {
            Diagnostic::error(code::WEIGHT_SHAPE, format!("weight `{}`: {e}", variable.name))
                .layer(&layer.name)
        })?;
        if let Some((index, value)) = array.indexed_iter().find(|(_, v)| !v.is_finite()) {
            let count = array.iter().filter(|v| !v.is_finite()).count();
            return Err(Diagnostic::error(
                code::WEIGHT_VALUE,
                format!(
                    "weight `{}`{:?} is {value}; {count} of its {} values are not finite",
                    variable.name,
                    index.slice(),
                    array.len()
                ),
            )
            .layer(&layer.name)
            .help("fixed-point numbers have no such value: train again, or repair the weights"));
        }
        Ok(Stored { data: array, single: !wide })
    }

    fn find(&self, layer: &Layer, variable: &Variable<'_>) -> Option<String> {
        match self.scope {
            Scope::Vars(groups) => {
                let path = format!("{}/vars", groups.get(&layer.name)?);
                let name = variable.position.to_string();
                let (_, datasets) = self.h5.list(&path).ok()?;
                datasets.contains(&name).then(|| format!("{path}/{name}"))
            }
            Scope::Named(root) => {
                let group =
                    if root.is_empty() { layer.name.clone() } else { format!("{root}/{}", layer.name) };
                let listed = self.h5.attr_strs(&group, "weight_names").ok().flatten().unwrap_or_default();
                if let Some(name) = listed.iter().find(|name| is_variable(name, variable.name)) {
                    return Some(format!("{group}/{name}"));
                }
                search(self.h5, &group, variable.name, SEARCH_DEPTH)
            }
            Scope::Flat(group, models) => {
                let listed = self.h5.attr_strs(group, "weight_names").ok().flatten().unwrap_or_default();
                let found = if listed.is_empty() {
                    let mut all = Vec::new();
                    datasets(self.h5, group, "", SEARCH_DEPTH, &mut all);
                    best(&all, models, &layer.name, variable.name)?.clone()
                } else {
                    best(&listed, models, &layer.name, variable.name)?.clone()
                };
                Some(format!("{group}/{found}"))
            }
        }
    }
}

/// Of the weights of several models in one group the one of this layer: its path names the layer, and as many as possible
/// of the models that the layer stands in.
fn best<'a>(paths: &'a [String], models: &[String], layer: &str, variable: &str) -> Option<&'a String> {
    let fits =
        |path: &&String| is_variable(path, variable) && path.split('/').rev().skip(1).any(|p| p == layer);
    let missing = |path: &String| models.iter().filter(|model| !path.split('/').any(|p| p == *model)).count();
    paths.iter().filter(fits).min_by_key(|path| (missing(path), path.split('/').count()))
}

/// All datasets below a group, as paths from it.
fn datasets(h5: &H5, group: &str, path: &str, depth: usize, into: &mut Vec<String>) {
    let here = if path.is_empty() { group.to_string() } else { format!("{group}/{path}") };
    let Ok((groups, names)) = h5.list(&here) else { return };
    let below = |name: &String| if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
    into.extend(names.iter().map(below));
    if let Some(deeper) = depth.checked_sub(1) {
        for name in &groups {
            datasets(h5, group, &below(name), deeper, into);
        }
    }
}

/// Whether `fc1/kernel:0` is the variable `kernel`.
fn is_variable(path: &str, name: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.split(':').next() == Some(name)
}

/// The first dataset of that name in a group, depth first in the order of names.
fn search(h5: &H5, group: &str, name: &str, depth: usize) -> Option<String> {
    let (groups, datasets) = h5.list(group).ok()?;
    if let Some(dataset) = datasets.iter().find(|d| is_variable(d, name)) {
        return Some(format!("{group}/{dataset}"));
    }
    let deeper = depth.checked_sub(1)?;
    groups.iter().find_map(|inner| search(h5, &format!("{group}/{inner}"), name, deeper))
}

/// Keras 3's group of each layer: by the name that newer files note beside the variables, else by Keras's rule, which
/// numbers the layers of a class in the order of the model.
fn groups(h5: &H5, container: &str, model: &Model) -> Result<BTreeMap<String, String>, Error> {
    let mut by_name = BTreeMap::new();
    let (groups, _) = h5.list(container)?;
    for group in &groups {
        let path = format!("{container}/{group}");
        let vars = format!("{path}/vars");
        if h5.has_group(&vars)
            && let Some(name) = h5.attr_str(&vars, "name")?
        {
            by_name.insert(name, path);
        }
    }
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for layer in &model.layers {
        let class = snake_case(&layer.class);
        let count = used.entry(class.clone()).or_default();
        let group = if *count == 0 { class } else { format!("{class}_{count}") };
        *count += 1;
        if groups.contains(&group) {
            by_name.entry(layer.name.clone()).or_insert_with(|| format!("{container}/{group}"));
        }
        // Early releases named the groups after the layers.
        if groups.contains(&layer.name) {
            by_name.entry(layer.name.clone()).or_insert_with(|| format!("{container}/{}", layer.name));
        }
    }
    Ok(by_name)
}

/// Keras's `to_snake_case`: `QDense` is `q_dense`, `ReLU` is `re_lu`, `Conv2D` is `conv2d`.
fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let mut text = String::new();
    for (i, &c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).map(|b| letters[b]);
        let starts_word =
            c.is_uppercase() && letters.get(i + 1).is_some_and(|n| n.is_lowercase()) && before.is_some();
        let after_lower = c.is_uppercase() && before.is_some_and(char::is_lowercase);
        if starts_word || after_lower {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{is_variable, snake_case};

    #[test]
    fn groups_are_named_as_keras_does() {
        let cases = [
            ("Dense", "dense"),
            ("QDense", "q_dense"),
            ("ReLU", "re_lu"),
            ("PReLU", "p_re_lu"),
            ("LeakyReLU", "leaky_re_lu"),
            ("InputLayer", "input_layer"),
            ("BatchNormalization", "batch_normalization"),
            ("Conv2D", "conv2d"),
            ("MaxPooling2D", "max_pooling2d"),
        ];
        for (class, want) in cases {
            assert_eq!(snake_case(class), want);
        }
    }

    #[test]
    fn a_variable_is_found_by_the_last_part_of_its_name() {
        assert!(is_variable("fc1/kernel:0", "kernel"));
        assert!(is_variable("sequential/fc1/bias", "bias"));
        assert!(!is_variable("gru/recurrent_kernel:0", "kernel"));
        assert!(!is_variable("kernel/bias:0", "kernel"));
    }
}
