//! What a user drives, whatever is behind it: a board, a card or a software device.

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use thiserror::Error;

use crate::codec::{Codec, CodecError};
use crate::lane::HostValue;
use crate::latency::LatencyHistogram;
use crate::manifest::{Manifest, ManifestError};

/// An accelerator that is ready to predict.
///
/// Arrays are in the order of the manifest's tensors; the first axis of each is the batch, the others are the
/// tensor's shape. The batch is the same for all inputs and may be anything from 0 on; outputs have the same.
pub trait Accelerator {
    /// What is being driven.
    fn manifest(&self) -> &Manifest;

    /// Real numbers in, real numbers out. Inputs are converted to the tensors' types with exactly the types'
    /// rounding and overflow, by the codec or by the wrapper in the hardware.
    ///
    /// # Errors
    /// [`Error::Inputs`], [`Error::Shape`] and [`Error::Batch`] before anything is sent; the others from the
    /// device.
    fn predict(&mut self, inputs: &[ArrayViewD<'_, f32>]) -> Result<Vec<ArrayD<f32>>, Error>;

    /// Raw integers in, raw integers out: value times 2^fraction bits of the tensor's type. For comparing bit
    /// by bit; [`Codec::carries_raw`] tells where a float port rounds them.
    ///
    /// # Errors
    /// As [`Self::predict`]; [`CodecError::RawRange`] for an integer that the type does not have.
    fn predict_raw(&mut self, inputs: &[ArrayViewD<'_, i64>]) -> Result<Vec<ArrayD<i64>>, Error>;

    /// The time of each call so far, from the arrays given to the arrays returned.
    fn latency(&self) -> &LatencyHistogram;
}

/// Why a prediction failed.
#[derive(Debug, Error)]
pub enum Error {
    /// Not one array per input tensor.
    #[error("the accelerator has {expected} inputs ({names}), {found} arrays were given")]
    Inputs {
        /// Number of input tensors.
        expected: usize,
        /// Their names.
        names: String,
        /// Number of arrays.
        found: usize,
    },
    /// An array's shape without its first axis is not the tensor's.
    #[error(
        "input {name:?}: an array of shape {found:?} was given; it must be the batch followed by {expected:?}"
    )]
    Shape {
        /// The tensor.
        name: String,
        /// The shape of one sample.
        expected: Vec<usize>,
        /// The array's shape.
        found: Vec<usize>,
    },
    /// Two inputs have different batches.
    #[error("input {name:?} has a batch of {found}, input {first:?} one of {expected}; they must be equal")]
    Batch {
        /// The tensor.
        name: String,
        /// The first tensor.
        first: String,
        /// The first tensor's batch.
        expected: usize,
        /// This tensor's batch.
        found: usize,
    },
    /// Values could not be converted or packed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The manifest is unusable.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The device did not answer in time.
    #[error("no answer within {millis} ms while {doing}; the device was reset and the call may be repeated")]
    Timeout {
        /// What was waited for, such as "waiting for output \"fc4\"".
        doing: String,
        /// The limit.
        millis: u64,
    },
    /// The device failed.
    #[error("the device failed while {doing}: {source}")]
    Device {
        /// What was being done, such as "opening /dev/mem".
        doing: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Checks arrays against the input tensors, and gives the batch.
///
/// # Errors
/// [`Error::Inputs`], [`Error::Shape`] or [`Error::Batch`], naming the tensor.
pub fn batch_of<V>(codecs: &[Codec], inputs: &[ArrayViewD<'_, V>]) -> Result<usize, Error> {
    if codecs.len() != inputs.len() {
        let names: Vec<_> = codecs.iter().map(Codec::name).collect();
        return Err(Error::Inputs { expected: codecs.len(), names: names.join(", "), found: inputs.len() });
    }
    let mut first: Option<(&Codec, usize)> = None;
    for (codec, input) in codecs.iter().zip(inputs) {
        let name = codec.name().to_owned();
        let batch = match input.shape().split_first() {
            Some((&batch, sample)) if sample == codec.shape() => batch,
            _ => {
                return Err(Error::Shape {
                    name,
                    expected: codec.shape().to_vec(),
                    found: input.shape().to_vec(),
                });
            }
        };
        match first {
            None => first = Some((codec, batch)),
            Some((other, expected)) if batch != expected => {
                return Err(Error::Batch { name, first: other.name().to_owned(), expected, found: batch });
            }
            Some(_) => {}
        }
    }
    Ok(first.map_or(0, |(_, batch)| batch))
}

/// Encodes one checked input array, appending to `out`; any memory order of the array is taken.
///
/// # Errors
/// Those of [`Codec::encode`].
pub fn encode_array<V: HostValue>(
    codec: &Codec,
    array: &ArrayViewD<'_, V>,
    out: &mut Vec<u8>,
) -> Result<usize, CodecError> {
    match array.as_slice() {
        Some(values) => codec.encode(values, out),
        // iter() walks in row-major order whatever the memory order is.
        None => codec.encode(&array.iter().copied().collect::<Vec<_>>(), out),
    }
}

/// Decodes the beats of a batch to an array of shape `[batch, tensor's shape...]`.
///
/// # Errors
/// Those of [`Codec::decode`].
pub fn decode_array<V: HostValue>(codec: &Codec, bytes: &[u8]) -> Result<ArrayD<V>, CodecError> {
    let values = codec.decode(bytes)?;
    let shape: Vec<usize> =
        [bytes.len() / codec.bytes_per_sample()].iter().chain(codec.shape()).copied().collect();
    let found = values.len();
    ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|_| CodecError::Values {
        name: codec.name().to_owned(),
        shape: codec.shape().to_vec(),
        expected: codec.size(),
        found,
    })
}
