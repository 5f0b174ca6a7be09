//! Coyote-shell projects: kernels with their host streams, `vfpga_top.svh`, CMake, and test benches.
//!
//! [`emit`] puts [`Kernel`] of the code generator, which knows no bus, behind Coyote's 512-bit host streams and adds what
//! Coyote's build wants. Beats are those of hls4ml's Coyote backend unless asked otherwise, so that hosts of either should fit:
//! 16 float32 a beat, every sample on a new beat. Unlike there, samples overlap (DATAFLOW), TLAST is on the last beat of every
//! sample, TKEEP is all ones, a packet of a wrong length is answered without spoiling the next, and a network may have several
//! inputs and outputs. [`emit_many`] puts several models on one card.
//!
//! The kernel folder is flat and has one `.cpp` that counts, because that is all that Coyote's HLS step compiles.
//!
//! What Coyote's CMake would refuse is refused here first: see [`Shell`] and [`Error`].
//!
//! This crate never writes a file, never runs a tool, and never copies Coyote: the project finds it at `COYOTE_ROOT`.

mod board;
mod error;
mod host;
mod options;
mod project;
mod readme;
mod shell;

pub use board::{Board, Clock, Family, Images, Memory, MemoryKind, Tools, boards, find};
pub use error::Error;
pub use netlathe_codegen_hls::Kernel;
pub use netlathe_codegen_hls::wrapper::{Bench, Element, Fault};
pub use options::{Layers, Options};
pub use project::{Card, Member, Model, Project, emit, emit_many};
pub use shell::{MAX_REGIONS, MAX_STREAMS, Need, Shell};
