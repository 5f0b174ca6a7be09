//! What a run of the HLS tool itself says of a control port: the file `x<top>_hw.h` among the drivers that it exports.
//!
//! [`crate::hls_control()`] foretells this map; a flow that has run the tool compares the two, because the tool decides.

use std::collections::BTreeMap;

use crate::hls_control::HlsControl;

/// The offsets in an `x<top>_hw.h`, by the names that the tool makes of parameters: upper case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HwHeader {
    /// Offsets of control registers and of scalars and pointers: `AP_CTRL`, `DATA_IN`.
    pub registers: BTreeMap<String, u64>,
    /// (offset, bytes) of arrays, rounded up as the tool does.
    pub arrays: BTreeMap<String, (u64, u64)>,
}

impl HwHeader {
    /// Reads the `#define`s of the file; `port` is the name of the port, `control`. Lines of other ports and lines
    /// that are no addresses are passed over.
    pub fn parse(text: &str, port: &str) -> Self {
        let marker = format!("_{}_ADDR_", port.to_ascii_uppercase());
        let mut header = Self::default();
        let mut bases = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some("#define"), Some(name), Some(value)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let Some((_, name)) = name.split_once(&marker) else { continue };
            let digits = value.strip_prefix("0x").unwrap_or(value);
            let Ok(value) = u64::from_str_radix(digits, 16) else { continue };
            if let Some(array) = name.strip_suffix("_BASE") {
                bases.insert(array.to_owned(), value);
            } else if let Some(array) = name.strip_suffix("_HIGH") {
                // The tool writes BASE before HIGH.
                let span = bases.get(array).and_then(|&base| Some((base, value.checked_sub(base)? + 1)));
                header.arrays.extend(span.map(|span| (array.to_owned(), span)));
            } else {
                let name = name.strip_suffix("_DATA").unwrap_or(name);
                header.registers.insert(name.to_owned(), value);
            }
        }
        header
    }

    /// How the tool's map differs from the one foretold, a line each; empty when a host may trust the latter.
    pub fn differences(&self, foretold: &HlsControl) -> Vec<String> {
        let mut found = Vec::new();
        for register in &foretold.registers.0 {
            match self.registers.get(&register.name.to_ascii_uppercase()) {
                Some(&offset) if offset == register.offset => {}
                Some(offset) => found.push(format!(
                    "{} is at {offset:#x}, {:#x} was expected",
                    register.name, register.offset
                )),
                None => found.push(format!("there is no register {}", register.name)),
            }
        }
        for array in &foretold.arrays {
            match self.arrays.get(&array.name.to_ascii_uppercase()) {
                Some(&(offset, bytes)) if offset == array.offset && bytes >= array.bytes => {}
                Some((offset, bytes)) => found.push(format!(
                    "{} is at {offset:#x} with {bytes} bytes, {:#x} with {} was expected",
                    array.name, array.offset, array.bytes
                )),
                None => found.push(format!("there is no array {}", array.name)),
            }
        }
        found
    }
}
