//! HLS C++ of a validated network, and NetLathe's own header library `nnet`.
//!
//! [`emit`] turns a [`Validated`](netlathe_ir::Validated) network into a flat folder of C++11: the top function with the needed
//! headers, weights and tables as integers. [`test_bench`] adds a program that runs the top function over vectors. Both are
//! pure: the same network gives the same bytes, and nothing is written, run or looked up. Nothing here knows a board or a bus; a
//! back end wraps the top function, whose words [`layout`] describes, with the help of [`wrapper`].
//!
//! The generated code computes what `docs/numerics.md` says, as the emulator does, bit for bit.

mod adder_graph;
mod bench;
mod kernel;
mod layer;
pub mod layout;
pub mod limits;
pub mod names;
mod nnet;
mod op;
mod stream;
pub mod tree;
pub mod wrapper;

pub use bench::test_bench;
pub use kernel::{Kernel, Options, Trace, emit};
pub use layout::{PortTensor, Side, Slot, Word};
pub use names::Namer;
pub use stream::{Channel, Fifo, Port, Streams};
pub use tree::SourceTree;
