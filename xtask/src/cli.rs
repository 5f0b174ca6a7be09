//! The commands and their arguments.

use clap::{Args, Parser, Subcommand, ValueEnum};
use netlathe_flow::report::Stage;
use netlathe_flow::shell::ShellWishes;
use std::path::PathBuf;

/// Trained Keras networks as FPGA accelerators, checked bit by bit.
#[derive(Parser)]
#[command(name = "netlathe", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a board's project from a model: emulate, write, simulate the C++.
    Build(Box<Build>),
    /// Write the complete configuration of a model, every type concrete.
    Config(ConfigArguments),
    /// Compute a model on numpy arrays, with exactly the numbers of the hardware.
    Predict(Predict),
    /// Pack a built project for its board: bitstream, manifest, driver and test vectors in one archive.
    Package(crate::package::Package),
    /// Run a folder of conformance cases.
    Conformance(Conformance),
    /// List the boards and what each supports.
    Boards(Boards),
    /// Try every board with every interface, element type and I/O style (scripts are checked in a checkout).
    Matrix(Matrix),
    /// Bring a Coyote project onto a card: program it, insert the driver, or reconfigure shell or application.
    Program(Program),
    /// Say what is installed, what is missing for which step, and how to get it.
    Doctor(Doctor),
    /// Test NetLathe itself (in a checkout).
    Test(Test),
    /// Compare emulator and generated C++ on random small networks.
    FuzzCases(FuzzCases),
    /// Write SUPPORTED-LAYERS.md from the code (in a checkout).
    SupportedLayers,
}

#[derive(Args)]
pub(crate) struct Build {
    /// The network: .keras, .h5, or .json with --weights. Default in a checkout: the example. Several times: models that share
    /// one of Coyote's cards, in the order of their vFPGAs.
    #[arg(long = "model", value_name = "FILE")]
    pub(crate) models: Vec<PathBuf>,
    /// The weights (HDF5) of a .json model, once for each of these.
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Vec<PathBuf>,
    /// hls4ml-style configuration, YAML or JSON. Without it NetLathe chooses the types. With several models: once for each, in
    /// their order, `-` for none.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// Typical inputs (.npy), once for each input of each model: they are what types are chosen by and what is simulated.
    #[arg(long, value_name = "X.npy")]
    pub(crate) inputs: Vec<PathBuf>,
    /// What Keras answers to the inputs (.npy), once for each output of each model.
    #[arg(long, value_name = "Y.npy")]
    pub(crate) expected: Vec<PathBuf>,
    /// The board, by name: see `boards`.
    #[arg(long)]
    pub(crate) board: Option<String>,
    /// A board file of your own (TOML, as in backend-vivado-accel/boards or backend-coyote/boards).
    #[arg(long, value_name = "FILE", conflicts_with = "board")]
    pub(crate) board_file: Option<PathBuf>,
    /// How tensors reach the accelerator: axi_stream, axi_master, axi_lite. Default: the board's first.
    #[arg(long, value_name = "INTERFACE")]
    pub(crate) interface: Option<String>,
    /// What inputs travel as: float, double, ap_fixed<16,6>, ... Default: float.
    #[arg(long, value_name = "TYPE")]
    pub(crate) input_type: Option<String>,
    /// What outputs travel as.
    #[arg(long, value_name = "TYPE")]
    pub(crate) output_type: Option<String>,
    /// The Vitis platform of a PCIe card. Default: the newest that is installed.
    #[arg(long, value_name = "NAME")]
    pub(crate) platform: Option<String>,
    /// Write scripts for Vivado HLS 2019.2 or 2020.1.
    #[arg(long)]
    pub(crate) legacy_hls: bool,
    /// The project's name. Default: the network's, or those of all networks joined.
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// The clock's period.
    #[arg(long, value_name = "NS")]
    pub(crate) clock: Option<f64>,
    /// The share of the clock's period that HLS leaves free.
    #[arg(long, value_name = "PERCENT")]
    pub(crate) clock_uncertainty: Option<f64>,
    /// The project's folder. Default: build/PROJECT-BOARD.
    #[arg(short = 'o', long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace a project of NetLathe even where files in it were changed or added.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Go on with a network that is too large for the HLS tools.
    #[arg(long)]
    pub(crate) accept_large: bool,
    /// The stage to reach; exit code 1 if it is not reached.
    #[arg(long, value_enum)]
    pub(crate) until: Option<Until>,
    /// The longest that one run of a vendor's tool may take. Default: a day.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) timeout: Option<u32>,
    /// Print the report as JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) shell: Shell,
}

/// Options of Coyote's shell.
#[derive(Args)]
#[command(next_help_heading = "Coyote")]
pub(crate) struct Shell {
    /// vFPGAs. Default: one for each model. With fewer, the models are configurations for partial reconfiguration.
    #[arg(long, value_name = "N")]
    regions: Option<usize>,
    /// Make vFPGAs that can be reconfigured (EN_PR), even with one configuration.
    #[arg(long)]
    reconfigurable: bool,
    /// Build the static layer, too (BUILD_STATIC).
    #[arg(long)]
    static_layer: bool,
    /// The period that HLS schedules for. Default: the kernels' clock.
    #[arg(long, value_name = "NS")]
    hls_clock: Option<f64>,
    /// The period of a clock of the kernels' own (UCLK_F). Default: the shell's, --clock.
    #[arg(long, value_name = "NS")]
    user_clock: Option<f64>,
    /// Let place and route try harder, and take longer (BUILD_OPT).
    #[arg(long)]
    timing_opt: bool,
    /// Jobs that Vivado may run (COMP_CORES). Default: 8.
    #[arg(long, value_name = "N")]
    cores: Option<u32>,
    /// The PCIe generation (PCIE_GEN). Default: the card's usual one.
    #[arg(long, value_name = "N")]
    pcie_gen: Option<u32>,
    /// Streams from and to card memory of each vFPGA (N_CARD_AXI), for what is added by hand. Default: none.
    #[arg(long, value_name = "N")]
    card_streams: Option<u32>,
    /// Constraints (XDC) with a pblock for each vFPGA; only with partial reconfiguration.
    #[arg(long, value_name = "FILE")]
    floorplan: Option<PathBuf>,
}

impl From<Shell> for ShellWishes {
    fn from(a: Shell) -> Self {
        Self {
            regions: a.regions,
            reconfigurable: a.reconfigurable,
            static_layer: a.static_layer,
            hls_clock_period_ns: a.hls_clock,
            user_clock_period_ns: a.user_clock,
            optimise_timing: a.timing_opt,
            cores: a.cores,
            pcie_generation: a.pcie_gen,
            card_streams: a.card_streams,
            floorplan: a.floorplan,
        }
    }
}

#[derive(Args)]
pub(crate) struct ConfigArguments {
    /// The network: .keras, .h5, or .json with --weights.
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// The weights of a .json model (HDF5).
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// A configuration to complete.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Typical inputs (.npy), once for each input: they are what types are chosen by.
    #[arg(long, value_name = "X.npy")]
    pub(crate) inputs: Vec<PathBuf>,
    /// The file: .yml, .yaml or .json. Default: YAML to standard output.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args)]
pub(crate) struct Predict {
    /// The network: .keras, .h5, or .json with --weights.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// The weights of a .json model (HDF5).
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// hls4ml-style configuration. Without it types are chosen by the inputs.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The inputs (.npy), once for each input of the network, batch first.
    #[arg(long, value_name = "X.npy", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The outputs, float64; Y_0.npy, Y_1.npy, ... for a network of several.
    #[arg(short = 'o', long, value_name = "Y.npy", default_value = "y.npy")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args)]
pub(crate) struct Conformance {
    /// The folder with index.json.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Only cases with such a name (`*`, `?`); bad files are called bad/NAME.
    #[arg(long = "case", value_name = "GLOB")]
    pub(crate) cases: Vec<String>,
    /// Who computes. Default: both.
    #[arg(long = "executor", value_enum)]
    pub(crate) executors: Vec<ExecutorName>,
    /// Cases at the same time. Default: the number of cores.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) jobs: usize,
    /// Write the report to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args)]
pub(crate) struct Boards {
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Matrix {
    /// Only this board, once for each.
    #[arg(long = "board", value_name = "NAME")]
    pub(crate) boards: Vec<String>,
    /// Simulate every Nth distinct wrapper; 0: none.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) csim_every: usize,
    /// Write the report to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args)]
pub(crate) struct Program {
    /// The board, by name.
    #[arg(long)]
    pub(crate) board: String,
    /// The project's folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,
    /// The card's number, as in /dev/coyote_fpga_N_v0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) device: u32,
    /// The whole card's image. Default: the project's build/hw/bitstreams/cyt_top.bit (or .pdi).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["shell", "app"])]
    pub(crate) image: Option<PathBuf>,
    /// Load another shell (shell_top.bin) into a card that runs Coyote.
    #[arg(long, value_name = "FILE", conflicts_with = "app")]
    pub(crate) shell: Option<PathBuf>,
    /// Load another application (vfpga_cX_Y.bin) into --vfpga of a card that runs Coyote.
    #[arg(long, value_name = "FILE", requires = "vfpga")]
    pub(crate) app: Option<PathBuf>,
    /// The vFPGA that --app is loaded into.
    #[arg(long, value_name = "N", requires = "app", value_parser = clap::value_parser!(u32).range(0..15))]
    pub(crate) vfpga: Option<u32>,
    /// The card's PCI address, where there are several.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) pci: Option<String>,
    /// A pattern of the card's JTAG cable, where there are several.
    #[arg(long, value_name = "TARGET")]
    pub(crate) jtag: Option<String>,
    /// The number that HACC's hdev has for the card.
    #[arg(long, value_name = "N")]
    pub(crate) hdev_device: Option<u32>,
    /// Huge pages of 2 MB that shall be free.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) huge_pages: u64,
    /// The driver's ip_addr, only for networking (8 hexadecimal digits).
    #[arg(long, value_name = "HEX")]
    pub(crate) ip_address: Option<String>,
    /// The driver's mac_addr, only for networking (12 hexadecimal digits).
    #[arg(long, value_name = "HEX")]
    pub(crate) mac_address: Option<String>,
    /// Only show what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without asking.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print the plan as JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    /// A folder that stands for /.
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    pub(crate) root: PathBuf,
}

#[derive(Args)]
pub(crate) struct Doctor {
    /// Print as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args)]
pub(crate) struct FuzzCases {
    /// Networks to compare.
    #[arg(long, default_value_t = 200)]
    pub(crate) count: usize,
    /// Seed of the first network; the others' follow it. Default: the time.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Programs compiled at the same time. Default: the number of cores.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) jobs: usize,
    /// Only such kinds of layers (`*`, `?`), once for each.
    #[arg(long, value_name = "KIND")]
    pub(crate) only: Vec<String>,
    /// How tensors travel. Default: both.
    #[arg(long, value_enum)]
    pub(crate) io: Option<IoName>,
    /// Report failing networks as they were drawn.
    #[arg(long)]
    pub(crate) no_shrink: bool,
    /// Write failing networks to this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Run one network that was written, instead of drawing any.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["count", "seed", "only", "io", "keep"])]
    pub(crate) replay: Option<PathBuf>,
    /// Print the report as JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum IoName {
    Parallel,
    Stream,
}

#[derive(Args)]
pub(crate) struct Common {
    /// Folder with ap_fixed.h and ap_int.h. Default: a Vitis installation's, else fetched from PyPI once.
    #[arg(long, value_name = "DIR")]
    pub(crate) ap_types: Option<PathBuf>,
}

/// Stages that can be asked for.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Until {
    Emulate,
    Write,
    Csim,
    Hls,
    Bitstream,
    Package,
}

impl From<Until> for Stage {
    fn from(until: Until) -> Self {
        match until {
            Until::Emulate => Stage::Emulate,
            Until::Write => Stage::Write,
            Until::Csim => Stage::Csim,
            Until::Hls => Stage::Hls,
            Until::Bitstream => Stage::Bitstream,
            Until::Package => Stage::Package,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ExecutorName {
    Emulator,
    Cpp,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        super::Arguments::command().debug_assert();
    }
}
