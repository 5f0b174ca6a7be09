//! Devices in software, accurate to the register: what a driver meets on a board, as plain data without threads.
//!
//! - [`Memory`]: the physical memory that masters on the bus reach.
//! - [`AxiDma`]: an AXI DMA in simple mode, as PG021 tells it.
//! - [`HlsCore`]: a core of Vitis HLS behind its control port, with memory masters or with windows.
//! - [`Board`]: all that a manifest's `host` names, at its addresses, around one [`crate::Core`].
//!
//! Nothing happens between accesses: a device does what it can when a register is read or written. A driver that works
//! here has met halted channels, bits that clear when read, packets that are too long, addresses that nobody answers
//! and, with [`Behaviour`], cores that are slow or never finish.

mod board;
mod dma;
mod hls_core;
mod memory;

pub use board::{Board, BoardError};
pub use dma::{AxiDma, DmaOptions};
pub use hls_core::{HlsCore, HlsCoreError};
pub use memory::Memory;

/// How a core behaves beyond computing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Register reads that a call takes before it is done; 0 answers at once.
    pub busy_reads: u32,
    /// After so many samples it takes no further one and never finishes.
    pub stuck_after: Option<u64>,
}
