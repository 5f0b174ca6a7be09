//! Projects for PCIe cards.

use netlathe_codegen_hls::Kernel;
use netlathe_ir::Validated;

use crate::error::Error;
use crate::options::Options;
use crate::project::Project;

/// Makes the Vitis project of a network for a card.
///
/// # Errors
/// [`Error::Option`].
pub(crate) fn emit(_network: &Validated, _kernel: &Kernel, options: &Options) -> Result<Project, Error> {
    Err(Error::Option {
        option: "--board",
        board: options.board.name.clone(),
        why: "its scripts are not written yet; choose a Zynq board",
    })
}
