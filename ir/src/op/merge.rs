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

/// `y = Q(result, a op b op ..)`, exact before the conversion; of two equal values maximum and minimum take the later.
///
/// Operands of other shapes are repeated along axes of size 1, missing axes coming first (Keras's rule, numpy's too). Subtract
/// takes two operands. The average of a number of operands that is no power of two is the exact sum divided toward zero at the
/// finest operand's step.
#[derive(Clone, PartialEq, Debug)]
pub struct Merge {
    pub op: MergeOp,
    pub reuse_factor: u32,
}

impl Merge {
    pub(super) fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        if inputs.len() < 2 || (self.op == MergeOp::Subtract && inputs.len() != 2) {
            return Err(format!("{} cannot take {} input(s)", self.op.name(), inputs.len()));
        }
        super::broadcast::broadcast(inputs)
    }
}
