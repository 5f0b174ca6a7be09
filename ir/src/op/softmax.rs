//! Softmax over one axis, in hls4ml's four implementations.

use crate::table::Table;
use netlathe_apfixed::{FixedType, Overflow, Precision, Rounding};

/// How softmax is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Implementation {
    /// The maximum is subtracted first.
    #[default]
    Stable,
    /// The exponential's table is indexed by the input itself.
    Latency,
    /// hls4ml's first: one exponential of a difference for each pair, everything in `table`'s type.
    Legacy,
    /// 1 at the first maximum, 0 elsewhere.
    Argmax,
}

impl Implementation {
    /// hls4ml's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Implementation::Stable => "stable",
            Implementation::Latency => "latency",
            Implementation::Legacy => "legacy",
            Implementation::Argmax => "argmax",
        }
    }

    /// From hls4ml's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Stable, Self::Latency, Self::Legacy, Self::Argmax]
            .into_iter()
            .find(|i| i.name().eq_ignore_ascii_case(text))
    }

    /// Whether an element costs a multiplication.
    pub fn multiplies(self) -> bool {
        matches!(self, Implementation::Stable | Implementation::Latency)
    }
}

/// Softmax.
#[derive(Clone, PartialEq, Debug)]
pub struct Softmax {
    /// Axis that sums to 1, counted without the batch.
    pub axis: usize,
    pub implementation: Implementation,
    /// Sum of exponentials.
    pub accum: Precision,
    /// Entries of the legacy implementation.
    pub table_ty: Precision,
    pub exp_table_ty: Precision,
    pub inv_table_ty: Precision,
    /// Index of the inverse's table.
    pub inv_inp: Precision,
    /// Maximum minus input (stable). `Auto`: the input's type without its sign bit, wrapping, as hls4ml has it.
    pub inp_norm: Precision,
    /// `TableSize`; the two below start from it.
    pub table_size: u32,
    pub exp_table_size: Option<u32>,
    pub inv_table_size: Option<u32>,
    /// Leave the layer out (configuration's `Skip`).
    pub skip: bool,
    /// Made by pass `attach_tables`.
    pub exp_table: Option<Table>,
    pub inv_table: Option<Table>,
    pub reuse_factor: u32,
}

impl Softmax {
    /// A softmax with hls4ml's defaults.
    pub fn new(axis: usize) -> Self {
        let wide = FixedType::fixed(18, 8).with_modes(Rounding::Rnd, Overflow::Sat);
        Self {
            axis,
            implementation: Implementation::Stable,
            accum: Precision::Is(wide),
            table_ty: Precision::Is(FixedType::fixed(18, 8)),
            exp_table_ty: Precision::Is(wide),
            inv_table_ty: Precision::Is(wide),
            inv_inp: Precision::Is(wide),
            inp_norm: Precision::Auto,
            table_size: 1024,
            exp_table_size: None,
            inv_table_size: None,
            skip: false,
            exp_table: None,
            inv_table: None,
            reuse_factor: 1,
        }
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if self.axis >= input.len() {
            return Err(format!("axis {} is outside the input's shape {input:?}", self.axis));
        }
        Ok(input.to_vec())
    }

    pub(super) fn inner_types_mut(&mut self) -> Vec<(&'static str, &mut Precision)> {
        vec![
            ("accum", &mut self.accum),
            ("table", &mut self.table_ty),
            ("exp_table", &mut self.exp_table_ty),
            ("inv_table", &mut self.inv_table_ty),
            ("inv_inp", &mut self.inv_inp),
            ("inp_norm", &mut self.inp_norm),
        ]
    }

    /// (outer, slice, inner) sizes: the flat index is `(outer * slice + i) * inner + k`.
    pub fn split(&self, shape: &[usize]) -> (usize, usize, usize) {
        (shape[..self.axis].iter().product(), shape[self.axis], shape[self.axis + 1..].iter().product())
    }
}
