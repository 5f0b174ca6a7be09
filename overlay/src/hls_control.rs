//! The control port that Vitis HLS makes of a function's `s_axilite` parameters: which register is where.
//!
//! The rule, for a port of 32-bit data (the default; `config_interface -s_axilite_data64` moves everything and is
//! never used):
//!
//! - `AP_CTRL`, `GIE`, `IER` and `ISR` are at 0x00, 0x04, 0x08 and 0x0c, and parameters start at 0x10 (UG1399,
//!   "S_AXILITE Control Register Map"; UG1393, "Kernel Controls", table "Register Address Map"). Mailbox and
//!   counted auto-restart, which would reserve more, are off.
//! - Parameters are placed in the order of the function, each at the lowest offset that is free and aligned (first
//!   fit): a small array may so lie before a large one that precedes it. A scalar takes its 32-bit words and one
//!   reserved word at a multiple of 4: 8 bytes up to 32 bits, 12 for a 64-bit pointer (the `offset` of an `m_axi`
//!   parameter under `config_interface -m_axi_addr64`, the default of Vitis HLS). An array takes its bytes rounded up to a
//!   power of two, 8 at least, at a multiple of that. No document tells this; it is what the `x*_hw.h` files of Vitis
//!   HLS 2020.2 to 2024.1 show, and the tests have the maps of several. Vivado HLS to 2020.1 never went back to fill a
//!   gap, so windows of its cores may lie elsewhere: [`HwHeader`] reads where.
//! - Under `ap_ctrl_hs`, `ap_done` clears when read; under `ap_ctrl_chain` it stays until `ap_continue` (bit 4) is
//!   written.

use crate::codec::{CodecError, bytes_per_sample};
use crate::host::{BATCH, Window, port_names};
use crate::manifest::{Access, Register, RegisterMap};
use crate::tensor::Tensor;

/// The first offset that is a parameter's.
const FIRST: u64 = 0x10;

/// The block-level protocol of a control port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// `ap_ctrl_hs`, the default of IP cores.
    Hs,
    /// `ap_ctrl_chain`, the default of kernels for XRT.
    Chain,
}

impl Handshake {
    /// The protocol of a control port with these registers: `AP_CTRL` clears when read, or it does not. `None`
    /// without an `AP_CTRL`.
    pub fn of(registers: &RegisterMap) -> Option<Self> {
        registers.get("AP_CTRL").map(|control| match control.access {
            Access::ReadClears => Self::Hs,
            _ => Self::Chain,
        })
    }
}

/// A parameter of the function that is in the control port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// The address of an `m_axi` parameter, 64 bits.
    Pointer(String),
    /// A number by value.
    Scalar {
        /// The parameter.
        name: String,
        /// Its width in bits, 1 to 64.
        bits: u32,
    },
    /// An array in the port itself.
    Array {
        /// The parameter.
        name: String,
        /// Its bytes; elements are 8, 16, 32 or 64 bits.
        bytes: u64,
    },
}

/// A control port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HlsControl {
    /// The registers, in the order of their offsets.
    pub registers: RegisterMap,
    /// The arrays, called as the parameters, in the order of the function.
    pub arrays: Vec<ArrayWindow>,
    /// The first offset behind everything; the port's address range has at least so many bytes.
    pub end: u64,
}

/// An array in a control port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayWindow {
    /// The parameter.
    pub name: String,
    /// From the port's base, in bytes.
    pub offset: u64,
    /// The array's bytes, not rounded up.
    pub bytes: u64,
}

/// The control port of a function with these parameters; the module tells the rule.
pub fn hls_control(handshake: Handshake, parameters: &[Parameter]) -> HlsControl {
    let mut registers = block_level(handshake);
    let mut arrays = Vec::new();
    let mut taken = vec![(0, FIRST)];
    for parameter in parameters {
        let (name, bits) = match parameter {
            Parameter::Pointer(name) => (name, 64),
            Parameter::Scalar { name, bits } => (name, *bits),
            Parameter::Array { name, bytes } => {
                let size = bytes.next_power_of_two().max(8);
                let offset = first_fit(&mut taken, size, size);
                arrays.push(ArrayWindow { name: name.clone(), offset, bytes: *bytes });
                continue;
            }
        };
        let words = bits.div_ceil(32).max(1);
        let offset = first_fit(&mut taken, 4 * u64::from(words + 1), 4);
        let note = if matches!(parameter, Parameter::Pointer(_)) { "physical address" } else { "" };
        registers.push(register(name, offset, words * 32, Access::ReadWrite, note));
    }
    registers.sort_by_key(|register| register.offset);
    let end = taken.last().map_or(FIRST, |&(_, end)| end);
    HlsControl { registers: RegisterMap(registers), arrays, end }
}

/// Takes `size` bytes at the lowest free multiple of `align`; `taken` is sorted, (start, end) each.
fn first_fit(taken: &mut Vec<(u64, u64)>, size: u64, align: u64) -> u64 {
    let mut offset = 0;
    let mut index = 0;
    while let Some(&(start, end)) = taken.get(index) {
        if offset + size <= start {
            break;
        }
        offset = end.next_multiple_of(align);
        index += 1;
    }
    taken.insert(index, (offset, offset + size));
    offset
}

/// The registers of a core that is master of its memory accesses: a pointer a tensor, then `batch`.
pub fn axi_master_registers(handshake: Handshake, inputs: usize, outputs: usize) -> RegisterMap {
    let names = port_names("data_in", inputs).into_iter().chain(port_names("data_out", outputs));
    let mut parameters: Vec<_> = names.map(Parameter::Pointer).collect();
    parameters.push(Parameter::Scalar { name: BATCH.to_owned(), bits: 32 });
    hls_control(handshake, &parameters).registers
}

/// The control port of a core whose tensors lie in it, and the windows of the tensors.
///
/// # Errors
/// [`CodecError::Tensor`] when one cannot be packed.
pub fn axi_lite_windows(
    inputs: &[Tensor],
    outputs: &[Tensor],
) -> Result<(HlsControl, Vec<Window>), CodecError> {
    let names = port_names("data_in", inputs.len()).into_iter().chain(port_names("data_out", outputs.len()));
    let tensors = || inputs.iter().chain(outputs);
    let parameters = names.zip(tensors()).map(|(name, tensor)| {
        let bytes = bytes_per_sample(tensor)? as u64;
        Ok(Parameter::Array { name, bytes })
    });
    let control = hls_control(Handshake::Hs, &parameters.collect::<Result<Vec<_>, CodecError>>()?);
    let windows = tensors().zip(&control.arrays).map(|(tensor, array)| Window {
        tensor: tensor.name.clone(),
        offset: array.offset,
        bytes: array.bytes,
    });
    let windows = windows.collect();
    Ok((control, windows))
}

fn block_level(handshake: Handshake) -> Vec<Register> {
    let (access, control) = match handshake {
        Handshake::Hs => {
            (Access::ReadClears, "0 start, 1 done (clears when read), 2 idle, 3 ready, 7 auto restart")
        }
        Handshake::Chain => (
            Access::ReadWrite,
            "0 start, 1 done (until continue), 2 idle, 3 ready, 4 continue, 7 auto restart",
        ),
    };
    vec![
        register("AP_CTRL", 0x00, 32, access, control),
        register("GIE", 0x04, 32, Access::ReadWrite, "0 interrupts on"),
        register("IER", 0x08, 32, Access::ReadWrite, "0 done, 1 ready"),
        register("ISR", 0x0c, 32, Access::ReadWrite, "0 done, 1 ready; a 1 written toggles"),
    ]
}

fn register(name: &str, offset: u64, width_bits: u32, access: Access, note: &str) -> Register {
    Register { name: name.to_owned(), offset, width_bits, access, note: note.to_owned() }
}
