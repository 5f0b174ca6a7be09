//! A core of Vitis HLS behind its control port (UG1399, "S_AXILITE Control Register Map"): it reads and writes
//! [`Memory`] through its pointers, or has the tensors of one sample in windows of the port.
//!
//! `AP_CTRL`: bit 0 start, stays until the core has taken it; bit 1 done, clears when read under `ap_ctrl_hs`, stays
//! until bit 4 (continue) is written under `ap_ctrl_chain`, and until then no further call begins; bit 2 idle; bit 3
//! ready, clears when read; bit 7 auto restart; bit 9 the interrupt line. `GIE` bit 0 and `IER` let `ISR` bits 0 (done) and
//! 1 (ready) be set and the line rise; a 1 written to `ISR` toggles its bit.

use thiserror::Error;

use crate::device::{BeatCore, BeatError, Core};
use crate::hls_control::Handshake;
use crate::host::{BATCH, Host, Window, port_names};
use crate::manifest::{Manifest, ManifestError, Register, RegisterMap};
use crate::software::Behaviour;
use crate::software::memory::Memory;

const START: u32 = 1 << 0;
const DONE: u32 = 1 << 1;
const IDLE: u32 = 1 << 2;
const READY: u32 = 1 << 3;
const CONTINUE: u32 = 1 << 4;
const AUTO_RESTART: u32 = 1 << 7;
const INTERRUPT: u32 = 1 << 9;

/// Why a core was not made.
#[derive(Debug, Error)]
pub enum HlsCoreError {
    /// The manifest describes no accelerator.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest's interface has no control port.
    #[error("the manifest's interface has no control port of a core; it must be axi_master, axi_lite or xrt")]
    Interface,
    /// A register that the interface needs.
    #[error(
        "the manifest has no register {0:?}, which its interface needs; make the registers with hls_control"
    )]
    Register(String),
    /// The core and the manifest do not fit.
    #[error(transparent)]
    Beats(#[from] BeatError),
}

/// A core of Vitis HLS and its control port.
#[derive(Debug)]
pub struct HlsCore<C> {
    core: BeatCore<C>,
    handshake: Handshake,
    behaviour: Behaviour,
    registers: RegisterMap,
    ports: Ports,
    state: State,
    /// Scalars and pointers, one for each of `registers`; 0 for those that are not such.
    values: Vec<u64>,
    /// Accesses of memory that nobody answered: (address, bytes).
    unanswered: Vec<(u64, usize)>,
    errors: Vec<BeatError>,
}

/// Where tensors come from and go to, inputs first.
#[derive(Debug)]
enum Ports {
    /// Indices of the pointers, and of `batch`, in the registers.
    Pointers { pointers: Vec<usize>, batch: usize },
    /// The windows, whose bytes are here.
    Windows(Vec<(Window, Vec<u8>)>),
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    start: bool,
    done: bool,
    ready: bool,
    auto_restart: bool,
    /// Register reads until the call under way is done.
    running: Option<u32>,
    global_enable: bool,
    enabled: u32,
    pending: u32,
}

impl<C: Core> HlsCore<C> {
    /// A core after reset. Whether it is `ap_ctrl_hs` or `ap_ctrl_chain` is told by the access of `AP_CTRL`.
    ///
    /// # Errors
    /// [`HlsCoreError`]: the interface has no such core, a register is missing, or core and manifest do not fit.
    pub fn new(core: C, manifest: &Manifest, behaviour: Behaviour) -> Result<Self, HlsCoreError> {
        manifest.validate().map_err(ManifestError::Invalid)?;
        let registers = manifest.registers.clone();
        let index = |name: &str| {
            let found = registers.0.iter().position(|register| register.name == name);
            found.ok_or_else(|| HlsCoreError::Register(name.to_owned()))
        };
        let (inputs, outputs) = (&manifest.inputs, &manifest.outputs);
        let ports = match &manifest.host {
            Host::AxiMaster { .. } | Host::Xrt { .. } => {
                let names = port_names("data_in", inputs.len());
                let names = names.into_iter().chain(port_names("data_out", outputs.len()));
                let pointers = names.map(|name| index(&name)).collect::<Result<_, _>>()?;
                Ports::Pointers { pointers, batch: index(BATCH)? }
            }
            Host::AxiLite { windows, .. } => {
                // In the order of the tensors, whatever theirs is.
                let of = |name: &str| windows.iter().find(|window| window.tensor == name);
                let tensors = inputs.iter().chain(outputs);
                let found = tensors.map(|tensor| of(&tensor.name).ok_or(HlsCoreError::Interface));
                let bytes = |window: &Window| vec![0; usize::try_from(window.bytes).unwrap_or(0)];
                Ports::Windows(found.map(|w| w.map(|w| (w.clone(), bytes(w)))).collect::<Result<_, _>>()?)
            }
            Host::AxiStream { .. } | Host::Coyote { .. } => return Err(HlsCoreError::Interface),
        };
        let missing = || HlsCoreError::Register("AP_CTRL".to_owned());
        let handshake = Handshake::of(&registers).ok_or_else(missing)?;
        let values = vec![0; registers.0.len()];
        let core = BeatCore::new(core, manifest)?;
        let (state, unanswered, errors) = (State::default(), Vec::new(), Vec::new());
        Ok(Self { core, handshake, behaviour, registers, ports, state, values, unanswered, errors })
    }

    /// Reads 32 bits at `offset` of the control port; what is nothing reads as 0. Time passes by reads.
    pub fn read(&mut self, offset: u64, memory: &mut Memory) -> u32 {
        self.pass(memory);
        if let Some((register, half)) = self.register(offset) {
            return match self.registers.0[register].name.as_str() {
                "AP_CTRL" => self.read_control(),
                "GIE" => self.state.global_enable.into(),
                "IER" => self.state.enabled,
                "ISR" => self.state.pending,
                _ => (self.values[register] >> half) as u32,
            };
        }
        self.window(offset).map_or(0, |(_, word)| {
            let mut bytes = [0; 4];
            bytes[..word.len()].copy_from_slice(word);
            u32::from_le_bytes(bytes)
        })
    }

    /// Writes 32 bits at `offset`; what is nothing, or an output's window, takes nothing.
    pub fn write(&mut self, offset: u64, value: u32, memory: &mut Memory) {
        if let Some((register, half)) = self.register(offset) {
            let Register { name, width_bits, .. } = &self.registers.0[register];
            match name.as_str() {
                "AP_CTRL" => self.write_control(value),
                "GIE" => self.state.global_enable = value & 1 != 0,
                "IER" => self.state.enabled = value & 3,
                "ISR" => self.state.pending ^= value & 3,
                _ => {
                    let kept = u64::MAX >> (64 - (*width_bits).clamp(1, 64));
                    let old = self.values[register] & !(0xffff_ffff << half);
                    self.values[register] = (old | u64::from(value) << half) & kept;
                }
            }
        } else {
            let inputs = self.core.inputs();
            if let Some((tensor, word)) = self.window(offset) {
                if tensor < inputs {
                    let bytes = word.len();
                    word.copy_from_slice(&value.to_le_bytes()[..bytes]);
                }
            }
        }
        self.begin(memory);
    }

    /// The interrupt line.
    pub fn interrupt(&self) -> bool {
        self.state.global_enable && self.state.pending != 0
    }

    /// The first accesses of memory that nobody answered, as (address, bytes). The core reads zeros there and goes on: it
    /// does not look at the bus's response.
    pub fn unanswered(&self) -> &[(u64, usize)] {
        &self.unanswered
    }

    /// Samples that the core failed to compute; nothing was written for them.
    pub fn errors(&self) -> &[BeatError] {
        &self.errors
    }

    /// Forgets everything: the FPGA was programmed anew.
    pub fn reset(&mut self) {
        self.core.reset();
        self.state = State::default();
        self.values.fill(0);
        self.unanswered.clear();
        self.errors.clear();
        if let Ports::Windows(windows) = &mut self.ports {
            windows.iter_mut().for_each(|(_, bytes)| bytes.fill(0));
        }
    }

    /// The register with the word at `offset`, and the word's first bit.
    fn register(&self, offset: u64) -> Option<(usize, u32)> {
        let holds = |register: &Register| {
            let bytes = u64::from(register.width_bits / 8);
            let inside = offset.checked_sub(register.offset).filter(|&byte| byte < bytes)?;
            Some(inside as u32 / 4 * 32)
        };
        self.registers.0.iter().enumerate().find_map(|(index, register)| Some((index, holds(register)?)))
    }

    /// The tensor whose window has `offset`, and the word there, which the end of the window may shorten.
    fn window(&mut self, offset: u64) -> Option<(usize, &mut [u8])> {
        let Ports::Windows(windows) = &mut self.ports else { return None };
        windows.iter_mut().enumerate().find_map(|(tensor, (window, bytes))| {
            let first = usize::try_from(offset.checked_sub(window.offset)?).ok()? / 4 * 4;
            let end = bytes.len().min(first + 4);
            Some((tensor, bytes.get_mut(first..end).filter(|word| !word.is_empty())?))
        })
    }

    fn read_control(&mut self) -> u32 {
        let state = &mut self.state;
        let bit = |on: bool, bit: u32| if on { bit } else { 0 };
        let idle = state.running.is_none();
        let value = bit(state.start, START)
            | bit(state.done, DONE)
            | bit(idle, IDLE)
            | bit(state.ready, READY)
            | bit(state.auto_restart, AUTO_RESTART)
            | bit(state.global_enable && state.pending != 0, INTERRUPT);
        state.ready = false;
        if self.handshake == Handshake::Hs {
            state.done = false;
        }
        value
    }

    fn write_control(&mut self, value: u32) {
        self.state.auto_restart = value & AUTO_RESTART != 0;
        self.state.start |= value & START != 0;
        if self.handshake == Handshake::Chain && value & CONTINUE != 0 {
            self.state.done = false;
        }
    }

    /// Begins a call that waits, if it may, and ends it at once if the core is not slow.
    fn begin(&mut self, memory: &mut Memory) {
        let held = self.handshake == Handshake::Chain && self.state.done;
        if self.state.start && self.state.running.is_none() && !held {
            self.state.running = Some(self.behaviour.busy_reads);
        }
        if self.state.running == Some(0) {
            self.call(memory);
        }
    }

    fn pass(&mut self, memory: &mut Memory) {
        if let Some(reads) = &mut self.state.running {
            *reads = reads.saturating_sub(1);
        }
        self.begin(memory);
    }

    /// A call, from its first read to its last write, unless it gets stuck.
    fn call(&mut self, memory: &mut Memory) {
        let samples = match &self.ports {
            Ports::Pointers { batch, .. } => self.values[*batch],
            Ports::Windows(_) => 1,
        };
        for sample in 0..samples {
            if self.behaviour.stuck_after.is_some_and(|limit| self.core.runs() >= limit) {
                return;
            }
            self.sample(sample, memory);
        }
        let state = &mut self.state;
        state.running = None;
        (state.done, state.ready) = (true, true);
        state.start = state.auto_restart;
        state.pending |= state.enabled & 3;
    }

    fn sample(&mut self, sample: u64, memory: &mut Memory) {
        let inputs = self.core.inputs();
        for input in 0..inputs {
            let (bytes, beat_bytes) = self.core.input_bytes(input);
            let data = match &self.ports {
                Ports::Windows(windows) => windows[input].1[..bytes].to_vec(),
                Ports::Pointers { pointers, .. } => {
                    let at = address(self.values[pointers[input]], sample, bytes);
                    let found = at.and_then(|at| memory.get(at, bytes)).map(<[u8]>::to_vec);
                    found.unwrap_or_else(|| {
                        note(&mut self.unanswered, at, bytes);
                        vec![0; bytes]
                    })
                }
            };
            let beats = bytes / beat_bytes;
            for (index, beat) in data.chunks(beat_bytes).enumerate() {
                if let Err(error) = self.core.offer(input, beat, index + 1 == beats) {
                    self.errors.push(error);
                }
            }
        }
        for output in 0.. {
            let Some(beats) = self.core.take_output(output) else { break };
            let data = beats.bytes();
            if data.is_empty() {
                continue;
            }
            match &mut self.ports {
                Ports::Windows(windows) => {
                    let window = &mut windows[inputs + output].1;
                    let bytes = window.len().min(data.len());
                    window[..bytes].copy_from_slice(&data[..bytes]);
                }
                Ports::Pointers { pointers, .. } => {
                    let at = address(self.values[pointers[inputs + output]], sample, data.len());
                    match at.and_then(|at| memory.get_mut(at, data.len())) {
                        Some(target) => target.copy_from_slice(data),
                        None => note(&mut self.unanswered, at, data.len()),
                    }
                }
            }
        }
    }
}

/// A wrong pointer is wrong for every sample of a batch; a few of them tell it.
fn note(unanswered: &mut Vec<(u64, usize)>, at: Option<u64>, bytes: usize) {
    if unanswered.len() < 64 {
        unanswered.push((at.unwrap_or(u64::MAX), bytes));
    }
}

/// Where a sample of `bytes` bytes begins.
fn address(pointer: u64, sample: u64, bytes: usize) -> Option<u64> {
    pointer.checked_add(sample.checked_mul(bytes as u64)?)
}
