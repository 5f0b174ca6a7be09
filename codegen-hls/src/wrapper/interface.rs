//! What a wrapper is asked to be, and what it is.

use crate::tree::SourceTree;
use crate::wrapper::Bench;
use camino::Utf8Path;
use netlathe_apfixed::FixedType;
use std::fmt;

/// What one lane of a beat holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// A float of 32 bits.
    Float32,
    /// A float of 64 bits.
    Float64,
    /// The raw integer of a fixed-point type of 1 to 64 bits.
    Fixed(FixedType),
}

/// How a tensor is packed: element `j` of a beat at bits `[w * j, w * j + w)` where `w` is the element's width. Every sample
/// starts on a new beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beats {
    pub element: Element,
    /// Bits of a beat, a multiple of 8.
    pub beat_bits: u32,
    /// Elements of a beat, at least 1.
    pub per_beat: u32,
}

/// How tensors come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// An AXI4-Stream a tensor, no start and no done: one call is one sample.
    Stream(Closes),
    /// A master of memory a tensor, and a control port with pointers and `batch`, the number of samples of a start.
    Memory {
        /// `ap_ctrl_chain`, which XRT wants, in place of `ap_ctrl_hs`.
        chain: bool,
    },
    /// All beats of a sample as arrays in the control port; one start is one sample.
    Lite,
}

/// What TLAST closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closes {
    /// Every sample: one packet, one answer.
    Sample,
    /// A batch: one transfer of a DMA.
    Batch,
}

/// The outside of a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The outermost function's name.
    pub top: String,
    /// `h` or `hpp`.
    pub header_extension: &'static str,
    pub bus: Bus,
    /// One for each input tensor, in the network's order.
    pub inputs: Vec<Beats>,
    /// One for each output tensor.
    pub outputs: Vec<Beats>,
    /// The source includes the network's source, for tools that compile one file.
    pub one_unit: bool,
}

/// A parameter of the outermost function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortName {
    /// The tensor: the layer's name as hls4ml has it.
    pub name: String,
    /// The parameter.
    pub ident: String,
}

/// A kernel with its outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrapper {
    /// The kernel's folder with the wrapper's header and source, flat.
    pub firmware: SourceTree,
    /// `tb_wrapper.cpp`, and in `include/` what stands for the vendor's headers under other compilers.
    pub bench: SourceTree,
    /// The outermost function's first parameters.
    pub inputs: Vec<PortName>,
    /// Those that follow.
    pub outputs: Vec<PortName>,
    /// What is compiled with the test bench, files of `firmware`.
    pub sources: Vec<String>,
}

impl Wrapper {
    /// How the test bench is compiled in a project that has `firmware` and `bench` in these folders.
    pub fn bench_in(&self, firmware: impl AsRef<Utf8Path>, bench: impl AsRef<Utf8Path>) -> Bench {
        let (firmware, bench) = (firmware.as_ref(), bench.as_ref());
        let sources = self.sources.iter().map(|file| firmware.join(file));
        Bench {
            include_dirs: vec![bench.join("include"), firmware.to_owned()],
            sources: [bench.join("tb_wrapper.cpp")].into_iter().chain(sources).collect(),
            data_dir: "tb_data".into(),
        }
    }
}

impl Element {
    /// The width of a lane in bits.
    pub fn bits(&self) -> u32 {
        match self {
            Self::Float32 => 32,
            Self::Float64 => 64,
            Self::Fixed(ty) => ty.width,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float32 => f.write_str("float32"),
            Self::Float64 => f.write_str("float64"),
            Self::Fixed(ty) => ty.fmt(f),
        }
    }
}

impl Beats {
    /// As many elements as fit in a beat.
    pub fn full(element: Element, beat_bits: u32) -> Self {
        Self { element, beat_bits, per_beat: beat_bits / element.bits().max(1) }
    }
}
