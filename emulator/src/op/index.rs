//! Which entry of a table an input takes; see `netlathe_ir::op::activation::Span`.

use crate::int::{Budget, Int};
use netlathe_apfixed::FixedType;
use netlathe_ir::op::activation::Span;

/// The entry of an input: `round(x * size / span) + middle`, clamped.
pub struct Index<R> {
    /// Steps are `x * size / denominator << up`.
    size: R,
    denominator: R,
    up: u32,
    /// Rounded down, else toward zero.
    floor: bool,
    middle: i128,
    last: i128,
}

impl<R: Int> Index<R> {
    /// For values of type `x` and a table of that span and number of entries.
    pub fn of_span(x: &FixedType, span: Span, size: u32, budget: &mut Budget) -> Self {
        match span {
            Span::Around { range } => Self::new(x, size, 2 * i64::from(range), budget),
            Span::Below { range } => Self::from_zero(x, size, -i64::from(range), budget),
            Span::Centred { range } => {
                // A coarse grid is refined first, to be exact: from 2^range on every step leaves the table.
                let fine = x.frac().min(0).unsigned_abs().min(33);
                // Rounding down takes one bit more than a division.
                budget.need(x.raw_bits() + 35 + fine);
                budget.need(36 + x.frac().max(0).unsigned_abs());
                let fine = if x.raw_bits() + 35 + fine <= R::BITS { fine } else { 0 };
                let around = Self::new(x, size, 2 * i64::from(range), budget);
                Self { floor: true, up: 0, size: around.size << fine, ..around }
            }
        }
    }

    /// From `-span / 2` to `span / 2`, toward zero: cut off at x's own step, and at 1 where that is finer, as hls4ml's integer
    /// division does.
    pub fn new(x: &FixedType, size: u32, span: i64, budget: &mut Budget) -> Self {
        let frac = x.frac();
        // The product; hls4ml's own has more bits, for it multiplies by an unsigned int of 32.
        budget.need(x.raw_bits() + u32::BITS - size.leading_zeros());
        // A coarse grid shifts the quotient up (beyond 18 bits every step leaves the table); a fine one divides further, for
        // truncations toward zero nest.
        let (up, down) = if frac >= 0 { (0, frac.unsigned_abs()) } else { (frac.unsigned_abs().min(18), 0) };
        let span_bits = 64 - span.unsigned_abs().leading_zeros();
        let bits = span_bits + 1 + down;
        budget.need(bits);
        let down = if R::BITS <= bits { 0 } else { down };
        Self {
            size: R::of(i64::from(size)),
            denominator: R::of(span) << down,
            up,
            floor: false,
            middle: i128::from(size / 2),
            last: i128::from(size - 1),
        }
    }

    /// From 0 to `span` instead.
    pub fn from_zero(x: &FixedType, size: u32, span: i64, budget: &mut Budget) -> Self {
        Self { middle: 0, ..Self::new(x, size, span, budget) }
    }

    #[inline]
    pub fn of(&self, x: R) -> usize {
        let product = x * self.size;
        // Rounded down: the remainder's sign is the product's, the denominator is positive.
        let product =
            if self.floor && product < R::ZERO { product - (self.denominator - R::ONE) } else { product };
        let steps = product.div_toward_zero(self.denominator).widen();
        // Before the shift: what is off the table stays off it, and nothing overflows.
        let steps = steps.clamp(-self.last - 1, self.last + 1) << self.up;
        (steps + self.middle).clamp(0, self.last) as usize
    }
}
