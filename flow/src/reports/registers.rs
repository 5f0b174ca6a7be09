//! The registers that HLS made, as it says in `x<top>_hw.h`, against the manifest's.
//!
//! UG1399 "S_AXILITE Software Driver Files": `X<TOP>_<BUNDLE>_ADDR_<NAME>` for the control registers, `.._ADDR_<ARGUMENT>_DATA`
//! for arguments with `.._BITS_<ARGUMENT>_DATA` beside them, `.._ADDR_<ARRAY>_BASE` and `_HIGH` for arrays.

use netlathe_overlay::{Host, HwHeader, Manifest, RegisterMap, port_names};
use std::collections::BTreeMap;

/// A register as the header has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    pub offset: u64,
    pub bits: Option<u32>,
}

/// The registers of a header by name, upper case, without `_DATA`. Arrays are left out: they are memory, not registers.
///
/// # Errors
/// A definition that is no number.
pub fn parse(text: &str) -> Result<BTreeMap<String, Made>, String> {
    let mut found: BTreeMap<String, Made> = BTreeMap::new();
    let mut bits: BTreeMap<String, u32> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some("#define"), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let wrong = || format!("{} is `{}`, not a number", super::clipped(name), super::clipped(value));
        let parsed = match value.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => value.parse(),
        };
        if let Some((_, register)) = name.split_once("_ADDR_") {
            if register.ends_with("_BASE") || register.ends_with("_HIGH") {
                continue;
            }
            let offset = parsed.map_err(|_| wrong())?;
            found.insert(plain(register), Made { offset, bits: None });
        } else if let Some((_, register)) = name.split_once("_BITS_") {
            bits.insert(plain(register), parsed.ok().and_then(|b| b.try_into().ok()).ok_or_else(wrong)?);
        }
    }
    for (name, bits) in bits {
        if let Some(made) = found.get_mut(&name) {
            made.bits = Some(bits);
        }
    }
    Ok(found)
}

fn plain(register: &str) -> String {
    let name = register.strip_suffix("_DATA").unwrap_or(register);
    name.to_ascii_uppercase()
}

/// The port of a kernel's arguments.
const PORT: &str = "control";

/// Where the arrays of a header lie, and where the manifest says that the tensors' windows are: a line each that differs. Nothing
/// for a manifest without windows and a header without arrays.
pub fn window_differences(header: &str, manifest: &Manifest) -> Vec<String> {
    // As with registers, HLS may append to a parameter's name.
    let plain = |name: &str| {
        let name = name.strip_suffix("_V").unwrap_or(name);
        name.strip_suffix("_R").unwrap_or(name).to_owned()
    };
    let made: BTreeMap<String, (u64, u64)> =
        HwHeader::parse(header, PORT).arrays.into_iter().map(|(name, span)| (plain(&name), span)).collect();
    let windows = match &manifest.host {
        Host::AxiLite { windows, .. } => windows.as_slice(),
        _ => &[],
    };
    let mut known = Vec::new();
    let mut lines = Vec::new();
    for (stem, tensors) in [("data_in", &manifest.inputs), ("data_out", &manifest.outputs)] {
        for (port, tensor) in port_names(stem, tensors.len()).into_iter().zip(tensors.iter()) {
            let Some(window) = windows.iter().find(|w| w.tensor == tensor.name) else { continue };
            let what = format!("`{port}`, the window of `{}`", tensor.name);
            match made.get(&port.to_ascii_uppercase()) {
                None => lines.push(format!(
                    "{what}: the manifest has it at {:#x}, HLS made no such array",
                    window.offset
                )),
                Some(&(offset, bytes)) => {
                    if offset != window.offset {
                        lines.push(format!(
                            "{what}: the manifest has it at {:#x}, HLS at {offset:#x}",
                            window.offset
                        ));
                    }
                    if bytes < window.bytes {
                        lines.push(format!("{what}: the manifest has {} bytes, HLS {bytes}", window.bytes));
                    }
                }
            }
            known.push(port.to_ascii_uppercase());
        }
    }
    for (name, (offset, _)) in made.iter().filter(|(name, _)| !known.contains(name)) {
        lines.push(format!("`{name}`: HLS made an array at {offset:#x}, the manifest has no such window"));
    }
    lines
}

/// Where header and manifest differ, a line each, with both values.
pub fn differences(made: &BTreeMap<String, Made>, manifest: &RegisterMap) -> Vec<String> {
    let mut lines = Vec::new();
    let mut known = Vec::new();
    for register in &manifest.0 {
        let name = register.name.to_ascii_uppercase();
        // HLS appends `_V` to arguments of its own types (Vivado HLS) and `_r` to reserved words.
        let found = [name.clone(), format!("{name}_V"), format!("{name}_R"), format!("{name}_R_V")]
            .into_iter()
            .find_map(|n| made.get(&n).map(|m| (n, *m)));
        match found {
            None => lines.push(format!(
                "`{}`: the manifest has it at {:#x}, HLS made no such register",
                register.name, register.offset
            )),
            Some((n, m)) => {
                if m.offset != register.offset {
                    lines.push(format!(
                        "`{}`: the manifest has it at {:#x}, HLS at {:#x}",
                        register.name, register.offset, m.offset
                    ));
                }
                if let Some(bits) = m.bits.filter(|&b| b != register.width_bits) {
                    lines.push(format!(
                        "`{}`: the manifest has {} bits, HLS {bits}",
                        register.name, register.width_bits
                    ));
                }
                known.push(n);
            }
        }
    }
    for (name, m) in made.iter().filter(|(name, _)| !known.contains(name)) {
        lines.push(format!("`{name}`: HLS made it at {:#x}, the manifest has no such register", m.offset));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlathe_overlay::{Access, Register};

    const HEADER: &str = "// 0x10 : Data signal of data_in\n\
        #define XJET_AXI_CONTROL_ADDR_AP_CTRL      0x00\n\
        #define XJET_AXI_CONTROL_ADDR_DATA_IN_DATA 0x10\n\
        #define XJET_AXI_CONTROL_BITS_DATA_IN_DATA 64\n\
        #define XJET_AXI_CONTROL_ADDR_BATCH_DATA   0x1c\n\
        #define XJET_AXI_CONTROL_BITS_BATCH_DATA   32\n\
        #define XJET_AXI_CONTROL_ADDR_WINDOW_BASE  0x40\n";

    fn map(registers: &[(&str, u64, u32)]) -> RegisterMap {
        RegisterMap(
            registers
                .iter()
                .map(|&(name, offset, width_bits)| Register {
                    name: name.into(),
                    offset,
                    width_bits,
                    access: Access::ReadWrite,
                    note: String::new(),
                })
                .collect(),
        )
    }

    #[test]
    fn equal_and_different() {
        let made = parse(HEADER).unwrap();
        assert_eq!(made["DATA_IN"], Made { offset: 0x10, bits: Some(64) });
        let same = map(&[("AP_CTRL", 0, 32), ("data_in", 0x10, 64), ("batch", 0x1c, 32)]);
        assert_eq!(differences(&made, &same), Vec::<String>::new());
        let other = map(&[("AP_CTRL", 0, 32), ("data_in", 0x18, 32), ("scale", 0x30, 32)]);
        assert_eq!(
            differences(&made, &other),
            [
                "`data_in`: the manifest has it at 0x18, HLS at 0x10",
                "`data_in`: the manifest has 32 bits, HLS 64",
                "`scale`: the manifest has it at 0x30, HLS made no such register",
                "`BATCH`: HLS made it at 0x1c, the manifest has no such register",
            ]
        );
        assert!(parse("#define XA_CONTROL_ADDR_B here").unwrap_err().contains("`here`"));
    }
}
