//! The plan: compiled once, run many times.

use crate::int::Budget;
use crate::program::Program;
use crate::trace::Trace;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use netlathe_apfixed::{FixedType, from_f64, to_f64};
use netlathe_ir::{NodeId, Validated};

/// Why a plan cannot be made or run.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Error {
    #[error(
        "layer `{layer}` needs {bits}-bit intermediates; arithmetic is exact up to 128 bits. Use narrower types."
    )]
    TooWide { layer: String, bits: u32 },
    #[error("the network has {expected} input(s), {given} given")]
    InputCount { expected: usize, given: usize },
    #[error("input `{name}` has shape {given:?}; the network takes [batch, {}]", join(expected))]
    InputShape { name: String, expected: Vec<usize>, given: Vec<usize> },
    #[error("inputs hold {first} and {other} samples; every input needs the same number")]
    BatchSize { first: usize, other: usize },
    #[error("input `{name}` holds {value} at flat index {index}, which {ty} cannot hold")]
    RawRange { name: String, index: usize, value: i128, ty: FixedType },
}

fn join(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// A tensor that enters or leaves the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// The layer's name.
    pub name: String,
    /// Shape without the batch.
    pub shape: Vec<usize>,
    pub ty: FixedType,
}

/// Numbers that may be given as inputs.
pub trait Real: Copy + Sync {
    fn real(self) -> f64;
}

impl Real for f32 {
    fn real(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn real(self) -> f64 {
        self
    }
}

enum Width {
    Narrow(Program<i64>),
    Wide(Program<i128>),
}

/// A network ready to run.
pub struct Plan {
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    program: Width,
}

impl Plan {
    /// Prepares every layer.
    ///
    /// # Errors
    /// [`Error::TooWide`] when an intermediate would need more than 128 bits.
    pub fn compile(network: &Validated) -> Result<Plan, Error> {
        let port = |&id: &NodeId| {
            let n = network.node(id);
            Port { name: n.name.clone(), shape: n.shape.clone(), ty: n.ty() }
        };
        let mut budget = Budget::default();
        let narrow = Program::<i64>::compile(network, &mut budget)?;
        let program = match budget.bits {
            0..=64 => Width::Narrow(narrow),
            65..=128 => Width::Wide(Program::<i128>::compile(network, &mut Budget::default())?),
            bits => return Err(Error::TooWide { layer: budget.layer, bits }),
        };
        Ok(Plan {
            inputs: network.graph().inputs.iter().map(port).collect(),
            outputs: network.graph().outputs.iter().map(port).collect(),
            program,
        })
    }

    /// The network's inputs, in order.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// The network's outputs, in order.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// Answers a batch: one array per input with the batch as first axis; one array per output, exact values (rounded half to
    /// even where a type has more than 53 significant bits).
    ///
    /// # Errors
    /// The arrays do not fit the network's inputs.
    pub fn predict<T: Real>(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<Vec<ArrayD<f64>>, Error> {
        let raw = self.quantize(inputs)?;
        let views: Vec<ArrayViewD<'_, i128>> = raw.iter().map(|a| a.view()).collect();
        let outputs = self.run(&views)?;
        Ok(outputs
            .into_iter()
            .zip(&self.outputs)
            .map(|(y, port)| y.mapv(|raw| to_f64(raw, &port.ty)))
            .collect())
    }

    /// The integers that the network's input ports make of real numbers (the input types' rounding and overflow).
    ///
    /// # Errors
    /// The arrays do not fit the network's inputs.
    pub fn quantize<T: Real>(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<Vec<ArrayD<i128>>, Error> {
        self.check_shapes(inputs)?;
        Ok(inputs
            .iter()
            .zip(&self.inputs)
            // A validated input type has at most 128 bits, so the conversion is never refused.
            .map(|(x, port)| x.mapv(|x| from_f64(x.real(), &port.ty).unwrap_or(0)))
            .collect())
    }

    /// As [`Plan::predict`], on the integers themselves.
    ///
    /// # Errors
    /// The arrays do not fit the network's inputs, or hold integers outside their types.
    pub fn predict_raw(&self, inputs: &[ArrayViewD<'_, i128>]) -> Result<Vec<ArrayD<i128>>, Error> {
        self.check_raw(inputs)?;
        self.run(inputs)
    }

    /// Every layer's output and what its conversions did to values that did not fit.
    ///
    /// # Errors
    /// The arrays do not fit the network's inputs, or hold integers outside their types.
    pub fn trace_raw(&self, inputs: &[ArrayViewD<'_, i128>]) -> Result<Trace, Error> {
        self.check_raw(inputs)?;
        let batch = self.check_shapes(inputs)?;
        Ok(match &self.program {
            Width::Narrow(p) => p.trace(inputs, batch),
            Width::Wide(p) => p.trace(inputs, batch),
        })
    }

    fn run(&self, inputs: &[ArrayViewD<'_, i128>]) -> Result<Vec<ArrayD<i128>>, Error> {
        let batch = self.check_shapes(inputs)?;
        let flat = match &self.program {
            Width::Narrow(p) => p.predict(inputs, batch),
            Width::Wide(p) => p.predict(inputs, batch),
        };
        Ok(flat.into_iter().zip(&self.outputs).map(|(y, port)| batched(y, batch, &port.shape)).collect())
    }

    fn check_shapes<T>(&self, inputs: &[ArrayViewD<'_, T>]) -> Result<usize, Error> {
        if inputs.len() != self.inputs.len() {
            return Err(Error::InputCount { expected: self.inputs.len(), given: inputs.len() });
        }
        for (x, port) in inputs.iter().zip(&self.inputs) {
            if x.shape().get(1..) != Some(&port.shape[..]) {
                return Err(Error::InputShape {
                    name: port.name.clone(),
                    expected: port.shape.clone(),
                    given: x.shape().to_vec(),
                });
            }
        }
        let batch = |x: &ArrayViewD<'_, T>| x.len_of(Axis(0));
        let first = inputs.first().map_or(0, batch);
        match inputs.iter().map(batch).find(|&n| n != first) {
            Some(other) => Err(Error::BatchSize { first, other }),
            None => Ok(first),
        }
    }

    fn check_raw(&self, inputs: &[ArrayViewD<'_, i128>]) -> Result<(), Error> {
        self.check_shapes(inputs)?;
        for (x, port) in inputs.iter().zip(&self.inputs) {
            let (min, max) = (port.ty.min_raw(), port.ty.max_raw());
            if let Some((index, &value)) = x.iter().enumerate().find(|(_, v)| !(min..=max).contains(*v)) {
                return Err(Error::RawRange { name: port.name.clone(), index, value, ty: port.ty });
            }
        }
        Ok(())
    }
}

pub(crate) fn batched(flat: Vec<i128>, batch: usize, shape: &[usize]) -> ArrayD<i128> {
    let shape = [&[batch], shape].concat();
    ArrayD::from_shape_vec(IxDyn(&shape), flat)
        .unwrap_or_else(|_| unreachable!("a tensor has its shape's size"))
}
