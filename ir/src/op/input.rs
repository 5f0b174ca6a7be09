//! A tensor that enters the network.

/// Input of the network.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    /// Shape without the batch.
    pub shape: Vec<usize>,
    /// Integer dtype in the file: (width, signed). Its type then follows from the dtype.
    pub integer: Option<(u32, bool)>,
}
