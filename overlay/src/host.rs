//! How software reaches the tensors of an accelerator: the part of the manifest that is about addresses, kernels
//! and streams, not about values.
//!
//! Each variant of [`Host`] is one way that a design can be wired. Whatever the way, a tensor is sent and received
//! as the beats of [`crate::Codec`]; what differs is who moves them:
//!
//! | `interface` | who moves beats | a call is |
//! |---|---|---|
//! | `axi_stream` | AXI DMAs in simple mode, one channel a tensor | a transfer a tensor, S2MM armed first |
//! | `axi_master` | the core reads and writes memory | pointers and `batch` to registers, then start |
//! | `axi_lite` | the processor writes and reads the core's windows | one sample: windows, start, windows |
//! | `xrt` | the core, started by XRT | arguments in order, `batch` last |
//! | `coyote` | the shell's host streams | a transfer a sample a tensor |

use serde::{Deserialize, Serialize};

/// How software reaches the tensors. In JSON the field `interface` tells the variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "interface", rename_all = "snake_case", deny_unknown_fields)]
pub enum Host {
    /// AXI4-Streams behind AXI DMAs in simple mode (PG021).
    AxiStream {
        /// Each tensor is a channel of exactly one of them.
        dmas: Vec<Dma>,
    },
    /// The core is master of its own memory accesses; pointers and `batch` are in the manifest's registers.
    AxiMaster {
        /// The core's control port.
        core: IpCore,
    },
    /// The tensors of one sample lie in the core's control port.
    AxiLite {
        /// The core's control port, windows included.
        core: IpCore,
        /// One for each tensor.
        windows: Vec<Window>,
    },
    /// A kernel of an xclbin, driven through XRT.
    Xrt {
        /// The kernel's name in the xclbin.
        kernel: String,
        /// The compute unit's name, `<kernel>_1`.
        compute_unit: String,
        /// The kernel's arguments in order: the inputs' names, the outputs' names, then [`BATCH`].
        arguments: Vec<String>,
        /// The memory that the linker was told to connect; tensors without one are connected as the platform likes.
        banks: Vec<Bank>,
    },
    /// A user application of the Coyote shell.
    Coyote {
        /// The vFPGA that it is loaded into.
        vfpga: u32,
        /// The host stream of each input, in the order of the inputs.
        input_streams: Vec<u32>,
        /// The host stream of each output.
        output_streams: Vec<u32>,
    },
}

/// The name of the argument and register that holds the number of samples of a call.
pub const BATCH: &str = "batch";

/// An AXI DMA in simple mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dma {
    /// Its path in the block design, `hier_0/axi_dma_0`.
    pub name: String,
    /// Physical address of its registers.
    pub base: u64,
    /// Bytes of its address range, a power of two.
    pub bytes: u64,
    /// Width of its length registers (`c_sg_length_width`): a transfer has at most 2^n - 1 bytes.
    pub length_bits: u32,
    /// The input tensor that its MM2S channel sends.
    pub input: Option<String>,
    /// The output tensor that its S2MM channel receives.
    pub output: Option<String>,
}

/// A core's control port on the processor's bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IpCore {
    /// Its path in the block design, `hier_0/jet_axi_0`.
    pub name: String,
    /// Physical address.
    pub base: u64,
    /// Bytes of its address range, a power of two.
    pub bytes: u64,
}

/// Where the beats of one sample of a tensor lie in a core's control port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The tensor.
    pub tensor: String,
    /// From the core's base, in bytes.
    pub offset: u64,
    /// At least the bytes of a sample.
    pub bytes: u64,
}

/// The memory of a card that a tensor's buffers are in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// The tensor.
    pub tensor: String,
    /// As the linker calls it: `HBM[0]`, `DDR[1]`.
    pub memory: String,
}

impl Dma {
    /// The most bytes that one transfer can have.
    pub fn limit(&self) -> u64 {
        (1u64 << self.length_bits.min(63)) - 1
    }
}

/// The names of the wrapper's parameters for `count` tensors: `data_in` if there is one, else `data_in0`,
/// `data_in1`, ...; `stem` is `data_in` or `data_out`. Registers are called so too.
pub fn port_names(stem: &str, count: usize) -> Vec<String> {
    match count {
        1 => vec![stem.to_owned()],
        _ => (0..count).map(|index| format!("{stem}{index}")).collect(),
    }
}
