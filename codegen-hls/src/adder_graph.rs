//! A constant matrix product as additions of shifted values: the distributed arithmetic strategy.
//!
//! Weights are written in canonical signed digits (no two neighbouring digits are non-zero, so their number is least); a product
//! with a constant is then a sum of shifted inputs. Sums that several outputs need are computed once: again and again the pair
//! of terms that occurs most often becomes a value of its own (greedy common subexpression elimination, as in Sun et al., da4ml,
//! arXiv:2507.04535). What is left of each output is added as a balanced tree. All values are exact integers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// A value, shifted left and perhaps negated. Values `0..n_in` are the inputs, the others the adders in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Term {
    pub(crate) value: usize,
    pub(crate) shift: u32,
    pub(crate) negative: bool,
}

/// The sum of two terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Adder {
    pub(crate) left: Term,
    pub(crate) right: Term,
}

/// Every output as at most one term: a value that adders have made, or nothing (0).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AdderGraph {
    pub(crate) n_in: usize,
    pub(crate) adders: Vec<Adder>,
    pub(crate) outputs: Vec<Option<Term>>,
}

/// Pairs of terms that are compared at once: bounds time and memory of the search.
const MAX_PAIRS: usize = 1 << 20;

/// The adders of `y[j] = sum over i of matrix[i * n_out + j] * x[i]`.
pub(crate) fn build(matrix: &[i64], n_in: usize, n_out: usize) -> AdderGraph {
    let mut graph = AdderGraph { n_in, adders: Vec::new(), outputs: Vec::new() };
    let mut rests: Vec<Vec<Term>> = vec![Vec::new(); n_out];
    let mut from = 0;
    while from < n_in {
        // As many inputs at a time as the search can compare.
        let mut terms: Vec<Vec<Term>> = vec![Vec::new(); n_out];
        let mut to = from;
        while to < n_in {
            let more: Vec<Vec<Term>> = (0..n_out).map(|j| digits(matrix[to * n_out + j], to)).collect();
            let pairs: usize = terms.iter().zip(&more).map(|(a, b)| (a.len() + b.len()).pow(2) / 2).sum();
            if to > from && pairs > MAX_PAIRS {
                break;
            }
            terms.iter_mut().zip(more).for_each(|(a, b)| a.extend(b));
            to += 1;
        }
        share(&mut graph, &mut terms);
        rests.iter_mut().zip(terms).for_each(|(all, part)| all.extend(part));
        from = to;
    }
    graph.outputs = rests.into_iter().map(|terms| tree(&mut graph.adders, n_in, terms)).collect();
    graph
}

/// The non-zero canonical signed digits of a constant, as terms of value `of`.
pub(crate) fn digits(constant: i64, of: usize) -> Vec<Term> {
    let mut rest = i128::from(constant);
    let mut shift = 0;
    let mut terms = Vec::new();
    while rest != 0 {
        if rest & 1 == 1 {
            // 1 where the next bit is clear, -1 where a run of ones begins.
            let digit = 2 - (rest & 3);
            terms.push(Term { value: of, shift, negative: digit < 0 });
            rest -= digit;
        }
        rest >>= 1;
        shift += 1;
    }
    terms
}

/// A pair of terms up to a common shift and sign.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Pair {
    left: usize,
    right: usize,
    /// Shift of the right value relative to the left one's.
    distance: i32,
    differ: bool,
}

/// The pair of two terms; of one value the less shifted term stands left.
fn pair(a: Term, b: Term) -> Pair {
    let (a, b) = if (a.value, a.shift) <= (b.value, b.shift) { (a, b) } else { (b, a) };
    Pair {
        left: a.value,
        right: b.value,
        distance: b.shift as i32 - a.shift as i32,
        differ: a.negative != b.negative,
    }
}

/// Makes values of the pairs that occur more than once.
fn share(graph: &mut AdderGraph, outputs: &mut [Vec<Term>]) {
    let mut counts: BTreeMap<Pair, i32> = BTreeMap::new();
    for terms in outputs.iter() {
        for (k, &a) in terms.iter().enumerate() {
            for &b in &terms[k + 1..] {
                *counts.entry(pair(a, b)).or_default() += 1;
            }
        }
    }
    // Entries may be out of date: the count is looked up again when one is taken.
    let mut heap: BinaryHeap<(i32, Reverse<Pair>)> =
        counts.iter().filter(|(_, n)| **n > 1).map(|(p, n)| (*n, Reverse(*p))).collect();
    while let Some((count, Reverse(wanted))) = heap.pop() {
        let now = counts.get(&wanted).copied().unwrap_or(0);
        if now != count {
            if now > 1 {
                heap.push((now, Reverse(wanted)));
            }
            continue;
        }
        let made = graph.n_in + graph.adders.len();
        let mut uses: Vec<(usize, Term)> = Vec::new();
        for (j, terms) in outputs.iter_mut().enumerate() {
            while let Some((k, l)) = find(terms, wanted) {
                let b = terms.remove(l);
                let a = terms.remove(k);
                let left = if (a.value, a.shift) <= (b.value, b.shift) { a } else { b };
                for (t, n) in terms.iter().flat_map(|&t| [(pair(t, a), -1), (pair(t, b), -1)]) {
                    *counts.entry(t).or_default() += n;
                }
                *counts.entry(wanted).or_default() -= 1;
                uses.push((j, Term { value: made, shift: a.shift.min(b.shift), negative: left.negative }));
            }
        }
        // Terms of one value overlap (x, 2x, 4x hold the pair (x, 2x) twice): perhaps it was there once only.
        if let [(j, only)] = uses[..] {
            let [left, right] = parts(wanted, only);
            for t in [left, right] {
                for &u in &outputs[j] {
                    *counts.entry(pair(t, u)).or_default() += 1;
                }
                outputs[j].push(t);
            }
            continue;
        }
        if uses.is_empty() {
            continue;
        }
        let [left, right] = parts(wanted, Term { value: made, shift: 0, negative: false });
        graph.adders.push(Adder { left, right });
        for (j, term) in uses {
            for &t in &outputs[j] {
                let p = pair(t, term);
                let n = counts.entry(p).or_default();
                *n += 1;
                if *n > 1 {
                    heap.push((*n, Reverse(p)));
                }
            }
            outputs[j].push(term);
        }
    }
}

/// The two terms that `pair`'s value stands for in a term of it.
fn parts(pair: Pair, of: Term) -> [Term; 2] {
    let (left, right) = if pair.distance >= 0 { (0, pair.distance) } else { (-pair.distance, 0) };
    [
        Term { value: pair.left, shift: of.shift + left.unsigned_abs(), negative: of.negative },
        Term {
            value: pair.right,
            shift: of.shift + right.unsigned_abs(),
            negative: of.negative != pair.differ,
        },
    ]
}

/// The places of the first two terms that make the pair.
fn find(terms: &[Term], wanted: Pair) -> Option<(usize, usize)> {
    terms
        .iter()
        .enumerate()
        .filter(|(_, t)| t.value == wanted.left || t.value == wanted.right)
        .find_map(|(k, &a)| terms[k + 1..].iter().position(|&b| pair(a, b) == wanted).map(|l| (k, k + 1 + l)))
}

/// Adds terms as a balanced tree, the least shifted ones first: sums stay narrow.
fn tree(adders: &mut Vec<Adder>, n_in: usize, mut terms: Vec<Term>) -> Option<Term> {
    while terms.len() > 1 {
        terms.sort_by_key(|t| (t.shift, t.value, t.negative));
        terms = terms
            .chunks(2)
            .map(|two| match *two {
                [a, b] => {
                    let shift = a.shift.min(b.shift);
                    // A sum of two negated terms is a negated sum.
                    let negative = a.negative && b.negative;
                    let inner = |t: Term| Term {
                        value: t.value,
                        shift: t.shift - shift,
                        negative: t.negative != negative,
                    };
                    adders.push(Adder { left: inner(a), right: inner(b) });
                    Term { value: n_in + adders.len() - 1, shift, negative }
                }
                _ => two[0],
            })
            .collect();
    }
    terms.first().copied()
}

impl AdderGraph {
    /// Smallest and largest value of every input and adder, from the inputs' own; `None` beyond 126 bits.
    pub(crate) fn ranges(&self, input: (i128, i128)) -> Option<Vec<(i128, i128)>> {
        let mut ranges = vec![input; self.n_in];
        for adder in &self.adders {
            let (a, b) = (
                shifted(ranges[adder.left.value], adder.left)?,
                shifted(ranges[adder.right.value], adder.right)?,
            );
            ranges.push((a.0.checked_add(b.0)?, a.1.checked_add(b.1)?));
        }
        Some(ranges)
    }
}

/// The range of a term from its value's.
pub(crate) fn shifted((low, high): (i128, i128), term: Term) -> Option<(i128, i128)> {
    let scale =
        |x: i128| x.checked_mul(1i128.checked_shl(term.shift).filter(|f| *f > 0 && term.shift < 126)?);
    let (low, high) = (scale(low)?, scale(high)?);
    Some(if term.negative { (-high, -low) } else { (low, high) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the graph computes, in plain integers.
    fn run(graph: &AdderGraph, x: &[i64]) -> Vec<i128> {
        let mut values: Vec<i128> = x.iter().map(|&x| i128::from(x)).collect();
        let of = |values: &[i128], t: Term| {
            let v = values[t.value] << t.shift;
            if t.negative { -v } else { v }
        };
        for adder in &graph.adders {
            let sum = of(&values, adder.left) + of(&values, adder.right);
            values.push(sum);
        }
        graph.outputs.iter().map(|o| o.map_or(0, |t| of(&values, t))).collect()
    }

    fn check(matrix: &[i64], n_in: usize, n_out: usize) -> AdderGraph {
        let graph = build(matrix, n_in, n_out);
        let mut state = 1u64;
        for _ in 0..20 {
            let x: Vec<i64> = (0..n_in)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (state >> 48) as i64 - 32768
                })
                .collect();
            let expected: Vec<i128> = (0..n_out)
                .map(|j| (0..n_in).map(|i| i128::from(matrix[i * n_out + j]) * i128::from(x[i])).sum())
                .collect();
            assert_eq!(run(&graph, &x), expected, "{matrix:?}");
        }
        graph
    }

    #[test]
    fn digits_are_few() {
        let seven = [(0, true), (3, false)].map(|(shift, negative)| Term { value: 0, shift, negative });
        assert_eq!(digits(7, 0), seven);
        assert_eq!(digits(0, 0), []);
        assert_eq!(digits(i64::MIN, 0), [Term { value: 0, shift: 63, negative: true }]);
    }

    #[test]
    fn equals_the_product() {
        check(&[0, 0], 2, 1);
        check(&[5], 1, 1);
        check(&[-1, 7, 85, -85, 3, 0], 2, 3);
        check(&[21, 0x5555, -0x5555, 1 << 40], 1, 4);
        let mut state = 7u64;
        for (n_in, n_out) in [(3, 2), (8, 5), (16, 16), (1, 12)] {
            let matrix: Vec<i64> = (0..n_in * n_out)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (state >> 56) as i64 - 128
                })
                .collect();
            let digits: usize = matrix.iter().map(|&w| digits(w, 0).len()).sum();
            let graph = check(&matrix, n_in, n_out);
            assert!(graph.adders.len() <= digits, "sharing never costs adders");
        }
    }

    #[test]
    fn shared_sums_are_made_once() {
        // Both outputs hold x0 + x1; 5 x0 + 5 x1 is five times it.
        let graph = check(&[1, 5, 1, 5], 2, 2);
        assert_eq!(graph.adders.len(), 2);
    }

    #[test]
    fn ranges_hold_every_value() {
        let graph = build(&[3, -1, 1, 0], 2, 2);
        let ranges = graph.ranges((-8, 7)).expect("small");
        let of = |j: usize| graph.outputs[j].and_then(|t| shifted(ranges[t.value], t)).expect("not zero");
        // 3 x0 + x1 runs from -32 to 28; the negation of an input has its range mirrored.
        assert!(of(0).0 <= -32 && of(0).1 >= 28);
        assert_eq!(of(1), (-7, 8));
        assert_eq!(shifted((-8, 7), Term { value: 0, shift: 125, negative: false }), None);
    }
}
