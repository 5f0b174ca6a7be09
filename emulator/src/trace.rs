//! What every layer answered.

use ndarray::ArrayD;
use netlathe_apfixed::{FixedType, Overflows};

/// One layer's answers over a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerTrace {
    /// hls4ml's name for the layer.
    pub name: String,
    pub ty: FixedType,
    /// Raw integers of `ty`, batch first.
    pub values: ArrayD<i128>,
    /// Values that wrapped or saturated when they became the result.
    pub overflows: Overflows,
    /// Values that wrapped or saturated inside: products, sums, table indices.
    pub inner: Overflows,
}

/// Every layer's answers, in the order of execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub layers: Vec<LayerTrace>,
}

impl Trace {
    /// The layer of that name.
    pub fn layer(&self, name: &str) -> Option<&LayerTrace> {
        self.layers.iter().find(|l| l.name == name)
    }
}
