//! What the benches of a project are run over: numbers for the bare kernel, beats for the kernel in its wrapper.

use crate::csim::KERNEL_FILES;
use crate::error::Error;
use crate::fs::File;
use crate::kernel::Emitted;
use crate::project::WRAPPER_FILES;
use crate::{npy, vectors};
use ndarray::{ArrayD, Axis, IxDyn};
use netlathe_apfixed::{to_f32, to_f64};
use netlathe_emulator::Plan;
use netlathe_overlay::{Codec, Element, Manifest, Tensor};
use std::fmt::Write;

/// Real numbers that fit float32, their integers, and the emulator's answers.
pub(crate) struct Stimuli {
    pub(crate) real: Vec<ArrayD<f32>>,
    pub(crate) raw: Vec<ArrayD<i128>>,
    pub(crate) outputs: Vec<ArrayD<i128>>,
}

/// The same as they cross the ports of a project.
pub(crate) struct Crossing {
    /// The text of `wrapper_inputs.hex`: a line a sample, the beats of all tensors.
    pub(crate) inputs: String,
    /// The text of `wrapper_outputs.hex`.
    pub(crate) outputs: String,
    /// The emulator's answers to what the network gets: an element narrower than the input's type does not carry every number.
    pub(crate) answers: Vec<ArrayD<i128>>,
}

impl Stimuli {
    /// The first of the given inputs, or made-up ones.
    pub(crate) fn new(plan: &Plan, x: &[ArrayD<f64>]) -> Result<Self, Error> {
        let real: Vec<ArrayD<f32>> = if x.is_empty() {
            let raw = vectors::made_up(plan.inputs(), vectors::SAMPLES);
            raw.iter().zip(plan.inputs()).map(|(a, port)| a.mapv(|raw| to_f32(raw, &port.ty))).collect()
        } else {
            vectors::head(x, vectors::SAMPLES).iter().map(|a| a.mapv(|x| x as f32)).collect()
        };
        let views: Vec<_> = real.iter().map(|a| a.view()).collect();
        let raw = plan.quantize(&views).map_err(emulator)?;
        let outputs = answers(plan, &raw)?;
        Ok(Self { real, raw, outputs })
    }

    pub(crate) fn samples(&self) -> usize {
        self.raw.first().map_or(0, |a| a.len_of(Axis(0)))
    }

    /// Through the ports of the manifest.
    ///
    /// # Errors
    /// [`Error::Internal`]: a tensor that cannot be packed; no back end makes one.
    pub(crate) fn crossing(&self, plan: &Plan, manifest: &Manifest) -> Result<Crossing, Error> {
        let samples = self.samples();
        let mut inputs = Vec::new();
        let mut received = Vec::new();
        for ((real, raw), tensor) in self.real.iter().zip(&self.raw).zip(&manifest.inputs) {
            let codec = codec(tensor)?;
            let mut bytes = Vec::new();
            codec.encode(&flat(real), &mut bytes).map_err(internal)?;
            received.push(match tensor.packing.element {
                // The wrapper makes of a float what the emulator makes of it.
                Element::Float32 | Element::Float64 => raw.clone(),
                Element::Fixed(_) => {
                    let mut values = vec![0; real.len()];
                    codec.receive(&bytes, &mut values).map_err(internal)?;
                    shaped(raw, values.into_iter().map(i128::from).collect())?
                }
            });
            inputs.push((codec, bytes));
        }
        let answers = answers(plan, &received)?;
        let mut outputs = Vec::new();
        for (raw, tensor) in answers.iter().zip(&manifest.outputs) {
            let codec = codec(tensor)?;
            let mut bytes = Vec::new();
            let ty = &tensor.ty;
            // Integers of more than 64 bits can only travel as floats.
            match tensor.packing.element {
                Element::Float32 => codec.encode(&flat(&raw.mapv(|r| to_f32(r, ty))), &mut bytes),
                Element::Float64 => codec.encode(&flat(&raw.mapv(|r| to_f64(r, ty))), &mut bytes),
                Element::Fixed(_) => {
                    codec.check_raw().map_err(internal)?;
                    codec.encode(&flat(&raw.mapv(|r| r as i64)), &mut bytes)
                }
            }
            .map_err(internal)?;
            outputs.push((codec, bytes));
        }
        Ok(Crossing { inputs: lines(samples, &inputs), outputs: lines(samples, &outputs), answers })
    }

    /// The same numbers for a board's user: what the host gives, as float32, and what it must read, as float64.
    ///
    /// # Errors
    /// [`Error::Internal`]: an array cannot be written.
    pub(crate) fn arrays(
        &self,
        crossing: &Crossing,
        manifest: &Manifest,
    ) -> Result<Vec<(String, File)>, Error> {
        let name = |side: &str, i: usize, of: usize| match of {
            1 => format!("{side}.npy"),
            _ => format!("{side}_{i}.npy"),
        };
        let mut files = Vec::new();
        for (i, x) in self.real.iter().enumerate() {
            files.push((name("x", i, self.real.len()), npy::bytes(x)?));
        }
        for (i, (raw, tensor)) in crossing.answers.iter().zip(&manifest.outputs).enumerate() {
            let read = vectors::as_read(raw, tensor)?;
            files.push((name("y", i, crossing.answers.len()), npy::bytes(&read)?));
        }
        Ok(files.into_iter().map(|(name, bytes)| (name, File { bytes, executable: false })).collect())
    }

    /// The files of `tb_data`.
    pub(crate) fn files(&self, emitted: &Emitted, crossing: &Crossing) -> Vec<(&'static str, String)> {
        vec![
            (KERNEL_FILES.inputs, emitted.inputs(&self.raw)),
            (KERNEL_FILES.outputs, emitted.outputs(&self.outputs)),
            (WRAPPER_FILES.inputs, crossing.inputs.clone()),
            (WRAPPER_FILES.outputs, crossing.outputs.clone()),
        ]
    }
}

fn answers(plan: &Plan, raw: &[ArrayD<i128>]) -> Result<Vec<ArrayD<i128>>, Error> {
    let views: Vec<_> = raw.iter().map(|a| a.view()).collect();
    plan.predict_raw(&views).map_err(emulator)
}

fn emulator(e: netlathe_emulator::Error) -> Error {
    Error::Internal(e.to_string())
}

fn internal(e: impl std::fmt::Display) -> Error {
    Error::Internal(e.to_string())
}

fn codec(tensor: &Tensor) -> Result<Codec, Error> {
    Codec::new(tensor).map_err(internal)
}

fn flat<T: Copy>(array: &ArrayD<T>) -> Vec<T> {
    array.iter().copied().collect()
}

fn shaped(like: &ArrayD<i128>, values: Vec<i128>) -> Result<ArrayD<i128>, Error> {
    ArrayD::from_shape_vec(IxDyn(like.shape()), values).map_err(internal)
}

/// A line a sample: its beats of every tensor, hexadecimal, the highest digit first.
fn lines(samples: usize, tensors: &[(Codec, Vec<u8>)]) -> String {
    let mut text = String::new();
    for sample in 0..samples {
        let mut first = true;
        for (codec, bytes) in tensors {
            let size = codec.bytes_per_sample();
            for beat in bytes[sample * size..][..size].chunks(codec.beat_bytes()) {
                if !std::mem::take(&mut first) {
                    text.push(' ');
                }
                for byte in beat.iter().rev() {
                    // Writing to a string does not fail.
                    let _ = write!(text, "{byte:02x}");
                }
            }
        }
        text.push('\n');
    }
    text
}
