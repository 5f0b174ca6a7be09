//! One element in its lane: the bits that a host value becomes, and back. [`crate::codec`] has the table.

use netlathe_apfixed::{
    Cast, Class, FixedType, Overflow, Rounding, TooWide, from_f32, from_f64, to_f32, to_f64,
};

use crate::tensor::{Element, Tensor};

/// Why one value was refused; the codec adds name and index.
pub enum Refusal {
    Range(i64),
    TooWide(String, TooWide),
}

/// How one element is represented in its lane.
#[derive(Clone, Debug)]
pub struct Lane {
    ty: FixedType,
    /// `ty`, but saturating: the way back from a float that was rounded up past the end of `ty`.
    back: FixedType,
    form: Form,
    min: i128,
    max: i128,
}

#[derive(Clone, Debug)]
enum Form {
    Float32,
    Float64,
    Fixed { bits: u32, signed: bool, shift: u32, cast: Cast },
}

/// A form of host value: `i64` (raw integer), `f32` or `f64`. Closed: the contract has these three.
pub trait HostValue: Copy + Default + sealed::Lanes {}

impl HostValue for i64 {}
impl HostValue for f32 {}
impl HostValue for f64 {}

mod sealed {
    use super::{Lane, Refusal};

    #[doc(hidden)]
    pub trait Lanes: Sized {
        /// Whether values of this form need a type that fits in an `i64`.
        const RAW: bool;
        fn to_lane(self, lane: &Lane) -> Result<u64, Refusal>;
        fn from_lane(bits: u64, lane: &Lane) -> Result<Self, Refusal>;
    }
}

impl sealed::Lanes for f32 {
    const RAW: bool = false;

    fn to_lane(self, lane: &Lane) -> Result<u64, Refusal> {
        match &lane.form {
            Form::Float32 => Ok(self.to_bits().into()),
            Form::Float64 => Ok(f64::from(self).to_bits()),
            Form::Fixed { shift, .. } => Ok((fixed(from_f32(self, &lane.ty), self)? << shift) as u64),
        }
    }

    fn from_lane(bits: u64, lane: &Lane) -> Result<Self, Refusal> {
        Ok(match &lane.form {
            Form::Float32 => f32::from_bits(bits as u32),
            Form::Float64 => f64::from_bits(bits) as f32,
            Form::Fixed { .. } => to_f32(lane.fixed_raw(bits), &lane.ty),
        })
    }
}

impl sealed::Lanes for f64 {
    const RAW: bool = false;

    fn to_lane(self, lane: &Lane) -> Result<u64, Refusal> {
        match &lane.form {
            Form::Float32 => Ok((self as f32).to_bits().into()),
            Form::Float64 => Ok(self.to_bits()),
            Form::Fixed { shift, .. } => Ok((fixed(from_f64(self, &lane.ty), self)? << shift) as u64),
        }
    }

    fn from_lane(bits: u64, lane: &Lane) -> Result<Self, Refusal> {
        Ok(match &lane.form {
            Form::Float32 => f32::from_bits(bits as u32).into(),
            Form::Float64 => f64::from_bits(bits),
            Form::Fixed { .. } => to_f64(lane.fixed_raw(bits), &lane.ty),
        })
    }
}

impl sealed::Lanes for i64 {
    const RAW: bool = true;

    fn to_lane(self, lane: &Lane) -> Result<u64, Refusal> {
        let raw = i128::from(self);
        if raw < lane.min || raw > lane.max {
            return Err(Refusal::Range(self));
        }
        Ok(match &lane.form {
            Form::Float32 => to_f32(raw, &lane.ty).to_bits().into(),
            Form::Float64 => to_f64(raw, &lane.ty).to_bits(),
            Form::Fixed { shift, .. } => (raw << shift) as u64,
        })
    }

    fn from_lane(bits: u64, lane: &Lane) -> Result<Self, Refusal> {
        lane.raw(bits, &lane.back)
    }
}

impl Lane {
    pub(crate) fn new(tensor: &Tensor) -> Result<Self, TooWide> {
        let ty = tensor.ty;
        let form = match &tensor.packing.element {
            Element::Float32 => Form::Float32,
            Element::Float64 => Form::Float64,
            Element::Fixed(element) => Form::Fixed {
                bits: element.width,
                signed: element.signed,
                // Not negative: a tensor whose element has fewer fraction bits is refused.
                shift: (element.frac() - ty.frac()) as u32,
                cast: Cast::new(element, &ty)?,
            },
        };
        // Of the fixed class, because the integer classes wrap whatever their modes say.
        let back = FixedType { class: Class::Fixed, ..ty.with_modes(Rounding::Trn, Overflow::Sat) };
        Ok(Self { min: ty.min_raw(), max: ty.max_raw(), ty, back, form })
    }

    pub(crate) fn ty(&self) -> &FixedType {
        &self.ty
    }

    /// The smallest raw integer that a conversion to the type can give.
    pub(crate) fn min(&self) -> i128 {
        self.min
    }

    /// The largest.
    pub(crate) fn max(&self) -> i128 {
        self.max
    }

    pub(crate) fn carries_raw(&self) -> bool {
        let ty = &self.ty;
        // Significant bits, the step, the magnitude. (-2^24 has one significant bit, so the sign is free.)
        let fits = |digits: u32, smallest: i32, largest: i32| {
            ty.width - u32::from(ty.signed) <= digits && ty.frac() <= smallest && ty.integer <= largest
        };
        match &self.form {
            Form::Float32 => fits(f32::MANTISSA_DIGITS, 149, f32::MAX_EXP),
            // Denormal doubles are left out: the HLS constructors misread them.
            Form::Float64 => fits(f64::MANTISSA_DIGITS, 1022, f64::MAX_EXP),
            Form::Fixed { .. } => true,
        }
    }

    /// What the wrapper makes of a lane: the tensor type's own rounding and overflow.
    pub(crate) fn receive(&self, bits: u64) -> Result<i64, Refusal> {
        self.raw(bits, &self.ty)
    }

    /// The raw integer of a lane in the tensor's type, floats converted by `by`, which differs from it in the
    /// modes at most. Raw integers were found to fit in an `i64` before.
    fn raw(&self, bits: u64, by: &FixedType) -> Result<i64, Refusal> {
        let raw = match &self.form {
            Form::Float32 => {
                let value = f32::from_bits(bits as u32);
                fixed(from_f32(value, by), value)?
            }
            Form::Float64 => {
                let value = f64::from_bits(bits);
                fixed(from_f64(value, by), value)?
            }
            Form::Fixed { .. } => self.fixed_raw(bits),
        };
        Ok(raw as i64)
    }

    /// The raw integer, in the tensor's type, of a lane that holds a fixed-point element.
    fn fixed_raw(&self, lane: u64) -> i128 {
        let Form::Fixed { bits, signed, cast, .. } = &self.form else { return 0 };
        let unused = 128 - bits;
        let raw = if *signed { ((u128::from(lane) << unused) as i128) >> unused } else { i128::from(lane) };
        cast.apply(raw)
    }
}

fn fixed(raw: Result<i128, TooWide>, value: impl ToString) -> Result<i128, Refusal> {
    raw.map_err(|why| Refusal::TooWide(value.to_string(), why))
}
