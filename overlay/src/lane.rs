//! Elements in their lanes: the bits that host values become, and back. [`crate::codec`] has the table.
//!
//! Values are converted in blocks. What typical tensors have (types of up to about 60 bits, finite numbers of usual
//! size) goes through `i64` and doubles, a loop without decisions a step; the rest goes through the 128-bit
//! arithmetic of `netlathe_apfixed`, value by value. Both give the same bits.

use netlathe_apfixed::{
    Cast, Class, FixedType, Overflow, Rounding, TooWide, from_f32, from_f64, to_f32, to_f64,
};

use crate::tensor::{Element, Tensor, holds};

/// Why one value was refused; the codec adds name and index.
pub enum Refusal {
    Range(i64),
    TooWide(String, TooWide),
}

/// A refusal and the position of its value in the block.
pub type At = (usize, Refusal);

/// How one element is represented in its lane.
#[derive(Clone, Debug)]
pub struct Lane {
    ty: FixedType,
    /// `ty`, but saturating: the way back from an element that was rounded up past the end of `ty`.
    back: FixedType,
    form: Form,
    min: i128,
    max: i128,
    real_to_ty: Option<Quick>,
    real_to_back: Option<Quick>,
}

#[derive(Clone, Debug)]
enum Form {
    Float32,
    Float64,
    Fixed(Box<Fixed>),
}

/// The conversions of a fixed-point element.
#[derive(Clone, Debug)]
struct Fixed {
    element: FixedType,
    /// From the tensor's type to the element, by the element's modes.
    pack: Cast,
    /// From the element to the tensor's type, by the type's modes: what the wrapper does.
    receive: Cast,
    /// From the element to [`Lane::back`]: what a host does.
    back: Cast,
    /// All of it fits in an `i64`.
    quick: bool,
}

/// A conversion of usual numbers to a type that stays within an `i64`.
#[derive(Clone, Debug)]
struct Quick {
    /// 2^grid.
    scale: f64,
    /// From the grid to the type.
    cast: Cast,
}

/// A form of host value: `i64` (raw integer), `f32` or `f64`. Closed: the contract has these three.
pub trait HostValue: Copy + Default + sealed::Lanes {}

impl HostValue for i64 {}
impl HostValue for f32 {}
impl HostValue for f64 {}

mod sealed {
    use super::{At, Lane};

    #[doc(hidden)]
    pub trait Lanes: Sized {
        /// Whether values of this form need a type that fits in an `i64`.
        const RAW: bool;
        /// Writes values to bytes where lanes are those very values; `false` where they are not.
        fn copy_to(values: &[Self], lane: &Lane, bytes: &mut [u8]) -> bool;
        /// The way back.
        fn copy_from(bytes: &[u8], lane: &Lane, values: &mut [Self]) -> bool;
        /// As many lanes as values; bits above a lane's width are anything.
        fn to_lanes(values: &[Self], lane: &Lane, lanes: &mut [i64]) -> Result<(), At>;
        /// As many values as lanes.
        fn from_lanes(lanes: &[u64], lane: &Lane, values: &mut [Self]) -> Result<(), At>;
    }
}

macro_rules! real {
    ($real:ident, $form:ident, $bytes:literal, $from:ident, $to:ident, $per_step:literal) => {
        impl sealed::Lanes for $real {
            const RAW: bool = false;

            fn copy_to(values: &[Self], lane: &Lane, bytes: &mut [u8]) -> bool {
                let same = matches!(lane.form, Form::$form);
                if same {
                    for (value, bytes) in values.iter().zip(bytes.chunks_exact_mut($bytes)) {
                        bytes.copy_from_slice(&value.to_le_bytes());
                    }
                }
                same
            }

            fn copy_from(bytes: &[u8], lane: &Lane, values: &mut [Self]) -> bool {
                let same = matches!(lane.form, Form::$form);
                if same {
                    for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact($bytes)) {
                        let mut own = [0; $bytes];
                        own.copy_from_slice(bytes);
                        *value = $real::from_le_bytes(own);
                    }
                }
                same
            }

            fn to_lanes(values: &[Self], lane: &Lane, lanes: &mut [i64]) -> Result<(), At> {
                let pairs = || values.iter().copied();
                match &lane.form {
                    Form::Float32 => {
                        lanes
                            .iter_mut()
                            .zip(pairs())
                            .for_each(|(lane, x)| *lane = (x as f32).to_bits().into());
                    }
                    Form::Float64 => {
                        lanes
                            .iter_mut()
                            .zip(pairs())
                            .for_each(|(lane, x)| *lane = f64::from(x).to_bits() as i64);
                    }
                    Form::Fixed(fixed) => {
                        let quick = lane.real_to_ty.as_ref().filter(|_| fixed.quick);
                        if quick.is_some_and(|quick| quick.convert(pairs().map(f64::from), lanes)) {
                            fixed.pack.apply_all(lanes);
                            return Ok(());
                        }
                        for (index, (bits, x)) in lanes.iter_mut().zip(pairs()).enumerate() {
                            let raw = $from(x, &lane.ty).map_err(|why| too_wide(index, x, why))?;
                            *bits = fixed.pack.apply(raw) as i64;
                        }
                    }
                }
                Ok(())
            }

            fn from_lanes(lanes: &[u64], lane: &Lane, values: &mut [Self]) -> Result<(), At> {
                let pairs = values.iter_mut().zip(lanes.iter().copied());
                match &lane.form {
                    Form::Float32 => pairs.for_each(|(x, bits)| *x = f32::from_bits(bits as u32) as $real),
                    Form::Float64 => pairs.for_each(|(x, bits)| *x = f64::from_bits(bits) as $real),
                    Form::Fixed(fixed) => {
                        let (element, frac) = (&fixed.element, fixed.element.frac());
                        if fixed.quick && frac.abs() <= $per_step {
                            // An integer is rounded to a real half-even, and a power of two then rounds nothing.
                            let scale = (2.0 as $real).powi(-frac);
                            match element.signed {
                                true => pairs
                                    .for_each(|(x, bits)| *x = signed(bits, element.width) as $real * scale),
                                false => pairs.for_each(|(x, bits)| *x = bits as $real * scale),
                            }
                        } else {
                            pairs.for_each(|(x, bits)| *x = $to(fixed.raw(bits), element));
                        }
                    }
                }
                Ok(())
            }
        }
    };
}

// The last number bounds the fraction bits for which neither 2^-frac nor 64-bit integers times it leave the
// normal numbers of the form.
real!(f32, Float32, 4, from_f32, to_f32, 60);
real!(f64, Float64, 8, from_f64, to_f64, 900);

/// The largest block that the conversions take.
pub(crate) const BLOCK: usize = 256;

impl sealed::Lanes for i64 {
    const RAW: bool = true;

    fn copy_to(_: &[Self], _: &Lane, _: &mut [u8]) -> bool {
        false
    }

    fn copy_from(_: &[u8], _: &Lane, _: &mut [Self]) -> bool {
        false
    }

    fn to_lanes(values: &[Self], lane: &Lane, lanes: &mut [i64]) -> Result<(), At> {
        // Both ends fit in an i64: the codec has checked it.
        let (min, max) = (lane.min as i64, lane.max as i64);
        if let Some(index) = values.iter().position(|&raw| raw < min || raw > max) {
            return Err((index, Refusal::Range(values[index])));
        }
        let pairs = lanes.iter_mut().zip(values.iter().copied());
        match &lane.form {
            Form::Float32 => {
                pairs.for_each(|(lanes, raw)| *lanes = to_f32(raw.into(), &lane.ty).to_bits().into())
            }
            Form::Float64 => {
                pairs.for_each(|(lanes, raw)| *lanes = to_f64(raw.into(), &lane.ty).to_bits() as i64)
            }
            Form::Fixed(fixed) if fixed.quick => {
                lanes.copy_from_slice(values);
                fixed.pack.apply_all(lanes);
            }
            Form::Fixed(fixed) => {
                pairs.for_each(|(lane, raw)| *lane = fixed.pack.apply(i128::from(raw)) as i64)
            }
        }
        Ok(())
    }

    fn from_lanes(lanes: &[u64], lane: &Lane, values: &mut [Self]) -> Result<(), At> {
        lane.raws(lanes, values, true)
    }
}

impl Lane {
    pub(crate) fn new(tensor: &Tensor) -> Result<Self, TooWide> {
        let ty = tensor.ty;
        // Of the fixed class, because the integer classes wrap whatever their modes say.
        let back = FixedType { class: Class::Fixed, ..ty.with_modes(Rounding::Trn, Overflow::Sat) };
        let form = match &tensor.packing.element {
            Element::Float32 => Form::Float32,
            Element::Float64 => Form::Float64,
            Element::Fixed(element) => {
                let pack = Cast::new(&ty, element)?;
                let receive = Cast::new(element, &ty)?;
                let back = Cast::new(element, &back)?;
                let quick = [&pack, &receive, &back].iter().all(|cast| cast.needed_bits() <= 64);
                Form::Fixed(Box::new(Fixed { element: *element, pack, receive, back, quick }))
            }
        };
        let (min, max) = (ty.min_raw(), ty.max_raw());
        let (real_to_ty, real_to_back) = (Quick::new(&ty), Quick::new(&back));
        Ok(Self { ty, back, form, min, max, real_to_ty, real_to_back })
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
            Form::Fixed(fixed) => holds(&fixed.element, ty),
        }
    }

    /// What the wrapper makes of lanes: the tensor type's own rounding and overflow. Raw integers were found to fit
    /// in an `i64` before.
    pub(crate) fn receive(&self, lanes: &[u64], raws: &mut [i64]) -> Result<(), At> {
        self.raws(lanes, raws, false)
    }

    /// The raw integers of lanes in the tensor's type, converted by its modes or, on the way `back` to a host, cut
    /// off and held at its ends.
    fn raws(&self, lanes: &[u64], raws: &mut [i64], back: bool) -> Result<(), At> {
        let (ty, quick) = match back {
            true => (&self.back, &self.real_to_back),
            false => (&self.ty, &self.real_to_ty),
        };
        let float = match &self.form {
            Form::Fixed(fixed) => {
                let cast = if back { &fixed.back } else { &fixed.receive };
                let pairs = raws.iter_mut().zip(lanes.iter().copied());
                if !fixed.quick {
                    pairs.for_each(|(raw, bits)| *raw = cast.apply(fixed.raw(bits)) as i64);
                    return Ok(());
                }
                match fixed.element.signed {
                    true => pairs.for_each(|(raw, bits)| *raw = signed(bits, fixed.element.width)),
                    false => pairs.for_each(|(raw, bits)| *raw = bits as i64),
                }
                cast.apply_all(raws);
                return Ok(());
            }
            Form::Float32 => |bits: u64| f64::from(f32::from_bits(bits as u32)),
            Form::Float64 => |bits: u64| f64::from_bits(bits),
        };
        let reals = lanes.iter().map(|&bits| float(bits));
        if quick.as_ref().is_some_and(|quick| quick.convert(reals.clone(), raws)) {
            return Ok(());
        }
        for (index, (raw, x)) in raws.iter_mut().zip(reals).enumerate() {
            *raw = from_f64(x, ty).map_err(|why| too_wide(index, x, why))? as i64;
        }
        Ok(())
    }
}

impl Fixed {
    /// The raw integer, in the element's type, of a lane.
    fn raw(&self, lane: u64) -> i128 {
        match self.element.signed {
            true => signed(lane, self.element.width).into(),
            false => lane.into(),
        }
    }
}

impl Quick {
    /// Steps of the grid in one step of the type: 2^3. A number between two points of the grid is represented by the
    /// odd one of them, which lies on the same side of every multiple of a half step; so no rounding can tell.
    const GUARD: i32 = 3;
    /// Numbers on the grid have at most 62 bits with their sign.
    const LIMIT: f64 = (1u64 << 61) as f64;

    fn new(ty: &FixedType) -> Option<Self> {
        let grid = ty.frac().saturating_add(Self::GUARD).max(0);
        // A larger scale would be infinite; a finer grid than needed leaves fewer numbers to this way, no more.
        let cast =
            Cast::from_frac(62, grid, ty).ok().filter(|cast| cast.needed_bits() <= 64 && grid <= 900)?;
        Some(Self { scale: 2f64.powi(grid), cast })
    }

    /// Converts all numbers, or gives `false` and anything in `raws`: some are no numbers or too large for this way.
    fn convert(&self, reals: impl Iterator<Item = f64>, raws: &mut [i64]) -> bool {
        let mut usual = true;
        for (raw, x) in raws.iter_mut().zip(reals) {
            // Exact: only the exponent changes, and it grows.
            let y = x * self.scale;
            usual &= y.abs() < Self::LIMIT;
            let whole = y as i64;
            let rest = y - whole as f64;
            *raw = whole.wrapping_sub(i64::from(rest < 0.0)) | i64::from(rest != 0.0);
        }
        if usual {
            self.cast.apply_all(raws);
        }
        usual
    }
}

/// The low `width` bits as a signed number, 1 to 64 of them.
fn signed(bits: u64, width: u32) -> i64 {
    let unused = 64 - width;
    ((bits << unused) as i64) >> unused
}

fn too_wide(index: usize, value: impl ToString, why: TooWide) -> At {
    (index, Refusal::TooWide(value.to_string(), why))
}
