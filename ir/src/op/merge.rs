//! Element-wise combination of tensors.

/// What is done with the operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MergeOp {
    Add,
    Subtract,
    Multiply,
    Average,
    Maximum,
    Minimum,
}

impl MergeOp {
    /// hls4ml's `op` attribute.
    pub fn name(self) -> &'static str {
        match self {
            MergeOp::Add => "add",
            MergeOp::Subtract => "subtract",
            MergeOp::Multiply => "multiply",
            MergeOp::Average => "average",
            MergeOp::Maximum => "maximum",
            MergeOp::Minimum => "minimum",
        }
    }
}

/// `y = Q(result, a op b)`, exact before the conversion; of two equal values maximum and minimum take the second.
#[derive(Clone, PartialEq, Debug)]
pub struct Merge {
    pub op: MergeOp,
    pub reuse_factor: u32,
}

pub(super) fn output_shape(inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
    if inputs.len() != 2 {
        return Err(format!("a merge takes two inputs, it has {}", inputs.len()));
    }
    if inputs[0] != inputs[1] {
        return Err(format!("the inputs' shapes {:?} and {:?} differ", inputs[0], inputs[1]));
    }
    Ok(inputs[0].to_vec())
}
