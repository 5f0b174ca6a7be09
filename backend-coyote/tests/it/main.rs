//! The project as data, its C++ under g++, its CMake under cmake.

mod bench;
mod cmake;
mod kernels;
mod tree;
