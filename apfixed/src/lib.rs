//! Run-time typed `ap_fixed` / `ap_int` arithmetic, equal to the HLS types bit for bit.
//!
//! A [`FixedType`] is what the template arguments of `ap_fixed<W,I,Q,O,N>` or `ap_int<W>` say, known at run time.
//! A value of such a type is its raw integer: value = raw * 2^-frac. [`Cast`] prepares a conversion between two
//! types once and applies it to many raw integers, [`from_f64`] and its neighbours convert native numbers, and
//! [`Fixed`] is a typed value with the exact operators of the C++ classes.
//!
//! Raw integers live in an `i64` or an `i128`. Arithmetic is exact up to 128 bits, every intermediate shift
//! included; what needs more is refused as [`TooWide`], never wrapped. (Types up to 1024 bits can be named, printed
//! and combined by the result-type rules.)
//!
//! Where the open-source C++ headers abort or are plainly wrong, mathematics is followed instead:
//!
//! - a rounding conversion whose source lies wholly below half the target's step (the headers abort);
//! - truncation of small negative numbers to an integer: `ap_int<8>` of -0.25 is 0 (the headers: 1 from a double, -1
//!   from an `ap_fixed` without integer bits);
//! - an `ap_int` beyond 64 bits as a double or float (the headers convert its low 64 bits);
//! - comparison of a negative with an unsigned number when that is as wide and has 32 bits or more (the headers compare
//!   as C does `int` with `unsigned int`);
//! - the smallest number divided by -1 (the headers keep it negative, in a type that has room for the answer);
//! - `%` of a signed and an unsigned integer one of which is negative (the headers read its bits as unsigned).
//!
//! This crate knows nothing of networks, does no input or output, and never prints.

mod cast;
mod convert;
mod parse;
mod ty;
mod value;

pub use cast::{Cast, Overflows, Raw, TooWide, cast};
pub use convert::{
    TextError, decimal_round, from_f16, from_f32, from_f64, from_text, to_f32, to_f64, weight_raw,
};
pub use parse::{ParseTypeError, ParseTypeReason};
pub use ty::{Class, FixedType, MAX_INTEGER, MAX_WIDTH, Overflow, Precision, Rounding};
pub use value::{DivideError, Fixed};
