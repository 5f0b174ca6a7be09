//! numpy's `.npy` files: real numbers in, real numbers out, batch first.

use crate::error::Error;
use ndarray::{ArrayD, Axis};
use ndarray_npy::{ReadNpyError, ReadNpyExt, WriteNpyExt};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom};
use std::path::Path;

/// Reads an array of floats or integers of at most 32 bits (or 64 bits, where each is exact in float64).
///
/// # Errors
/// [`Error::Usage`]: the file cannot be read, is damaged, or holds something else (complex numbers, objects, float16).
pub fn read(path: &Path) -> Result<ArrayD<f64>, Error> {
    let bad = |what: String| {
        Error::usage(
            format!("{}: {what}", path.display()),
            "give an array of real numbers that numpy.save wrote, such as x.astype(numpy.float32)",
        )
    };
    let file = std::fs::File::open(path).map_err(|e| Error::io("read", path, &e))?;
    let mut reader = BufReader::new(file);
    check_size(&mut reader).map_err(&bad)?;
    let mut last = String::new();
    // Each kind in turn; all but the right one stop at the header.
    type Kind = fn(&mut BufReader<std::fs::File>) -> Result<ArrayD<f64>, ReadNpyError>;
    let kinds: [Kind; 10] = [
        as_f64::<f32>,
        |r| ArrayD::<f64>::read_npy(r),
        as_f64::<i32>,
        as_f64::<u8>,
        as_f64::<i8>,
        as_f64::<i16>,
        as_f64::<u16>,
        as_f64::<u32>,
        |r| exact(ArrayD::<i64>::read_npy(r)?.mapv(i128::from)),
        |r| exact(ArrayD::<u64>::read_npy(r)?.mapv(i128::from)),
    ];
    for kind in kinds {
        reader.seek(SeekFrom::Start(0)).map_err(|e| Error::io("read", path, &e))?;
        match kind(&mut reader) {
            Ok(array) => return Ok(array.as_standard_layout().into_owned()),
            Err(ReadNpyError::WrongDescriptor(found)) => last = format!("its elements are {found}"),
            Err(e) => return Err(bad(e.to_string())),
        }
    }
    Err(bad(last))
}

fn as_f64<T>(reader: &mut BufReader<std::fs::File>) -> Result<ArrayD<f64>, ReadNpyError>
where
    T: ndarray_npy::ReadableElement + Copy + Into<f64>,
{
    Ok(ArrayD::<T>::read_npy(reader)?.mapv(Into::into))
}

fn exact(array: ArrayD<i128>) -> Result<ArrayD<f64>, ReadNpyError> {
    match array.iter().find(|&&x| (x as f64) as i128 != x) {
        Some(x) => Err(ReadNpyError::ParseData(format!("{x} is not exact in float64").into())),
        None => Ok(array.mapv(|x| x as f64)),
    }
}

/// Refuses a header whose shape needs more bytes than the file has, before anything is allocated for it.
fn check_size(reader: &mut BufReader<std::fs::File>) -> Result<(), String> {
    let size = reader.get_ref().metadata().map_err(|e| e.to_string())?.len();
    let mut head = Vec::new();
    reader.by_ref().take(1 << 16).read_to_end(&mut head).map_err(|e| e.to_string())?;
    if !head.starts_with(b"\x93NUMPY") {
        return Err("is not an .npy file".into());
    }
    let text = String::from_utf8_lossy(&head);
    let shape = text
        .split_once("'shape':")
        .and_then(|(_, rest)| rest.split_once('('))
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(inside, _)| inside)
        .ok_or("its header has no shape")?;
    let mut elements = 1u64;
    for n in shape.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let n: u64 = n.parse().map_err(|_| format!("its header has the shape ({shape})"))?;
        elements = elements.checked_mul(n).ok_or_else(|| format!("its header has the shape ({shape})"))?;
    }
    if elements > size {
        return Err(format!(
            "its header says shape ({shape}), and the whole file has {size} bytes: it is cut"
        ));
    }
    Ok(())
}

/// Reads one array for each tensor and checks that it is a batch of them.
///
/// # Errors
/// [`Error::Usage`]: as [`read`]; the number of files or a shape does not fit, or the batches differ. A sample may be flat.
pub fn read_batch(
    paths: &[impl AsRef<Path>],
    tensors: &[(String, Vec<usize>)],
    what: &str,
) -> Result<Vec<ArrayD<f64>>, Error> {
    if paths.len() != tensors.len() {
        let names =
            tensors.iter().map(|(name, shape)| format!("{name} {shape:?}")).collect::<Vec<_>>().join(", ");
        return Err(Error::usage(
            format!("{} files of {what} are given, the network has {}: {names}", paths.len(), tensors.len()),
            format!("give --{what} once for each, in this order"),
        ));
    }
    let mut arrays: Vec<ArrayD<f64>> = Vec::new();
    for (path, (name, shape)) in paths.iter().zip(tensors) {
        let path = path.as_ref();
        let array = read(path)?;
        let wrong = |why: String| {
            let wanted = shape.iter().map(|n| format!(", {n}")).collect::<String>();
            Error::usage(
                format!("{}: its shape is {:?}; {why}", path.display(), array.shape()),
                format!("`{name}` takes (samples{wanted})"),
            )
        };
        let Some((&samples, sample)) = array.shape().split_first() else {
            return Err(wrong("it has no axis of samples".into()));
        };
        if sample.iter().product::<usize>() != shape.iter().product::<usize>()
            || !(sample == shape.as_slice() || sample.len() == 1 || squeezed(sample) == squeezed(shape))
        {
            return Err(wrong(format!("a sample of `{name}` has the shape {shape:?}")));
        }
        if samples == 0 {
            return Err(wrong("it has no samples".into()));
        }
        if let Some(first) = arrays.first().filter(|a| a.len_of(Axis(0)) != samples) {
            return Err(wrong(format!("the first file has {} samples", first.len_of(Axis(0)))));
        }
        if let Some(at) = array.iter().position(|x| !x.is_finite()) {
            let sample = at / shape.iter().product::<usize>().max(1);
            return Err(wrong(format!(
                "sample {sample} holds a NaN or an infinity, which fixed point does not have"
            )));
        }
        let full: Vec<usize> = std::iter::once(samples).chain(shape.iter().copied()).collect();
        let array = array.into_shape_with_order(full).map_err(|e| Error::Internal(e.to_string()))?;
        arrays.push(array);
    }
    Ok(arrays)
}

fn squeezed(shape: &[usize]) -> Vec<usize> {
    shape.iter().copied().filter(|&n| n != 1).collect()
}

/// The bytes of a `.npy` file.
///
/// # Errors
/// [`Error::Internal`]: the array cannot be written as one.
pub fn bytes<T>(array: &ArrayD<T>) -> Result<Vec<u8>, Error>
where
    T: ndarray_npy::WritableElement,
{
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).map_err(|e| Error::Internal(format!("writing an array: {e}")))?;
    Ok(bytes)
}

/// Writes an array as float64; the file appears as a whole.
///
/// # Errors
/// [`Error::Usage`]: it cannot be written.
pub fn write(path: &Path, array: &ArrayD<f64>) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(p) if p != Path::new("") => p,
        _ => Path::new("."),
    };
    let io = |e: std::io::Error| Error::io("write", path, &e);
    let file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    array
        .write_npy(BufWriter::new(file.as_file()))
        .map_err(|e| Error::usage(format!("cannot write {}: {e}", path.display()), "check the disk"))?;
    // Temporary files are private; this one is the user's.
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(io)?;
    file.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}
