//! The contract between a built accelerator and whoever drives it.
//!
//! | what | where |
//! |---|---|
//! | [`Manifest`]: one JSON file beside the bitstream: tensors, their packing, how they are reached, hashes | `manifest` |
//! | [`Tensor`], [`Packing`], [`Element`]: how a sample lies in beats | `tensor` |
//! | [`Host`]: DMAs, control ports, windows, XRT arguments or streams; what a manifest may say of them | `host`, `host_check` |
//! | [`hls_control()`], [`HwHeader`]: the registers of a core's control port, foretold and as the tool told them | `hls_control`, `hw_header` |
//! | [`Codec`]: beats of a tensor from host values and back; emulator, drivers and tests share it, so that "the board equals the emulator" is a statement about the board | `codec`: samples and errors; `lane`: values; `pack`: bits |
//! | [`Accelerator`]: what a user drives, and [`LatencyHistogram`]: how long it took | `accelerator`, `latency` |
//! | [`Core`], [`BeatCore`], [`Beats`]: what a software device has inside; the reference of the wrapper's rules | `device`, `beats` |
//! | DMAs, control ports and boards in software, accurate to the register | [`software`] |
//!
//! Several tensors are as one: each has its own stream, pointer, window or argument, in the order of the network; a
//! sample is one of each.
//!
//! This crate never opens a file or a device, and does not know how the accelerator was built: it sees no graph
//! and no generated code. It keeps to Rust 1.85 so that it builds on a board.
//!
//! A sample of three values on a stream of 32 bits, two 16-bit elements a beat:
//!
//! ```
//! use netlathe_overlay::{Element, Packing, Tensor, Transfer, decode, encode};
//!
//! let ty = "ap_fixed<16,6,AP_RND,AP_SAT>".parse()?;
//! let tensor = Tensor {
//!     name: "scores".to_owned(),
//!     shape: vec![3],
//!     ty,
//!     packing: Packing::full(32, Element::Fixed(ty), Transfer::Sample),
//! };
//! let mut beats = Vec::new();
//! let samples = encode(&[1.5f32, -0.25, 100.0], &tensor, &mut beats)?;
//! assert_eq!(samples, 1);
//! // 1.5 * 2^10 = 0x0600, -0.25 * 2^10 = 0xff00; 100 saturates at 0x7fff; the last lane is padding.
//! assert_eq!(beats, [0x00, 0x06, 0x00, 0xff, 0xff, 0x7f, 0x00, 0x00]);
//!
//! let raw: Vec<i64> = decode(&beats, &tensor)?;
//! assert_eq!(raw, [1536, -256, 32767]);
//! let values: Vec<f32> = decode(&beats, &tensor)?;
//! assert_eq!(values, [1.5, -0.25, 31.999023]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accelerator;
mod beats;
mod codec;
mod device;
mod hls_control;
mod host;
mod host_check;
mod hw_header;
mod lane;
mod latency;
mod manifest;
mod pack;
pub mod software;
mod tensor;

pub use accelerator::{Accelerator, Error, batch_of, decode_array, encode_array};
pub use beats::Beats;
pub use codec::{Codec, CodecError, beats_per_sample, bytes_per_sample, decode, encode};
pub use device::{BeatCore, BeatError, Core, CoreError, Exchange, LengthFault, Port};
pub use hls_control::{
    ArrayWindow, Handshake, HlsControl, Parameter, axi_lite_windows, axi_master_registers, hls_control,
};
pub use host::{BATCH, Bank, Dma, Host, IpCore, Window, port_names};
pub use hw_header::HwHeader;
pub use lane::HostValue;
pub use latency::{LatencyHistogram, RELATIVE_ERROR};
pub use manifest::{
    Access, Flow, Hashes, IoType, MAX_BYTES, Manifest, ManifestError, Problem, Register, RegisterMap, VERSION,
};
pub use netlathe_apfixed::{FixedType, Overflow};
pub use tensor::{
    BitOrder, Element, ElementOrder, MAX_BEAT_BITS, MAX_ELEMENT_BITS, MAX_SAMPLE_BYTES, Packing, Tensor,
    Transfer,
};
