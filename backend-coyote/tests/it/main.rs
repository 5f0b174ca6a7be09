//! The shell and the project as data, its C++ under g++, its SystemVerilog under a parser, its CMake under cmake.

mod bench;
mod boards;
mod cmake;
mod coyote;
mod host;
mod host_mutants;
mod models;
mod shell;
mod svh;
mod tools;
mod tree;

// What is the same for all flows.
#[path = "../../../codegen-hls/tests/shared/gxx.rs"]
mod gxx;
#[path = "../../../codegen-hls/tests/shared/kernels.rs"]
mod kernels;
#[path = "../../../codegen-hls/tests/shared/wrapper_bench.rs"]
mod wrapper_bench;
#[path = "../../../codegen-hls/tests/shared/wrapper_tree.rs"]
mod wrapper_tree;
