//! A vector several times.

/// Shape (n) to (times, n); each element is converted to the result's type.
#[derive(Clone, PartialEq, Debug)]
pub struct RepeatVector {
    pub times: usize,
}

impl RepeatVector {
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match input {
            &[n] => Ok(vec![self.times, n]),
            _ => Err(format!("input has shape {input:?}, RepeatVector needs a vector")),
        }
    }
}
