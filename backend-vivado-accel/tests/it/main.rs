//! The project as data, its C++ under g++, its Tcl under tclsh.

mod bench;
// The kernels written by hand are the same for both back ends.
#[path = "../../../backend-coyote/tests/it/kernels.rs"]
mod kernels;
mod tcl;
mod tree;
