//! Fully connected layer: `y[j] = Q(result, acc_j)`, `acc_j` summed in `accum`. A convolution has one inside.

use crate::config::Strategy;
use crate::weight::{Encoding, Weight};
use netlathe_apfixed::Precision;

/// Fully connected layer on the last axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Dense {
    /// Shape (n_in, n_out); inside a convolution the window's axes stand for n_in.
    pub weight: Weight,
    /// Shape (n_out); [`Weight::no_bias`] when the layer has none.
    pub bias: Weight,
    pub accum: Precision,
    /// How the input's elements are coded; one-bit ones (0 means -1) come from a binary threshold. Set by the passes.
    pub input: Encoding,
    pub strategy: Strategy,
    pub reuse_factor: u32,
}

impl Dense {
    /// A product with hls4ml's defaults, its types open.
    pub fn new(weight: Weight, bias: Weight) -> Self {
        Self {
            weight,
            bias,
            accum: Precision::Auto,
            input: Encoding::Fixed,
            strategy: Strategy::Latency,
            reuse_factor: 1,
        }
    }

    /// Inputs of one dot product: every axis of the kernel but the last.
    pub fn n_in(&self) -> usize {
        self.weight.data.shape().split_last().map_or(0, |(_, head)| head.iter().product())
    }

    /// Dot products: the kernel's last axis.
    pub fn n_out(&self) -> usize {
        self.weight.data.shape().last().copied().unwrap_or(0)
    }

    /// The kernel as a matrix (n_in, n_out), row by row: raw integers.
    pub fn raw_matrix(&self) -> Vec<i64> {
        self.weight.raw().iter().copied().collect()
    }

    pub(super) fn check_bias(&self) -> Result<(), String> {
        if self.bias.data.shape() == [self.n_out()] {
            return Ok(());
        }
        Err(format!("bias has shape {:?}, the kernel needs [{}]", self.bias.data.shape(), self.n_out()))
    }

    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        if self.weight.data.ndim() != 2 {
            return Err(format!("kernel has shape {:?}, Dense needs a matrix", self.weight.data.shape()));
        }
        self.check_bias()?;
        match input {
            [head @ .., last] if *last == self.n_in() => Ok([head, &[self.n_out()]].concat()),
            _ => Err(format!("input has shape {input:?}, the kernel needs {} in the last axis", self.n_in())),
        }
    }

    /// Whether equal bits are counted: one-bit inputs, one-bit weights, no bias. The sum of the products is twice the count less
    /// `n_in` (hls4ml's XNOR product).
    pub fn counts(&self) -> bool {
        self.input == Encoding::Xnor
            && self.weight.encoding == Encoding::Xnor
            && self.bias.data.iter().all(|&b| b == 0.0)
    }

    /// Bits of the integer that twice the count less `n_in` becomes (hls4ml's `ceillog2(n_in) + 2`).
    pub fn balance_bits(&self) -> u32 {
        crate::table::ceil_log2(self.n_in() as u32) + 2
    }

    /// Order in which the inputs of one dot product are accumulated.
    ///
    /// Latency and distributed arithmetic: ascending. Resource with a reuse factor rf <= n_in: block ir = 0..rf, within it
    /// ir, ir+rf, ...; above n_in: ascending (hls4ml `nnet_dense_resource.h`). Only a saturating accumulator can tell.
    pub fn accumulation_order(&self) -> Vec<usize> {
        let n_in = self.n_in();
        let rf = self.reuse_factor as usize;
        match self.strategy {
            Strategy::Resource | Strategy::ResourceUnrolled if rf <= n_in => {
                (0..rf).flat_map(|ir| (ir..n_in).step_by(rf)).collect()
            }
            _ => (0..n_in).collect(),
        }
    }
}

/// Whether the resource strategy can be laid out with this reuse factor (hls4ml `_validate_reuse_factor`).
pub fn reuse_factor_is_legal(n_in: usize, n_out: usize, rf: usize) -> bool {
    let multipliers = (n_in * n_out).div_ceil(n_in.min(rf));
    (multipliers.is_multiple_of(n_out) || rf >= n_in)
        && (rf.is_multiple_of(n_in) || rf < n_in)
        && (n_in * n_out).is_multiple_of(rf)
}

/// All legal reuse factors of the resource strategy, ascending.
pub fn legal_reuse_factors(n_in: usize, n_out: usize) -> Vec<u32> {
    // A legal factor divides n_in * n_out, so only divisors are tried.
    let size = n_in * n_out;
    let mut divisors: Vec<usize> = (1..)
        .take_while(|d| d * d <= size)
        .filter(|d| size.is_multiple_of(*d))
        .flat_map(|d| [d, size / d])
        .collect();
    divisors.sort_unstable();
    divisors.dedup();
    divisors.retain(|&rf| reuse_factor_is_legal(n_in, n_out, rf));
    divisors.into_iter().map(|rf| rf as u32).collect()
}

/// The legal reuse factor nearest to `chosen`, the smaller of two equally near.
pub fn nearest_reuse_factor(legal: &[u32], chosen: u32) -> u32 {
    legal.iter().copied().min_by_key(|&rf| (rf.abs_diff(chosen), rf)).unwrap_or(1)
}
