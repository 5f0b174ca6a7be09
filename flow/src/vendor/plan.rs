//! A vendor run as data: which tool runs where, with what, and what it must leave.

use super::project::{Kind, Project};
use super::tools::Tools;
use crate::card::Card;
use crate::report::Stage;
use crate::tool;
use std::path::PathBuf;
use std::time::Duration;

/// How long a step may take when nobody says otherwise: an Alveo link takes half a day on a small machine.
pub const TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// Where logs go, in the project's folder.
pub const LOGS: &str = "logs";

/// One process. Paths of files are relative to the project's folder, where it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub stage: Stage,
    pub name: &'static str,
    pub program: PathBuf,
    pub args: Vec<String>,
    /// Variables besides `PATH`.
    pub env: Vec<(String, String)>,
    pub timeout: Duration,
    pub log: String,
    /// Files, and folders with a `/` at the end, that it works on.
    pub inputs: Vec<String>,
    /// Files that it must write.
    pub outputs: Vec<String>,
}

/// What is read after a stage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
    Hls,
    /// `x<top>_hw.h`.
    Registers,
    Utilization,
    Timing,
    Power,
    /// The clocks of an xclbin.
    Clocks,
}

impl What {
    /// As `report.json` calls it.
    pub fn name(self) -> &'static str {
        match self {
            What::Hls => "hls",
            What::Registers => "registers",
            What::Utilization => "utilization",
            What::Timing => "timing",
            What::Power => "power",
            What::Clocks => "clocks",
        }
    }
}

/// A report and the patterns of [`crate::reports::find`] where it may lie, the first that is there counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub stage: Stage,
    pub what: What,
    /// The model that it is about, where there are several.
    pub model: Option<String>,
    pub patterns: Vec<String>,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub reports: Vec<Place>,
    /// What the board gets: made at the first, copied to the second when all is well (the same where the tool puts it there).
    pub exports: Vec<(String, String)>,
    /// Logs that the tools write besides, as patterns.
    pub logs: Vec<&'static str>,
}

/// A tool that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub what: String,
    pub help: String,
}

const VITIS: &str = "install AMD Vitis (2020.2 or later) and source its settings64.sh";
const VITIS_FOR_COYOTE: &str = "install AMD Vitis (2022.1 or later) and source its settings64.sh";

/// The run of a project up to a stage with these tools.
///
/// # Errors
/// The first tool that is missing for it.
pub fn plan(project: &Project, tools: &Tools, until: Stage, timeout: Duration) -> Result<Plan, Missing> {
    let mut plan = results(project);
    plan.steps = match project.kind {
        Kind::Zynq => zynq(project, tools, until)?,
        Kind::Alveo => alveo(project, tools)?,
        Kind::Coyote => coyote(project, tools)?,
    };
    plan.steps.retain(|s| s.stage <= until);
    plan.reports.retain(|p| p.stage <= until);
    for step in &mut plan.steps {
        step.timeout = timeout;
    }
    Ok(plan)
}

/// What the runs of a project leave, whoever runs them: a plan without steps.
pub fn results(project: &Project) -> Plan {
    let name = &project.manifest.project;
    let top = format!("{name}_axi");
    let place = |stage, what, patterns: &[&str]| Place {
        stage,
        what,
        model: None,
        patterns: patterns.iter().map(|p| p.replace("NAME", name).replace("TOP", &top)).collect(),
    };
    use Stage::{Bitstream, Hls};
    let (reports, exports, logs): (Vec<Place>, &[(&str, &str)], Vec<&'static str>) = match project.kind {
        Kind::Zynq => (
            vec![
                place(Hls, What::Hls, &["NAME_hls/**/TOP_csynth.xml", "NAME_hls/**/csynth.xml"]),
                place(Hls, What::Registers, &["NAME_hls/**/xTOP_hw.h"]),
                place(Bitstream, What::Utilization, &["reports/utilization*.rpt"]),
                place(Bitstream, What::Timing, &["reports/timing*.rpt"]),
                place(Bitstream, What::Power, &["reports/power*.rpt"]),
            ],
            &[("export/NAME.bit", "export/NAME.bit"), ("export/NAME.hwh", "export/NAME.hwh")],
            vec!["**/runme.log", "vitis_hls.log", "vivado_hls.log"],
        ),
        Kind::Alveo => (
            vec![
                place(Hls, What::Hls, &["NAME_hls/**/TOP_csynth.xml", "_x_hw/**/TOP_csynth.xml"]),
                place(Hls, What::Registers, &["_x_hw/**/xTOP_hw.h"]),
                // The kernel's own is `utilization_kernel.rpt`.
                place(Bitstream, What::Utilization, &["reports/utilization.rpt"]),
                place(Bitstream, What::Timing, &["reports/timing.rpt"]),
                place(Bitstream, What::Power, &["reports/power.rpt"]),
                place(Bitstream, What::Clocks, &["reports/xclbin.txt"]),
            ],
            &[("export/NAME.xclbin", "export/NAME.xclbin")],
            vec!["_x_hw/**/*.log"],
        ),
        // Coyote's scripts/impl/*.tcl.in and scripts/dyn/*.tcl.in: report_timing_summary and report_utilization into reports/.
        Kind::Coyote => (
            vec![
                place(Bitstream, What::Utilization, &["build/hw/reports/**/shell_utilization*.rpt"]),
                place(Bitstream, What::Timing, &["build/hw/reports/**/shell_timing_summary*.rpt"]),
            ],
            &[],
            vec!["build/hw/**/runme.log", "build/hw/**/vivado.log", "build/hw/**/vitis_hls.log"],
        ),
    };
    let exports = exports.iter().map(|(a, b)| (a.replace("NAME", name), b.replace("NAME", name))).collect();
    let mut plan = Plan { steps: Vec::new(), reports, exports, logs };
    if let Some(card) = &project.card {
        add_models(card, &mut plan);
    }
    plan
}

/// What HLS reports of each kernel, the full image, and the images of models that partial reconfiguration loads: Coyote's
/// scripts/impl/bitgen.tcl.in writes those with EN_PR.
fn add_models(card: &Card, plan: &mut Plan) {
    let several = card.models.len() > 1;
    let hls = card.models.iter().map(|model| Place {
        stage: Stage::Hls,
        what: What::Hls,
        model: several.then(|| model.name.clone()),
        patterns: vec![format!("build/hw/**/{}_csynth.xml", model.kernel)],
    });
    plan.reports.splice(0..0, hls);
    let images = std::iter::once(&card.image).chain(card.models.iter().filter_map(|m| m.image.as_ref()));
    plan.exports.extend(images.map(|image| (format!("build/hw/{image}"), exported(image))));
}

/// Where an image of Coyote's build is exported to. Names of images are unique: `vfpga_c1_0.bin`.
pub(crate) fn exported(image: &str) -> String {
    format!("export/{}", image.rsplit('/').next().unwrap_or(image))
}

fn needed(tool: Option<&PathBuf>, name: &str, help: &str) -> Result<PathBuf, Missing> {
    tool.cloned().ok_or_else(|| Missing { what: format!("`{name}` was not found"), help: help.into() })
}

fn step(stage: Stage, name: &'static str, program: PathBuf, args: &[&str]) -> Step {
    Step {
        stage,
        name,
        program,
        args: args.iter().map(|a| (*a).to_owned()).collect(),
        env: Vec::new(),
        timeout: TIMEOUT,
        log: format!("{LOGS}/{name}.log"),
        inputs: Vec::new(),
        outputs: Vec::new(),
    }
}

fn owned<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// The IP core by the HLS script, then the block design by Vivado.
fn zynq(project: &Project, tools: &Tools, until: Stage) -> Result<Vec<Step>, Missing> {
    let name = &project.manifest.project;
    // UG902 "Vivado HLS Command Line Interface": -f; UG1399 2020.2 "vitis_hls Command": -f; UG1399 2024.1 "vitis-run Command":
    // --mode hls --tcl. 2025.1 has no vitis_hls any more.
    let (program, args) = match (&tools.vitis_hls, &tools.vitis_run, &tools.vivado_hls) {
        (_, _, Some(old)) if project.legacy_hls => (old.clone(), vec!["-f", "build_hls.tcl"]),
        (Some(hls), _, _) if !project.legacy_hls => (hls.clone(), vec!["-f", "build_hls.tcl"]),
        (_, Some(run), _) if !project.legacy_hls => {
            (run.clone(), vec!["--mode", "hls", "--tcl", "build_hls.tcl"])
        }
        _ if project.legacy_hls => {
            return Err(Missing {
                what: "`vivado_hls` was not found, and the project is for Vivado HLS (2019.2, 2020.1)".into(),
                help: "source the settings64.sh of such a Vivado, or write the project without --legacy-hls"
                    .into(),
            });
        }
        _ => {
            return Err(Missing {
                what: "neither `vitis_hls` nor `vitis-run` was found".into(),
                help: VITIS.into(),
            });
        }
    };
    let component = format!("{name}_hls/solution1/impl/ip/component.xml");
    let hls = Step {
        inputs: owned(["build_hls.tcl", "project.tcl", "firmware/", "tb/", "tb_data/"]),
        outputs: vec![component.clone()],
        ..step(Stage::Hls, "hls", program, &args)
    };
    let mut steps = vec![hls];
    if until >= Stage::Bitstream {
        let vivado = needed(
            tools.vivado.as_ref(),
            "vivado",
            "install AMD Vivado, of the HLS tool's version, and source its settings64.sh",
        )?;
        // UG835 "Vivado command line options": -mode, -source, -nojournal, -log.
        let args = ["-mode", "batch", "-source", "design.tcl", "-nojournal", "-log", "logs/vivado.log"];
        steps.push(Step {
            inputs: vec!["design.tcl".into(), "project.tcl".into(), component],
            outputs: vec![
                format!("export/{name}.bit"),
                format!("export/{name}.hwh"),
                "reports/utilization.rpt".into(),
                "reports/timing.rpt".into(),
                "reports/power.rpt".into(),
            ],
            ..step(Stage::Bitstream, "bitstream", vivado, &args)
        });
    }
    Ok(steps)
}

/// The kernel and the link by the script for v++.
fn alveo(project: &Project, tools: &Tools) -> Result<Vec<Step>, Missing> {
    let name = &project.manifest.project;
    let top = format!("{name}_axi");
    needed(tools.vpp.as_ref(), "v++", VITIS)?;
    let sh = needed(tools.sh.as_ref(), "sh", "it is part of every system; check PATH")?;
    let object = format!("_x_hw/{top}.xo");
    let compile = Step {
        inputs: owned(["build_xclbin.sh", "compile.cfg", "hls_pre.tcl", "firmware/"]),
        outputs: vec![object.clone()],
        ..step(Stage::Hls, "hls", sh.clone(), &["build_xclbin.sh", "-c"])
    };
    let link = Step {
        inputs: vec!["build_xclbin.sh".into(), "link.cfg".into(), object],
        outputs: vec![
            format!("export/{name}.xclbin"),
            "reports/timing.rpt".into(),
            "reports/xclbin.txt".into(),
        ],
        ..step(Stage::Bitstream, "bitstream", sh, &["build_xclbin.sh", "-l"])
    };
    Ok(vec![compile, link])
}

/// Coyote's own build: configure, HLS and projects, then synthesis to bitstreams.
fn coyote(project: &Project, tools: &Tools) -> Result<Vec<Step>, Missing> {
    needed(
        tools.vivado.as_ref(),
        "vivado",
        "install AMD Vivado, 2022.1 or later, and source its settings64.sh",
    )?;
    let hls = tools.vitis_hls.as_ref().or(tools.vitis_run.as_ref());
    needed(hls, "vitis_hls", VITIS_FOR_COYOTE)?;
    let cmake = needed(tools.cmake.as_ref(), "cmake", "apt-get install cmake")?;
    let make = needed(tools.make.as_ref(), "make", "apt-get install make")?;
    let Some(root) = &tools.coyote else {
        return Err(Missing {
            what: "COYOTE_ROOT does not name a copy of Coyote".into(),
            help: "git clone --recurse-submodules https://github.com/fpgasystems/Coyote, and set COYOTE_ROOT to it".into(),
        });
    };
    let root = format!("-DCOYOTE_ROOT={}", root.display());
    let models = project.card.iter().flat_map(|card| &card.models);
    let mut sources = owned(["CMakeLists.txt", "floorplan.xdc"]);
    sources.retain(|file| project.sources.contains_key(file));
    sources.extend(models.map(|model| format!("{}/", model.application)));
    // Coyote's README "Building": cmake, then the targets project, bitgen.
    let configure = Step {
        inputs: owned(["CMakeLists.txt"]),
        outputs: Vec::new(),
        ..step(Stage::Hls, "configure", cmake, &["-S", ".", "-B", "build/hw", "-DFLOW=hw", &root])
    };
    let hls =
        Step { inputs: sources, ..step(Stage::Hls, "hls", make.clone(), &["-C", "build/hw", "project"]) };
    let bitgen = Step {
        outputs: results(project).exports.into_iter().map(|(made, _)| made).collect(),
        ..step(Stage::Bitstream, "bitstream", make, &["-C", "build/hw", "bitgen"])
    };
    Ok(vec![configure, hls, bitgen])
}

impl Step {
    /// The command as it is shown: the program by its name, in the project's folder.
    pub fn line(&self) -> String {
        let program = self.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let env = self.env.iter().map(|(k, v)| format!("{k}={}", tool::quoted(v)));
        let words = std::iter::once(&program).chain(&self.args).map(|w| tool::quoted(w));
        env.chain(words).collect::<Vec<_>>().join(" ")
    }
}

impl Plan {
    /// The plan for people, and for comparing plans.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for s in &self.steps {
            out.push_str(&format!("{} ({}): {}\n", s.name, s.stage.name(), s.line()));
            out.push_str(&format!("  at most {} min, log {}\n", s.timeout.as_secs() / 60, s.log));
            for (title, files) in [("reads", &s.inputs), ("writes", &s.outputs)] {
                if !files.is_empty() {
                    out.push_str(&format!("  {title} {}\n", files.join(" ")));
                }
            }
        }
        for p in &self.reports {
            let of = p.model.as_ref().map(|model| format!(" of {model}")).unwrap_or_default();
            out.push_str(&format!("report {}{of}: {}\n", p.what.name(), p.patterns.join(" or ")));
        }
        for (from, to) in &self.exports {
            out.push_str(&format!(
                "export {to}{}\n",
                if from == to { String::new() } else { format!(" from {from}") }
            ));
        }
        out
    }
}

/// Whether the export lies where the tool put it.
pub(super) fn in_place(export: &(String, String)) -> bool {
    export.0 == export.1
}
