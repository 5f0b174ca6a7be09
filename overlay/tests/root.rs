//! One binary for all of the crate's integration tests.

mod beat_core;
mod codec;
mod codec_narrow;
mod driving;
mod hls_control;
mod host;
mod latency;
mod manifest;
mod software_core;
mod software_dma;
mod support;
