use crate::support::save;
use ndarray::ArrayD;
use ndarray_npy::WriteNpyExt;
use netlathe_flow::npy::{read, read_batch, write};
use std::path::Path;

fn message(path: &Path, shape: &[usize]) -> String {
    let e = read_batch(&[path], &[("x".to_owned(), shape.to_vec())], "inputs").unwrap_err();
    assert_eq!(e.exit_code(), 2);
    e.to_string()
}

#[test]
fn floats_and_integers_are_read() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.npy");
    let file = || std::fs::File::create(&path).unwrap();
    let wanted = ndarray::array![[1.0, -2.0], [3.0, 4.0]].into_dyn();
    ndarray::array![[1f32, -2.0], [3.0, 4.0]].write_npy(file()).unwrap();
    assert_eq!(read(&path).unwrap(), wanted);
    ndarray::array![[1i64, -2], [3, 4]].write_npy(file()).unwrap();
    assert_eq!(read(&path).unwrap(), wanted);
    ndarray::array![[1i8, -2], [3, 4]].write_npy(file()).unwrap();
    assert_eq!(read(&path).unwrap(), wanted);
    // Fortran order is a matter of the file, not of the reader.
    ndarray::array![[1f64, 3.0], [-2.0, 4.0]].t().write_npy(file()).unwrap();
    let array = read(&path).unwrap();
    assert!(array.is_standard_layout());
    assert_eq!(array, wanted);
    ndarray::array![i64::MAX].write_npy(file()).unwrap();
    assert!(read(&path).unwrap_err().to_string().contains("not exact in float64"));
}

#[test]
fn what_does_not_fit_is_said() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("x.npy");
    assert!(message(&path, &[2]).contains("cannot read"));
    save(&path, &ArrayD::zeros(vec![3, 4]));
    let text = message(&path, &[2]);
    assert!(text.contains("[3, 4]") && text.contains("`x` takes (samples, 2)"), "{text}");
    save(&path, &ArrayD::zeros(vec![4]));
    assert!(message(&path, &[4]).contains("takes (samples, 4)"));
    save(&path, &ArrayD::zeros(vec![0, 4]));
    assert!(message(&path, &[4]).contains("has no samples"));
    save(&path, &ndarray::array![[1.0, 2.0], [f32::NAN, 0.0]].into_dyn());
    assert!(message(&path, &[2]).contains("sample 1 holds a NaN"));
    // As many elements in another order of axes are not the same sample.
    save(&path, &ArrayD::zeros(vec![1, 3, 2]));
    assert!(message(&path, &[2, 3]).contains("[2, 3]"));
    let two: [&Path; 2] = [&path, &path];
    let e = read_batch(&two, &[("x".to_owned(), vec![6])], "inputs").unwrap_err().to_string();
    assert!(e.contains("2 files of inputs are given, the network has 1: x [6]"), "{e}");
}

#[test]
fn flat_samples_are_taken() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("x.npy");
    save(&path, &ArrayD::zeros(vec![5, 6]));
    let arrays = read_batch(&[&path], &[("x".to_owned(), vec![2, 3])], "inputs").unwrap();
    assert_eq!(arrays[0].shape(), [5, 2, 3]);
}

#[test]
fn a_file_that_lies_is_refused_before_it_is_believed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("x.npy");
    let header = |text: &str| {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        let text = format!("{text:<117}\n");
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    };
    std::fs::write(&path, header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 4), }"))
        .unwrap();
    assert!(message(&path, &[4]).contains("it is cut"));
    std::fs::write(&path, header("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4), }")).unwrap();
    message(&path, &[4]);
    std::fs::write(&path, header("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 4), }")).unwrap();
    assert!(message(&path, &[4]).contains("c8"));
    std::fs::write(&path, "x,y\n1,2\n").unwrap();
    assert!(message(&path, &[4]).contains("is not an .npy file"));
}

#[test]
fn what_is_written_reads_back() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("y.npy");
    let array = ndarray::array![[0.1, -1e300], [f64::MIN_POSITIVE, 0.0]].into_dyn();
    write(&path, &array).unwrap();
    assert_eq!(read(&path).unwrap(), array);
    assert_eq!(write(&place.path().join("no/such/y.npy"), &array).unwrap_err().exit_code(), 2);
}
