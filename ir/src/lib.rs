//! The network as data.
//!
//! A [`Graph`] holds the layers of a network ([`Node`]), each with one [`op::Op`] of a closed set, its operands in order, the
//! shape of its one output tensor and the type of that tensor. A front end builds a graph whose types are still open
//! ([`Precision::Auto`]); [`passes::run`] applies a [`config::Config`], rewrites the graph as hls4ml does (the list of passes
//! in [`passes`] reads as the table of contents), and [`validate`](validate::validate) checks every rule of the house. Only a
//! [`Validated`] graph reaches the emulator or a code generator, so neither has to doubt a type or a shape.
//!
//! Never here: files, front ends, back ends, vendors. Shapes never include the batch.

pub mod config;
pub mod diag;
pub mod float;
pub mod graph;
pub mod op;
pub mod passes;
pub mod range;
pub mod table;
pub mod text;
pub mod validate;
pub mod weight;

pub use diag::{Diagnostic, Refused, Severity};
pub use graph::{Graph, Node, NodeId, Origin};
pub use netlathe_apfixed as apfixed;
pub use netlathe_apfixed::{FixedType, Precision};
pub use op::Op;
pub use validate::Validated;
pub use weight::{Weight, WeightQuantizer};
