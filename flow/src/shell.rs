//! What a user may say of a Coyote shell. Only the command line says it: hls4ml's configuration has no keys for it.

use crate::error::Error;
use netlathe_backend_coyote as coyote;
use std::path::PathBuf;

/// The largest floorplan that is read, in bytes.
const MAX_FLOORPLAN: u64 = 16 << 20;

/// What a user may say; what is `None` or false is left to [`coyote::Options::new`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShellWishes {
    /// vFPGAs; as many as there are models if `None`.
    pub regions: Option<usize>,
    /// vFPGAs that can be reconfigured even where there is one configuration.
    pub reconfigurable: bool,
    /// The static layer is built, too.
    pub static_layer: bool,
    /// What HLS schedules for, in ns; hls4ml's `hls_clock_period`.
    pub hls_clock_period_ns: Option<f64>,
    /// The kernels' own clock, in ns.
    pub user_clock_period_ns: Option<f64>,
    /// hls4ml's `timing_opt`.
    pub optimise_timing: bool,
    /// Jobs of Vivado.
    pub cores: Option<u32>,
    /// The PCIe generation.
    pub pcie_generation: Option<u32>,
    /// Streams from and to card memory, of each vFPGA.
    pub card_streams: Option<u32>,
    /// A constraints file with a pblock for every vFPGA.
    pub floorplan: Option<PathBuf>,
}

impl ShellWishes {
    /// The first option that was given, as the command line spells it.
    pub fn given(&self) -> Option<&'static str> {
        let options = [
            (self.regions.is_some(), "--regions"),
            (self.reconfigurable, "--reconfigurable"),
            (self.static_layer, "--static-layer"),
            (self.hls_clock_period_ns.is_some(), "--hls-clock"),
            (self.user_clock_period_ns.is_some(), "--user-clock"),
            (self.optimise_timing, "--timing-opt"),
            (self.cores.is_some(), "--cores"),
            (self.pcie_generation.is_some(), "--pcie-gen"),
            (self.card_streams.is_some(), "--card-streams"),
            (self.floorplan.is_some(), "--floorplan"),
        ];
        options.into_iter().find_map(|(given, option)| given.then_some(option))
    }

    /// Text of the floorplan, if there is one.
    ///
    /// # Errors
    /// [`Error::Usage`]: it cannot be read, or is too large for one.
    pub(crate) fn floorplan(&self) -> Result<Option<String>, Error> {
        let Some(path) = &self.floorplan else { return Ok(None) };
        let io = |e: std::io::Error| Error::io("read", path, &e);
        let bytes = std::fs::metadata(path).map_err(io)?.len();
        if bytes > MAX_FLOORPLAN {
            return Err(Error::usage(
                format!("{} has {bytes} bytes; a floorplan has at most {MAX_FLOORPLAN}", path.display()),
                "is it the right file?",
            ));
        }
        std::fs::read_to_string(path).map(Some).map_err(io)
    }

    /// The back end's options with these.
    pub(crate) fn applied(&self, floorplan: Option<String>, options: coyote::Options) -> coyote::Options {
        coyote::Options {
            regions: self.regions,
            reconfigurable: self.reconfigurable,
            layers: if self.static_layer { coyote::Layers::Static } else { coyote::Layers::Shell },
            hls_clock_period_ns: self.hls_clock_period_ns,
            user_clock_period_ns: self.user_clock_period_ns,
            optimise_timing: self.optimise_timing,
            cores: self.cores.unwrap_or(options.cores),
            pcie_generation: self.pcie_generation,
            card_streams: self.card_streams.unwrap_or(options.card_streams),
            floorplan,
            ..options
        }
    }
}
