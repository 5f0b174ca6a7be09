//! Generated C++ against the emulator, through g++ and the HLS number types.
//!
//! Environment: `NETLATHE_AP_TYPES`, the folder with `ap_fixed.h`; without it, or without g++, the tests that compile say
//! SKIPPED. `NETLATHE_CODEGEN_SEED` changes the random types and values.

mod bench;
mod convolutions;
mod emitted;
mod functions;
#[path = "../shared/gxx.rs"]
mod gxx;
mod names;
mod operations;
mod streams;
mod support;
mod tensors;
mod words;
mod wrappers;
