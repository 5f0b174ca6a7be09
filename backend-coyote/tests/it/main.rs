//! The shell and the project as data, its C++ under g++, its SystemVerilog under a parser, its CMake under cmake.

mod bench;
mod boards;
mod cmake;
mod coyote;
mod host;
mod host_coyote;
mod host_mutants;
mod host_network;
mod models;
mod shell;
mod svh;
mod tools;
mod tree;

// What is the same for all flows; not all of it is used here.
#[allow(dead_code, reason = "shared by all flows")]
#[path = "../../../codegen-hls/tests/shared/gxx.rs"]
mod gxx;
#[allow(dead_code, reason = "shared by all flows")]
#[path = "../../../codegen-hls/tests/shared/kernels.rs"]
mod kernels;
