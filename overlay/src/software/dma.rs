//! An AXI DMA in simple mode ("Direct Register Mode"), as PG021 v7.1 tells it.
//!
//! Registers (section "Direct Register Mode Register Address Map"): MM2S control 0x00, status 0x04, source address
//! 0x18 and 0x1c, length 0x28; S2MM control 0x30, status 0x34, destination address 0x48 and 0x4c, length 0x58. The two
//! channels are alike but for the direction; names below are those of the guide.
//!
//! Where the guide leaves the result undefined, this device does what makes a mistake show: an address that is not
//! aligned without realignment ends in an error, so does a packet longer than the buffer (boards answer that with
//! DMAIntErr), and a length written during a transfer is ignored.

use crate::beats::Beats;
use crate::device::{BeatCore, BeatError, Core};
use crate::software::memory::Memory;

/// What the block design sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaOptions {
    /// `c_sg_length_width`, 8 to 26.
    pub length_bits: u32,
    /// Bytes of the data of MM2S's stream, to which its addresses are aligned.
    pub input_bytes: u32,
    /// The same of S2MM.
    pub output_bytes: u32,
    /// `c_addr_width`, 32 to 64: whether the upper halves of addresses exist.
    pub address_bits: u32,
    /// The data realignment engine: addresses need no alignment.
    pub realignment: bool,
}

/// An AXI DMA in simple mode between a [`Memory`] and an input and an output of a core.
#[derive(Clone, Debug)]
pub struct AxiDma {
    options: DmaOptions,
    /// The core's input that MM2S sends to.
    input: Option<usize>,
    /// The core's output that S2MM receives from.
    output: Option<usize>,
    mm2s: Channel,
    s2mm: Channel,
    /// What the core gave and S2MM has not taken, and how much of it was taken.
    waiting: Beats,
    taken: usize,
}

/// Control register: run.
const RS: u32 = 1 << 0;
/// Reads as 1.
const RESERVED: u32 = 1 << 1;
/// Resets both channels.
const RESET: u32 = 1 << 2;
/// Bits of the control register that are kept: RS, Keyhole, Cyclic, interrupt enables, threshold, delay.
const KEPT: u32 = RS | 1 << 3 | 1 << 4 | 0x7 << 12 | 0xffff << 16;
/// The threshold is 1 after a reset.
const CONTROL_RESET: u32 = 1 << 16;
/// Status register.
const HALTED: u32 = 1 << 0;
const IDLE: u32 = 1 << 1;
const INT_ERR: u32 = 1 << 4;
const DEC_ERR: u32 = 1 << 6;
/// Status and, as enables, control: complete, error. (Delay, bit 13, is of scatter and gather.)
const IOC: u32 = 1 << 12;
const ERR: u32 = 1 << 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Channel {
    control: u32,
    status: u32,
    address: u64,
    length: u32,
    /// Bytes moved of the transfer under way.
    moved: Option<u64>,
}

impl Channel {
    const RESET: Self = Self { control: CONTROL_RESET, status: HALTED, address: 0, length: 0, moved: None };

    fn done(&mut self) {
        self.moved = None;
        self.status |= IDLE | IOC;
        self.settle();
    }

    /// "This error condition causes the AXI DMA to halt gracefully. The DMACR.RS bit is set to 0, and when the engine
    /// has completely shut down, the DMASR.Halted bit is set to 1."
    fn fail(&mut self, error: u32) {
        self.moved = None;
        self.control &= !RS;
        self.status |= error | ERR;
        self.settle();
    }

    /// Halted follows RS once no transfer is under way; Idle "is 0 when channel is halted".
    fn settle(&mut self) {
        if self.control & RS != 0 {
            self.status &= !HALTED;
        } else if self.moved.is_none() {
            self.status = (self.status | HALTED) & !IDLE;
        }
    }

    fn interrupt(&self) -> bool {
        self.status & self.control & (IOC | ERR) != 0
    }

    fn address_of(&self, moved: u64) -> Option<u64> {
        self.address.checked_add(moved)
    }
}

impl AxiDma {
    /// A DMA after a hardware reset; `input` and `output` are indices of the core's ports.
    pub fn new(options: DmaOptions, input: Option<usize>, output: Option<usize>) -> Self {
        let (mm2s, s2mm) = (Channel::RESET, Channel::RESET);
        Self { options, input, output, mm2s, s2mm, waiting: Beats::new(1), taken: 0 }
    }

    /// Reads the register at `offset`; what is none reads as 0.
    pub fn read(&self, offset: u64) -> u32 {
        let (channel, offset) = match offset {
            0x30.. => (&self.s2mm, offset - 0x30),
            _ => (&self.mm2s, offset),
        };
        match offset {
            0x00 => channel.control | RESERVED,
            0x04 => channel.status,
            0x18 => channel.address as u32,
            0x1c => (channel.address >> 32) as u32,
            0x28 => channel.length,
            _ => 0,
        }
    }

    /// Writes the register at `offset`; what is none takes nothing. Beats move with [`Self::step`].
    pub fn write(&mut self, offset: u64, value: u32) {
        let (length_bits, upper) = (self.options.length_bits, self.options.address_bits > 32);
        let (channel, exists, offset) = match offset {
            0x30.. => (&mut self.s2mm, self.output.is_some(), offset - 0x30),
            _ => (&mut self.mm2s, self.input.is_some(), offset),
        };
        if !exists {
            return;
        }
        match offset {
            // "Setting either MM2S_DMACR.Reset = 1 or S2MM_DMACR.Reset = 1 resets the entire AXI DMA engine."
            0x00 if value & RESET != 0 => (self.mm2s, self.s2mm) = (Channel::RESET, Channel::RESET),
            0x00 => {
                channel.control = value & KEPT;
                channel.settle();
            }
            // Interrupts are cleared by writing 1; error bits are read-only and go with a reset.
            0x04 => channel.status &= !(value & (IOC | ERR)),
            0x18 => channel.address = channel.address >> 32 << 32 | u64::from(value),
            0x1c if upper => channel.address = channel.address & 0xffff_ffff | u64::from(value) << 32,
            0x28 => {
                // Bits above the register's width do not exist. "A value of zero written has no effect", and neither
                // has a length while the channel is halted.
                let length = value & (u32::MAX >> (32 - length_bits.clamp(1, 32)));
                if length != 0 && channel.status & HALTED == 0 && channel.moved.is_none() {
                    channel.length = length;
                    channel.moved = Some(0);
                    channel.status &= !IDLE;
                }
            }
            _ => {}
        }
    }

    /// The interrupt lines of MM2S and S2MM.
    pub fn interrupts(&self) -> [bool; 2] {
        [self.mm2s.interrupt(), self.s2mm.interrupt()]
    }

    /// Moves what can be moved: takes the core's answer, writes it to memory, and, while no answer waits for S2MM and
    /// `open`, sends beats to the core. Gives whether anything moved.
    ///
    /// # Errors
    /// Those of [`BeatCore::offer`]: the core could not compute a sample, which is then never answered.
    pub fn step<C: Core>(
        &mut self,
        memory: &mut Memory,
        core: &mut BeatCore<C>,
        open: bool,
    ) -> Result<bool, BeatError> {
        let mut moved = self.receive(memory, core);
        if open && !self.answer_waits() {
            moved |= self.send(memory, core)?;
        }
        Ok(moved)
    }

    /// Whether beats of the core wait for S2MM. A core is held up by them (TREADY is low).
    pub fn answer_waits(&self) -> bool {
        self.taken < self.waiting.len()
    }

    /// Forgets everything, the core's beats included: the FPGA was programmed anew.
    pub fn reset(&mut self) {
        *self = Self::new(self.options, self.input, self.output);
    }

    fn aligned(&self, channel: &Channel, beat_bytes: u32) -> bool {
        self.options.realignment || channel.address % u64::from(beat_bytes.max(1)) == 0
    }

    fn receive<C: Core>(&mut self, memory: &mut Memory, core: &mut BeatCore<C>) -> bool {
        let Some(port) = self.output else { return false };
        let mut any = false;
        if !self.answer_waits() {
            self.waiting = core.take_output(port).unwrap_or_else(|| Beats::new(1));
            self.taken = 0;
            any = self.answer_waits();
        }
        let Some(start) = self.s2mm.moved else { return any };
        if !self.aligned(&self.s2mm, self.options.output_bytes) {
            self.s2mm.fail(INT_ERR);
            return true;
        }
        let mut moved = start;
        while let Some((beat, last)) = self.waiting.get(self.taken) {
            any = true;
            self.taken += 1;
            if moved + beat.len() as u64 > u64::from(self.s2mm.length) {
                self.s2mm.fail(INT_ERR);
                return true;
            }
            let target = self.s2mm.address_of(moved).and_then(|at| memory.get_mut(at, beat.len()));
            let Some(target) = target else {
                self.s2mm.fail(DEC_ERR);
                return true;
            };
            target.copy_from_slice(beat);
            moved += beat.len() as u64;
            self.s2mm.moved = Some(moved);
            if last {
                // "At the completion of the S2MM transfer, the number of actual bytes written on the S2MM AXI4
                // interface is updated to the S2MM_LENGTH register."
                self.s2mm.length = moved as u32;
                self.s2mm.done();
                return true;
            }
        }
        any
    }

    /// Sends beats until the core takes no more, an answer is there, or the transfer ends.
    fn send<C: Core>(&mut self, memory: &Memory, core: &mut BeatCore<C>) -> Result<bool, BeatError> {
        let (Some(port), Some(start)) = (self.input, self.mm2s.moved) else { return Ok(false) };
        if !self.aligned(&self.mm2s, self.options.input_bytes) {
            // DMAIntErr "is fixed at 0 when AXI DMA is configured for Direct Register Mode" on this channel.
            self.mm2s.fail(DEC_ERR);
            return Ok(true);
        }
        let (runs, length) = (core.runs(), u64::from(self.mm2s.length));
        let mut moved = start;
        let mut beat = vec![0; self.options.input_bytes.max(1) as usize];
        while moved < length && core.ready(port) && core.runs() == runs {
            let bytes = beat.len().min((length - moved) as usize);
            let Some(source) = self.mm2s.address_of(moved).and_then(|at| memory.get(at, bytes)) else {
                self.mm2s.fail(DEC_ERR);
                return Ok(true);
            };
            // The wrapper ignores TKEEP, so a part of a beat is one with zeros.
            beat.fill(0);
            beat[..bytes].copy_from_slice(source);
            moved += bytes as u64;
            self.mm2s.moved = Some(moved);
            let last = moved == length;
            if last {
                self.mm2s.done();
            }
            core.offer(port, &beat, last)?;
        }
        Ok(moved > start)
    }
}
