//! The arrays that a user gives: inputs, and what is expected of them.

use crate::error::Error;
use crate::model::Loaded;
use crate::npy;
use ndarray::{ArrayD, Axis};
use std::path::PathBuf;

/// Those of one model; none, or one a tensor.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) x: Vec<ArrayD<f64>>,
    pub(crate) expected: Vec<ArrayD<f64>>,
}

/// Reads the files: one a tensor, those of the first model first.
///
/// # Errors
/// [`Error::Usage`]: their number, their shapes or their samples do not fit.
pub(crate) fn read(models: &[Loaded], inputs: &[PathBuf], expected: &[PathBuf]) -> Result<Vec<Given>, Error> {
    if inputs.is_empty() && !expected.is_empty() {
        return Err(Error::usage("--expected is given without --inputs", "give the inputs that it answers"));
    }
    let x = shared(inputs, &tensors(models, |m| m.inputs().len()), "--inputs", "input")?;
    let y = shared(expected, &tensors(models, |m| m.outputs().len()), "--expected", "output")?;
    let one = |(model, (x, y)): (&Loaded, (&[PathBuf], &[PathBuf]))| {
        let batch = |files: &[PathBuf], ports: Vec<(String, Vec<usize>)>, what: &str| match files {
            [] => Ok(Vec::new()),
            files => npy::read_batch(files, &ports, what),
        };
        let given = Given {
            x: batch(x, model.inputs(), "inputs")?,
            expected: batch(y, model.outputs(), "expected")?,
        };
        let samples = |arrays: &[ArrayD<f64>]| arrays.first().map(|a| a.len_of(Axis(0)));
        match (samples(&given.x), samples(&given.expected)) {
            (Some(a), Some(b)) if a != b => Err(Error::usage(
                format!("the inputs have {a} samples, the expected outputs {b}"),
                "give as many of both",
            )),
            _ => Ok(given),
        }
    };
    models.iter().zip(x.into_iter().zip(y)).map(one).collect()
}

/// How many tensors each model has.
fn tensors(models: &[Loaded], count: fn(&Loaded) -> usize) -> Vec<usize> {
    models.iter().map(count).collect()
}

/// The files of each model. One model takes all: what is wrong with their number is said when they are read.
fn shared<'a>(
    files: &'a [PathBuf],
    tensors: &[usize],
    option: &str,
    side: &str,
) -> Result<Vec<&'a [PathBuf]>, Error> {
    if files.is_empty() || tensors.len() == 1 {
        return Ok(vec![files; tensors.len()]);
    }
    let all: usize = tensors.iter().sum();
    if files.len() != all {
        let each = tensors.iter().map(usize::to_string).collect::<Vec<_>>().join(" + ");
        return Err(Error::usage(
            format!("{option} is given {} times, the models have {each} {side}s", files.len()),
            format!(
                "give it once for each {side} of each model, in the order of the models, or leave it out"
            ),
        ));
    }
    let mut rest = files;
    Ok(tensors
        .iter()
        .map(|&count| {
            let (these, others) = rest.split_at(count);
            rest = others;
            these
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_to_the_models_in_order() {
        let files: Vec<PathBuf> = ["a", "b", "c"].map(PathBuf::from).to_vec();
        let of = |tensors: &[usize]| shared(&files, tensors, "--inputs", "input");
        assert_eq!(of(&[2, 1]).unwrap(), [&files[..2], &files[2..]]);
        assert_eq!(of(&[5]).unwrap(), [&files[..]]);
        assert_eq!(shared(&[], &[2, 1], "--inputs", "input").unwrap(), [&files[..0], &files[..0]]);
        let e = of(&[1, 1]).unwrap_err();
        assert!(e.exit_code() == 2 && e.to_string().contains("given 3 times, the models have 1 + 1 inputs"));
    }
}
