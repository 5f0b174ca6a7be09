//! From a model to what runs: configuration, stages, tool processes, cache and reports.
//!
//! The stages are plain functions: [`model::load`], [`model::lower`], emulation ([`predict`]), and what [`build`] does after
//! them: write the project, simulate its C++, run the vendor's tools ([`vendor`], [`reports`]) and pack the result ([`package`]). [`conformance`] runs folders of cases, [`fuzz`] random networks, [`doctor`] looks
//! at what is installed, [`check`] is the project's own test.
//!
//! This is the only crate that writes projects ([`fs`]) or starts processes ([`tool`]). It never parses a command line, and
//! prints nothing: reports are data, and progress goes to a callback.

pub mod ap_types;
pub mod boards;
pub mod build;
pub mod cache;
pub mod card;
pub mod check;
pub mod conformance;
pub mod coyote;
pub mod csim;
pub mod doctor;
pub mod error;
pub mod fs;
pub mod fuzz;
mod given;
pub mod hash;
pub mod hex;
pub mod kernel;
pub mod limits;
pub mod matrix;
pub mod model;
pub mod npy;
pub mod package;
pub mod predict;
pub mod program;
pub mod project;
pub mod report;
pub mod reports;
pub mod settings;
pub mod shell;
mod stages;
mod stimuli;
pub mod supported;
pub mod target;
pub mod tool;
pub mod vectors;
pub mod vendor;

pub use error::Error;
