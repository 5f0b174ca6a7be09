//! What is wrong with a [`Host`], seen beside the tensors and registers of its manifest.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec::bytes_per_sample;
use crate::hls_control::{Handshake, hls_control};
use crate::host::{BATCH, Bank, Dma, Host, IpCore, Window, port_names};
use crate::manifest::{Flow, Manifest, RegisterMap};
use crate::tensor::Tensor;

/// Bytes of an AXI DMA's registers in simple mode: the last is `S2MM_LENGTH` at 0x58 (PG021, "Register Space").
pub(crate) const DMA_BYTES: u64 = 0x5c;
/// The widths that `c_sg_length_width` may have (PG021, "Width of Buffer Length Register").
const LENGTH_BITS: std::ops::RangeInclusive<u32> = 8..=26;
/// Streams that a vFPGA could have at the most; shells of today have 1 to 16.
const MAX_STREAMS: u32 = 64;

/// Calls `report` with the path and the text of everything that is wrong.
pub(crate) fn problems(manifest: &Manifest, report: &mut impl FnMut(String, String)) {
    let (inputs, outputs) = (&manifest.inputs, &manifest.outputs);
    let coyote = matches!(manifest.host, Host::Coyote { .. });
    if coyote != (manifest.flow == Flow::Coyote) {
        let text = format!("this interface is not one of the flow {:?}", manifest.flow);
        report("host.interface".into(), text);
    }
    match &manifest.host {
        Host::AxiStream { dmas } => check_dmas(dmas, inputs, outputs, report),
        Host::AxiMaster { core } => {
            check_core(core, &manifest.registers, report);
            check_pointers(&manifest.registers, inputs.len(), outputs.len(), report);
        }
        Host::AxiLite { core, windows } => {
            check_core(core, &manifest.registers, report);
            check_windows(core, windows, manifest, report);
        }
        Host::Xrt { kernel, compute_unit, arguments, banks } => {
            check_name("host.kernel", kernel, report);
            check_name("host.compute_unit", compute_unit, report);
            check_arguments(arguments, banks, inputs, outputs, report);
        }
        Host::Coyote { input_streams, output_streams, .. } => {
            check_streams("host.input_streams", input_streams, inputs.len(), report);
            check_streams("host.output_streams", output_streams, outputs.len(), report);
        }
    }
}

fn check_name(path: &str, name: &str, report: &mut impl FnMut(String, String)) {
    if name.is_empty() || name.len() > 256 || name.chars().any(char::is_control) {
        report(path.to_owned(), format!("{name:?} must have 1 to 256 bytes and no control characters"));
    }
}

/// An address range as block designs have them: a power of two, at a multiple of itself.
fn check_range(
    path: &str,
    base: u64,
    bytes: u64,
    least: u64,
    report: &mut impl FnMut(String, String),
) -> bool {
    let sane = bytes.is_power_of_two() && base % bytes == 0 && base.checked_add(bytes).is_some();
    if !sane {
        report(
            format!("{path}.base"),
            format!("{base:#x} and {bytes:#x} bytes must be a power of two at a multiple of itself"),
        );
    } else if bytes < least {
        report(format!("{path}.bytes"), format!("{bytes:#x} must be at least {least:#x}"));
    }
    sane
}

/// Which tensors are reached, and from where.
struct Reached<'a> {
    tensors: &'a [Tensor],
    from: BTreeMap<&'a str, String>,
}

impl<'a> Reached<'a> {
    fn new(tensors: &'a [Tensor]) -> Self {
        Self { tensors, from: BTreeMap::new() }
    }

    /// The tensor called `name`, if there is one that was not reached before.
    fn reach(
        &mut self,
        path: &str,
        name: &str,
        kind: &str,
        report: &mut impl FnMut(String, String),
    ) -> Option<&'a Tensor> {
        let Some(tensor) = self.tensors.iter().find(|tensor| tensor.name == name) else {
            report(path.to_owned(), format!("there is no {kind} {name:?}"));
            return None;
        };
        if let Some(first) = self.from.insert(&tensor.name, path.to_owned()) {
            report(path.to_owned(), format!("{name:?} is already reached by {first}"));
        }
        Some(tensor)
    }

    fn all(&self, path: &str, report: &mut impl FnMut(String, String)) {
        for tensor in self.tensors {
            if !self.from.contains_key(tensor.name.as_str()) {
                report(path.to_owned(), format!("nothing reaches the tensor {:?}", tensor.name));
            }
        }
    }
}

fn check_dmas(dmas: &[Dma], inputs: &[Tensor], outputs: &[Tensor], report: &mut impl FnMut(String, String)) {
    let mut names = BTreeSet::new();
    let mut ranges = Vec::new();
    let (mut sent, mut received) = (Reached::new(inputs), Reached::new(outputs));
    for (index, dma) in dmas.iter().enumerate() {
        let here = format!("host.dmas[{index}]");
        check_name(&format!("{here}.name"), &dma.name, report);
        if !names.insert(&dma.name) {
            report(format!("{here}.name"), format!("{:?} names two DMAs", dma.name));
        }
        if check_range(&here, dma.base, dma.bytes, DMA_BYTES, report) {
            ranges.push((dma.base, dma.base + dma.bytes, here.clone()));
        }
        let sane = LENGTH_BITS.contains(&dma.length_bits);
        if !sane {
            report(format!("{here}.length_bits"), format!("{} must be from 8 to 26", dma.length_bits));
        }
        let input = dma.input.as_deref().and_then(|name| {
            let path = format!("{here}.input");
            Some((sent.reach(&path, name, "input", report)?, path))
        });
        let output = dma.output.as_deref().and_then(|name| {
            let path = format!("{here}.output");
            Some((received.reach(&path, name, "output", report)?, path))
        });
        if dma.input.is_none() && dma.output.is_none() {
            report(here, "the DMA reaches no tensor".into());
        }
        for (tensor, path) in input.into_iter().chain(output) {
            let Ok(bytes) = bytes_per_sample(tensor) else { continue };
            if sane && bytes as u64 > dma.limit() {
                let text = format!(
                    "a sample of {:?} has {bytes} bytes, a transfer at most {} with {} length bits",
                    tensor.name,
                    dma.limit(),
                    dma.length_bits
                );
                report(path, text);
            }
        }
    }
    check_overlaps(ranges, "base", report);
    sent.all("host.dmas", report);
    received.all("host.dmas", report);
}

fn check_overlaps(mut ranges: Vec<(u64, u64, String)>, field: &str, report: &mut impl FnMut(String, String)) {
    ranges.sort();
    for pair in ranges.windows(2) {
        let ((_, end, first), (start, _, second)) = (&pair[0], &pair[1]);
        if start < end {
            report(format!("{second}.{field}"), format!("{start:#x} overlaps {first}"));
        }
    }
}

/// The control port itself, the four registers that each has, and that all registers are inside.
fn check_core(core: &IpCore, registers: &RegisterMap, report: &mut impl FnMut(String, String)) {
    check_name("host.core.name", &core.name, report);
    check_range("host.core", core.base, core.bytes, 0x10, report);
    for wanted in &hls_control(Handshake::Hs, &[]).registers.0 {
        let found = registers.get(&wanted.name);
        if found.is_none_or(|found| (found.offset, found.width_bits) != (wanted.offset, wanted.width_bits)) {
            report(
                "registers".into(),
                format!("the interface needs {} of 32 bits at {:#04x}", wanted.name, wanted.offset),
            );
        }
    }
    for (index, register) in registers.0.iter().enumerate() {
        let end = register.offset.checked_add(u64::from(register.width_bits / 8));
        if end.is_none_or(|end| end > core.bytes) {
            report(
                format!("registers[{index}].offset"),
                format!("{} is outside of the core's {:#x} bytes", register.name, core.bytes),
            );
        }
    }
}

fn check_pointers(
    registers: &RegisterMap,
    inputs: usize,
    outputs: usize,
    report: &mut impl FnMut(String, String),
) {
    let pointers = port_names("data_in", inputs).into_iter().chain(port_names("data_out", outputs));
    for (name, bits) in pointers.map(|name| (name, 64)).chain([(BATCH.to_owned(), 32)]) {
        match registers.get(&name) {
            None => report("registers".into(), format!("the interface needs a register {name:?}")),
            Some(found) if found.width_bits != bits => {
                report("registers".into(), format!("{name} has {} bits, not {bits}", found.width_bits));
            }
            Some(_) => {}
        }
    }
}

fn check_windows(
    core: &IpCore,
    windows: &[Window],
    manifest: &Manifest,
    report: &mut impl FnMut(String, String),
) {
    let mut inputs = Reached::new(&manifest.inputs);
    let mut outputs = Reached::new(&manifest.outputs);
    let mut ranges: Vec<_> = manifest
        .registers
        .0
        .iter()
        .filter_map(|register| {
            let end = register.offset.checked_add(u64::from(register.width_bits / 8))?;
            Some((register.offset, end, format!("the register {}", register.name)))
        })
        .collect();
    for (index, window) in windows.iter().enumerate() {
        let here = format!("host.windows[{index}]");
        let path = format!("{here}.tensor");
        let is_output = manifest.outputs.iter().any(|tensor| tensor.name == window.tensor);
        let side = if is_output { &mut outputs } else { &mut inputs };
        if let Some(tensor) = side.reach(&path, &window.tensor, "tensor", report) {
            let needed = bytes_per_sample(tensor).map_or(0, |bytes| bytes as u64);
            if window.bytes < needed {
                report(
                    format!("{here}.bytes"),
                    format!("{} must be at least the {needed} bytes of a sample", window.bytes),
                );
            }
        }
        if window.offset % 4 != 0 {
            report(format!("{here}.offset"), format!("{:#x} must be a multiple of 4", window.offset));
        }
        match window.offset.checked_add(window.bytes) {
            Some(end) if end <= core.bytes => ranges.push((window.offset, end, here)),
            _ => report(
                format!("{here}.offset"),
                format!(
                    "{:#x} and {:#x} bytes are not inside of the core's {:#x}",
                    window.offset, window.bytes, core.bytes
                ),
            ),
        }
    }
    check_overlaps(ranges, "offset", report);
    inputs.all("host.windows", report);
    outputs.all("host.windows", report);
}

fn check_arguments(
    arguments: &[String],
    banks: &[Bank],
    inputs: &[Tensor],
    outputs: &[Tensor],
    report: &mut impl FnMut(String, String),
) {
    let names = || inputs.iter().chain(outputs).map(|tensor| tensor.name.as_str());
    if names().any(|name| name == BATCH) {
        let text = format!("a tensor called {BATCH:?} cannot be told from the argument");
        report("host.arguments".into(), text);
    }
    if !arguments.iter().map(String::as_str).eq(names().chain([BATCH])) {
        let wanted: Vec<_> = names().chain([BATCH]).collect();
        report("host.arguments".into(), format!("{arguments:?} must be {wanted:?}"));
    }
    let mut seen = BTreeSet::new();
    for (index, bank) in banks.iter().enumerate() {
        let here = format!("host.banks[{index}]");
        check_name(&format!("{here}.memory"), &bank.memory, report);
        if !names().any(|name| name == bank.tensor) {
            report(format!("{here}.tensor"), format!("there is no tensor {:?}", bank.tensor));
        } else if !seen.insert(&bank.tensor) {
            report(format!("{here}.tensor"), format!("{:?} is in two banks", bank.tensor));
        }
    }
}

fn check_streams(path: &str, streams: &[u32], tensors: usize, report: &mut impl FnMut(String, String)) {
    if streams.len() != tensors {
        report(path.to_owned(), format!("{} streams for {tensors} tensors", streams.len()));
    }
    let mut seen = BTreeSet::new();
    for (index, &stream) in streams.iter().enumerate() {
        let here = format!("{path}[{index}]");
        if stream >= MAX_STREAMS {
            report(here, format!("{stream} must be below {MAX_STREAMS}"));
        } else if !seen.insert(stream) {
            report(here, format!("stream {stream} is taken twice"));
        }
    }
}
