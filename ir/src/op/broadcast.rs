//! A tensor repeated along axes of size 1: made by pass `broadcast_stream` before a merge in `io_stream`.

/// The input's elements repeated to a larger shape; missing axes come first (numpy's rule).
#[derive(Clone, PartialEq, Debug)]
pub struct Broadcast {
    pub shape: Vec<usize>,
}

impl Broadcast {
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match broadcast(&[input, &self.shape]) {
            Ok(shape) if shape == self.shape => Ok(shape),
            _ => Err(format!("{input:?} cannot be repeated to {:?}", self.shape)),
        }
    }
}

/// The shape to which all of these can be repeated.
///
/// # Errors
/// There is none; in words.
pub fn broadcast(shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out = vec![1; rank];
    for shape in shapes {
        for (to, &n) in out[rank - shape.len()..].iter_mut().zip(*shape) {
            if *to == 1 {
                *to = n;
            } else if n != 1 && n != *to {
                return Err(format!("shapes {shapes:?} cannot be broadcast to one"));
            }
        }
    }
    Ok(out)
}

/// For each element of `to`, in flat order, the flat index of the element of `from` that is repeated there.
pub fn sources(from: &[usize], to: &[usize]) -> Vec<usize> {
    let lead = to.len() - from.len();
    let mut strides = vec![0; to.len()];
    let mut stride = 1;
    for axis in (0..from.len()).rev() {
        if from[axis] != 1 {
            strides[lead + axis] = stride;
        }
        stride *= from[axis];
    }
    (0..to.iter().product())
        .map(|flat: usize| {
            let mut rest = flat;
            let mut source = 0;
            for axis in (0..to.len()).rev() {
                source += rest % to[axis] * strides[axis];
                rest /= to[axis];
            }
            source
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_numpy() {
        assert_eq!(broadcast(&[&[2, 1, 3], &[4, 1]]), Ok(vec![2, 4, 3]));
        assert!(broadcast(&[&[2, 3], &[2, 2]]).is_err());
        assert_eq!(sources(&[2, 1], &[2, 3]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(sources(&[2], &[3, 2]), [0, 1, 0, 1, 0, 1]);
    }
}
