//! Layer normalisation over the last axis.

use crate::table::Table;
use crate::weight::Weight;
use netlathe_apfixed::{FixedType, Overflow, Precision, Rounding};

/// How the table of `1 / sqrt(variance)` is indexed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RootIndex {
    /// hls4ml: equal steps over 0 to `2^-range_power2`, larger variances take the last entry.
    Uniform { range_power2: i32 },
    /// NetLathe's own choice: the variance's leading bits and its power of four, so that every variance is as exact.
    Normalised,
}

/// `y = Q(result, (x - mean) / sqrt(variance) * scale + bias)`.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerNorm {
    /// Shape (last axis).
    pub scale: Weight,
    pub bias: Weight,
    pub epsilon: f64,
    pub accum: Precision,
    pub table_ty: Precision,
    pub table_size: u32,
    pub root: RootIndex,
    /// Made by pass `attach_tables`.
    pub table: Option<Table>,
    pub reuse_factor: u32,
}

impl LayerNorm {
    /// A layer with hls4ml's defaults.
    pub fn new(scale: Weight, bias: Weight, epsilon: f64) -> Self {
        let exact = |t: FixedType| Precision::Is(t.with_modes(Rounding::RndConv, Overflow::Sat));
        Self {
            scale,
            bias,
            epsilon,
            accum: exact(FixedType::fixed(14, 4)),
            table_ty: exact(FixedType::ufixed(8, 5)),
            table_size: 4096,
            root: RootIndex::Uniform { range_power2: 0 },
            table: None,
            reuse_factor: 1,
        }
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let (n, m) = (self.scale.data.len(), self.bias.data.len());
        if n == 0 || n != m || input.last() != Some(&n) {
            return Err(format!("input has shape {input:?}, scale has {n} and bias {m} values"));
        }
        Ok(input.to_vec())
    }
}
