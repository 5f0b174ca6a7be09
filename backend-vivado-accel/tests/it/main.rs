//! The project as data, its C++ under g++, its Tcl under tclsh.

mod bench;
mod driver;
mod driver_vectors;
mod tcl;
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
