//! Vivado projects for Zynq boards: the kernel with its AXI streams, scripts for Vitis HLS and Vivado, and a test bench.
//!
//! [`emit`] puts the [`Kernel`] of the code generator, which knows no bus, behind two AXI4-Streams and an AXI DMA. Beats are
//! those of hls4ml's VivadoAccelerator backend: one float32 a beat, a batch is one DMA transfer, TLAST only after its last
//! sample. Names in the block design are hls4ml's, so that drivers written for its bitstreams fit. Unlike there, samples overlap
//! (DATAFLOW), a transfer of a wrong length does not block the next, the clock is the one that was asked for, both interrupts
//! are wired, and a script that fails says so by its exit code.
//!
//! The scripts ask the IP catalogue for the newest version of each IP, so they fit Vivado 2020.2 and what came after it.
//!
//! This crate never writes a file and never runs a tool.

mod alveo;
mod board;
mod driver;
mod elements;
mod error;
mod options;
mod project;
mod scripts;
mod zynq;

pub use board::{
    Actual, Alveo, Board, CardMemory, Clock, Content, Control, Dma, Family, InterfaceKind, Memory,
    MemoryKind, Package, Region, Zynq, boards, find,
};
pub use driver::DRIVER;
pub use elements::element;
pub use error::Error;
pub use netlathe_codegen_hls::Kernel;
pub use netlathe_codegen_hls::wrapper::{Bench, Element, Fault};
pub use options::Options;
pub use project::{Project, emit};
