//! The project as data, its C++ under g++, its Tcl under tclsh.

mod alveo;
mod alveo_ini;
mod alveo_script;
mod bench;
mod boards;
mod design;
mod driver_vectors;
mod hls;
mod place;
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
