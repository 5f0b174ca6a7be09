//! Beats from host values and back; the layout is told in [`crate::tensor`].
//!
//! A host value is an `f32`, an `f64` or an `i64`; an `i64` is a raw integer, the value times 2^fraction bits of
//! the tensor's type. What becomes of it:
//!
//! | element | from `f32`, `f64` | from raw | to `f32`, `f64` | to raw |
//! |---|---|---|---|---|
//! | `float32` | as float32, half-even | exact value to float32, half-even | that float | the raw of that float |
//! | `float64` | as float64 | exact value to float64, half-even | that float, half-even | the raw of that float |
//! | fixed | the type's rounding and overflow, then the element's | the element's rounding and overflow | exact value, half-even | the raw of that value |
//!
//! With a float element it is the wrapper in the hardware that converts to the tensor's type, so an `f64` is
//! rounded twice: to float32 here, to the type there. A fixed element is one that the wrapper converts from and to
//! the tensor's type; where it holds every value of the type, nothing is lost.
//!
//! An element that is narrower than the type (fewer integer or fraction bits, no sign; more than 24 significant bits
//! in a float32) cannot carry every raw: [`Codec::carries_raw`] tells. Then the raw that is read back is the element's
//! value, cut off to the type's step and held at its ends, and an input near the end of a wrapping type may be rounded
//! up past it and wrap in the hardware.

use std::ops::Range;

use netlathe_apfixed::{FixedType, TooWide};
use thiserror::Error;

use crate::beats::Beats;
use crate::lane::{At, BLOCK, HostValue, Lane, Refusal};
use crate::pack::{pack, unpack};
use crate::tensor::{Tensor, Transfer};

/// Why values were not encoded or bytes not decoded.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CodecError {
    /// The tensor itself cannot be packed; `problems` are those of [`Tensor::problems`].
    #[error("tensor {name:?} cannot be packed: {problems}")]
    Tensor {
        /// The tensor.
        name: String,
        /// All problems, separated by semicolons.
        problems: String,
    },
    /// Not a whole number of samples.
    #[error(
        "tensor {name:?}: {found} values are no whole number of samples of shape {shape:?} ({expected} values)"
    )]
    Values {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Values of one sample.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// Not a whole number of samples.
    #[error(
        "tensor {name:?}: {found} bytes are no whole number of samples of {beats} beats, {expected} bytes"
    )]
    Bytes {
        /// The tensor.
        name: String,
        /// Beats of one sample.
        beats: usize,
        /// Bytes of one sample.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The two buffers do not hold the same number of samples.
    #[error("tensor {name:?}: {values} values need {expected} bytes of beats, the buffer has {found}")]
    Buffer {
        /// The tensor.
        name: String,
        /// Values given.
        values: usize,
        /// Bytes that they need.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// More bytes than this machine can address.
    #[error(
        "tensor {name:?}: {samples} samples of {bytes} bytes are more than this machine can address; send fewer"
    )]
    Batch {
        /// The tensor.
        name: String,
        /// Samples given.
        samples: usize,
        /// Bytes of one sample.
        bytes: usize,
    },
    /// Raw integers are `i64`.
    #[error("tensor {name:?}: raw integers of {ty} do not fit in 64 bits and a sign; use f32 or f64 values")]
    RawTooWide {
        /// The tensor.
        name: String,
        /// Its type.
        ty: String,
    },
    /// A raw integer that the tensor's type does not have.
    #[error(
        "tensor {name:?}: raw integer {value} at index {index} is not in {ty}, whose range is {min} to {max}"
    )]
    RawRange {
        /// The tensor.
        name: String,
        /// Flat index over all samples given.
        index: usize,
        /// The integer.
        value: i64,
        /// The tensor's type.
        ty: String,
        /// Smallest raw integer.
        min: i128,
        /// Largest raw integer.
        max: i128,
    },
    /// The arithmetic of the type gave up.
    #[error("tensor {name:?}: value {value} at index {index}: {source}")]
    Convert {
        /// The tensor.
        name: String,
        /// Flat index over all samples given.
        index: usize,
        /// The value in text.
        value: String,
        /// Why.
        source: TooWide,
    },
}

/// A tensor's packing, worked out once for many samples.
#[derive(Clone, Debug)]
pub struct Codec {
    name: String,
    shape: Vec<usize>,
    transfer: Transfer,
    size: usize,
    beat_bytes: usize,
    per_beat: usize,
    beats: usize,
    lane_bits: usize,
    lane: Lane,
}

impl Codec {
    /// Works out the packing of `tensor`.
    ///
    /// # Errors
    /// [`CodecError::Tensor`] with all that [`Tensor::problems`] finds.
    pub fn new(tensor: &Tensor) -> Result<Self, CodecError> {
        let refuse = |problems| CodecError::Tensor { name: tensor.name.clone(), problems };
        let problems = tensor.problems();
        let (Some(size), true) = (tensor.size(), problems.is_empty()) else {
            let problems: Vec<_> = problems.iter().map(|(field, text)| format!("{field}: {text}")).collect();
            return Err(refuse(problems.join("; ")));
        };
        let lane = Lane::new(tensor).map_err(|why| refuse(format!("packing.element: {why}")))?;
        let packing = &tensor.packing;
        let per_beat = packing.elements_per_beat as usize;
        Ok(Self {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            transfer: packing.transfer,
            size,
            beat_bytes: packing.beat_bits as usize / 8,
            per_beat,
            beats: size.div_ceil(per_beat),
            lane_bits: packing.element.bits() as usize,
            lane,
        })
    }

    /// The tensor's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of one sample.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The type that raw integers are of.
    pub fn ty(&self) -> &FixedType {
        self.lane.ty()
    }

    /// What TLAST closes.
    pub fn transfer(&self) -> Transfer {
        self.transfer
    }

    /// The number of elements of one sample.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The width of a beat in bytes.
    pub fn beat_bytes(&self) -> usize {
        self.beat_bytes
    }

    /// The number of beats of one sample.
    pub fn beats_per_sample(&self) -> usize {
        self.beats
    }

    /// The number of bytes of one sample, padding of the last beat included.
    pub fn bytes_per_sample(&self) -> usize {
        self.beats * self.beat_bytes
    }

    /// Whether every raw integer of the tensor's type comes back from a beat as itself.
    pub fn carries_raw(&self) -> bool {
        self.lane.carries_raw()
    }

    /// Whether raw integers of the tensor's type fit in an `i64`.
    ///
    /// # Errors
    /// [`CodecError::RawTooWide`] when they do not.
    pub fn check_raw(&self) -> Result<(), CodecError> {
        if self.lane.min() >= i64::MIN.into() && self.lane.max() <= i64::MAX.into() {
            return Ok(());
        }
        Err(CodecError::RawTooWide { name: self.name.clone(), ty: self.lane.ty().to_string() })
    }

    /// Appends the beats of a whole number of samples (0 is one) to `out` and gives that number.
    ///
    /// # Errors
    /// Any [`CodecError`]; `out` is then as it was.
    pub fn encode<V: HostValue>(&self, values: &[V], out: &mut Vec<u8>) -> Result<usize, CodecError> {
        let samples = self.samples_of_values(values.len())?;
        let start = out.len();
        out.resize(start + self.bytes_of(samples)?, 0);
        let done = self.encode_into(values, &mut out[start..]);
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    /// As [`Self::encode`], into a buffer of exactly the size (a DMA buffer); gives the number of samples.
    ///
    /// # Errors
    /// Any [`CodecError`]; the buffer's content is then unspecified.
    pub fn encode_into<V: HostValue>(&self, values: &[V], out: &mut [u8]) -> Result<usize, CodecError> {
        let samples = self.samples_of_values(values.len())?;
        self.check_form::<V>()?;
        self.check_buffer(samples, out.len())?;
        let mut lanes = [0; BLOCK];
        for run in self.runs(samples) {
            let (values, bytes) = (&values[run.values.clone()], &mut out[run.bytes.clone()]);
            let filled = (values.len() * self.lane_bits).div_ceil(8);
            let (bytes, padding) = bytes.split_at_mut(filled);
            padding.fill(0);
            if V::copy_to(values, &self.lane, bytes) {
                continue;
            }
            let blocks = values.chunks(BLOCK).zip(bytes.chunks_mut(BLOCK / 8 * self.lane_bits));
            for (block, (values, bytes)) in blocks.enumerate() {
                let lanes = &mut lanes[..values.len()];
                V::to_lanes(values, &self.lane, lanes)
                    .map_err(|(at, why)| self.refuse(run.values.start + block * BLOCK + at, why))?;
                pack(lanes, self.lane_bits, bytes);
            }
        }
        Ok(samples)
    }

    /// The values in the beats of a whole number of samples. Bits that hold no element are ignored.
    ///
    /// # Errors
    /// [`CodecError::Bytes`] for another number of bytes; [`CodecError::RawTooWide`] and
    /// [`CodecError::Convert`] as when encoding.
    pub fn decode<V: HostValue>(&self, bytes: &[u8]) -> Result<Vec<V>, CodecError> {
        let samples = self.samples_of_bytes(bytes.len())?;
        let mut values = vec![V::default(); samples * self.size];
        self.decode_into(bytes, &mut values)?;
        Ok(values)
    }

    /// As [`Self::decode`], into a buffer of exactly the size; gives the number of samples.
    ///
    /// # Errors
    /// As [`Self::decode`], and [`CodecError::Buffer`]; the buffer's content is then unspecified.
    pub fn decode_into<V: HostValue>(&self, bytes: &[u8], values: &mut [V]) -> Result<usize, CodecError> {
        self.check_form::<V>()?;
        self.unpack(bytes, values, V::copy_from, V::from_lanes)
    }

    /// What the wrapper in the hardware makes of the beats of a whole number of samples: every element
    /// converted with exactly the tensor type's rounding and overflow. This is an input's way in; a host that
    /// reads results uses [`Self::decode`].
    ///
    /// # Errors
    /// As [`Self::decode_into`].
    pub fn receive(&self, bytes: &[u8], values: &mut [i64]) -> Result<usize, CodecError> {
        self.check_raw()?;
        self.unpack(bytes, values, |_, _, _| false, |lanes, lane, raws| lane.receive(lanes, raws))
    }

    /// Puts the TLAST flags on encoded bytes by the tensor's [`Transfer`] rule, as one transfer.
    ///
    /// # Errors
    /// [`CodecError::Bytes`] when the bytes are no whole number of samples.
    pub fn frame(&self, bytes: Vec<u8>) -> Result<Beats, CodecError> {
        let total = self.samples_of_bytes(bytes.len())? * self.beats;
        let closes = |beat: usize| match self.transfer {
            Transfer::Sample => (beat + 1) % self.beats == 0,
            Transfer::Batch => beat + 1 == total,
        };
        Ok(Beats::from_parts(self.beat_bytes, bytes, (0..total).map(closes).collect()))
    }

    fn unpack<T>(
        &self,
        bytes: &[u8],
        values: &mut [T],
        copy: impl Fn(&[u8], &Lane, &mut [T]) -> bool,
        convert: impl Fn(&[u64], &Lane, &mut [T]) -> Result<(), At>,
    ) -> Result<usize, CodecError> {
        let samples = self.samples_of_values(values.len())?;
        self.check_buffer(samples, bytes.len())?;
        let mut lanes = [0; BLOCK];
        for run in self.runs(samples) {
            let (values, bytes) = (&mut values[run.values.clone()], &bytes[run.bytes.clone()]);
            let bytes = &bytes[..(values.len() * self.lane_bits).div_ceil(8)];
            if copy(bytes, &self.lane, values) {
                continue;
            }
            let blocks = values.chunks_mut(BLOCK).zip(bytes.chunks(BLOCK / 8 * self.lane_bits));
            for (block, (values, bytes)) in blocks.enumerate() {
                let lanes = &mut lanes[..values.len()];
                unpack(bytes, self.lane_bits, lanes);
                convert(lanes, &self.lane, values)
                    .map_err(|(at, why)| self.refuse(run.values.start + block * BLOCK + at, why))?;
            }
        }
        Ok(samples)
    }

    /// The stretches of values whose lanes lie side by side without a gap: a sample where lanes fill beats, else a
    /// beat. Each comes with the bytes up to the next.
    fn runs(&self, samples: usize) -> impl Iterator<Item = Run> + use<> {
        let (size, per_beat, beat_bytes, beats) = (self.size, self.per_beat, self.beat_bytes, self.beats);
        let gapless = per_beat * self.lane_bits == 8 * beat_bytes;
        let (runs, run_values, run_beats) = if gapless { (1, size, beats) } else { (beats, per_beat, 1) };
        (0..samples).flat_map(move |sample| {
            (0..runs).map(move |run| {
                let first = run * run_values;
                let byte = (sample * beats + run * run_beats) * beat_bytes;
                Run {
                    values: sample * size + first..sample * size + size.min(first + run_values),
                    bytes: byte..byte + run_beats * beat_bytes,
                }
            })
        })
    }

    fn samples_of_values(&self, found: usize) -> Result<usize, CodecError> {
        if found % self.size == 0 {
            return Ok(found / self.size);
        }
        Err(CodecError::Values {
            name: self.name.clone(),
            shape: self.shape.clone(),
            expected: self.size,
            found,
        })
    }

    fn samples_of_bytes(&self, found: usize) -> Result<usize, CodecError> {
        let expected = self.bytes_per_sample();
        if found % expected == 0 {
            return Ok(found / expected);
        }
        Err(CodecError::Bytes { name: self.name.clone(), beats: self.beats, expected, found })
    }

    /// Checked, because on a 32-bit board a batch that fits in memory may not do so with its padding.
    fn bytes_of(&self, samples: usize) -> Result<usize, CodecError> {
        let bytes = self.bytes_per_sample();
        samples
            .checked_mul(bytes)
            .filter(|&total| isize::try_from(total).is_ok())
            .ok_or_else(|| CodecError::Batch { name: self.name.clone(), samples, bytes })
    }

    fn check_buffer(&self, samples: usize, found: usize) -> Result<(), CodecError> {
        let expected = self.bytes_of(samples)?;
        if found == expected {
            return Ok(());
        }
        Err(CodecError::Buffer { name: self.name.clone(), values: samples * self.size, expected, found })
    }

    fn check_form<V: HostValue>(&self) -> Result<(), CodecError> {
        if V::RAW { self.check_raw() } else { Ok(()) }
    }

    fn refuse(&self, index: usize, why: Refusal) -> CodecError {
        let name = self.name.clone();
        match why {
            Refusal::Range(value) => {
                let (ty, min, max) = (self.lane.ty().to_string(), self.lane.min(), self.lane.max());
                CodecError::RawRange { name, index, value, ty, min, max }
            }
            Refusal::TooWide(value, source) => CodecError::Convert { name, index, value, source },
        }
    }
}

/// Values of all samples given and the bytes that they are in.
struct Run {
    values: Range<usize>,
    bytes: Range<usize>,
}

/// The number of beats of one sample of `tensor`.
///
/// # Errors
/// [`CodecError::Tensor`] when it cannot be packed.
pub fn beats_per_sample(tensor: &Tensor) -> Result<usize, CodecError> {
    Codec::new(tensor).map(|codec| codec.beats_per_sample())
}

/// The number of bytes of one sample of `tensor` on the stream.
///
/// # Errors
/// [`CodecError::Tensor`] when it cannot be packed.
pub fn bytes_per_sample(tensor: &Tensor) -> Result<usize, CodecError> {
    Codec::new(tensor).map(|codec| codec.bytes_per_sample())
}

/// Appends the beats of one sample or of a batch to `out`; gives the number of samples. For many calls, keep a
/// [`Codec`].
///
/// # Errors
/// Any [`CodecError`]; `out` is then as it was.
pub fn encode<V: HostValue>(values: &[V], tensor: &Tensor, out: &mut Vec<u8>) -> Result<usize, CodecError> {
    Codec::new(tensor)?.encode(values, out)
}

/// The values of one sample or of a batch. For many calls, keep a [`Codec`].
///
/// # Errors
/// As [`Codec::decode`].
pub fn decode<V: HostValue>(bytes: &[u8], tensor: &Tensor) -> Result<Vec<V>, CodecError> {
    Codec::new(tensor)?.decode(bytes)
}
