//! Softmax: hls4ml's four implementations.

use super::index::Index;
use super::{Counts, Operand, cast_from, convert, tree};
use crate::int::{Budget, Int};
use netlathe_apfixed::{Cast, FixedType, Precision, TooWide};
use netlathe_ir::op::softmax::{Implementation, Softmax};
use netlathe_ir::table::{Table, ceil_log2};

/// A softmax ready to run.
pub struct Kernel<R> {
    /// (outer, slice, inner) sizes.
    split: (usize, usize, usize),
    method: Method<R>,
}

#[expect(clippy::large_enum_variant, reason = "one a layer: a box would only be in the way")]
enum Method<R> {
    /// Stable (with the difference's conversion) or latency (without).
    Tables {
        difference: Option<Cast>,
        exp: TopBits,
        exp_table: Vec<R>,
        term: Cast,
        sum: Cast,
        total: Cast,
        inv: TopBits,
        inv_table: Vec<R>,
        result: Cast,
    },
    Legacy {
        exp: Index<R>,
        exp_table: Vec<R>,
        one: R,
        sum: Cast,
        inv: Index<R>,
        inv_table: Vec<R>,
        result: Cast,
    },
    Argmax {
        one: R,
    },
}

/// Index made of the upper bits of a value, read as an unsigned number; the last entry where the table is shorter.
struct TopBits {
    shift: u32,
    mask: i128,
    last: usize,
}

impl TopBits {
    fn new(ty: &FixedType, size: u32) -> Self {
        let bits = ceil_log2(size);
        Self { shift: ty.width.saturating_sub(bits), mask: (1i128 << bits) - 1, last: size as usize - 1 }
    }

    #[inline]
    fn of<R: Int>(&self, x: R) -> usize {
        (((x >> self.shift).widen() & self.mask) as usize).min(self.last)
    }
}

fn known(p: Precision) -> FixedType {
    match p {
        Precision::Is(ty) => ty,
        Precision::Auto => unreachable!("validated"),
    }
}

fn entries<R: Int>(table: Option<&Table>) -> Vec<R> {
    table.map(|t| t.entries.iter().map(|&e| R::of(e)).collect()).unwrap_or_default()
}

impl<R: Int> Kernel<R> {
    pub fn compile(
        s: &Softmax,
        operand: &Operand,
        y: &FixedType,
        budget: &mut Budget,
    ) -> Result<Self, TooWide> {
        let x = &operand.ty;
        let sizes = (s.exp_table_size.unwrap_or(s.table_size), s.inv_table_size.unwrap_or(s.table_size));
        let (exp_table, inv_table) = (entries(s.exp_table.as_ref()), entries(s.inv_table.as_ref()));
        let method = match s.implementation {
            Implementation::Stable | Implementation::Latency => {
                let accum = known(s.accum);
                let (exp_ty, inv_ty, inv_inp) =
                    (known(s.exp_table_ty), known(s.inv_table_ty), known(s.inv_inp));
                let stable = s.implementation == Implementation::Stable;
                let index = if stable { known(s.inp_norm) } else { *x };
                Method::Tables {
                    difference: if stable { Some(cast_from(&x.sub(x), &index, budget)?) } else { None },
                    exp: TopBits::new(&index, sizes.0),
                    exp_table,
                    term: cast_from(&exp_ty, &accum, budget)?,
                    sum: cast_from(&accum.add(&accum), &accum, budget)?,
                    total: cast_from(&accum, &inv_inp, budget)?,
                    inv: TopBits::new(&inv_inp, sizes.1),
                    inv_table,
                    result: cast_from(&accum.mul(&inv_ty), y, budget)?,
                }
            }
            Implementation::Legacy => {
                let ty = known(s.table_ty);
                Method::Legacy {
                    exp: Index::new(&x.sub(x), sizes.0, 16, budget),
                    exp_table,
                    one: R::truncate(Cast::new(&FixedType::int(2), &ty)?.apply(1_i128)),
                    sum: cast_from(&ty.add(&ty), &ty, budget)?,
                    // Over 0 to 64, from the first entry on.
                    inv: Index::from_zero(&ty, sizes.1, 64, budget),
                    inv_table,
                    result: cast_from(&ty, y, budget)?,
                }
            }
            Implementation::Argmax => {
                Method::Argmax { one: R::truncate(Cast::new(&FixedType::int(2), y)?.apply(1_i128)) }
            }
        };
        Ok(Self { split: s.split(&operand.shape), method })
    }

    pub fn run<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let (outer, slice, inner) = self.split;
        let (mut from, mut to) = (vec![R::ZERO; slice], vec![R::ZERO; slice]);
        for o in 0..outer {
            for k in 0..inner {
                let at = |i: usize| (o * slice + i) * inner + k;
                for (i, f) in from.iter_mut().enumerate() {
                    *f = x[at(i)];
                }
                self.slice::<COUNT>(&from, &mut to, counts);
                for (i, &t) in to.iter().enumerate() {
                    y[at(i)] = t;
                }
            }
        }
    }

    fn slice<const COUNT: bool>(&self, x: &[R], y: &mut [R], counts: &mut Counts) {
        let inner = &mut counts.inner;
        match &self.method {
            Method::Tables { difference, exp, exp_table, term, sum, total, inv, inv_table, result } => {
                let max = x.iter().copied().fold(x[0], R::max);
                for (y, &x) in y.iter_mut().zip(x) {
                    let index = match difference {
                        Some(cast) => convert::<R, COUNT>(cast, max - x, inner),
                        None => x,
                    };
                    *y = convert::<R, COUNT>(term, exp_table[exp.of(index)], inner);
                }
                let all = tree(y, &mut |a, b| convert::<R, COUNT>(sum, a + b, inner));
                let factor = inv_table[inv.of(convert::<R, COUNT>(total, all, inner))];
                for y in y {
                    *y = convert::<R, COUNT>(result, *y * factor, &mut counts.result);
                }
            }
            Method::Legacy { exp, exp_table, one, sum, inv, inv_table, result } => {
                for (i, y) in y.iter_mut().enumerate() {
                    let mut all = R::ZERO;
                    for (j, &other) in x.iter().enumerate() {
                        let e = if i == j { *one } else { exp_table[exp.of(other - x[i])] };
                        all = convert::<R, COUNT>(sum, all + e, inner);
                    }
                    *y = convert::<R, COUNT>(result, inv_table[inv.of(all)], &mut counts.result);
                }
            }
            Method::Argmax { one } => {
                let first = (1..x.len()).fold(0, |best, i| if x[i] > x[best] { i } else { best });
                y.fill(R::ZERO);
                y[first] = *one;
            }
        }
    }
}
