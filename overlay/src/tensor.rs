//! A tensor of an accelerator and how its elements lie in the beats of its AXI4-Stream.
//!
//! The layout of one sample: the tensor is flattened in row-major order; element `j` of a beat lies in bits
//! `[w*j+w-1 : w*j]` of that beat, `w` the width of the [`Element`]; bytes of a beat go to memory little end
//! first. The last beat of a sample is filled with zeros, so that every sample starts on a new beat. Bits of a
//! beat that no element reaches are zero when written and ignored when read. TKEEP is all ones on every beat,
//! partial ones included: a wrapper never shortens a beat, so a transfer is always a whole number of beats.

use std::fmt;
use std::str::FromStr;

use netlathe_apfixed::FixedType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest sample, in bytes on the stream, that a manifest may ask for (1 GiB).
pub const MAX_SAMPLE_BYTES: u64 = 1 << 30;
/// The widest beat, in bits. AXI4-Stream ports of today's shells end at 1024.
pub const MAX_BEAT_BITS: u32 = 4096;
/// The widest fixed-point element that may lie in a beat.
pub const MAX_ELEMENT_BITS: u32 = 64;
const MAX_RANK: usize = 16;
const MAX_NAME: usize = 256;

/// A port of the accelerator: what crosses it for one sample, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    /// The name a user addresses it by; unique in a manifest.
    pub name: String,
    /// The shape of one sample, without the batch axis.
    pub shape: Vec<usize>,
    /// The type that the network computes with, in text `ap_fixed<16,6,AP_RND,AP_SAT>`.
    #[serde(with = "fixed_text")]
    pub ty: FixedType,
    /// How elements lie in beats.
    pub packing: Packing,
}

/// How the elements of a sample lie in beats, and what TLAST closes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packing {
    /// Width of TDATA in bits, a multiple of 8.
    pub beat_bits: u32,
    /// The representation of one element on the stream.
    pub element: Element,
    /// How many elements share a beat. All lanes of a beat but those of a sample's last one are in use.
    pub elements_per_beat: u32,
    /// Which end of a beat element 0 lies at.
    pub element_order: ElementOrder,
    /// Which end of its lane an element's bit 0 lies at.
    pub bit_order: BitOrder,
    /// What TLAST closes.
    pub transfer: Transfer,
}

/// The representation of one element on the stream; text `float32`, `float64` or `ap_fixed<16,6>`.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// IEEE 754 binary32. The wrapper converts to and from the tensor's type.
    Float32,
    /// IEEE 754 binary64. The wrapper converts to and from the tensor's type.
    Float64,
    /// The bits of a fixed-point type, two's complement if signed. The wrapper converts between it and the tensor's
    /// type, each by the rounding and overflow of the type converted to; the type may be the tensor's own, or wider or
    /// narrower.
    Fixed(FixedType),
}

/// Which end of a beat element 0 lies at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElementOrder {
    /// Element 0 in the least significant bits of the beat, which are first in memory.
    LittleEndFirst,
}

/// Which end of its lane an element's bit 0 lies at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BitOrder {
    /// Bit 0 of an element is the lowest bit of its lane.
    LsbFirst,
}

/// What TLAST closes. The bytes are the same: in both every sample starts on a new beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// One sample: TLAST on its last beat (Coyote: one command a sample).
    Sample,
    /// A batch: TLAST only on the last beat of its last sample (VivadoAccelerator: one DMA transfer a batch).
    Batch,
}

impl Tensor {
    /// The number of elements of one sample, or `None` when the product of the shape overflows.
    pub fn size(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |product, &axis| product.checked_mul(axis))
    }

    /// Everything that is wrong with this tensor, as (field, message); empty when it can be encoded and decoded.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.name.is_empty() || self.name.len() > MAX_NAME || self.name.chars().any(char::is_control) {
            found.push((
                "name",
                format!("{:?} must have 1 to {MAX_NAME} bytes and no control characters", self.name),
            ));
        }
        if self.shape.is_empty() || self.shape.len() > MAX_RANK || self.shape.contains(&0) {
            found.push((
                "shape",
                format!(
                    "{:?} must have 1 to {MAX_RANK} axes, none of them empty; a scalar is [1]",
                    self.shape
                ),
            ));
        }
        if self.ty.width == 0 {
            found.push(("ty", format!("{} must have at least 1 bit", self.ty)));
        }
        self.packing.problems(&mut found);
        if found.is_empty() && self.sample_bytes().is_none() {
            found.push((
                "shape",
                format!(
                    "{:?} needs more than {MAX_SAMPLE_BYTES} bytes a sample, as beats or as 64-bit values",
                    self.shape
                ),
            ));
        }
        found
    }

    /// Beats times bytes, `None` beyond [`MAX_SAMPLE_BYTES`]. Divisors have been checked by the caller.
    fn sample_bytes(&self) -> Option<u64> {
        let size = u64::try_from(self.size()?).ok()?;
        let beats = size.div_ceil(u64::from(self.packing.elements_per_beat));
        let bytes = beats.checked_mul(u64::from(self.packing.beat_bits / 8))?;
        // A host also holds up to 8 bytes an element, whatever the packing.
        (bytes <= MAX_SAMPLE_BYTES && size <= MAX_SAMPLE_BYTES / 8).then_some(bytes)
    }
}

impl Packing {
    /// The packing of hls4ml's Coyote kernels: 16 float32 in a beat of 512 bits, TLAST closes a sample.
    pub fn coyote_float32() -> Self {
        Self::full(512, Element::Float32, Transfer::Sample)
    }

    /// The packing of hls4ml's VivadoAccelerator: one float32 in a beat of 32 bits, TLAST closes a batch.
    pub fn vivado_float32() -> Self {
        Self::full(32, Element::Float32, Transfer::Batch)
    }

    /// As many elements as fit in a beat of `beat_bits`.
    pub fn full(beat_bits: u32, element: Element, transfer: Transfer) -> Self {
        Self {
            beat_bits,
            elements_per_beat: beat_bits / element.bits().max(1),
            element,
            element_order: ElementOrder::LittleEndFirst,
            bit_order: BitOrder::LsbFirst,
            transfer,
        }
    }

    fn problems(&self, found: &mut Vec<(&'static str, String)>) {
        let bits = self.element.bits();
        if self.beat_bits == 0 || self.beat_bits > MAX_BEAT_BITS || self.beat_bits % 8 != 0 {
            found.push((
                "packing.beat_bits",
                format!("{} must be a multiple of 8 from 8 to {MAX_BEAT_BITS}", self.beat_bits),
            ));
        }
        if self.elements_per_beat == 0 {
            found.push(("packing.elements_per_beat", "0 must be at least 1".to_owned()));
        } else if u64::from(self.elements_per_beat) * u64::from(bits) > u64::from(self.beat_bits) {
            found.push((
                "packing.elements_per_beat",
                format!(
                    "{} elements {} of {bits} bits do not fit in a beat of {} bits",
                    self.elements_per_beat, self.element, self.beat_bits
                ),
            ));
        }
        if let Element::Fixed(element) = &self.element {
            if element.width == 0 || element.width > MAX_ELEMENT_BITS {
                found.push((
                    "packing.element",
                    format!("{} must have 1 to {MAX_ELEMENT_BITS} bits", self.element),
                ));
            }
        }
    }
}

impl Element {
    /// The smallest fixed-point element of whole bytes that holds `ty`: the same fraction bits, its sign
    /// extended. `ap_fixed<12,4>` gives `ap_fixed<16,8>`.
    pub fn whole_bytes(ty: &FixedType) -> Self {
        let width = ty.width.div_ceil(8) * 8;
        let grown = i32::try_from(width - ty.width).unwrap_or(0);
        Self::Fixed(FixedType { width, integer: ty.integer + grown, ..*ty })
    }

    /// The width of a lane in bits.
    pub fn bits(&self) -> u32 {
        match self {
            Self::Float32 => 32,
            Self::Float64 => 64,
            Self::Fixed(ty) => ty.width,
        }
    }
}

/// Whether `element` holds every value of `ty` exactly.
pub(crate) fn holds(element: &FixedType, ty: &FixedType) -> bool {
    // Bits above the point that are not a sign: a signed type spends one of its integer bits on it.
    let magnitude = |t: &FixedType| i64::from(t.integer) - i64::from(t.signed);
    (element.signed || !ty.signed)
        && magnitude(element) >= magnitude(ty)
        && i64::from(element.frac()) >= i64::from(ty.frac())
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float32 => f.write_str("float32"),
            Self::Float64 => f.write_str("float64"),
            Self::Fixed(ty) => ty.fmt(f),
        }
    }
}

impl FromStr for Element {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "float32" => Ok(Self::Float32),
            "float64" => Ok(Self::Float64),
            _ => text.parse().map(Self::Fixed).map_err(|why| {
                format!(
                    "{text:?} is no element; use float32, float64 or a type such as ap_fixed<16,6>: {why}"
                )
            }),
        }
    }
}

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A `FixedType` as its text.
mod fixed_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(ty: &FixedType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(ty)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FixedType, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|why| serde::de::Error::custom(format!("{text:?} is no fixed-point type: {why}")))
    }
}
