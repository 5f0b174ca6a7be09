//! The histogram against exact nearest-rank quantiles of the sorted data.

use netlathe_overlay::{LatencyHistogram, RELATIVE_ERROR};

use crate::support::Random;

/// Latencies over many magnitudes, as of a device with a long tail.
fn data(seed: u64, n: usize) -> Vec<u64> {
    let mut random = Random(seed);
    (0..n).map(|_| random.next() >> (24 + random.next() % 40)).collect()
}

#[test]
fn quantiles_are_within_the_stated_error() {
    for (seed, n) in [(1, 1), (2, 7), (3, 1000), (4, 99_991)] {
        let mut sorted = data(seed, n);
        let mut histogram = LatencyHistogram::new();
        sorted.iter().for_each(|&nanos| histogram.record_nanos(nanos));
        sorted.sort_unstable();
        for per_mille in [0, 1, 10, 250, 500, 900, 990, 999, 1000] {
            let rank = (n as u64 * u64::from(per_mille)).div_ceil(1000).max(1) as usize;
            let exact = sorted[rank - 1];
            let told = histogram.quantile(per_mille).unwrap();
            assert!(told >= exact, "{n} values, {per_mille} per mille: {told} is below {exact}");
            assert!(
                (told - exact) as f64 <= exact as f64 * RELATIVE_ERROR,
                "{n} values, {per_mille} per mille: {told} is too far from {exact}"
            );
        }
        let mean = sorted.iter().map(|&nanos| u128::from(nanos)).sum::<u128>() as f64 / n as f64;
        assert_eq!(histogram.count(), n as u64);
        assert_eq!((histogram.min(), histogram.max()), (Some(sorted[0]), Some(sorted[n - 1])));
        assert_eq!(histogram.mean(), Some(mean));
    }
}

#[test]
fn merging_is_recording_both() {
    let (left, right) = (data(5, 500), data(6, 700));
    let record = |data: &[u64]| {
        let mut histogram = LatencyHistogram::new();
        data.iter().for_each(|&nanos| histogram.record_nanos(nanos));
        histogram
    };
    let mut merged = record(&left);
    merged.merge(&record(&right));
    assert_eq!(merged, record(&[left, right].concat()));
    merged.merge(&LatencyHistogram::new());
    assert_eq!(merged.count(), 1200);
}
