//! The flow's tests. Expected numbers are worked out by hand; see `data/make.py` for the models.

mod build;
mod card;
mod chosen;
mod config;
mod conformance;
mod fs;
mod fuzz;
mod limits;
mod npy;
mod program;
mod quantized;
mod reports;
mod support;
mod supported;
mod tool;
mod vendor;
