//! Pooling, as hls4ml does it in each I/O style. Only the window's cells inside the image count: there are `n`, in the order of
//! the window's rows; a window without any gives 0. `y / n` is integer division toward zero of raw integers.
//!
//! `io_parallel`:
//! * max: `Q(result, Q(accum, max x))`, compared in the input's type;
//! * average: `s = 0`; for each cell `s = Q(accum, s + x)`; `Q(result, s / n)`.
//!
//! `io_stream`, with `a = Q(accum, x)`:
//! * max: `Q(result, max a)`;
//! * average over a window: `s` = balanced tree of the `a` (left part: the largest power of two below the length), every
//!   addition `Q(accum, a + b)`; `Q(result, s / n)`;
//! * average over the whole image: `s = 0`; for each cell `s = Q(accum, s + a)`; `Q(result, s / n)`.

use super::{Counts, Operand, alignment, cast_from, convert, tree};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, Precision, TooWide};
use netlathe_ir::config::IoType;
use netlathe_ir::op::pool::{Extent, Pool, PoolOp};
use netlathe_ir::op::window::Window;

/// A pooling layer ready to run.
pub struct Kernel {
    window: Window,
    /// Height, width and channels of the input.
    input: [usize; 3],
    /// Height and width of the output.
    output: [usize; 2],
    method: Method,
    result: Cast,
}

enum Method {
    /// The largest in the input's type, then converted.
    Max { accum: Cast },
    /// Converted, then the largest.
    MaxOfConverted { accum: Cast },
    /// Inputs are added as they are: shifts of the input and of the sum to one grid.
    Sum { x_shift: u32, sum_shift: u32, sum: Cast },
    /// Inputs are converted first.
    SumOfConverted { accum: Cast, sum: Cast, tree: bool },
}

impl Kernel {
    pub fn compile(
        p: &Pool,
        x: &Operand,
        y: &FixedType,
        io: IoType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let shaped = p.spatial.split(&x.shape).and_then(|input| {
            let window = p.window([input[0], input[1]]);
            let output = window.positions([input[0], input[1]])?;
            Ok((input, window, output))
        });
        let (Ok((input, window, output)), Precision::Is(accum)) = (shaped, p.accum) else {
            unreachable!("validated")
        };
        let into = cast_from(&x.ty, &accum, budget)?;
        let method = match (p.op, io) {
            (PoolOp::Max, IoType::Parallel) => Method::Max { accum: into },
            (PoolOp::Max, IoType::Stream) => Method::MaxOfConverted { accum: into },
            (PoolOp::Average, IoType::Parallel) => {
                let common = x.ty.frac().max(accum.frac());
                Method::Sum {
                    x_shift: alignment(x.ty.frac(), common),
                    sum_shift: alignment(accum.frac(), common),
                    sum: cast_from(&accum.add(&x.ty), &accum, budget)?,
                }
            }
            (PoolOp::Average, IoType::Stream) => Method::SumOfConverted {
                accum: into,
                sum: cast_from(&accum.add(&accum), &accum, budget)?,
                tree: matches!(p.extent, Extent::Window(_)),
            },
        };
        // The number of cells, as an integer beside the sum.
        budget.need(32);
        Ok(Self { window, input, output, method, result: cast_from(&accum, y, budget)? })
    }

    pub fn run<R: Int, const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let channels = self.input[2];
        let (mut at, mut cells) = (Vec::new(), Vec::new());
        let mut positions = y.chunks_exact_mut(channels);
        for i in 0..self.output[0] {
            for j in 0..self.output[1] {
                let Some(y) = positions.next() else { unreachable!("validated") };
                self.inside([i, j], &mut at);
                for (c, y) in y.iter_mut().enumerate() {
                    cells.clear();
                    cells.extend(at.iter().map(|&k| x[k + c]));
                    *y = if cells.is_empty() {
                        R::ZERO
                    } else {
                        let pooled = self.pool::<R, COUNT>(&mut cells, counts);
                        convert::<R, COUNT>(&self.result, pooled, &mut counts.result)
                    };
                }
            }
        }
    }

    /// Where the cells of a position lie that are inside the image.
    fn inside(&self, position: [usize; 2], at: &mut Vec<usize>) {
        let w = &self.window;
        at.clear();
        let place = |axis: usize, k: usize, before: usize| {
            (position[axis] * w.stride[axis] + k * w.dilation[axis])
                .checked_sub(before)
                .filter(|&p| p < self.input[axis])
        };
        for row in (0..w.kernel[0]).filter_map(|k| place(0, k, w.padding.top)) {
            for column in (0..w.kernel[1]).filter_map(|k| place(1, k, w.padding.left)) {
                at.push((row * self.input[1] + column) * self.input[2]);
            }
        }
    }

    /// The accumulator's value of the cells of one window, of which there is one at least.
    fn pool<R: Int, const COUNT: bool>(&self, cells: &mut [R], counts: &mut Counts) -> R {
        let n = R::of(cells.len() as i64);
        let inner = &mut counts.inner;
        let largest = |cells: &[R]| cells.iter().copied().fold(cells[0], R::max);
        match &self.method {
            Method::Max { accum } => convert::<R, COUNT>(accum, largest(cells), inner),
            Method::MaxOfConverted { accum } => {
                for x in &mut *cells {
                    *x = convert::<R, COUNT>(accum, *x, inner);
                }
                largest(cells)
            }
            Method::Sum { x_shift, sum_shift, sum } => {
                let total = cells.iter().fold(R::ZERO, |s, &x| {
                    convert::<R, COUNT>(sum, (s << *sum_shift) + (x << *x_shift), inner)
                });
                total.div_toward_zero(n)
            }
            Method::SumOfConverted { accum, sum, tree: balanced } => {
                for x in &mut *cells {
                    *x = convert::<R, COUNT>(accum, *x, inner);
                }
                let mut add = |a, b| convert::<R, COUNT>(sum, a + b, inner);
                let total = if *balanced {
                    tree(cells, &mut add)
                } else {
                    cells.iter().fold(R::ZERO, |s, &x| add(s, x))
                };
                total.div_toward_zero(n)
            }
        }
    }
}
