//! Types from text, in every spelling that hls4ml configurations and generated code use.

use std::str::FromStr;

use thiserror::Error;

use crate::ty::{Class, FixedType, MAX_INTEGER, MAX_WIDTH, Overflow, Precision, Rounding};

/// A text that is not a type.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("`{text}` is not a fixed-point type: {reason}")]
pub struct ParseTypeError {
    /// The text as given (cut after 80 characters).
    pub text: String,
    /// What is wrong with it.
    pub reason: ParseTypeReason,
}

/// What is wrong with a text that should be a type.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ParseTypeReason {
    /// `float`, `double`, `half`, `bfloat16`.
    #[error(
        "NetLathe computes in fixed point and has no `{0}`; write a type such as ap_fixed<16,6>, or ap_int<8>"
    )]
    FloatingPoint(String),
    /// The part before `<`.
    #[error(
        "the type's name `{0}` is none of ap_fixed, ap_ufixed, ap_int, ap_uint, fixed, ufixed, int, uint, ac_fixed, ac_int"
    )]
    Name(String),
    /// No `<...>`.
    #[error("its arguments in angle brackets are missing; write for example ap_fixed<16,6> or ap_int<8>")]
    Brackets,
    /// Text after `>`.
    #[error("`{0}` follows after the closing `>`")]
    Trailing(String),
    /// Too few or too many arguments.
    #[error("{name} takes {expected}, and this has {found}")]
    Count {
        /// The type's name.
        name: String,
        /// What it takes.
        expected: &'static str,
        /// Number of arguments found.
        found: usize,
    },
    /// Not an integer.
    #[error("{what} is `{found}`, which is not an integer")]
    Number {
        /// Which argument.
        what: &'static str,
        /// Its text.
        found: String,
    },
    /// An integer out of range.
    #[error("{what} is {found}; it must lie in {min}..={max}")]
    Range {
        /// Which argument.
        what: &'static str,
        /// Its text.
        found: String,
        /// Smallest allowed value.
        min: i64,
        /// Largest allowed value.
        max: i64,
    },
    /// Unknown rounding mode.
    #[error(
        "`{0}` is no rounding mode; the modes are TRN, TRN_ZERO, RND, RND_ZERO, RND_INF, RND_MIN_INF and RND_CONV, with or without AP_"
    )]
    Rounding(String),
    /// Unknown overflow mode.
    #[error(
        "`{0}` is no overflow mode; the modes are WRAP, SAT, SAT_ZERO, SAT_SYM and WRAP_SM, with or without AP_"
    )]
    Overflow(String),
    /// Third argument of `ac_fixed`, second of `ac_int`.
    #[error("the signedness is `{0}`; it must be true or false")]
    Signedness(String),
    /// `ap_ufixed<..., AP_WRAP_SM>`.
    #[error("WRAP_SM is sign-magnitude wrapping, which an unsigned type does not have; use WRAP")]
    WrapSmUnsigned,
}

type Reason = ParseTypeReason;

/// An integer argument; numbers beyond `i64` are out of range rather than malformed.
fn integer(what: &'static str, text: &str, min: i64, max: i64) -> Result<i64, Reason> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::Number { what, found: text.to_owned() });
    }
    match text.parse::<i64>() {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        _ => Err(Reason::Range { what, found: text.to_owned(), min, max }),
    }
}

/// A mode's name in upper case without `prefix`; an absent prefix is fine.
fn mode_name(text: &str, prefix: &str) -> String {
    let upper = text.to_ascii_uppercase();
    upper.strip_prefix(prefix).map_or(upper.clone(), str::to_owned)
}

fn rounding(text: &str, prefix: &str) -> Result<Rounding, Reason> {
    let name = mode_name(text, prefix);
    Rounding::ALL
        .into_iter()
        .find(|mode| mode.name() == name)
        .ok_or_else(|| Reason::Rounding(text.to_owned()))
}

fn overflow(text: &str, prefix: &str) -> Result<Overflow, Reason> {
    let name = mode_name(text, prefix);
    Overflow::ALL
        .into_iter()
        .find(|mode| mode.name() == name)
        .ok_or_else(|| Reason::Overflow(text.to_owned()))
}

fn signedness(text: &str) -> Result<bool, Reason> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Reason::Signedness(text.to_owned())),
    }
}

fn width(text: &str) -> Result<u32, Reason> {
    integer("the width", text, 1, i64::from(MAX_WIDTH)).map(|n| n as u32)
}

fn parse(text: &str) -> Result<FixedType, Reason> {
    let (name, rest) = match text.split_once('<') {
        Some((name, rest)) => (name.trim_end(), Some(rest)),
        None => (text, None),
    };
    if ["float", "double", "half", "bfloat16", "ap_float", "ac_float", "ac_std_float"]
        .contains(&name.to_ascii_lowercase().as_str())
    {
        return Err(Reason::FloatingPoint(name.to_owned()));
    }
    let ac = name.starts_with("ac_");
    let bare = name.strip_prefix("ap_").or_else(|| name.strip_prefix("ac_")).unwrap_or(name);
    let (signed, class) = match bare {
        "fixed" => (true, Class::Fixed),
        "int" => (true, Class::Int),
        "ufixed" if !ac => (false, Class::Fixed),
        "uint" if !ac => (false, Class::Int),
        _ => return Err(Reason::Name(name.to_owned())),
    };
    let (args, trailing) = rest.and_then(|rest| rest.split_once('>')).ok_or(Reason::Brackets)?;
    if !trailing.trim().is_empty() {
        return Err(Reason::Trailing(trailing.trim().to_owned()));
    }
    let mut args: Vec<&str> = args.split(',').map(str::trim).collect();
    let found = args.len();
    let count = |expected| Reason::Count { name: name.to_owned(), expected, found };

    if class == Class::Int {
        return match (ac, args.as_slice()) {
            (false, [w]) if signed => Ok(FixedType::int(width(w)?)),
            (false, [w]) => Ok(FixedType::uint(width(w)?)),
            (true, [w]) => Ok(FixedType::int(width(w)?)),
            (true, [w, s]) => {
                let (w, s) = (width(w)?, signedness(s)?);
                Ok(if s { FixedType::int(w) } else { FixedType::uint(w) })
            }
            (false, _) => Err(count("one argument, the width")),
            (true, _) => Err(count("a width and a signedness")),
        };
    }
    let (prefix, expected, most) = if ac {
        ("AC_", "a width, integer bits, then a signedness, a rounding mode and an overflow mode", 5)
    } else {
        ("AP_", "a width and integer bits, then a rounding mode, an overflow mode and saturated bits", 5)
    };
    if found < 2 || found > most {
        return Err(count(expected));
    }
    let signed = if ac && found > 2 { signedness(args.remove(2))? } else { signed };
    let width = width(args[0])?;
    let limit = i64::from(MAX_INTEGER);
    let integer_bits = integer("the number of integer bits", args[1], -limit, limit)? as i32;
    let mut ty = FixedType::fixed(width, integer_bits);
    ty.signed = signed;
    if let Some(text) = args.get(2) {
        ty.rounding = rounding(text, prefix)?;
    }
    if let Some(text) = args.get(3) {
        ty.overflow = overflow(text, prefix)?;
    }
    if let Some(text) = args.get(4) {
        ty.sat_bits = integer("the number of saturated bits", text, 0, i64::from(width))? as u32;
    }
    if ty.overflow == Overflow::WrapSm && !signed {
        return Err(Reason::WrapSmUnsigned);
    }
    Ok(ty)
}

impl FromStr for FixedType {
    type Err = ParseTypeError;

    /// Reads `ap_fixed<16,6,AP_RND,AP_SAT>`, `ufixed<8,0,RND_CONV,SAT,0>`, `int<6>`, `ac_fixed<16,6,true>`, ...:
    /// prefixes `ap_` and (of modes) `AP_` optional, spaces anywhere between tokens, modes in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim()).map_err(|reason| ParseTypeError { text: text.chars().take(80).collect(), reason })
    }
}

impl FromStr for Precision {
    type Err = ParseTypeError;

    /// As [`FixedType`], and `auto`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == "auto" { Ok(Precision::Auto) } else { text.parse().map(Precision::Is) }
    }
}
