//! The inside of a software device: a [`Core`] computes on raw integers, [`BeatCore`] makes of it something that
//! takes beats and gives beats as the wrapper in the hardware does.
//!
//! The wrapper's rules, the same in hardware and here:
//!
//! - A sample is a fixed number of beats on each input; it is complete with the last of them. When every input has
//!   a complete sample, the core runs once and every output gets a whole sample of beats.
//! - An input that has a complete sample takes no further one until the core has run (TREADY is low).
//! - TLAST before the end of a sample cuts it short: the rest is zeros, it is answered all the same so that nobody
//!   waits for ever, and the fault is reported. The next beat starts a new sample.
//! - Under [`Transfer::Sample`], beats that follow a complete sample whose last beat lacked TLAST are dropped, up
//!   to and with the beat that has TLAST, and the fault is reported. One packet, one answer: host and device stay
//!   in step. Under [`Transfer::Batch`] such beats are the next sample.
//! - TLAST on an output: under `Sample`, on the last beat of each sample; under `Batch`, on the last beat of the
//!   sample that closed the batch, which is one with TLAST on any input whose rule is `Batch` (if there is no such
//!   input, a batch is one sample).
//! - TKEEP is ignored on inputs and all ones on outputs, padding included.

use std::error::Error as StdError;

use netlathe_apfixed::FixedType;
use thiserror::Error;

use crate::beats::Beats;
use crate::codec::{Codec, CodecError};
use crate::manifest::Manifest;
use crate::tensor::{Tensor, Transfer};

/// A tensor as a core sees it: no name, no packing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The shape of one sample.
    pub shape: Vec<usize>,
    /// The type that its raw integers are of.
    pub ty: FixedType,
}

/// Something that computes one sample at a time on raw integers: the emulator, or compiled C++.
pub trait Core {
    /// The inputs, in the manifest's order.
    fn inputs(&self) -> Vec<Port>;

    /// The outputs, in the manifest's order.
    fn outputs(&self) -> Vec<Port>;

    /// Computes one sample. One slice per tensor, flat in row-major order, as long as the port's shape says.
    ///
    /// # Errors
    /// [`CoreError`] when the sample could not be computed; the outputs are then unspecified.
    fn run(&mut self, inputs: &[&[i64]], outputs: &mut [&mut [i64]]) -> Result<(), CoreError>;
}

/// Why a core did not compute a sample.
#[derive(Debug, Error)]
pub enum CoreError {
    /// Slices that do not match the ports.
    #[error("the core was given {found} where it has {expected}")]
    Slices {
        /// What the core has, such as "2 inputs of 16 and 4 values".
        expected: String,
        /// What it was given.
        found: String,
    },
    /// It failed inside.
    #[error("the core failed: {0}")]
    Failed(Box<dyn StdError + Send + Sync>),
}

/// Why a [`BeatCore`] was not made or did not take beats.
#[derive(Debug, Error)]
pub enum BeatError {
    /// The core is of another network than the manifest.
    #[error(
        "the core has {core} as its {side}, the manifest describes {manifest}; they are of different networks"
    )]
    Mismatch {
        /// "inputs" or "outputs".
        side: &'static str,
        /// The core's ports.
        core: String,
        /// The manifest's tensors.
        manifest: String,
    },
    /// No such input.
    #[error("there is no input {index}, the accelerator has {inputs}")]
    NoInput {
        /// The index asked for.
        index: usize,
        /// Number of inputs.
        inputs: usize,
    },
    /// A beat of another width than the port's.
    #[error("input {name:?}: a beat of {found} bytes was sent to a port of {expected} bytes")]
    Width {
        /// The tensor.
        name: String,
        /// Bytes of the port.
        expected: usize,
        /// Bytes of the beat.
        found: usize,
    },
    /// All inputs that still have beats wait for one that has none.
    #[error(
        "{left} beats of input {name:?} cannot be taken: a complete sample waits there for input {waits_for:?}, \
         which got too few; send as many samples to every input, after a reset"
    )]
    Stalled {
        /// The input that has beats left.
        name: String,
        /// How many.
        left: usize,
        /// The input that has none.
        waits_for: String,
    },
    /// Beats and values do not convert.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The core failed.
    #[error(transparent)]
    Core(#[from] CoreError),
}

/// A sample of the wrong length; it was answered, see the module's rules.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LengthFault {
    /// TLAST came early; the rest was taken as zeros.
    #[error(
        "input {input:?}, sample {sample}: TLAST on beat {found} of {expected}; the rest was taken as zeros"
    )]
    Short {
        /// The tensor.
        input: String,
        /// Samples of that input before this one.
        sample: u64,
        /// Beats of a sample.
        expected: usize,
        /// Beats that came.
        found: usize,
    },
    /// TLAST did not come with the last beat.
    #[error(
        "input {input:?}, sample {sample}: no TLAST on beat {expected} of {expected}; beats up to it are dropped"
    )]
    Long {
        /// The tensor.
        input: String,
        /// Samples of that input before this one.
        sample: u64,
        /// Beats of a sample.
        expected: usize,
    },
}

/// What came of [`BeatCore::exchange`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The beats of each output.
    pub outputs: Vec<Beats>,
    /// Samples of the wrong length, in the order they were met.
    pub faults: Vec<LengthFault>,
}

/// A [`Core`] behind the beats of a manifest.
#[derive(Debug)]
pub struct BeatCore<C> {
    core: C,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    faults: Vec<LengthFault>,
    runs: u64,
}

#[derive(Debug)]
struct Input {
    codec: Codec,
    /// Bytes of the sample under way; whole when `complete`.
    sample: Vec<u8>,
    /// A whole sample waits for the core; whether it had TLAST.
    complete: Option<bool>,
    /// A complete sample lacked its TLAST: what comes is dropped until there is one.
    overlong: Overlong,
    samples: u64,
    raw: Vec<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overlong {
    No,
    /// Nothing has followed yet.
    Open,
    /// Beats have been dropped, and reported.
    Dropping,
}

#[derive(Debug)]
struct Output {
    codec: Codec,
    raw: Vec<i64>,
    bytes: Vec<u8>,
    beats: Beats,
}

impl<C: Core> BeatCore<C> {
    /// Puts the manifest's wrapper around `core`.
    ///
    /// # Errors
    /// [`BeatError::Mismatch`] when shapes or types of the two differ, [`BeatError::Codec`] when a tensor cannot
    /// be packed or its raw integers do not fit in an `i64`.
    pub fn new(core: C, manifest: &Manifest) -> Result<Self, BeatError> {
        matching("inputs", &core.inputs(), &manifest.inputs)?;
        matching("outputs", &core.outputs(), &manifest.outputs)?;
        let inputs = codecs(&manifest.inputs)?.into_iter().map(|codec| Input {
            sample: Vec::with_capacity(codec.bytes_per_sample()),
            complete: None,
            overlong: Overlong::No,
            samples: 0,
            raw: vec![0; codec.size()],
            codec,
        });
        let outputs = codecs(&manifest.outputs)?.into_iter().map(|codec| Output {
            raw: vec![0; codec.size()],
            bytes: vec![0; codec.bytes_per_sample()],
            beats: Beats::new(codec.beat_bytes()),
            codec,
        });
        Ok(Self { core, inputs: inputs.collect(), outputs: outputs.collect(), faults: Vec::new(), runs: 0 })
    }

    /// The core inside.
    pub fn core(&self) -> &C {
        &self.core
    }

    /// How many inputs there are.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Bytes of a sample and of a beat of input `index`, which exists.
    pub(crate) fn input_bytes(&self, index: usize) -> (usize, usize) {
        let codec = &self.inputs[index].codec;
        (codec.bytes_per_sample(), codec.beat_bytes())
    }

    /// Samples that all inputs have had whole, those included that the core failed to compute.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Whether input `index` would take a beat now (TREADY).
    pub fn ready(&self, index: usize) -> bool {
        self.inputs.get(index).is_some_and(|input| input.complete.is_none() || input.overlong != Overlong::No)
    }

    /// Offers one beat to input `index`: `false` when it is not ready and the beat was not taken. The beat that
    /// completes the last missing sample runs the core.
    ///
    /// # Errors
    /// [`BeatError::NoInput`] and [`BeatError::Width`], the beat not taken; [`BeatError::Codec`] and
    /// [`BeatError::Core`] when the sample could not be computed: it is then gone, without an answer.
    pub fn offer(&mut self, index: usize, beat: &[u8], last: bool) -> Result<bool, BeatError> {
        let ready = self.ready(index);
        let inputs = self.inputs.len();
        let Some(input) = self.inputs.get_mut(index) else {
            return Err(BeatError::NoInput { index, inputs });
        };
        let expected = input.codec.beat_bytes();
        if beat.len() != expected {
            let name = input.codec.name().to_owned();
            return Err(BeatError::Width { name, expected, found: beat.len() });
        }
        if !ready {
            return Ok(false);
        }
        self.faults.extend(input.take(beat, last));
        if self.inputs.iter().all(|input| input.complete.is_some()) {
            self.run()?;
        }
        Ok(true)
    }

    /// Takes the beats that output `index` has given so far; `None` when there is no such output.
    pub fn take_output(&mut self, index: usize) -> Option<Beats> {
        let output = self.outputs.get_mut(index)?;
        Some(std::mem::replace(&mut output.beats, Beats::new(output.codec.beat_bytes())))
    }

    /// Takes the faults reported so far.
    pub fn take_faults(&mut self) -> Vec<LengthFault> {
        std::mem::take(&mut self.faults)
    }

    /// Forgets samples under way, outputs and faults, as the reset of the hardware does.
    pub fn reset(&mut self) {
        for input in &mut self.inputs {
            input.sample.clear();
            input.complete = None;
            input.overlong = Overlong::No;
            input.samples = 0;
        }
        for output in &mut self.outputs {
            output.beats = Beats::new(output.codec.beat_bytes());
        }
        self.faults.clear();
        self.runs = 0;
    }

    /// Sends one sequence of beats to each input, side by side, and takes what the outputs have then given. An
    /// incomplete sample without TLAST stays inside and waits for its rest.
    ///
    /// # Errors
    /// [`BeatError::NoInput`] unless there is one sequence per input; [`BeatError::Stalled`]; those of
    /// [`Self::offer`].
    pub fn exchange(&mut self, inputs: &[Beats]) -> Result<Exchange, BeatError> {
        if inputs.len() != self.inputs.len() {
            return Err(BeatError::NoInput { index: inputs.len(), inputs: self.inputs.len() });
        }
        let mut sent = vec![0; inputs.len()];
        loop {
            let mut moved = false;
            for (index, beats) in inputs.iter().enumerate() {
                while let Some((beat, last)) = beats.get(sent[index]) {
                    if !self.offer(index, beat, last)? {
                        break;
                    }
                    sent[index] += 1;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
        if let Some(index) = (0..inputs.len()).find(|&index| sent[index] < inputs[index].len()) {
            let waits_for = self.inputs.iter().find(|input| input.complete.is_none());
            return Err(BeatError::Stalled {
                name: self.inputs[index].codec.name().to_owned(),
                left: inputs[index].len() - sent[index],
                waits_for: waits_for.map_or_else(String::new, |input| input.codec.name().to_owned()),
            });
        }
        let outputs = (0..self.outputs.len()).filter_map(|index| self.take_output(index)).collect();
        Ok(Exchange { outputs, faults: self.take_faults() })
    }

    fn run(&mut self) -> Result<(), BeatError> {
        let batch_rule = |input: &&Input| input.codec.transfer() == Transfer::Batch;
        let closes = !self.inputs.iter().any(|input| batch_rule(&input))
            || self.inputs.iter().filter(batch_rule).any(|input| input.complete == Some(true));
        self.runs += 1;
        let mut received = Ok(());
        for input in &mut self.inputs {
            // All are emptied, also after an error, so that the next sample starts clean everywhere.
            let this = input.codec.receive(&input.sample, &mut input.raw);
            received = received.and(this.map(drop));
            input.sample.clear();
            input.complete = None;
        }
        received?;
        let given: Vec<&[i64]> = self.inputs.iter().map(|input| input.raw.as_slice()).collect();
        let mut wanted: Vec<&mut [i64]> =
            self.outputs.iter_mut().map(|output| output.raw.as_mut_slice()).collect();
        self.core.run(&given, &mut wanted)?;
        for output in &mut self.outputs {
            output.codec.encode_into(&output.raw, &mut output.bytes)?;
        }
        for output in &mut self.outputs {
            let ends = closes || output.codec.transfer() == Transfer::Sample;
            output.beats.append_packet(&output.bytes, ends);
        }
        Ok(())
    }
}

impl Input {
    /// Takes a beat of the right width; gives the fault that it showed.
    fn take(&mut self, beat: &[u8], last: bool) -> Option<LengthFault> {
        let (name, expected) = (self.codec.name(), self.codec.beats_per_sample());
        if self.overlong != Overlong::No {
            let first = self.overlong == Overlong::Open;
            self.overlong = if last { Overlong::No } else { Overlong::Dropping };
            return first.then(|| LengthFault::Long {
                input: name.to_owned(),
                sample: self.samples - 1,
                expected,
            });
        }
        self.sample.extend_from_slice(beat);
        let found = self.sample.len() / self.codec.beat_bytes();
        if found < expected && !last {
            return None;
        }
        let fault = (found < expected).then(|| LengthFault::Short {
            input: name.to_owned(),
            sample: self.samples,
            expected,
            found,
        });
        self.sample.resize(self.codec.bytes_per_sample(), 0);
        self.complete = Some(last);
        self.samples += 1;
        if !last && self.codec.transfer() == Transfer::Sample {
            self.overlong = Overlong::Open;
        }
        fault
    }
}

fn codecs(tensors: &[Tensor]) -> Result<Vec<Codec>, CodecError> {
    tensors
        .iter()
        .map(|tensor| {
            let codec = Codec::new(tensor)?;
            codec.check_raw()?;
            Ok(codec)
        })
        .collect()
}

fn matching(side: &'static str, core: &[Port], tensors: &[Tensor]) -> Result<(), BeatError> {
    let wanted: Vec<Port> =
        tensors.iter().map(|tensor| Port { shape: tensor.shape.clone(), ty: tensor.ty }).collect();
    if core == wanted {
        return Ok(());
    }
    let text = |ports: &[Port]| {
        let ports: Vec<_> = ports.iter().map(|port| format!("{} {:?}", port.ty, port.shape)).collect();
        if ports.is_empty() { "nothing".to_owned() } else { ports.join(", ") }
    };
    Err(BeatError::Mismatch { side, core: text(core), manifest: text(&wanted) })
}
