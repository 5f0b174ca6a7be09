//! Where two tensors differ.

use crate::vectors;
use ndarray::{ArrayD, Axis};
use netlathe_apfixed::{FixedType, to_f64};

/// Compares integers with values; the text of the first difference, `None` when there is none.
///
/// The values are those of fixed-point numbers; one that is not on our type's grid differs. A number of more than 53
/// significant bits must round to its value: hls4ml hands its numbers out as float64.
pub(super) fn with_values(
    what: &str,
    who: &str,
    ours: &ArrayD<i128>,
    ty: &FixedType,
    values: &ArrayD<f64>,
) -> Option<String> {
    let raw = |x: f64| vectors::exact_raw(x, ty);
    let text = |x: f64| match raw(x) {
        Some(r) => r.to_string(),
        None => format!("{x}, which {ty} does not have"),
    };
    first(what, who, ours, ty, values, |a, x| to_f64(a, ty) == x, text)
}

/// Compares integers with integers.
pub(super) fn with_raw(
    what: &str,
    who: &str,
    ours: &ArrayD<i128>,
    ty: &FixedType,
    theirs: &ArrayD<i128>,
) -> Option<String> {
    first(what, who, ours, ty, theirs, |a, b| a == b, |b| b.to_string())
}

/// Compares integers with real numbers within `tolerance` times the largest of them, at least times 1.
pub(super) fn within(
    what: &str,
    ours: &ArrayD<i128>,
    ty: &FixedType,
    keras: &ArrayD<f64>,
    tolerance: f64,
) -> Option<String> {
    let largest = keras.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
    let allowed = tolerance * largest;
    let near = |raw: i128, y: f64| (to_f64(raw, ty) - y).abs() <= allowed;
    let worst = ours.iter().zip(keras).map(|(&a, &y)| (to_f64(a, ty) - y).abs()).fold(0.0, f64::max);
    first(what, "Keras", ours, ty, keras, near, |y| format!("{y}"))
        .map(|text| format!("{text}; the largest error is {worst}, {allowed} is allowed"))
}

fn first<T: Copy>(
    what: &str,
    who: &str,
    ours: &ArrayD<i128>,
    ty: &FixedType,
    theirs: &ArrayD<T>,
    equal: impl Fn(i128, T) -> bool,
    text: impl Fn(T) -> String,
) -> Option<String> {
    let samples = ours.len_of(Axis(0));
    if ours.len() != theirs.len() || theirs.shape().first() != Some(&samples) {
        return Some(format!("{what}: ours has the shape {:?}, {who}'s {:?}", ours.shape(), theirs.shape()));
    }
    let size = ours.len() / samples.max(1);
    let differing: Vec<(usize, i128, T)> = ours
        .iter()
        .zip(theirs)
        .enumerate()
        .filter(|(_, (a, b))| !equal(**a, **b))
        .map(|(i, (&a, &b))| (i, a, b))
        .collect();
    let &(at, a, b) = differing.first()?;
    let (sample, element) = (at / size.max(1), at % size.max(1));
    Some(format!(
        "{what}: sample {sample} element {element}: ours {a} ({}), {who} {} ({ty}; {} of {} differ)",
        to_f64(a, ty),
        text(b),
        differing.len(),
        ours.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_first_difference_is_named() {
        let ty = FixedType::fixed(8, 4);
        let ours = array![[16i128, 8], [24, -4]].into_dyn();
        assert_eq!(
            with_values("y", "hls4ml", &ours, &ty, &array![[1.0, 0.5], [1.5, -0.25]].into_dyn()),
            None
        );
        let text = with_values("y", "hls4ml", &ours, &ty, &array![[1.0, 0.5], [1.5, -0.5]].into_dyn());
        assert_eq!(
            text.as_deref(),
            Some("y: sample 1 element 1: ours -4 (-0.25), hls4ml -8 (ap_fixed<8,4>; 1 of 4 differ)")
        );
        let text = with_values("y", "hls4ml", &ours, &ty, &array![[1.0, 0.51], [1.5, -0.25]].into_dyn());
        assert!(text.is_some_and(|t| t.contains("hls4ml 0.51, which ap_fixed<8,4> does not have")));
        let text = with_values("y", "hls4ml", &ours, &ty, &array![[1.0, 0.5]].into_dyn());
        assert_eq!(text.as_deref(), Some("y: ours has the shape [2, 2], hls4ml's [1, 2]"));
    }

    #[test]
    fn numbers_beyond_a_float_round_to_it() {
        let ty = FixedType::fixed(60, 60);
        let ours = array![[(1i128 << 53) + 1, (1 << 53) + 3]].into_dyn();
        // Half to even: down, then up.
        let theirs = array![[9007199254740992.0, 9007199254740996.0]].into_dyn();
        assert_eq!(with_values("y", "hls4ml", &ours, &ty, &theirs), None);
        let theirs = array![[9007199254740994.0, 9007199254740996.0]].into_dyn();
        assert!(with_values("y", "hls4ml", &ours, &ty, &theirs).is_some_and(|t| t.contains("1 of 2 differ")));
    }

    #[test]
    fn tolerance_is_relative_to_the_largest_output() {
        let ty = FixedType::fixed(16, 8);
        let ours = array![[256i128, 25600]].into_dyn(); // 1 and 100
        assert_eq!(within("y", &ours, &ty, &array![[1.5, 100.0]].into_dyn(), 0.005), None);
        let text = within("y", &ours, &ty, &array![[1.51, 100.0]].into_dyn(), 0.005);
        assert!(text.is_some_and(|t| t.contains("element 0") && t.contains("0.5 is allowed")));
        // Below 1 the tolerance is absolute.
        assert!(within("y", &array![[0i128]].into_dyn(), &ty, &array![[0.006]].into_dyn(), 0.005).is_some());
    }
}
