//! Networks that the HLS tools cannot take are refused before the tools are started, with a configuration that they can take.

use crate::error::Error;
use crate::model::{self, Loaded, Source};
use ndarray::ArrayD;
use netlathe_codegen_hls::limits::{self, Excess};
use netlathe_ir::config::{Config, IoType, Strategy};
use netlathe_ir::passes::Types;
use netlathe_ir::{Refused, Validated};
use std::collections::BTreeMap;
use std::path::Path;

/// Rounds of trying: the layers that a change makes too large are changed in the next one.
const ROUNDS: usize = 3;

/// Refuses a network that is too large for the HLS tools as it is configured.
///
/// # Errors
/// [`Error::Refused`]: each layer that is too large, and what fits, which was lowered and checked itself.
pub fn check(
    loaded: &Loaded,
    source: &Source,
    samples: &[ArrayD<f64>],
    network: &Validated,
) -> Result<(), Error> {
    let found = limits::check(network);
    if found.is_empty() {
        return Ok(());
    }
    let help = match fitting(loaded, source, samples, network.graph().io_type, &found) {
        Some(fits) => {
            // Without a configuration the types are NetLathe's choice: a file with these keys alone would mean others.
            let first = match loaded.config {
                Some(_) => "",
                None => "write the configuration in force with `config MODEL -o FILE`, change these keys in it and give it as --config; ",
            };
            format!("{first}this configuration fits:\n{}", indented(&fits))
        }
        None => "no strategy, reuse factor or I/O style makes it fit: make the layer smaller (pool or stride before it, fewer \
                 units), or insist with --accept-large"
            .to_owned(),
    };
    let mut diagnostics: Vec<_> = found.into_iter().map(|e| e.diagnostic).collect();
    if let Some(last) = diagnostics.last_mut() {
        *last = last.clone().help(help);
    }
    let place = source.config.as_deref().unwrap_or(&source.model);
    Err(Error::refused(Path::new(place), &Refused(diagnostics)))
}

fn indented(text: &str) -> String {
    text.lines().map(|l| format!("    {l}\n")).collect::<String>().trim_end().to_owned()
}

/// The first of the trials that fits, as text: larger reuse factors, then `io_stream`, then both.
fn fitting(
    loaded: &Loaded,
    source: &Source,
    samples: &[ArrayD<f64>],
    io: IoType,
    found: &[Excess],
) -> Option<String> {
    let styles: &[IoType] =
        if io == IoType::Stream { &[IoType::Stream] } else { &[IoType::Parallel, IoType::Stream] };
    styles.iter().find_map(|&style| {
        let mut layers: BTreeMap<String, u32> = BTreeMap::new();
        if style == io {
            layers.extend(factors(found));
        }
        for _ in 0..ROUNDS {
            let left = limits::check(&lowered(loaded, source, samples, style, &layers)?);
            if left.is_empty() {
                return Some(text(style, style != io, &layers));
            }
            let more = factors(&left);
            if more.is_empty() {
                return None;
            }
            layers.extend(more);
        }
        None
    })
}

fn factors(found: &[Excess]) -> BTreeMap<String, u32> {
    found.iter().filter_map(|e| Some((e.layer.clone(), e.reuse_factor?))).collect()
}

/// The network as the trial configures it, types as before.
fn lowered(
    loaded: &Loaded,
    source: &Source,
    samples: &[ArrayD<f64>],
    style: IoType,
    layers: &BTreeMap<String, u32>,
) -> Option<Validated> {
    let types = match loaded.config {
        Some(_) => Types::Configured,
        None => Types::Chosen(model::calibration(samples)),
    };
    let mut config: Config = loaded.config.clone().unwrap_or_default();
    config.io_type = Some(style);
    for (name, &factor) in layers {
        let layer = config.layer_name.entry(name.clone()).or_default();
        layer.strategy = Some(Strategy::Resource);
        layer.reuse_factor = Some(factor);
    }
    let trial = Loaded { config: Some(config), ..loaded.clone() };
    model::lower_as(&trial, source, &types).ok().map(|l| l.network)
}

/// As it stands in a configuration file.
fn text(style: IoType, changed: bool, layers: &BTreeMap<String, u32>) -> String {
    let mut out = String::new();
    if changed {
        out.push_str(&format!("IOType: {}\n", style.name()));
    }
    if !layers.is_empty() {
        out.push_str("HLSConfig:\n  LayerName:\n");
    }
    for (name, factor) in layers {
        let name = serde_json::Value::from(name.as_str());
        out.push_str(&format!("    {name}: {{Strategy: Resource, ReuseFactor: {factor}}}\n"));
    }
    out
}
