//! Convolution: dot products at every position of a window; cells of the padding are raw 0.

use super::product::Product;
use super::{Counts, Operand};
use crate::int::{Budget, Int};
use netlathe_apfixed::{FixedType, TooWide};
use netlathe_ir::op::conv::Conv;
use netlathe_ir::op::window::Window;

/// A convolution ready to run.
pub struct Kernel<R> {
    product: Product<R>,
    window: Window,
    /// Height, width and channels of the input.
    input: [usize; 3],
    /// Height and width of the output.
    output: [usize; 2],
    groups: usize,
    way: Way,
}

/// How a position gets its inputs.
enum Way {
    /// The window is one cell inside the image: the input itself.
    Cell,
    /// The window is copied together, group by group.
    Patch,
    /// One channel a group: cell by cell, every channel at a time.
    Depthwise,
}

impl<R: Int> Kernel<R> {
    pub fn compile(c: &Conv, x: &Operand, y: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        let shaped = c.spatial.split(&x.shape).and_then(|input| {
            let output = c.window.positions([input[0], input[1]])?;
            Ok((input, output))
        });
        let Ok((input, output)) = shaped else { unreachable!("validated") };
        let product = Product::compile(&c.product, &x.ty, y, budget)?;
        let way = if c.groups == input[2] && c.groups > 1 && product.zero_adds_nothing() {
            Way::Depthwise
        } else if c.groups == 1 && c.window.kernel == [1, 1] && c.window.padding == Default::default() {
            Way::Cell
        } else {
            Way::Patch
        };
        Ok(Self { product, window: c.window, input, output, groups: c.groups, way })
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let (p, w) = (&self.product, &self.window);
        let channels = self.input[2];
        let mut patch = match self.way {
            Way::Patch => vec![R::ZERO; p.n_in * self.groups],
            Way::Cell | Way::Depthwise => Vec::new(),
        };
        let mut positions = y.chunks_exact_mut(p.n_out);
        for i in 0..self.output[0] {
            for j in 0..self.output[1] {
                let Some(y) = positions.next() else { unreachable!("validated") };
                match self.way {
                    Way::Cell => {
                        let at = (i * w.stride[0] * self.input[1] + j * w.stride[1]) * channels;
                        p.accumulate::<COUNT>(&x[at..at + channels], 0, y, counts);
                    }
                    Way::Depthwise => self.depthwise::<COUNT>(x, [i, j], y, counts),
                    Way::Patch => {
                        self.gather(x, [i, j], &mut patch);
                        let filters = p.n_out / self.groups;
                        for (g, y) in y.chunks_exact_mut(filters).enumerate() {
                            let patch = &patch[g * p.n_in..(g + 1) * p.n_in];
                            p.accumulate::<COUNT>(patch, g * filters, y, counts);
                        }
                    }
                }
            }
        }
        p.finish::<COUNT>(y, counts);
    }

    /// Where in the input the channels of cell `cell` of the window at a position lie; `None` in the padding.
    #[inline]
    fn cell(&self, position: [usize; 2], cell: usize) -> Option<usize> {
        let w = &self.window;
        let row = position[0] * w.stride[0] + cell / w.kernel[1] * w.dilation[0];
        let column = position[1] * w.stride[1] + cell % w.kernel[1] * w.dilation[1];
        let row = row.checked_sub(w.padding.top).filter(|&r| r < self.input[0])?;
        let column = column.checked_sub(w.padding.left).filter(|&c| c < self.input[1])?;
        Some((row * self.input[1] + column) * self.input[2])
    }

    /// Copies the window at a position together: group, cell, channel of the group.
    fn gather(&self, x: &[R], position: [usize; 2], patch: &mut [R]) {
        let n = self.input[2] / self.groups;
        let cells = self.window.kernel[0] * self.window.kernel[1];
        for cell in 0..cells {
            let from = self.cell(position, cell);
            for g in 0..self.groups {
                let to = &mut patch[(g * cells + cell) * n..][..n];
                match from {
                    Some(at) => to.copy_from_slice(&x[at + g * n..][..n]),
                    None => to.fill(R::ZERO),
                }
            }
        }
    }

    /// One channel a group: the weights of a cell are a row over all outputs.
    fn depthwise<const COUNT: bool>(&self, x: &[R], position: [usize; 2], y: &mut [R], counts: &mut Counts) {
        let (p, channels) = (&self.product, self.input[2]);
        p.start(0, y);
        for &cell in &p.order {
            let Some(at) = self.cell(position, cell) else { continue };
            let x = &x[at..at + channels];
            if p.n_out == channels {
                p.add::<COUNT>(cell, 0, x.iter().copied(), y, counts);
            } else {
                let each = p.n_out / channels;
                p.add::<COUNT>(cell, 0, x.iter().flat_map(|&x| std::iter::repeat_n(x, each)), y, counts);
            }
        }
    }
}
