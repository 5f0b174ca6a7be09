//! Elements in other places: what padding, cropping, resizing to the nearest, transposing and repeating have in common.
//!
//! `y_i = Q(result, x_k)` where `k` is the `i`th index, or 0 where there is none.

use super::{Counts, Operand, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, TooWide};

/// Marks an output that is 0.
pub const ZERO: usize = usize::MAX;

/// A rearrangement ready to run.
pub struct Kernel {
    sources: Vec<usize>,
    result: Cast,
}

impl Kernel {
    /// `sources`: for each output the flat index of its input, or [`ZERO`].
    pub fn compile(
        sources: Vec<usize>,
        x: &Operand,
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        Ok(Self { sources, result: cast_from(&x.ty, y, budget)? })
    }

    pub fn run<R: Int, const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        for (y, &k) in y.iter_mut().zip(&self.sources) {
            *y =
                if k == ZERO { R::ZERO } else { convert::<R, COUNT>(&self.result, x[k], &mut counts.result) };
        }
    }
}

/// The sources of an image whose cell (i, j) is cell `from(i, j)` of an image of `width` and `channels`, all channels of it.
pub fn cells(
    [height, width_out]: [usize; 2],
    [_, width, channels]: [usize; 3],
    from: impl Fn(usize, usize) -> Option<[usize; 2]>,
) -> Vec<usize> {
    let mut sources = Vec::with_capacity(height * width_out * channels);
    for i in 0..height {
        for j in 0..width_out {
            match from(i, j) {
                Some([r, s]) => sources.extend((0..channels).map(|c| (r * width + s) * channels + c)),
                None => sources.extend(std::iter::repeat_n(ZERO, channels)),
            }
        }
    }
    sources
}
