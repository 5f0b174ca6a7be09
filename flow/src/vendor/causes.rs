//! Why a vendor's tool failed: a table of what the tools say, and what to do about it.
//!
//! The first row that any line of the logs fits is the cause: rows that explain others come first (a full disk makes every tool say
//! something else, too). Lines that only echo a script (`# puts ...`) are not looked at.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// A reason that a user can do something about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    Disk,
    Memory,
    Licence,
    Version,
    /// A tool that another one starts is not there.
    Tool,
    BoardFiles,
    Part,
    Platform,
    Csim,
    Cosim,
    TooLarge,
    Unroutable,
    Timing,
    Clock,
    /// HLS refuses the C++: a mistake of NetLathe's.
    Source,
    /// The registers are not those of the manifest.
    Registers,
    /// A report that decides is missing or cannot be read.
    Report,
    /// None of these.
    Unknown,
}

impl Cause {
    /// One word, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Disk => "disk",
            Cause::Memory => "memory",
            Cause::Licence => "licence",
            Cause::Version => "version",
            Cause::Tool => "tool",
            Cause::BoardFiles => "board_files",
            Cause::Part => "part",
            Cause::Platform => "platform",
            Cause::Csim => "csim",
            Cause::Cosim => "cosim",
            Cause::TooLarge => "too_large",
            Cause::Unroutable => "unroutable",
            Cause::Timing => "timing",
            Cause::Clock => "clock",
            Cause::Source => "source",
            Cause::Registers => "registers",
            Cause::Report => "report",
            Cause::Unknown => "unknown",
        }
    }

    /// What went wrong, as a clause.
    pub fn what(self) -> &'static str {
        match self {
            Cause::Disk => "the disk is full",
            Cause::Memory => "the machine ran out of memory and a tool was killed",
            Cause::Licence => "a licence is missing",
            Cause::Version => "this version of the tools does not fit the project",
            Cause::Tool => "a tool that this one starts is missing or too old",
            Cause::BoardFiles => "the board's files are not installed in Vivado",
            Cause::Part => "this installation does not have the board's device",
            Cause::Platform => "the card's platform is not installed",
            Cause::Csim => "C simulation inside the HLS tool failed",
            Cause::Cosim => "RTL co-simulation failed",
            Cause::TooLarge => "the design does not fit the device",
            Cause::Unroutable => "the design cannot be routed",
            Cause::Timing => "the design misses its timing",
            Cause::Clock => "the clock is lower than asked for",
            Cause::Source => "the HLS tool refuses the C++",
            Cause::Registers => "HLS made other registers than the manifest says",
            Cause::Report => "a report that decides cannot be read",
            Cause::Unknown => "the tool failed for a reason that NetLathe does not know",
        }
    }

    /// What to do.
    pub fn help(self) -> &'static str {
        match self {
            Cause::Disk => {
                "free some space (an implementation needs about 5 GB, an Alveo link about 30 GB) where the project and /tmp lie, and run it again"
            }
            Cause::Memory => {
                "HLS and implementation need 8 to 64 GB: close other programs, add swap, use a larger machine, or make the network \
                 smaller (a larger ReuseFactor, Strategy Resource, IOType io_stream)"
            }
            Cause::Licence => {
                "set XILINXD_LICENSE_FILE to the licence file or to PORT@SERVER and check it with Vivado's licence manager (vlm); \
                 devices of the free edition need none"
            }
            Cause::Version => {
                "source the settings64.sh of another version: Vitis HLS and Vivado 2020.2 to 2025.x; `netlathe doctor` shows which one is found"
            }
            Cause::Tool => {
                "the tool says which one; source its settings64.sh or setup.sh, and look with `netlathe doctor`"
            }
            Cause::BoardFiles => {
                "install the board's files: in Vivado Tools > XHub Stores > Boards, or the board vendor's archive in \
                 data/boards/board_files of the installation"
            }
            Cause::Part => {
                "add the device's family to the installation: Vivado, Help > Add Design Tools or Devices; some devices are not in the free edition"
            }
            Cause::Platform => {
                "install the card's development platform package, or name an installed one with --platform; `platforminfo -l` lists \
                 them, PLATFORM_REPO_PATHS says where others lie"
            }
            Cause::Csim => {
                "the HLS tool's own C simulation differs from NetLathe's or does not compile; please report it with the log"
            }
            Cause::Cosim => "the RTL differs from the C++, or it stalls; please report it with the log",
            Cause::TooLarge => {
                "make the network smaller: a larger ReuseFactor with Strategy Resource, narrower types, IOType io_stream; or take a larger board"
            }
            Cause::Unroutable => {
                "relieve the routing: a larger ReuseFactor, IOType io_stream, narrower types, a longer ClockPeriod"
            }
            Cause::Timing => {
                "give a longer ClockPeriod (--clock NS) or a larger ReuseFactor; the timing report shows the longest path"
            }
            Cause::Clock => {
                "ask for the clock that is reached (--clock NS), or shorten the paths with a larger ReuseFactor"
            }
            Cause::Source => {
                "this is a mistake in NetLathe; please report it with the log, the model and the configuration"
            }
            Cause::Registers => {
                "drivers would write to wrong addresses, so nothing is exported; please report both values with the HLS tool's version"
            }
            Cause::Report => {
                "look for the report in the project's folder and at the log; without it nothing is exported"
            }
            Cause::Unknown => "read the log; if the project is at fault, please report it",
        }
    }
}

/// A row: a line that holds all of these texts means the cause.
pub struct Row {
    pub cause: Cause,
    pub holds: &'static [&'static str],
    /// Where such a line was seen.
    pub source: &'static str,
}

const fn row(cause: Cause, holds: &'static [&'static str], source: &'static str) -> Row {
    Row { cause, holds, source }
}

/// What the tools say, those rows first that explain others.
pub const TABLE: &[Row] = &[
    row(
        Cause::Disk,
        &["No space left on device"],
        "errno ENOSPC, strerror(3); github.com/fastmachinelearning/hls4ml/issues/35",
    ),
    row(
        Cause::Disk,
        &["[Common 17-49]", "writeMessage failed"],
        "github.com/f4pga/f4pga-arch-defs/issues/1527",
    ),
    row(Cause::Disk, &["Disk quota exceeded"], "errno EDQUOT, strerror(3)"),
    row(
        Cause::Memory,
        &["rdiArgs.sh: line", "Killed"],
        "github.com/Xilinx/kria-vitis-platforms/issues/1, hls4ml issues 438 and 539",
    ),
    row(
        Cause::Memory,
        &["/loader: line", "Killed"],
        "github.com/ucb-bar/fpga-zynq/issues/56 (Vivado 2016.2)",
    ),
    row(
        Cause::Memory,
        &["unable to execute command: Killed"],
        "github.com/Xilinx/finn/issues/1214 (clang in Vitis HLS 2022.2)",
    ),
    row(Cause::Memory, &["Cannot allocate memory"], "errno ENOMEM, strerror(3)"),
    row(Cause::Memory, &["std::bad_alloc"], "C++ standard, [bad.alloc]"),
    row(
        Cause::Memory,
        &["Error 137"],
        "make's word for a command that was killed; kria-vitis-platforms/issues/1",
    ),
    row(Cause::Memory, &["build_xclbin: error:", "ran out of memory"], "build_xclbin.sh"),
    row(
        Cause::Licence,
        &["[Common 17-345]"],
        "hundreds of threads; e.g. blog.abbey1.org.uk, Resilient Xilinx Vivado licence acquisition",
    ),
    row(
        Cause::Licence,
        &["[XOCC 60-705]", "valid license is installed"],
        "github.com/Xilinx/XRT/issues/4345: it also lists no platform",
    ),
    row(Cause::Licence, &["License check-out failed"], "FlexNet's words, as quoted for Vivado 2023.1"),
    row(
        Cause::Version,
        &["[BD::TCL 103-204", "This script was generated using Vivado"],
        "github.com/Xilinx/mlir-aie/issues/341 (103-2041), hguq/HG-PIPE/issues/5 (103-2042)",
    ),
    row(Cause::Version, &["[BD_TCL-109]"], "github.com/xupsh/Pynq-CV-OV5640/issues/1 (2018.3)"),
    row(Cause::Version, &["[HLS 200-644]", "is not supported"], "github.com/Xilinx/PYNQ/issues/1174"),
    row(Cause::Version, &["ERROR: this Vivado's IP catalogue has no"], "design.tcl"),
    row(Cause::Version, &["ERROR: Vivado ", "is too old"], "design.tcl"),
    row(Cause::Tool, &["build_xclbin: error:", "is not found"], "build_xclbin.sh"),
    row(Cause::Tool, &["build_xclbin: error:", "is needed"], "build_xclbin.sh"),
    row(
        Cause::BoardFiles,
        &["[Board 49-71]"],
        "github.com/stnolting/neorv32-setups/issues/290 (2025.1), pulp-platform/bender/issues/361 (2025.2)",
    ),
    row(Cause::BoardFiles, &["ERROR: the board files of", "are not installed in this Vivado"], "design.tcl"),
    row(
        Cause::Part,
        &["[HLS 200-1023]", "is not installed"],
        "github.com/Xilinx/finn/issues/948, Digilent/vivado-boards/issues/39",
    ),
    row(Cause::Part, &["[Coretcl 2-106]"], "github.com/analogdevicesinc/hdl/issues/419 and 427"),
    row(Cause::Part, &["Command failed: Part", "not found"], "github.com/li3tuo4/rc-fpga-zcu/issues/14"),
    row(Cause::Part, &["[Common 17-577]", "non-timing device"], "public logs of Vivado 2021.2 for xck26"),
    row(Cause::Platform, &["[v++ 60-1258]"], "github.com/Xilinx/Vitis-Tutorials/issues/3"),
    row(Cause::Platform, &["[v++ 60-587]"], "github.com/Xilinx/Vitis-Tutorials/issues/3"),
    row(Cause::Platform, &["60-705]", "No platform was found"], "github.com/Xilinx/data-analytics/issues/1"),
    row(Cause::Report, &["build_xclbin: error: v++ left no timing summary"], "build_xclbin.sh"),
    row(Cause::Report, &["build_xclbin: error: reports/timing.rpt has no table"], "build_xclbin.sh"),
    row(Cause::Report, &["build_xclbin: error: the xclbin", "kernel clock"], "build_xclbin.sh"),
    row(Cause::Report, &["build_xclbin: error: xclbinutil"], "build_xclbin.sh"),
    row(Cause::Platform, &["build_xclbin: error:", "platform"], "build_xclbin.sh"),
    row(
        Cause::Cosim,
        &["ERROR: [COSIM 212-"],
        "github.com/KastnerRG/Read_the_docs/issues/26, sharc-lab/Edge-MoE/issues/5, Vitis_Libraries/issues/111",
    ),
    row(
        Cause::Csim,
        &["[SIM 211-100]"],
        "github.com/Xilinx/finn-hlslib/issues/60, public logs of Vitis HLS 2020.2 to 2024.1",
    ),
    row(Cause::Csim, &["[SIM 100]"], "github.com/Xilinx/finn-hlslib/issues/60 (the csim log's spelling)"),
    row(
        Cause::TooLarge,
        &["[Place 30-640]"],
        "github.com/Xilinx/QNN-MO-PYNQ/issues/12 (2018.2), theseus-cores/issues/1",
    ),
    row(Cause::TooLarge, &["ERROR: [DRC UTLZ-"], "public logs, e.g. Vivado for xck26 and xcvu33p"),
    row(Cause::TooLarge, &["[Place 30-484]"], "github.com/chili-chips-ba/openeye-CamSI/issues/33 (2024.1)"),
    row(
        Cause::TooLarge,
        &["[Place 30-487]"],
        "github.com/stanford-ppl/spatial/issues/279: `The packing of instances into the device could not be obeyed`",
    ),
    row(
        Cause::Unroutable,
        &["ERROR: [Route 35-"],
        "github.com/UCLA-VAST/FlexCNN/issues/18; public logs of 35-7 and 35-4445",
    ),
    row(Cause::Timing, &["ERROR: timing is missed"], "design.tcl"),
    row(Cause::Timing, &["build_xclbin: error:", "timing is missed:"], "build_xclbin.sh"),
    row(Cause::Clock, &["ERROR: the clock ", "that were asked for"], "design.tcl"),
    row(Cause::Clock, &["build_xclbin: error: the kernel reaches"], "build_xclbin.sh"),
    row(
        Cause::Timing,
        &["[VPL 101-2]", "did not meet timing"],
        "github.com/firesim/firesim/issues/1293, Xilinx/xup_vitis_network_example/issues/42",
    ),
    row(
        Cause::Timing,
        &["[VPL-4]", "did not meet timing"],
        "github.com/fpgasystems/Vitis_with_100Gbps_TCP-IP/issues/6",
    ),
    row(Cause::Source, &["ERROR: [SYNCHK "], "UG902: unsynthesizable C++"),
    row(Cause::Source, &["ERROR: [HLS 214-"], "UG1399 \"HLS 214\" front-end messages"),
    row(Cause::Source, &["ERROR: [HLS 207-"], "UG1399: the compiler's own messages"),
];

/// v++ lowers a kernel's clock until timing is met, says so in a warning, and ends well: UG1315 "Kernel Timing Failure"; the
/// SDAccel FAQ of aws-fpga quotes it (`[XOCC 60-732] Link warning: ...`).
const LOWERED: &str = "The frequency is being automatically changed to";

/// The line of a log by which a clock was lowered.
pub fn lowered(log: &str) -> Option<String> {
    log.lines().find(|line| !is_echo(line) && line.contains(LOWERED)).map(shown)
}

/// What was found out about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub cause: Cause,
    /// The line that says so; empty when the exit status does.
    pub said: String,
}

/// The cause that the logs tell, the most telling first; `None` when none is known.
pub fn search<'a>(logs: impl IntoIterator<Item = &'a str> + Clone) -> Option<Found> {
    TABLE.iter().find_map(|row| {
        let line = logs
            .clone()
            .into_iter()
            .flat_map(str::lines)
            .find(|line| !is_echo(line) && row.holds.iter().all(|text| line.contains(text)))?;
        Some(Found { cause: row.cause, said: shown(line) })
    })
}

/// The cause, from the exit status when the logs do not tell it.
pub fn of<'a>(status: Option<ExitStatus>, logs: impl IntoIterator<Item = &'a str> + Clone) -> Found {
    if let Some(found) = search(logs.clone()) {
        return found;
    }
    // 137 is how a shell passes on that its child was killed.
    if status.is_some_and(|s| s.signal() == Some(9) || s.code() == Some(137)) {
        return Found { cause: Cause::Memory, said: String::new() };
    }
    let first = logs.into_iter().flat_map(str::lines).find(|l| {
        let line = l.trim_start();
        line.starts_with("ERROR:") || line.contains(": error: ")
    });
    Found { cause: Cause::Unknown, said: first.map(shown).unwrap_or_default() }
}

/// Vivado prints the lines of a script that it sources, each behind `#`.
fn is_echo(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn shown(line: &str) -> String {
    const WIDTH: usize = 400;
    let line = line.trim();
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
