//! What convolution, pooling, padding and cropping share: spatial axes, windows that move over them, borders.

use crate::validate::MAX_ELEMENTS;

/// Cells of a window that is larger than its image.
const MAX_CELLS: usize = 1 << 16;

/// Spatial axes of a tensor: channels are the last axis of all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spatial {
    /// Shape (width, channels); heights are 1.
    One,
    /// Shape (height, width, channels).
    Two,
}

impl Spatial {
    /// (height, width, channels) of a tensor's shape.
    ///
    /// # Errors
    /// The shape has another number of axes, in words.
    pub fn split(self, shape: &[usize]) -> Result<[usize; 3], String> {
        match (self, shape) {
            (Spatial::One, &[w, c]) => Ok([1, w, c]),
            (Spatial::Two, &[h, w, c]) => Ok([h, w, c]),
            (Spatial::One, _) => {
                Err(format!("input has shape {shape:?}, a 1-D layer needs (width, channels)"))
            }
            (Spatial::Two, _) => {
                Err(format!("input has shape {shape:?}, a 2-D layer needs (height, width, channels)"))
            }
        }
    }

    /// The shape of (height, width, channels).
    pub fn join(self, [h, w, c]: [usize; 3]) -> Vec<usize> {
        match self {
            Spatial::One => vec![w, c],
            Spatial::Two => vec![h, w, c],
        }
    }

    /// `1` or `2`, as the layer classes' names end.
    pub fn digit(self) -> u8 {
        match self {
            Spatial::One => 1,
            Spatial::Two => 2,
        }
    }
}

/// Cells at the four sides; top and bottom are 0 in 1-D.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sides {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
}

/// A window that moves over the spatial axes; heights are 1 in 1-D.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Cells (height, width), before dilation.
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Distance between neighbouring cells; 1 is dense.
    pub dilation: [usize; 2],
    /// What is put around the input first.
    pub padding: Sides,
}

impl Window {
    /// Cells from the first to the last, (height, width).
    pub fn reach(&self) -> [usize; 2] {
        [0, 1].map(|a| self.kernel[a].saturating_sub(1).saturating_mul(self.dilation[a]).saturating_add(1))
    }

    /// Positions (height, width) over an input of that (height, width).
    ///
    /// # Errors
    /// The window is empty, stands still, is larger than the padded input, or beyond any hardware; in words.
    pub fn positions(&self, [h, w]: [usize; 2]) -> Result<[usize; 2], String> {
        if [self.kernel, self.stride, self.dilation].as_flattened().contains(&0) {
            return Err("kernel, stride and dilation must be at least 1".into());
        }
        let p = self.padding;
        let padded = [
            h.saturating_add(p.top).saturating_add(p.bottom),
            w.saturating_add(p.left).saturating_add(p.right),
        ];
        let [cells, pixels] = [self.kernel, padded].map(|[a, b]| a.saturating_mul(b));
        if pixels > MAX_ELEMENTS || cells > MAX_CELLS.max(h.saturating_mul(w)) {
            return Err(format!(
                "a window of {:?} over a padded input of {padded:?} is more than {MAX_CELLS} cells, or {MAX_ELEMENTS} pixels",
                self.kernel
            ));
        }
        let reach = self.reach();
        if reach[0] > padded[0] || reach[1] > padded[1] {
            return Err(format!("a window of {reach:?} does not fit into the input's {padded:?}"));
        }
        Ok([0, 1].map(|a| (padded[a] - reach[a]) / self.stride[a] + 1))
    }

    /// The padding of Keras's `same` for an input of that (height, width): `ceil(n / stride)` positions, the odd cell after.
    #[must_use]
    pub fn same(mut self, [h, w]: [usize; 2]) -> Self {
        let reach = self.reach();
        let total = |n: usize, a: usize| {
            let s = self.stride[a].max(1);
            (n.div_ceil(s).saturating_sub(1)).saturating_mul(s).saturating_add(reach[a]).saturating_sub(n)
        };
        let (v, u) = (total(h, 0), total(w, 1));
        self.padding = Sides { top: v / 2, bottom: v - v / 2, left: u / 2, right: u - u / 2 };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_as_keras() {
        let w = Window { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], padding: Sides::default() };
        let p = w.same([8, 9]);
        assert_eq!(p.padding, Sides { top: 0, bottom: 1, left: 1, right: 1 });
        assert_eq!(p.positions([8, 9]), Ok([4, 5]));
        let d = Window { dilation: [2, 2], stride: [1, 1], ..w }.same([8, 8]);
        assert_eq!(d.padding, Sides { top: 2, bottom: 2, left: 2, right: 2 });
        assert!(w.positions([2, 9]).is_err());
        let huge = Window { kernel: [1 << 20, 1 << 20], ..w }.same([1, 1]);
        assert!(huge.positions([1, 1]).is_err_and(|why| why.contains("65536 cells")));
        assert!(Window { dilation: [usize::MAX, 1], ..w }.positions([9, 9]).is_err());
    }
}
