//! Bit-accurate execution of a validated network.
//!
//! [`Plan::compile`] turns a [`Validated`](netlathe_ir::Validated) network into a plan once; [`Plan::predict`] runs it on
//! batches many times. Every number is the integer that the hardware holds: the arithmetic of each layer is written down in
//! `docs/numerics.md`, and the generated C++ computes the same by the HLS types.
//!
//! A plan works on 64-bit integers when every intermediate of every layer provably fits, else on 128-bit ones; what needs
//! more is refused when the plan is made. Never here: generated code, files, tools.
//!
//! ```
//! # use netlathe_ir::{Graph, Origin, Op, op::input::Input, op::activation::{Activation, Function}, config::Config, passes};
//! # let mut g = Graph::new("m");
//! # let o = |s: &str| Origin { layer: s.into(), role: String::new() };
//! # let x = g.add("x", o("x"), Op::Input(Input { shape: vec![2], integer: None }), &[]).unwrap();
//! # let r = g.add("r", o("r"), Op::Activation(Activation::new(Function::Relu)), &[x]).unwrap();
//! # g.inputs = vec![x];
//! # g.outputs = vec![r];
//! # let network = passes::run(g, &Config::default(), &passes::Types::Configured).unwrap().network;
//! let plan = netlathe_emulator::Plan::compile(&network)?;
//! let x = ndarray::array![[0.75_f32, -1.0], [2.5, 31.0]].into_dyn();
//! let y = plan.predict(&[x.view()])?;
//! assert_eq!(y[0], ndarray::array![[0.75, 0.0], [2.5, 31.0]].into_dyn());
//! # Ok::<(), netlathe_emulator::Error>(())
//! ```

mod int;
mod op;
mod plan;
mod program;
mod trace;

pub use plan::{Error, Plan, Port, Real};
pub use trace::{LayerTrace, Trace};
