//! The dot products of one position: what a dense layer computes once a row and a convolution at every position of its window.
//!
//! `sum_j = Q(accum, b_j)`; then for every input `i` in the strategy's order `sum_j = Q(accum, sum_j + Q(accum, x_i * w_ij))`;
//! at the end `y_j = Q(result, sum_j)`.

use super::{Counts, alignment, cast_from, convert};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, Class, FixedType, Overflow, Precision, Rounding, TooWide};
use netlathe_ir::op::dense::Dense;
use netlathe_ir::weight::Encoding;

/// Dot products ready to run.
pub struct Product<R> {
    pub n_in: usize,
    pub n_out: usize,
    /// Input index of each step of the accumulation.
    pub order: Vec<usize>,
    /// Weights, `n_in` rows of `n_out`; what they are, `term` says.
    weight: Vec<R>,
    /// Bias in the accumulator's type.
    bias: Vec<R>,
    term: Term,
    product: Cast,
    sum: Cast,
    balance: Option<Balance<R>>,
    result: Cast,
    one_sum: Option<OneSum<R>>,
}

/// What one input and one weight make.
enum Term {
    /// Their product. An input of 0 adds nothing.
    Multiply,
    /// The input is a bit, 0 for -1: the weight or its negation.
    Sign,
    /// Both are bits: 1 where they are equal.
    Equal,
    /// The weight is twice an exponent, plus 1 where it is positive: the input in `window`, shifted there, bits that leave it
    /// lost.
    Shift { window: Cast, wrap: Cast },
}

/// Twice the count of equal bits less `n_in`, where that is what is summed.
struct Balance<R> {
    /// `n_in` on a grid that has the accumulator's values and 1; the accumulator's shift to that grid.
    length: R,
    lift: u32,
    cast: Cast,
}

/// With a plain wrapping accumulator the sum modulo 2^W does not depend on where it wraps, so any integer of at least W bits may
/// carry it, overflowing as it likes: terms are `x * weight >> right`, and the accumulator's conversion comes once, at the end.
struct OneSum<R> {
    weight: Vec<R>,
    right: u32,
    /// No input can make a sum wrap: there is nothing to count on the way.
    fits: bool,
}

impl<R: Int> OneSum<R> {
    /// Adds a row's terms; `x` gives each sum its input.
    #[inline(always)]
    fn add(&self, row: &[R], x: impl Iterator<Item = R>, sums: &mut [R]) {
        if self.right == 0 {
            for ((sum, &w), x) in sums.iter_mut().zip(row).zip(x) {
                *sum = sum.wrapping_add(x.wrapping_mul(w));
            }
        } else {
            for ((sum, &w), x) in sums.iter_mut().zip(row).zip(x) {
                *sum = sum.wrapping_add(x.wrapping_mul(w) >> self.right);
            }
        }
    }
}

/// Outputs that are handled at a time where every step converts.
const BLOCK: usize = 64;

impl<R: Int> Product<R> {
    pub fn compile(d: &Dense, x: &FixedType, y: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        let Precision::Is(accum) = d.accum else { unreachable!("validated") };
        let (n_in, n_out) = (d.n_in(), d.n_out());
        let (term, product_ty, weight) = terms(d, x, budget)?;
        let product = cast_from(&product_ty, &accum, budget)?;
        let sum = cast_from(&accum.add(&accum), &accum, budget)?;
        let balance = if d.counts() { Some(Balance::new(d, &accum, budget)?) } else { None };
        let summed = if d.counts() { FixedType::int(d.balance_bits()) } else { accum };
        let result = cast_from(&summed, y, budget)?;
        let bias_cast = cast_from(&d.bias.ty(), &accum, budget)?;
        let bias: Vec<R> =
            d.bias.raw().iter().map(|&b| R::truncate(bias_cast.apply(i128::from(b)))).collect();

        let shift = accum.frac() - product_ty.frac();
        let wraps = accum.overflow == Overflow::Wrap && accum.sat_bits == 0 && accum.raw_bits() <= R::BITS;
        let floors = shift >= 0 || accum.effective_rounding() == Rounding::Trn;
        let one_sum = (wraps && floors && shift.unsigned_abs() < R::BITS && matches!(term, Term::Multiply))
            .then(|| {
                let (left, right) =
                    if shift >= 0 { (shift.unsigned_abs(), 0) } else { (0, shift.unsigned_abs()) };
                let weight: Vec<R> = weight.iter().map(|&w: &R| w << left).collect();
                let fits = fits(&weight, right, &bias, x, &accum);
                OneSum { weight, right, fits }
            });
        Ok(Self {
            n_in,
            n_out,
            order: d.accumulation_order(),
            weight,
            bias,
            term,
            product,
            sum,
            balance,
            result,
            one_sum,
        })
    }

    /// The way of one conversion, where it is open.
    #[inline]
    fn one_sum<const COUNT: bool>(&self) -> Option<&OneSum<R>> {
        self.one_sum.as_ref().filter(|one| !COUNT || one.fits)
    }

    /// Whether an input of raw 0 changes no sum, so that its steps may be left out.
    pub fn zero_adds_nothing(&self) -> bool {
        matches!(self.term, Term::Multiply)
    }

    /// Sets the sums of the outputs from `first` on to their biases.
    pub fn start(&self, first: usize, sums: &mut [R]) {
        sums.copy_from_slice(&self.bias[first..first + sums.len()]);
    }

    /// Adds the terms of input `i` to the sums of the outputs from `first` on; `x` gives each output its input.
    #[inline]
    pub fn add<const COUNT: bool>(
        &self,
        i: usize,
        first: usize,
        mut x: impl Iterator<Item = R>,
        sums: &mut [R],
        counts: &mut Counts,
    ) {
        let row = i * self.n_out + first..i * self.n_out + first + sums.len();
        match self.one_sum::<COUNT>() {
            Some(one) => one.add(&one.weight[row], x, sums),
            None => {
                let mut terms = [R::ZERO; BLOCK];
                for (sums, weights) in sums.chunks_mut(BLOCK).zip(self.weight[row].chunks(BLOCK)) {
                    let terms = &mut terms[..sums.len()];
                    for ((term, &w), x) in terms.iter_mut().zip(weights).zip(x.by_ref()) {
                        *term = self.term.of(x, w);
                    }
                    if COUNT {
                        for (sum, &term) in sums.iter_mut().zip(&*terms) {
                            let term = self.product.apply_counted(term, &mut counts.inner);
                            *sum = self.sum.apply_counted(*sum + term, &mut counts.inner);
                        }
                    } else {
                        self.product.apply_all(terms);
                        for (sum, &term) in sums.iter_mut().zip(&*terms) {
                            *sum = *sum + term;
                        }
                        self.sum.apply_all(sums);
                    }
                }
            }
        }
    }

    /// Makes results of finished sums, of any outputs.
    pub fn finish<const COUNT: bool>(&self, sums: &mut [R], counts: &mut Counts) {
        if self.one_sum::<COUNT>().is_some() {
            self.sum.apply_all(sums);
        }
        if let Some(Balance { length, lift, cast }) = &self.balance {
            for sum in &mut *sums {
                let balance = ((*sum + *sum) << *lift) - *length;
                *sum = convert::<R, COUNT>(cast, balance, &mut counts.inner);
            }
        }
        if COUNT {
            for sum in sums {
                *sum = self.result.apply_counted(*sum, &mut counts.result);
            }
        } else {
            self.result.apply_all(sums);
        }
    }

    /// All dot products of one position whose inputs are `x`, for the outputs from `first` on; [`Product::finish`] is left.
    #[inline]
    pub fn accumulate<const COUNT: bool>(&self, x: &[R], first: usize, sums: &mut [R], counts: &mut Counts) {
        self.start(first, sums);
        if let Some(one) = self.one_sum::<COUNT>() {
            let outputs = first..first + sums.len();
            for (&x, row) in x.iter().zip(one.weight.chunks_exact(self.n_out)) {
                if x != R::ZERO {
                    one.add(&row[outputs.clone()], std::iter::repeat(x), sums);
                }
            }
            return;
        }
        let skip = self.zero_adds_nothing();
        for &i in &self.order {
            if !(skip && x[i] == R::ZERO) {
                self.add::<COUNT>(i, first, std::iter::repeat(x[i]), sums, counts);
            }
        }
    }
}

/// Whether every sum stays in the accumulator's range, whatever the inputs are.
fn fits<R: Int>(weight: &[R], right: u32, bias: &[R], x: &FixedType, accum: &FixedType) -> bool {
    let largest = x.max_raw().max(x.min_raw().saturating_neg());
    let magnitude = |r: R| r.widen().saturating_abs();
    let mut sums: Vec<i128> = bias.iter().map(|&b| magnitude(b)).collect();
    for row in weight.chunks_exact(bias.len()) {
        for (sum, &w) in sums.iter_mut().zip(row) {
            // A term that is cut off may lie one step lower.
            let term = (magnitude(w).saturating_mul(largest) >> right).saturating_add(i128::from(right > 0));
            *sum = sum.saturating_add(term);
        }
    }
    // In an unsigned accumulator a negative sum wraps, too.
    accum.signed && sums.iter().all(|&s| s <= accum.max_raw())
}

impl Term {
    #[inline(always)]
    fn of<R: Int>(&self, x: R, w: R) -> R {
        match self {
            Term::Multiply => x * w,
            Term::Sign => {
                if x == R::ONE {
                    w
                } else {
                    -w
                }
            }
            // Weights are -1 and 1 here.
            Term::Equal => R::from_bool((x == R::ONE) == (w == R::ONE)),
            Term::Shift { window, wrap } => {
                let (x, exponent) = (window.apply(x), (w >> 1).widen());
                let by = exponent.unsigned_abs().min(127) as u32;
                let shifted = match (exponent < 0, by < R::BITS) {
                    (true, _) => x >> by.min(R::BITS - 1),
                    (false, true) => x << by,
                    (false, false) => R::ZERO,
                };
                let shifted = wrap.apply(shifted);
                if w & R::ONE == R::ONE { shifted } else { wrap.apply(-shifted) }
            }
        }
    }
}

impl<R: Int> Balance<R> {
    fn new(d: &Dense, accum: &FixedType, budget: &mut Budget) -> Result<Self, TooWide> {
        // accum * 2 - n_in, n_in a 32-bit integer.
        let twice = accum.mul(&FixedType::int(32)).sub(&FixedType::int(32));
        let cast = cast_from(&twice, &FixedType::int(d.balance_bits()), budget)?;
        let grid = accum.frac().max(0);
        let length = if grid < 96 { R::truncate((d.n_in() as i128) << grid) } else { R::ZERO };
        Ok(Self { length, lift: alignment(accum.frac(), grid), cast })
    }
}

/// What the terms are, their type, and the weights as they take them.
fn terms<R: Int>(
    d: &Dense,
    x: &FixedType,
    budget: &mut Budget,
) -> Result<(Term, FixedType, Vec<R>), TooWide> {
    let raw = d.raw_matrix();
    let weight_ty = d.weight.ty();
    let bits = d.input == Encoding::Xnor;
    if d.weight.encoding == Encoding::Exponent {
        return exponents(&raw, &weight_ty, x, budget);
    }
    // A one-bit weight means -1 or 1: the product is the input or its negation.
    let xnor = d.weight.encoding == Encoding::Xnor;
    let weight_ty = if xnor { FixedType::int(2) } else { weight_ty };
    let weight = raw.iter().map(|&w| R::of(if xnor { 2 * w - 1 } else { w })).collect();
    let (term, ty) = match (bits, xnor) {
        (true, true) if d.counts() => (Term::Equal, FixedType::uint(1)),
        (true, true) => (Term::Sign, FixedType::int(2)),
        (true, false) => (Term::Sign, weight_ty.neg()),
        (false, _) => (Term::Multiply, x.mul(&weight_ty)),
    };
    Ok((term, ty, weight))
}

/// Weights that are powers of two. Where no shift can lose a bit, they are whole numbers on the grid of the smallest.
fn exponents<R: Int>(
    raw: &[i64],
    weight_ty: &FixedType,
    x: &FixedType,
    budget: &mut Budget,
) -> Result<(Term, FixedType, Vec<R>), TooWide> {
    let half = weight_ty.width + x.width;
    let window = FixedType::fixed(2 * half, half as i32);
    let exponents = || raw.iter().map(|&w| w >> 1);
    let (low, high) = (exponents().min().unwrap_or(0), exponents().max().unwrap_or(0));
    // Bits of the window below and above those of an input; a negation takes one more.
    let below = i64::from(half) - i64::from(x.frac());
    let above = i64::from(half) - i64::from(x.integer) - 1;
    if below >= -low.min(0) && above >= high.max(0) && high - low < 32 {
        let span = (high - low) as u32;
        let width = x.raw_bits() + span + 1;
        let ty = FixedType {
            class: Class::Fixed,
            ..FixedType::fixed(width, width as i32 - x.frac() + low as i32)
        };
        let weight = raw
            .iter()
            .map(|&w| {
                let power = 1i64 << ((w >> 1) - low);
                R::of(if w & 1 == 1 { power } else { -power })
            })
            .collect();
        return Ok((Term::Multiply, ty, weight));
    }
    let into = cast_from(x, &window, budget)?;
    budget.need(window.raw_bits() + 1);
    let wrap = cast_from(&window.neg(), &window, budget)?;
    Ok((Term::Shift { window: into, wrap }, window, raw.iter().map(|&w| R::of(w)).collect()))
}
