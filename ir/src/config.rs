//! The conversion's configuration as plain data: hls4ml's keys and names, already parsed.
//!
//! A front end fills it from a file; [`crate::passes`] applies it. Keys keep hls4ml's spelling in snake case
//! (`ReuseFactor` is `reuse_factor`). Source of the look-up rules: hls4ml's `HLSConfig` (`model/graph.py`).

use crate::op::conv::ConvImplementation;
use crate::op::softmax::Implementation;
use netlathe_apfixed::{FixedType, Precision};
use std::collections::BTreeMap;

/// How tensors travel between layers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum IoType {
    /// All elements of a tensor at once.
    #[default]
    Parallel,
    /// One pixel (the last axis) a FIFO word.
    Stream,
}

impl IoType {
    /// hls4ml's spelling.
    pub fn name(self) -> &'static str {
        match self {
            IoType::Parallel => "io_parallel",
            IoType::Stream => "io_stream",
        }
    }
}

/// How a matrix product is laid out in hardware.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strategy {
    /// Every product its own multiplier, `ReuseFactor` of them sharing one by pipelining.
    #[default]
    Latency,
    /// A block of multipliers used `ReuseFactor` times, weights in block memory.
    Resource,
    /// As resource, written out, zero weights skipped.
    ResourceUnrolled,
    /// Shift-and-add networks without multipliers.
    DistributedArithmetic,
}

impl Strategy {
    /// hls4ml's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Latency => "Latency",
            Strategy::Resource => "Resource",
            Strategy::ResourceUnrolled => "Resource_unrolled",
            Strategy::DistributedArithmetic => "distributed_arithmetic",
        }
    }
}

/// How layers share time (hls4ml's `PipelineStyle`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PipelineStyle {
    /// One pipeline through all layers.
    Pipeline,
    /// Layers run side by side, each on a tensor of its own.
    Dataflow,
}

/// Settings of one layer, or of one layer type; what is `None` or absent was not said.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LayerConfig {
    /// Precision by variable: `result`, `weight`, `bias`, `accum`, ..., or `default`. `table_t`, `exp_table_t` and the like are
    /// attributes of the layer: hls4ml takes a table's type from there, `table` itself is not read. `result_t` is NetLathe's
    /// own: the type of a layer whose type is its operand's in hls4ml.
    pub precision: BTreeMap<String, Precision>,
    pub reuse_factor: Option<u32>,
    pub strategy: Option<Strategy>,
    pub table_size: Option<u32>,
    /// Softmax only: sizes of its two tables where they differ from `table_size`.
    pub exp_table_size: Option<u32>,
    pub inv_table_size: Option<u32>,
    pub implementation: Option<Implementation>,
    /// Softmax only: leave the layer out.
    pub skip: Option<bool>,
    /// Batch normalisation only, NetLathe's own key: fuse it into its neighbour even if types are given, or never.
    /// `None`: hls4ml's rule, fuse if that layer's type is `auto`.
    pub fuse: Option<bool>,
    pub parallelization_factor: Option<u32>,
    /// Convolutions only.
    pub conv_implementation: Option<ConvImplementation>,
    /// Layer normalisation: its table covers variances up to `2^-table_range_power2`. Exponential (NetLathe's own): its table
    /// covers `2^table_range_power2` to both sides.
    pub table_range_power2: Option<i32>,
    /// Layer normalisation only, NetLathe's own key: its table is indexed by the variance's leading bits and power of four.
    pub normalised_index: Option<bool>,
    /// Keys that hls4ml has and that change no number and no generated code of NetLathe (`trace`, ...), with their text.
    pub other: BTreeMap<String, String>,
}

/// The whole configuration.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Config {
    /// `Model.Precision`: `default`, `maximum`, or any variable's name. `Auto` is not allowed as the default.
    pub model_precision: BTreeMap<String, FixedType>,
    pub reuse_factor: Option<u32>,
    pub strategy: Option<Strategy>,
    /// By hls4ml's layer class (`Dense`, `Activation`, ...).
    pub layer_type: BTreeMap<String, LayerConfig>,
    /// By layer name.
    pub layer_name: BTreeMap<String, LayerConfig>,
    pub io_type: Option<IoType>,
    /// `Model.PipelineStyle`; `None` is `auto`.
    pub pipeline_style: Option<PipelineStyle>,
    /// `Model.PipelineInterval`.
    pub pipeline_interval: Option<u32>,
    /// Facts for the flow that are no business of the graph.
    pub project: ProjectConfig,
}

/// What a configuration file says of the project rather than of the network; `None` was not said.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProjectConfig {
    pub project_name: Option<String>,
    /// `VivadoAccelerator`, `CoyoteAccelerator`, ... as written.
    pub backend: Option<String>,
    pub board: Option<String>,
    pub part: Option<String>,
    pub clock_period_ns: Option<f64>,
    pub clock_uncertainty: Option<String>,
    pub interface: Option<String>,
    /// The Vitis platform of a PCIe card.
    pub platform: Option<String>,
    pub input_type: Option<String>,
    pub output_type: Option<String>,
}

/// hls4ml's default of `Model.Precision`.
pub const DEFAULT_PRECISION: FixedType = FixedType::fixed(16, 6);

impl Config {
    /// The model's default type.
    pub fn default_precision(&self) -> FixedType {
        self.model_precision.get("default").copied().unwrap_or(DEFAULT_PRECISION)
    }

    /// The ceiling on inferred types (`max_precision`).
    pub fn maximum(&self) -> Option<FixedType> {
        self.model_precision.get("maximum").copied()
    }

    /// The precision of `var` in a layer: name, name's default, class, class's default, model, model's default.
    ///
    /// hls4ml compares names in lower case here.
    pub fn precision(&self, name: &str, class: &str, var: &str) -> Precision {
        self.layer_precision(name, class, var)
            .or_else(|| self.model_precision.get(var).copied().map(Precision::Is))
            .unwrap_or_else(|| Precision::Is(self.default_precision()))
    }

    /// As [`Config::precision`], without the model's own entries: what was said of this layer or its class.
    pub fn layer_precision(&self, name: &str, class: &str, var: &str) -> Option<Precision> {
        let of = |map: &BTreeMap<String, LayerConfig>, key: &str, var: &str| {
            map.iter()
                .find(|(k, _)| k.eq_ignore_ascii_case(key))
                .and_then(|(_, layer)| layer.precision.get(var).copied())
        };
        of(&self.layer_name, name, var)
            .or_else(|| of(&self.layer_name, name, "default"))
            .or_else(|| of(&self.layer_type, class, var))
            .or_else(|| of(&self.layer_type, class, "default"))
    }

    /// Reads one setting: from the layer's name, then its class.
    pub fn layer<T>(&self, name: &str, class: &str, get: impl Fn(&LayerConfig) -> Option<T>) -> Option<T> {
        self.layer_name.get(name).and_then(&get).or_else(|| self.layer_type.get(class).and_then(&get))
    }
}
