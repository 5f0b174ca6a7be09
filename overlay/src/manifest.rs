//! The manifest: what a bitstream's user must know to drive it, as one small JSON file beside it.
//!
//! Unknown fields and unknown versions are refused rather than skipped: a runtime that misses half of what a
//! manifest says would give wrong numbers, not fewer features. Keys are written in the order of the structs'
//! fields, so that the same manifest is always the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::host::Host;
use crate::host_check;
use crate::tensor::Tensor;

/// The manifest version that this crate reads and writes.
pub const VERSION: u32 = 1;
/// The largest manifest that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// A built accelerator, described for whoever drives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always [`VERSION`].
    pub version: u32,
    /// The project's name, the stem of its files.
    pub project: String,
    /// The flow that built it.
    pub flow: Flow,
    /// The board, by the name of its board file.
    pub board: String,
    /// The vendor's part number.
    pub part: String,
    /// The platform that a kernel was linked for, such as `xilinx_u55c_gen3x16_xdma_3_202210_1`; `null` where the
    /// design is the whole FPGA.
    pub platform: Option<String>,
    /// The period in ns that the design was built for; a runtime never clocks it faster.
    pub clock_period_ns: f64,
    /// How layers are connected inside.
    pub io_type: IoType,
    /// Inputs, in the order of the network's inputs.
    pub inputs: Vec<Tensor>,
    /// Outputs, in the order of the network's outputs.
    pub outputs: Vec<Tensor>,
    /// How software reaches the tensors.
    pub host: Host,
    /// Control registers of the core; empty for a free-running one.
    pub registers: RegisterMap,
    /// What it was made from.
    pub hashes: Hashes,
}

/// The flow that built an accelerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flow {
    /// A Vivado IP-integrator or Vitis project for a Zynq, MPSoC or XDMA Alveo board.
    VivadoAccelerator,
    /// A user application of the Coyote shell.
    Coyote,
}

/// How layers are connected inside the accelerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IoType {
    /// Whole arrays pass from layer to layer.
    IoParallel,
    /// FIFOs pass elements from layer to layer.
    IoStream,
}

/// The control registers of an accelerator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegisterMap(pub Vec<Register>);

/// One control register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Unique name, such as `AP_CTRL`.
    pub name: String,
    /// Offset in bytes from the base of the control port; a multiple of the register's size, but of 4 for one of 64
    /// bits, which is two accesses of 32 bits, the low half first.
    pub offset: u64,
    /// 8, 16, 32 or 64.
    pub width_bits: u32,
    /// What software may do with it.
    pub access: Access,
    /// For people; may be empty.
    pub note: String,
}

/// What software may do with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Writes have no effect.
    ReadOnly,
    /// Reads give nothing of meaning.
    WriteOnly,
    /// Both.
    ReadWrite,
    /// Both, and reading it changes it, as `ap_done` that clears when read.
    ReadClears,
}

/// SHA-256 hashes as 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hashes {
    /// Of the model file.
    pub model: String,
    /// Of the configuration in force.
    pub configuration: String,
    /// Of the emitted source tree.
    pub tree: String,
    /// Of the bitstream; `null` until there is one.
    pub bitstream: Option<String>,
}

/// One thing that is wrong in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `inputs[0].packing.beat_bits`.
    pub path: String,
    /// What, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Why a manifest was not read or written.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// More than [`MAX_BYTES`].
    #[error("the manifest has {0} bytes, more than the {MAX_BYTES} that are read; is it the right file?")]
    TooLarge(usize),
    /// Not JSON, a field unknown, missing or of the wrong kind.
    #[error("the manifest cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a newer NetLathe, or no manifest.
    #[error(
        "the manifest has version {0}, this program reads version {VERSION}; use the release that wrote it"
    )]
    Version(serde_json::Value),
    /// It reads, but does not describe an accelerator.
    #[error("the manifest is invalid:\n  {}", list(.0))]
    Invalid(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n  ")
}

impl Manifest {
    /// Reads and validates a manifest.
    ///
    /// # Errors
    /// Any [`ManifestError`]. The version is looked at first, so that a newer manifest is refused for its
    /// version and not for a field that this one does not know.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct OnlyVersion {
            version: serde_json::Value,
        }
        if bytes.len() > MAX_BYTES {
            return Err(ManifestError::TooLarge(bytes.len()));
        }
        let OnlyVersion { version } = serde_json::from_slice(bytes)?;
        if version != VERSION {
            return Err(ManifestError::Version(version));
        }
        let manifest: Self = serde_json::from_slice(bytes)?;
        manifest.validate().map_err(ManifestError::Invalid)?;
        Ok(manifest)
    }

    /// The manifest as indented JSON that ends in a newline, keys in the order of the fields.
    ///
    /// # Errors
    /// [`ManifestError::Invalid`]: what [`Self::from_json`] would refuse is not written.
    pub fn to_json(&self) -> Result<String, ManifestError> {
        self.validate().map_err(ManifestError::Invalid)?;
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        if text.len() > MAX_BYTES {
            return Err(ManifestError::TooLarge(text.len()));
        }
        Ok(text)
    }

    /// Looks at everything and gives all that is wrong.
    ///
    /// # Errors
    /// The problems, in the order of the fields; never an empty list.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut found = Vec::new();
        let mut report = |path: String, message: String| found.push(Problem { path, message });
        if self.version != VERSION {
            report("version".into(), format!("{} must be {VERSION}", self.version));
        }
        if self.project.contains(['/', '\\']) || self.project == "." || self.project == ".." {
            report("project".into(), format!("{:?} must be the stem of a file, not a path", self.project));
        }
        let names = [("project", &self.project), ("board", &self.board), ("part", &self.part)];
        for (path, text) in names.into_iter().chain(self.platform.iter().map(|text| ("platform", text))) {
            if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
                report(path.into(), format!("{text:?} must have 1 to 256 bytes and no control characters"));
            }
        }
        if !(self.clock_period_ns.is_finite() && self.clock_period_ns > 0.0) {
            report(
                "clock_period_ns".into(),
                format!("{} must be a positive number of nanoseconds", self.clock_period_ns),
            );
        }
        let mut names = BTreeMap::new();
        for (side, tensors) in [("inputs", &self.inputs), ("outputs", &self.outputs)] {
            if tensors.is_empty() {
                report(side.into(), "there must be at least one".into());
            }
            for (index, tensor) in tensors.iter().enumerate() {
                let here = format!("{side}[{index}]");
                for (field, message) in tensor.problems() {
                    report(format!("{here}.{field}"), message);
                }
                if let Some(first) = names.insert(tensor.name.as_str(), here.clone()) {
                    report(
                        format!("{here}.name"),
                        format!("{:?} is already the name of {first}", tensor.name),
                    );
                }
            }
        }
        host_check::problems(self, &mut report);
        self.registers.problems(&mut report);
        self.hashes.problems(&mut report);
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// The input of that name.
    pub fn input(&self, name: &str) -> Option<&Tensor> {
        self.inputs.iter().find(|tensor| tensor.name == name)
    }

    /// The output of that name.
    pub fn output(&self, name: &str) -> Option<&Tensor> {
        self.outputs.iter().find(|tensor| tensor.name == name)
    }
}

impl RegisterMap {
    /// The register of that name.
    pub fn get(&self, name: &str) -> Option<&Register> {
        self.0.iter().find(|register| register.name == name)
    }

    fn problems(&self, report: &mut impl FnMut(String, String)) {
        let mut names = BTreeSet::new();
        let mut sane = Vec::new();
        for (index, register) in self.0.iter().enumerate() {
            let Register { name, offset, width_bits, .. } = register;
            let here = format!("registers[{index}]");
            if name.is_empty() {
                report(format!("{here}.name"), "must not be empty".into());
            } else if !names.insert(name) {
                report(format!("{here}.name"), format!("{name:?} names two registers"));
            }
            if !matches!(width_bits, 8 | 16 | 32 | 64) {
                report(format!("{here}.width_bits"), format!("{width_bits} must be 8, 16, 32 or 64"));
                continue;
            }
            let bytes = u64::from(width_bits / 8);
            // Registers are 32-bit words of the bus; a pointer is two of them (0x1c in a map of two pointers).
            match offset.checked_add(bytes) {
                Some(end) if offset % bytes.min(4) == 0 => sane.push((*offset, end, index)),
                _ => report(
                    format!("{here}.offset"),
                    format!("{offset} must be a multiple of {} within 64 bits", bytes.min(4)),
                ),
            }
        }
        sane.sort_unstable();
        for pair in sane.windows(2) {
            let ((_, end, first), (start, _, second)) = (pair[0], pair[1]);
            if start < end {
                report(
                    format!("registers[{second}].offset"),
                    format!("{} overlaps {} at {start:#x}", self.0[second].name, self.0[first].name),
                );
            }
        }
    }
}

impl Hashes {
    fn problems(&self, report: &mut impl FnMut(String, String)) {
        let fields = [
            ("hashes.model", Some(&self.model)),
            ("hashes.configuration", Some(&self.configuration)),
            ("hashes.tree", Some(&self.tree)),
            ("hashes.bitstream", self.bitstream.as_ref()),
        ];
        for (path, hash) in fields {
            let Some(hash) = hash else { continue };
            // One spelling only: hashes are compared as text.
            if hash.len() != 64 || !hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                report(
                    path.into(),
                    format!("{hash:?} must be a SHA-256 of 64 lower-case hexadecimal digits"),
                );
            }
        }
    }
}
