//! What a project is made for.

use netlathe_codegen_hls::wrapper::Element;

use crate::board::Board;

/// What a project is made for. [`Options::new`] has the defaults; they are Coyote's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The project's name: letters, digits and underscores, starting with a letter.
    pub project: String,
    /// The card.
    pub board: Board,
    /// The period of the shell's clock, and of the kernels' when those have none of their own. Coyote's `ACLK_F` is the next
    /// lower whole MHz. `None`: the board's usual one.
    pub clock_period_ns: Option<f64>,
    /// The period of a clock of the kernels' own (`UCLK_F`, behind clock crossings: `EN_UCLK`). `None`, or the same MHz as
    /// the shell: there is none.
    pub user_clock_period_ns: Option<f64>,
    /// The period that HLS schedules for, if not the kernels' clock: hls4ml's `hls_clock_period`. A shorter one leaves place
    /// and route more room.
    pub hls_clock_period_ns: Option<f64>,
    /// Share of the HLS clock's period that HLS leaves free, in percent; 27 if `None`, as Coyote has it.
    pub clock_uncertainty_percent: Option<f64>,
    /// Coyote's `BUILD_OPT`: place and route try harder, and take much longer. hls4ml's `timing_opt`.
    pub optimise_timing: bool,
    /// How many jobs Vivado may run (`COMP_CORES`).
    pub cores: u32,
    /// Which layers are built.
    pub layers: Layers,
    /// vFPGAs (`N_REGIONS`); as many as there are models if `None`. With fewer, the models are several configurations of them
    /// (`N_CONFIG`), which partial reconfiguration exchanges.
    pub regions: Option<usize>,
    /// Whether vFPGAs can be reconfigured (`EN_PR`) even where there is only one configuration, so that others can be
    /// built for the same shell later.
    pub reconfigurable: bool,
    /// Text of a constraints file (XDC) with a pblock for every vFPGA, for `FPLAN_PATH`; only with partial reconfiguration.
    pub floorplan: Option<String>,
    /// Streams from and to card memory that each vFPGA has beside its host streams (`EN_MEM`, `N_CARD_AXI`). Models do not
    /// use them; they are there for what is added by hand.
    pub card_streams: u32,
    /// The PCIe generation (`PCIE_GEN`); the board's usual one if `None`.
    pub pcie_generation: Option<u32>,
    /// What an input element is on the stream; float32 if `None`.
    pub input: Option<Element>,
    /// What an output element is on the stream; float32 if `None`.
    pub output: Option<Element>,
}

/// Which layers are built. (A build of applications for a shell that exists, Coyote's `BUILD_APP`, takes everything from that
/// shell and so has no options; see the project's README.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layers {
    /// The shell, on top of the static layer that Coyote ships as a checkpoint: `BUILD_SHELL`.
    #[default]
    Shell,
    /// The static layer, too: `BUILD_STATIC`.
    Static,
}

impl Options {
    /// A project of that name for that card, with Coyote's defaults.
    pub fn new(project: impl Into<String>, board: Board) -> Self {
        Self {
            project: project.into(),
            board,
            clock_period_ns: None,
            user_clock_period_ns: None,
            hls_clock_period_ns: None,
            clock_uncertainty_percent: None,
            optimise_timing: false,
            cores: 8,
            layers: Layers::Shell,
            regions: None,
            reconfigurable: false,
            floorplan: None,
            card_streams: 0,
            pcie_generation: None,
            input: None,
            output: None,
        }
    }
}
