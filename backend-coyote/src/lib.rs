//! Coyote-shell projects: the kernel with its host streams, `vfpga_top.svh`, CMake, and a test bench.
//!
//! [`emit`] puts [`Kernel`] of the code generator, which knows no bus, behind Coyote's 512-bit host streams and adds what
//! Coyote's build wants. Beats are those of hls4ml's Coyote backend, so that bitstreams interchange: 16 float32 a beat, every
//! sample on a new beat. Unlike there, samples overlap (DATAFLOW), TLAST is on the last beat of every sample, TKEEP is all ones,
//! and a packet of a wrong length is answered without spoiling the next.
//!
//! The kernel folder is flat and has one `.cpp` that counts, because that is all that Coyote's HLS step compiles.
//!
//! This crate never writes a file, never runs a tool, and never copies Coyote: the project finds it at `COYOTE_ROOT`.

mod board;
mod error;
mod project;

pub use board::{Board, Clock, boards, find};
pub use error::Error;
pub use netlathe_codegen_hls::Kernel;
pub use netlathe_codegen_hls::wrapper::{Bench, Fault, Options};
pub use project::{Project, emit};
