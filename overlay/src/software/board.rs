//! All that a manifest's `host` names, at its physical addresses.

use thiserror::Error;

use crate::device::{BeatCore, BeatError, Core, LengthFault};
use crate::host::{Dma, Host};
use crate::manifest::{Manifest, ManifestError};
use crate::software::Behaviour;
use crate::software::dma::{AxiDma, DmaOptions};
use crate::software::hls_core::{HlsCore, HlsCoreError};
use crate::software::memory::Memory;

/// Why a board was not made.
#[derive(Debug, Error)]
pub enum BoardError {
    /// The manifest describes no accelerator.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Driven through a library, not through addresses.
    #[error(
        "the manifest's interface is not on the processor's bus; use axi_stream, axi_master or axi_lite, or an \
         HlsCore or a BeatCore by itself"
    )]
    Interface,
    /// A core and its control port.
    #[error(transparent)]
    Core(#[from] HlsCoreError),
    /// A core and its streams.
    #[error(transparent)]
    Beats(#[from] BeatError),
}

/// A software board: an accelerator of a manifest on a processor's bus, with memory.
///
/// Registers are read and written by physical address, as through `/dev/mem`; memory as data.
#[derive(Debug)]
pub struct Board<C> {
    /// What DMAs and cores reach; a driver allocates its buffers here.
    pub memory: Memory,
    device: Device<C>,
}

#[derive(Debug)]
enum Device<C> {
    Streams(Box<Streams<C>>),
    Core { base: u64, bytes: u64, core: Box<HlsCore<C>> },
}

#[derive(Debug)]
struct Streams<C> {
    core: BeatCore<C>,
    dmas: Vec<(Dma, AxiDma)>,
    behaviour: Behaviour,
    /// Reads until beats move again.
    busy: u32,
    errors: Vec<BeatError>,
}

impl<C: Core> Board<C> {
    /// A board after power-up. DMAs have 64-bit addresses and no realignment.
    ///
    /// # Errors
    /// [`BoardError`]: an invalid manifest, one that is not driven by addresses, or one of another network.
    pub fn new(
        core: C,
        manifest: &Manifest,
        memory: Memory,
        behaviour: Behaviour,
    ) -> Result<Self, BoardError> {
        manifest.validate().map_err(ManifestError::Invalid)?;
        let device = match &manifest.host {
            Host::AxiStream { dmas } => {
                let core = BeatCore::new(core, manifest)?;
                let dmas = dmas.iter().map(|dma| (dma.clone(), axi_dma(dma, manifest))).collect();
                let errors = Vec::new();
                Device::Streams(Box::new(Streams { core, dmas, behaviour, busy: 0, errors }))
            }
            Host::AxiMaster { core: port } | Host::AxiLite { core: port, .. } => {
                let core = Box::new(HlsCore::new(core, manifest, behaviour)?);
                Device::Core { base: port.base, bytes: port.bytes, core }
            }
            Host::Xrt { .. } | Host::Coyote { .. } => return Err(BoardError::Interface),
        };
        Ok(Self { memory, device })
    }

    /// Reads 32 bits at a physical address that is a multiple of 4; `None` where nothing answers.
    pub fn read(&mut self, address: u64) -> Option<u32> {
        match &mut self.device {
            Device::Streams(streams) => {
                streams.busy = streams.busy.saturating_sub(1);
                streams.run(&mut self.memory);
                let (offset, dma) = streams.find(address)?;
                Some(dma.read(offset))
            }
            Device::Core { base, bytes, core } => {
                let offset = address.checked_sub(*base).filter(|offset| offset < bytes)?;
                Some(core.read(offset, &mut self.memory))
            }
        }
    }

    /// Writes 32 bits at a physical address that is a multiple of 4; `false` where nothing answers.
    #[must_use]
    pub fn write(&mut self, address: u64, value: u32) -> bool {
        match &mut self.device {
            Device::Streams(streams) => {
                let Some((offset, dma)) = streams.find(address) else { return false };
                dma.write(offset, value);
                streams.busy = streams.behaviour.busy_reads;
                streams.run(&mut self.memory);
                true
            }
            Device::Core { base, bytes, core } => {
                let Some(offset) = address.checked_sub(*base).filter(|offset| offset < bytes) else {
                    return false;
                };
                core.write(offset, value, &mut self.memory);
                true
            }
        }
    }

    /// The interrupt lines: MM2S and S2MM of each DMA in the manifest's order, or the core's one.
    pub fn interrupts(&self) -> Vec<bool> {
        match &self.device {
            Device::Streams(streams) => streams.dmas.iter().flat_map(|(_, dma)| dma.interrupts()).collect(),
            Device::Core { core, .. } => vec![core.interrupt()],
        }
    }

    /// Samples that the core failed to compute, and could not answer.
    pub fn errors(&self) -> &[BeatError] {
        match &self.device {
            Device::Streams(streams) => &streams.errors,
            Device::Core { core, .. } => core.errors(),
        }
    }

    /// The first accesses of memory by a core that nobody answered, as (address, bytes). DMAs have error bits for it.
    pub fn unanswered(&self) -> &[(u64, usize)] {
        match &self.device {
            Device::Streams(_) => &[],
            Device::Core { core, .. } => core.unanswered(),
        }
    }

    /// Takes the samples of a wrong length that the streams have had so far.
    pub fn take_length_faults(&mut self) -> Vec<LengthFault> {
        match &mut self.device {
            Device::Streams(streams) => streams.core.take_faults(),
            Device::Core { .. } => Vec::new(),
        }
    }

    /// Programs the FPGA anew; memory keeps its content.
    pub fn program(&mut self) {
        match &mut self.device {
            Device::Streams(streams) => {
                streams.core.reset();
                streams.dmas.iter_mut().for_each(|(_, dma)| dma.reset());
                streams.busy = 0;
                streams.errors.clear();
            }
            Device::Core { core, .. } => core.reset(),
        }
    }
}

impl<C: Core> Streams<C> {
    fn find(&mut self, address: u64) -> Option<(u64, &mut AxiDma)> {
        self.dmas.iter_mut().find_map(|(dma, device)| {
            let offset = address.checked_sub(dma.base).filter(|&offset| offset < dma.bytes)?;
            Some((offset, device))
        })
    }

    /// Moves beats until none can be moved.
    fn run(&mut self, memory: &mut Memory) {
        if self.busy > 0 {
            return;
        }
        let mut moved = true;
        while moved {
            moved = false;
            for index in 0..self.dmas.len() {
                let stuck = self.behaviour.stuck_after.is_some_and(|limit| self.core.runs() >= limit);
                let waits = self.dmas.iter().any(|(_, dma)| dma.answer_waits());
                match self.dmas[index].1.step(memory, &mut self.core, !stuck && !waits) {
                    Ok(any) => moved |= any,
                    Err(error) => {
                        self.errors.push(error);
                        moved = true;
                    }
                }
            }
        }
    }
}

fn axi_dma(dma: &Dma, manifest: &Manifest) -> AxiDma {
    let input = manifest.inputs.iter().position(|tensor| dma.input.as_ref() == Some(&tensor.name));
    let output = manifest.outputs.iter().position(|tensor| dma.output.as_ref() == Some(&tensor.name));
    let bits = |tensor: &crate::Tensor| tensor.packing.beat_bits;
    let widths = [input.map(|i| bits(&manifest.inputs[i])), output.map(|o| bits(&manifest.outputs[o]))];
    let options = DmaOptions {
        length_bits: dma.length_bits,
        input_bytes: widths[0].map_or(1, |bits| bits / 8),
        output_bytes: widths[1].map_or(1, |bits| bits / 8),
        address_bits: 64,
        realignment: false,
    };
    AxiDma::new(options, input, output)
}
