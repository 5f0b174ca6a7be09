//! HDF5 files. This is the one file that knows the crate `hdf5-reader`.
//!
//! What the rest sees: open from bytes, string attributes, the names in a group, and datasets of numbers as
//! [`WeightArray`]. Everything is bounded before it is allocated.

use std::path::Path;

use hdf5_reader::{Datatype, Hdf5File, OpenOptions};

use crate::archive::{MAX_WEIGHT_BYTES, read_file, refuse_size};
use crate::error::Error;

const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
/// Largest rank of a dataset that is read; Keras has no weight above 6.
const MAX_RANK: usize = 8;

/// Numbers of one dataset, in C order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WeightArray {
    /// Extents, outermost first; empty for a scalar.
    pub(crate) shape: Vec<usize>,
    /// `shape`'s product of values. float16, float32, float64 and integers up to 53 bits are held exactly.
    pub(crate) data: Vec<f64>,
    /// Whether some value is not a float32: the file held float64 or wide integers.
    pub(crate) wide: bool,
}

/// An open HDF5 file, whole in memory.
pub(crate) struct H5 {
    file: Hdf5File,
    place: String,
    size: u64,
}

impl H5 {
    /// Opens a file of at most 2 GiB.
    ///
    /// # Errors
    /// It cannot be read, is too large, is not HDF5, or is cut short.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Self::from_bytes(read_file(path, MAX_WEIGHT_BYTES)?, path.display().to_string())
    }

    /// Opens bytes; `place` names them in messages.
    ///
    /// # Errors
    /// They are not HDF5, or are cut short.
    pub(crate) fn from_bytes(bytes: Vec<u8>, place: String) -> Result<Self, Error> {
        let size = bytes.len() as u64;
        if !bytes.starts_with(&SIGNATURE) {
            return Err(Error::Hdf5 {
                place,
                problem: "not an HDF5 file: its first 8 bytes are not the signature".into(),
            });
        }
        match end_of_file_address(&bytes) {
            None => return Err(Error::Truncated { place, expected: None, actual: size }),
            Some(expected) if expected > size => {
                return Err(Error::Truncated { place, expected: Some(expected), actual: size });
            }
            Some(_) => {}
        }
        let limit = usize::try_from(MAX_WEIGHT_BYTES).unwrap_or(usize::MAX);
        let options = OpenOptions::default().with_max_read_bytes(limit).with_max_chunk_bytes(64 << 20);
        let file = Hdf5File::from_vec_with_options(bytes, options).map_err(|e| error(&place, "", &e))?;
        Ok(Self { file, place, size })
    }

    /// What messages call this file.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Whether `path` is a group.
    pub(crate) fn has_group(&self, path: &str) -> bool {
        self.file.group(path).is_ok()
    }

    /// Names of the groups and of the datasets in the group `path`, each sorted.
    ///
    /// # Errors
    /// There is no such group, or the file is damaged.
    pub(crate) fn list(&self, path: &str) -> Result<(Vec<String>, Vec<String>), Error> {
        let group = self.file.group(path).map_err(|e| error(&self.place, path, &e))?;
        let (mut groups, mut datasets) = group.member_names().map_err(|e| error(&self.place, path, &e))?;
        groups.sort_unstable();
        datasets.sort_unstable();
        Ok((groups, datasets))
    }

    /// The string attribute `name` of the group `path`; `None` where there is none, or it is empty.
    ///
    /// # Errors
    /// The attribute is not a string, or the file is damaged.
    pub(crate) fn attr_str(&self, path: &str, name: &str) -> Result<Option<String>, Error> {
        Ok(self.attr_strs(path, name)?.and_then(|list| list.into_iter().next()))
    }

    /// The strings of the attribute `name` of the group `path`; `None` where there is no such attribute.
    ///
    /// Keras stores an empty list as an empty float64 array, so the count is asked before the type.
    ///
    /// # Errors
    /// The attribute does not hold strings, or the file is damaged.
    pub(crate) fn attr_strs(&self, path: &str, name: &str) -> Result<Option<Vec<String>>, Error> {
        let here = format!("{path}@{name}");
        let group = self.file.group(path).map_err(|e| error(&self.place, path, &e))?;
        let attributes = group.attributes().map_err(|e| error(&self.place, &here, &e))?;
        let Some(attribute) = attributes.iter().find(|a| a.name == name) else { return Ok(None) };
        if attribute.num_elements().map_err(|e| error(&self.place, &here, &e))? == 0 {
            return Ok(Some(Vec::new()));
        }
        match attribute.read_strings() {
            Ok(strings) => Ok(Some(strings)),
            Err(_) => {
                let one = attribute.read_string().map_err(|e| error(&self.place, &here, &e))?;
                Ok(Some(vec![one]))
            }
        }
    }

    /// Extents of a dataset; nothing of its data is read.
    ///
    /// # Errors
    /// There is no such dataset, or its rank or size cannot be right.
    pub(crate) fn shape(&self, path: &str) -> Result<Vec<usize>, Error> {
        let dataset = self.file.dataset(path).map_err(|e| error(&self.place, path, &e))?;
        self.checked_shape(path, dataset.shape(), element_bytes(dataset.dtype()))
    }

    /// A dataset of numbers.
    ///
    /// # Errors
    /// There is no such dataset, it holds no numbers, its declared size is not credible for this file, or the file
    /// is damaged.
    pub(crate) fn dataset(&self, path: &str) -> Result<WeightArray, Error> {
        let dataset = self.file.dataset(path).map_err(|e| error(&self.place, path, &e))?;
        let dtype = dataset.dtype().clone();
        let shape = self.checked_shape(path, dataset.shape(), element_bytes(&dtype))?;
        let bytes = dataset.read_native_bytes().map_err(|e| error(&self.place, path, &e))?;
        let data = decode(&dtype, &bytes).ok_or_else(|| Error::Hdf5 {
            place: format!("{}: {path}", self.place),
            problem: format!("holds {dtype:?}, where numbers of 8, 16, 32 or 64 bits are wanted"),
        })?;
        if data.len() != shape.iter().product::<usize>() {
            return Err(Error::Hdf5 {
                place: format!("{}: {path}", self.place),
                problem: format!("holds {} numbers, but its shape is {shape:?}", data.len()),
            });
        }
        let wide = data.iter().any(|&v| f64::from(v as f32) != v && v.is_finite());
        Ok(WeightArray { shape, data, wide })
    }

    /// A plausible shape: rank, and bytes against the file's own size.
    fn checked_shape(&self, path: &str, extents: &[u64], element: u64) -> Result<Vec<usize>, Error> {
        let place = || format!("{}: {path}", self.place);
        if extents.len() > MAX_RANK {
            let problem = format!("has rank {}, at most {MAX_RANK} is read", extents.len());
            return Err(Error::Hdf5 { place: place(), problem });
        }
        let bytes = extents.iter().try_fold(element, |n, &d| n.checked_mul(d)).unwrap_or(u64::MAX);
        if let Some(why) = refuse_size(bytes, self.size, MAX_WEIGHT_BYTES) {
            return Err(Error::TooLarge { place: place(), size: bytes, why });
        }
        Ok(extents.iter().map(|&d| d as usize).collect())
    }
}

/// Where the superblock says that the file ends, in bytes from its start; `None` when the superblock itself is cut or
/// of an unknown version. HDF5 file format specification 3.0, II.A.
fn end_of_file_address(bytes: &[u8]) -> Option<u64> {
    let (offset_size, at) = match *bytes.get(8)? {
        version @ (0 | 1) => (usize::from(*bytes.get(13)?), if version == 0 { 24 } else { 28 }),
        2 | 3 => (usize::from(*bytes.get(9)?), 12),
        _ => return Some(0), // left to the reader, which names the version
    };
    // Base address, one other address, then the end-of-file address.
    let field = bytes.get(at + 2 * offset_size..at + 3 * offset_size)?;
    let base = bytes.get(at..at + offset_size)?;
    let number = |field: &[u8]| field.iter().rev().fold(0u64, |n, &b| (n << 8) | u64::from(b));
    (offset_size <= 8).then(|| number(base).saturating_add(number(field)))
}

fn element_bytes(dtype: &Datatype) -> u64 {
    match dtype {
        Datatype::FixedPoint { size, .. }
        | Datatype::FloatingPoint { size, .. }
        | Datatype::Bitfield { size, .. } => u64::from(*size),
        Datatype::Enum { base, .. } => element_bytes(base),
        _ => 8,
    }
}

/// Numbers out of native-endian bytes.
fn decode(dtype: &Datatype, bytes: &[u8]) -> Option<Vec<f64>> {
    fn each<const N: usize>(bytes: &[u8], f: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks::<N>().0.iter().map(|&chunk| f(chunk)).collect()
    }
    Some(match dtype {
        Datatype::FloatingPoint { size: 2, .. } => each(bytes, |b| half::f16::from_ne_bytes(b).to_f64()),
        Datatype::FloatingPoint { size: 4, .. } => each(bytes, |b| f64::from(f32::from_ne_bytes(b))),
        Datatype::FloatingPoint { size: 8, .. } => each(bytes, f64::from_ne_bytes),
        Datatype::FixedPoint { size: 1, signed: true, .. } => {
            each(bytes, |b| f64::from(i8::from_ne_bytes(b)))
        }
        Datatype::FixedPoint { size: 1, .. } => each(bytes, |b| f64::from(u8::from_ne_bytes(b))),
        Datatype::FixedPoint { size: 2, signed: true, .. } => {
            each(bytes, |b| f64::from(i16::from_ne_bytes(b)))
        }
        Datatype::FixedPoint { size: 2, .. } => each(bytes, |b| f64::from(u16::from_ne_bytes(b))),
        Datatype::FixedPoint { size: 4, signed: true, .. } => {
            each(bytes, |b| f64::from(i32::from_ne_bytes(b)))
        }
        Datatype::FixedPoint { size: 4, .. } => each(bytes, |b| f64::from(u32::from_ne_bytes(b))),
        Datatype::FixedPoint { size: 8, signed: true, .. } => each(bytes, |b| i64::from_ne_bytes(b) as f64),
        Datatype::FixedPoint { size: 8, .. } => each(bytes, |b| u64::from_ne_bytes(b) as f64),
        Datatype::Enum { base, .. } => return decode(base, bytes),
        _ => return None,
    })
}

fn error(place: &str, path: &str, error: &hdf5_reader::error::Error) -> Error {
    let place = if path.is_empty() { place.to_string() } else { format!("{place}: {path}") };
    Error::Hdf5 { place, problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdf5_reader::ByteOrder;

    #[test]
    fn superblock_says_where_the_file_ends() {
        // Version 0: base at 24, free space at 32, end of file at 40.
        let mut v0 = SIGNATURE.to_vec();
        v0.resize(56, 0);
        v0[13] = 8;
        v0[40..48].copy_from_slice(&17_208u64.to_le_bytes());
        assert_eq!(end_of_file_address(&v0), Some(17_208));
        // Version 3: base at 12, extension at 20, end of file at 28; a base of 512 shifts it.
        let mut v3 = SIGNATURE.to_vec();
        v3.resize(48, 0);
        (v3[8], v3[9]) = (3, 8);
        v3[12..20].copy_from_slice(&512u64.to_le_bytes());
        v3[28..36].copy_from_slice(&1000u64.to_le_bytes());
        assert_eq!(end_of_file_address(&v3), Some(1512));
        assert_eq!(end_of_file_address(&v3[..30]), None, "cut inside the superblock");
        let err = H5::from_bytes(v3, "w.h5".into()).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(err.contains("1512") && err.contains("48"), "{err}");
    }

    #[test]
    fn numbers_of_every_width_decode() {
        let order = ByteOrder::LittleEndian;
        let float = |size| Datatype::FloatingPoint { size, byte_order: order };
        let int = |size, signed| Datatype::FixedPoint { size, signed, byte_order: order };
        assert_eq!(decode(&float(2), &0x3e00u16.to_ne_bytes()), Some(vec![1.5]));
        assert_eq!(decode(&float(4), &0.1f32.to_ne_bytes()), Some(vec![0.100_000_001_490_116_12]));
        assert_eq!(decode(&float(8), &0.1f64.to_ne_bytes()), Some(vec![0.1]));
        assert_eq!(decode(&int(1, true), &[0xff, 0x01]), Some(vec![-1.0, 1.0]));
        assert_eq!(decode(&int(4, false), &u32::MAX.to_ne_bytes()), Some(vec![4_294_967_295.0]));
        assert_eq!(decode(&int(3, false), &[0, 0, 0]), None);
    }
}
