//! The shell's configuration: [`Options`] and models as Coyote's CMake variables, checked by the rules of Coyote's CMake.
//!
//! The rules of `cmake/FindCoyoteHW.cmake` (`validation_checks_hw`, `load_apps`) and what becomes of each:
//!
//! | Coyote's rule | here |
//! |---|---|
//! | «Coyote directory not set.» | the project's CMakeLists.txt says what is wrong with `COYOTE_ROOT` |
//! | «Choose one build flow.» | [`Layers`] is one |
//! | «Target device not supported.» | [`Error::UnknownBoard`] |
//! | «Max 15 vFPGAs supported.», «N_REGIONS not set.» | [`Error::Regions`] |
//! | «When PR is not enabled only one configuration of the shell should exist.» | several configurations turn `EN_PR` on |
//! | «Versal devices only support PCIe Gen4x16 or Gen5x8.» | [`Error::Pcie`] |
//! | «Static builds do not support PR.» | [`Error::StaticReconfigurable`] |
//! | «The shell pblock option (EN_SHELL_PBLOCK) can only be disabled for ...» | off only where the next rule wants it |
//! | «Versal devices do not support nested reconfiguration yet ...» | `EN_SHELL_PBLOCK` is off for a Versal device with `EN_PR` |
//! | «Networking not supported yet on Versal devices.», «Both network ports enabled.» | a project has no network |
//! | «Number of DDR channels misconfigured.», «DDRs have not been configured properly.» | left to Coyote's own values |
//! | «External shell path not provided.», «PR not enabled in the shell.» | only of `BUILD_APP`, which is not offered |
//! | «Provide N_REGIONS * N_CONFIG apps.», «Missing arguments.», «Wrong number of arguments provided» | [`Error::Apps`] |

use crate::board::Family;
use crate::error::Error;
use crate::options::{Layers, Options};

/// The most vFPGAs of a shell.
pub const MAX_REGIONS: usize = 15;
/// The most host streams each way of a vFPGA.
pub const MAX_STREAMS: usize = 16;
/// What Coyote's CMake has as `HLS_CLOCK_UNCERTAINTY` when nobody says otherwise.
const UNCERTAINTY: f64 = 27.0;

/// The shell, as Coyote's CMake variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    /// `FDEV_NAME`.
    pub device: String,
    /// `ACLK_F`: the shell's clock in MHz.
    pub aclk_mhz: u32,
    /// `UCLK_F`, with `EN_UCLK`: the clock of the kernels in MHz where it is another.
    pub uclk_mhz: Option<u32>,
    /// `HLS_CLOCK_UNCERTAINTY` in percent of the kernels' clock, such as `27` or `41.6`.
    pub uncertainty: String,
    /// `BUILD_STATIC` instead of `BUILD_SHELL`.
    pub build_static: bool,
    /// `BUILD_OPT`.
    pub optimise_timing: bool,
    /// `COMP_CORES`.
    pub cores: u32,
    /// `N_REGIONS`.
    pub regions: usize,
    /// `N_CONFIG`.
    pub configurations: usize,
    /// `EN_PR`.
    pub reconfigurable: bool,
    /// `EN_SHELL_PBLOCK`, false only where a Versal device has reconfigurable vFPGAs.
    pub shell_pblock: bool,
    /// `N_STRM_AXI`: of every vFPGA, the most that any model needs.
    pub host_streams: usize,
    /// `EN_MEM` and `N_CARD_AXI`.
    pub card_streams: u32,
    /// `PCIE_GEN`, which only Versal devices read.
    pub pcie: Option<u32>,
    /// Whether there is a floorplan for the vFPGAs.
    pub floorplan: bool,
}

/// What the shell must know of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What it is called in messages.
    pub name: String,
    /// Input tensors, each on a stream of its own.
    pub inputs: usize,
    /// Output tensors, each on a stream of its own.
    pub outputs: usize,
}

impl Shell {
    /// The shell for these models.
    ///
    /// # Errors
    /// One of [`Error`] for whatever Coyote would not build.
    pub fn new(options: &Options, models: &[Need]) -> Result<Self, Error> {
        let board = &options.board;
        let regions = options.regions.unwrap_or(models.len());
        if !(1..=MAX_REGIONS).contains(&regions) {
            return Err(Error::Regions(regions));
        }
        if models.is_empty() || !models.len().is_multiple_of(regions) {
            return Err(Error::Apps { models: models.len(), regions });
        }
        let configurations = models.len() / regions;
        let reconfigurable = options.reconfigurable || configurations > 1;
        let build_static = options.layers == Layers::Static;
        if build_static && reconfigurable {
            return Err(Error::StaticReconfigurable);
        }
        check_floorplan(options.floorplan.as_deref(), reconfigurable, regions)?;
        let aclk_mhz = board.clock.mhz(&board.name, options.clock_period_ns)?;
        let own = options.user_clock_period_ns;
        let uclk_mhz = match own.map(|_| board.clock.mhz(&board.name, own)).transpose()? {
            Some(mhz) if mhz != aclk_mhz => Some(mhz),
            _ => None,
        };
        let uncertainty = uncertainty(options, uclk_mhz.unwrap_or(aclk_mhz))?;
        if options.cores == 0 {
            return Err(Error::Cores);
        }
        Ok(Self {
            device: board.fdev_name.clone(),
            aclk_mhz,
            uclk_mhz,
            uncertainty,
            build_static,
            optimise_timing: options.optimise_timing,
            cores: options.cores,
            regions,
            configurations,
            reconfigurable,
            shell_pblock: !(reconfigurable && board.family == Family::Versal),
            host_streams: host_streams(models)?,
            card_streams: card_streams(options, regions)?,
            pcie: pcie(options)?,
            floorplan: options.floorplan.is_some(),
        })
    }

    /// The clock of the kernels in MHz.
    pub fn kernel_mhz(&self) -> u32 {
        self.uclk_mhz.unwrap_or(self.aclk_mhz)
    }
}

/// The share of the kernels' period that HLS must leave free.
///
/// Coyote's HLS step (`scripts/apps/comp_hls.tcl.in`) knows no clock of its own: it creates a clock of the kernels' period
/// and subtracts `HLS_CLOCK_UNCERTAINTY` percent of it. An HLS clock of `h` ns with `u` % leaves a stage `h (1 - u/100)`; the
/// same time is left of a period of `p` ns by `100 - h (100 - u) / p` percent.
fn uncertainty(options: &Options, mhz: u32) -> Result<String, Error> {
    let percent = options.clock_uncertainty_percent.unwrap_or(UNCERTAINTY);
    if !(0.0..=90.0).contains(&percent) {
        return Err(Error::Uncertainty(percent));
    }
    let clock_ns = 1000.0 / f64::from(mhz);
    let hls_ns = options.hls_clock_period_ns.unwrap_or(clock_ns);
    let stage_ns = hls_ns * (1.0 - percent / 100.0);
    let left = 100.0 - 100.0 * stage_ns / clock_ns;
    // NaN is in no range. A hair below zero is what rounding leaves of an exact fit.
    if !(-1e-9..=100.0).contains(&left) || stage_ns <= 0.0 {
        let longest_ns = clock_ns / (1.0 - percent / 100.0);
        return Err(Error::HlsClock { hls_ns, uncertainty: percent, stage_ns, clock_ns, longest_ns });
    }
    if left > 90.0 {
        return Err(Error::Uncertainty(left));
    }
    // Two digits, upwards, so that no stage gets more time than was asked for.
    let rounded = (left * 100.0 - 1e-6).ceil().max(0.0) / 100.0;
    Ok(rounded.to_string())
}

fn check_floorplan(floorplan: Option<&str>, reconfigurable: bool, regions: usize) -> Result<(), Error> {
    let Some(text) = floorplan else { return Ok(()) };
    if !reconfigurable {
        return Err(Error::Floorplan(
            "has no effect: nothing is reconfigured here (Coyote reads FPLAN_PATH only with EN_PR)".into(),
        ));
    }
    for region in 0..regions {
        // The cells of a vFPGA lie under this instance of the dynamic layer (`scripts/impl/bitgen.tcl.in`).
        let cell = format!("inst_user_wrapper_{region}");
        let names = |line: &str| {
            let found = line
                .match_indices(&cell)
                .any(|(at, _)| !line[at + cell.len()..].starts_with(|next: char| next.is_ascii_digit()));
            found && !line.trim_start().starts_with('#')
        };
        if !text.lines().any(names) {
            return Err(Error::Floorplan(format!(
                "names no cells of vFPGA {region}; add a pblock with \
                 inst_shell/inst_dynamic/{cell} (there are {regions} vFPGAs)"
            )));
        }
    }
    Ok(())
}

fn host_streams(models: &[Need]) -> Result<usize, Error> {
    let mut most = 1;
    for model in models {
        let count = model.inputs.max(model.outputs);
        if count > MAX_STREAMS {
            return Err(Error::Streams { what: model.name.clone(), count });
        }
        most = most.max(count);
    }
    Ok(most)
}

/// Coyote connects `N_REGIONS * N_CARD_AXI + 1` masters (its `N_MEM_CHAN`).
fn card_streams(options: &Options, regions: usize) -> Result<u32, Error> {
    let (streams, masters) = (options.card_streams, options.board.memory.masters);
    let needed = u64::from(streams) * regions as u64 + 1;
    // The number of a card stream has as many bits as that of a host stream.
    if streams > 0 && (needed > u64::from(masters) || streams as usize > MAX_STREAMS) {
        let board = options.board.name.clone();
        return Err(Error::CardStreams { regions, streams, needed, board, masters });
    }
    Ok(streams)
}

fn pcie(options: &Options) -> Result<Option<u32>, Error> {
    let board = &options.board;
    if let Some(generation) = options.pcie_generation
        && !board.pcie.contains(&generation)
    {
        let known = board.pcie.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        return Err(Error::Pcie { board: board.name.clone(), generation, known });
    }
    let chosen = options.pcie_generation.or_else(|| board.pcie.first().copied());
    Ok(chosen.filter(|_| board.family == Family::Versal))
}
