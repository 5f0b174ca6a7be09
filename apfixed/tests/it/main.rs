//! Everything about the public interface: tables of known answers, an independent oracle, the `fixed` crate, and the
//! C++ headers themselves where they and a compiler are at hand.

mod fixed_crate;
mod headers;
mod known;
mod oracle;
mod parse;
mod rng;
mod types;
