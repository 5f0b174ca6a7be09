//! The project: what is emitted, and what it says of itself.

use netlathe_codegen_hls::wrapper::{self, Bench};
use netlathe_codegen_hls::{Kernel, SourceTree};
use netlathe_ir::Validated;
use netlathe_ir::config::IoType;
use netlathe_overlay::{Hashes, Manifest};

use crate::board::Family;
use crate::error::Error;
use crate::options::Options;
use crate::{alveo, zynq};

/// An emitted project.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// Its files.
    pub tree: SourceTree,
    /// What a host must know. The hashes are empty, and the manifest is refused when written, until
    /// [`Project::with_hashes`] has set them.
    pub manifest: Manifest,
    /// How to compile and run the test bench of the wrapper.
    pub wrapper: Bench,
}

impl Project {
    /// Sets the hashes of what the project was made from.
    #[must_use]
    pub fn with_hashes(mut self, hashes: Hashes) -> Self {
        self.manifest.hashes = hashes;
        self
    }
}

/// Makes the project of a network and its kernel, which must be of the same network.
///
/// # Errors
/// Any [`Error`]: a clock out of range, a name that cannot be used, an interface or an element that the board does not take, more
/// tensors than it has room for.
pub fn emit(network: &Validated, kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    let project = options.name()?;
    let name = format!("{project}_axi");
    wrapper::no_clash(kernel, &[format!("{name}.cpp"), format!("{name}.h")], &[&name, "wrapper"])?;
    match options.board.family {
        Family::Zynq7000 | Family::ZynqUltrascale => zynq::emit(network, kernel, options),
        Family::Alveo => alveo::emit(network, kernel, options),
    }
}

/// How layers are connected, as the manifest has it.
pub(crate) fn io_type(network: &Validated) -> netlathe_overlay::IoType {
    match network.graph().io_type {
        IoType::Parallel => netlathe_overlay::IoType::IoParallel,
        IoType::Stream => netlathe_overlay::IoType::IoStream,
    }
}

/// Hashes that are not known yet.
pub(crate) fn no_hashes() -> Hashes {
    Hashes { model: String::new(), configuration: String::new(), tree: String::new(), bitstream: None }
}
