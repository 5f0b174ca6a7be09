//! A latency histogram of fixed size, for a service that never stops measuring.
//!
//! Buckets are logarithmic with 128 linear steps in each power of two (the layout of an HDR histogram):
//! a value below 128 ns has a bucket of its own, any other shares one whose width is at most 1/128 of its
//! lower bound. A quantile is therefore never below the exact one, and above it by less than
//! [`RELATIVE_ERROR`]. Count, minimum, maximum and mean are exact.

use std::fmt;
use std::time::Duration;

/// log2 of the number of linear steps in a power of two.
const STEP_BITS: u32 = 7;
const STEPS: u64 = 1 << STEP_BITS;
/// Values below `STEPS` take the first `STEPS` buckets, then each exponent from 7 to 63 takes `STEPS` more.
const BUCKETS: usize = (64 - STEP_BITS as usize + 1) * STEPS as usize;

/// Bound of (reported quantile - exact quantile) / exact quantile.
pub const RELATIVE_ERROR: f64 = 1.0 / STEPS as f64;

/// Latencies in nanoseconds. About 58 KiB, allocated once; recording never allocates.
#[derive(Clone, PartialEq, Eq)]
pub struct LatencyHistogram {
    buckets: Box<[u64]>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl LatencyHistogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self { buckets: vec![0; BUCKETS].into_boxed_slice(), count: 0, sum: 0, min: u64::MAX, max: 0 }
    }

    /// Records one latency. A duration beyond `u64::MAX` ns (584 years) counts as that.
    pub fn record(&mut self, latency: Duration) {
        self.record_nanos(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Records one latency given in nanoseconds.
    pub fn record_nanos(&mut self, nanos: u64) {
        self.buckets[bucket_of(nanos)] += 1;
        self.count += 1;
        self.sum += u128::from(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    /// Adds all that `other` has recorded, as if it had been recorded here.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
        self.sum = 0;
        self.min = u64::MAX;
        self.max = 0;
    }

    /// How many latencies were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest latency in ns, exact; `None` when nothing was recorded.
    pub fn min(&self) -> Option<u64> {
        (self.count > 0).then_some(self.min)
    }

    /// The largest latency in ns, exact; `None` when nothing was recorded.
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// The mean in ns, from the exact sum; `None` when nothing was recorded.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The quantile in ns by nearest rank: the smallest value such that at least `per_mille`/1000 of the
    /// records are not above it (500 is the median, 999 is p99.9; 0 is the minimum, 1000 or more the maximum).
    /// `None` when nothing was recorded. The answer is the upper end of the bucket, never above [`Self::max`].
    pub fn quantile(&self, per_mille: u32) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        if per_mille == 0 {
            return Some(self.min);
        }
        // In integers: 0.999 * count in floating point can land on either side of a whole rank.
        let rank = (u128::from(self.count) * u128::from(per_mille.min(1000))).div_ceil(1000);
        let mut seen = 0u128;
        for (index, &n) in self.buckets.iter().enumerate() {
            seen += u128::from(n);
            if seen >= rank {
                return Some(upper_end(index).min(self.max));
            }
        }
        Some(self.max)
    }

    /// The median in ns.
    pub fn p50(&self) -> Option<u64> {
        self.quantile(500)
    }

    /// The 90th percentile in ns.
    pub fn p90(&self) -> Option<u64> {
        self.quantile(900)
    }

    /// The 99th percentile in ns.
    pub fn p99(&self) -> Option<u64> {
        self.quantile(990)
    }

    /// The 99.9th percentile in ns.
    pub fn p999(&self) -> Option<u64> {
        self.quantile(999)
    }
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LatencyHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LatencyHistogram({self})")
    }
}

/// One line: `n 3  min 1.00 us  p50 2.00 us  p90 ..  p99 ..  p99.9 ..  max ..  mean ..`.
impl fmt::Display for LatencyHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n {}", self.count)?;
        let figures = [
            ("min", self.min()),
            ("p50", self.p50()),
            ("p90", self.p90()),
            ("p99", self.p99()),
            ("p99.9", self.p999()),
            ("max", self.max()),
        ];
        for (name, nanos) in figures {
            if let Some(nanos) = nanos {
                write!(f, "  {name} {}", Nanos(nanos as f64))?;
            }
        }
        if let Some(mean) = self.mean() {
            write!(f, "  mean {}", Nanos(mean))?;
        }
        Ok(())
    }
}

/// A time with the unit that keeps one to three digits before the point.
struct Nanos(f64);

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        if n < 1e3 {
            write!(f, "{n:.0} ns")
        } else if n < 1e6 {
            write!(f, "{:.2} us", n / 1e3)
        } else if n < 1e9 {
            write!(f, "{:.2} ms", n / 1e6)
        } else {
            write!(f, "{:.2} s", n / 1e9)
        }
    }
}

fn bucket_of(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - STEP_BITS;
    // nanos >> shift lies in STEPS..2*STEPS, so shift 0 continues right after the exact buckets.
    u64::from(shift) as usize * STEPS as usize + (nanos >> shift) as usize
}

fn upper_end(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * STEPS {
        return index;
    }
    let shift = index / STEPS - 1;
    let step = index % STEPS + STEPS;
    // (step + 1) << shift minus 1, written so that the last bucket does not overflow.
    (step << shift) | ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_tile_the_whole_range_without_gap_or_overlap() {
        let mut lower = 0u64;
        for index in 0..BUCKETS {
            let upper = upper_end(index);
            assert!(upper >= lower);
            assert_eq!((bucket_of(lower), bucket_of(upper)), (index, index), "bucket {index}");
            assert!((upper - lower) as f64 <= lower as f64 * RELATIVE_ERROR, "bucket {index} is too wide");
            lower = upper.wrapping_add(1);
        }
        assert_eq!(lower, 0, "the last bucket must end at u64::MAX");
    }

    #[test]
    fn an_empty_histogram_has_no_figures() {
        let h = LatencyHistogram::new();
        assert_eq!((h.count(), h.min(), h.max(), h.mean(), h.p50()), (0, None, None, None, None));
        assert_eq!(h.to_string(), "n 0");
    }

    #[test]
    fn one_line_with_units() {
        let mut h = LatencyHistogram::new();
        h.record(Duration::from_nanos(100));
        h.record(Duration::from_micros(2));
        h.record(Duration::from_millis(3));
        assert_eq!(
            h.to_string(),
            // 2000 ns shares its bucket with all up to 2007 ns.
            "n 3  min 100 ns  p50 2.01 us  p90 3.00 ms  p99 3.00 ms  p99.9 3.00 ms  max 3.00 ms  mean 1.00 ms"
        );
        h.clear();
        assert_eq!(h, LatencyHistogram::new());
    }
}
