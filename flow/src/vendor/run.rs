//! Runs the steps of a stage and decides whether they did their work.

use super::causes::{self, Cause, Found};
use super::plan::{LOGS, Place, Plan, Step, What, in_place};
use super::project::{Kind, Project};
use super::tools::{self, Tools};
use crate::error::Error;
use crate::hash;
use crate::report::Stage;
use crate::reports::{
    self, Failure, Hardware, StepDone, csynth, find, power, registers, timing, utilization, xclbin,
};
use crate::tool::{Finished, Tool, ToolError};
use netlathe_overlay::Host;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How much of a log's end is searched for causes.
const LOG_BYTES: u64 = 4 << 20;
/// How many of the tools' own logs are searched.
const LOG_FILES: usize = 64;
/// By how much a clock may differ from the one asked for: reports round.
const CLOCK_TOLERANCE: f64 = 0.002;

/// A step that ended well, kept beside its log.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    /// Hash of all that it worked on.
    key: String,
    /// Hashes of what it wrote.
    outputs: BTreeMap<String, String>,
    version: Option<String>,
}

/// What a failed step or check comes down to.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub cause: Cause,
    /// More exactly than the cause; empty: the cause's own words.
    pub what: String,
    /// The tool's own line.
    pub said: String,
    pub log: Option<PathBuf>,
}

/// Runs a stage's steps and reads its reports into `hardware`; one line about it. `report.json` is written in any case.
///
/// # Errors
/// [`Error::Tool`] when a step failed or a check did, with the cause; then nothing of the stage is exported.
pub fn stage(
    project: &Project,
    plan: &Plan,
    tools: &Tools,
    stage: Stage,
    hardware: &mut Hardware,
) -> Result<String, Error> {
    hardware.failure = None;
    let mut step = stage.name();
    let result = steps(project, plan, tools, stage, hardware, &mut step);
    if !matches!(result, Ok(Ok(_))) {
        // Whoever asks again wants it run again.
        for step in plan.steps.iter().filter(|s| s.stage == stage) {
            let _ = std::fs::remove_file(stamp_of(project, step)); // it may not be there
        }
    }
    let result = match result {
        Ok(Ok(detail)) => Ok(detail),
        Ok(Err(wrong)) => {
            discard(project, plan)?;
            Err(failure(hardware, stage, step, wrong))
        }
        Err(e) => {
            discard(project, plan)?;
            hardware.failure = Some(Failure {
                stage: stage.name().into(),
                step: step.into(),
                cause: if matches!(e, Error::Tool(ToolError::Timeout { .. })) {
                    "timeout"
                } else {
                    "unknown"
                }
                .into(),
                what: e.to_string(),
                help: String::new(),
            });
            Err(e)
        }
    };
    hardware.write(&project.dir)?;
    result
}

fn failure(hardware: &mut Hardware, stage: Stage, step: &str, wrong: Wrong) -> Error {
    let Wrong { cause, what, said, log } = wrong;
    let what = if what.is_empty() { cause.what().to_owned() } else { what };
    hardware.failure = Some(Failure {
        stage: stage.name().into(),
        step: step.into(),
        cause: cause.name().into(),
        what: if said.is_empty() { what.clone() } else { format!("{what}: {said}") },
        help: cause.help().into(),
    });
    ToolError::Step { step: step.into(), what, said, help: cause.help().into(), log }.into()
}

/// `Err`: the system or a time limit; `Ok(Err)`: a tool or a check, with its cause.
fn steps(
    project: &Project,
    plan: &Plan,
    tools: &Tools,
    stage: Stage,
    hardware: &mut Hardware,
    current: &mut &'static str,
) -> Result<Result<String, Wrong>, Error> {
    let logs = project.dir.join(LOGS);
    std::fs::create_dir_all(&logs).map_err(|e| Error::io("make the folder", &logs, &e))?;
    let mut key = hash::of(tools.path.as_encoded_bytes());
    let mut fresh = true;
    let mut ran = 0;
    for step in &plan.steps {
        // A step's work depends on all before it.
        key = step_key(project, step, &key)?;
        if step.stage != stage {
            continue;
        }
        *current = step.name;
        let stamp_path = stamp_of(project, step);
        let stamp = std::fs::read(&stamp_path).ok().and_then(|b| serde_json::from_slice::<Stamp>(&b).ok());
        let up_to_date = fresh
            && stamp
                .as_ref()
                .is_some_and(|s| s.key == key && outputs(project, step).as_ref() == Some(&s.outputs));
        let mut done = StepDone {
            name: step.name.into(),
            command: step.line(),
            version: tools::version_of(&step.program),
            seconds: 0.0,
            log: step.log.clone(),
            up_to_date,
        };
        if up_to_date {
            done.version = stamp.and_then(|s| s.version).or(done.version);
            hardware.steps.push(done);
            continue;
        }
        fresh = false;
        ran += 1;
        let _ = std::fs::remove_file(&stamp_path); // it may not be there
        if stage == Stage::Bitstream {
            // What an earlier run exported must not be taken for this one's.
            discard(project, plan)?;
        }
        let finished = match run(project, plan, step, tools)? {
            Ok(finished) => finished,
            Err(wrong) => {
                hardware.steps.push(done);
                return Ok(Err(wrong));
            }
        };
        done.seconds = finished.seconds;
        done.version = tools::version_in(&finished.output).or(done.version);
        let version = done.version.clone();
        hardware.steps.push(done);
        if let Some(said) = causes::lowered(&tail_of(&project.dir.join(&step.log))) {
            return Ok(Err(wrong(Cause::Clock, String::new(), said, &project.dir.join(&step.log))));
        }
        let stamp = Stamp { key: key.clone(), outputs: outputs(project, step).unwrap_or_default(), version };
        let json = serde_json::to_vec_pretty(&stamp).map_err(|e| Error::Internal(e.to_string()))?;
        reports::write_whole(&stamp_path, &json)?;
    }
    gather(project, plan, stage, hardware);
    if let Err(wrong) = verdict(project, plan, stage, hardware) {
        return Ok(Err(wrong));
    }
    if stage == Stage::Bitstream {
        export(project, plan, hardware)?;
    }
    Ok(Ok(detail(stage, ran, hardware)))
}

fn wrong(cause: Cause, what: String, said: String, log: &Path) -> Wrong {
    Wrong { cause, what, said, log: Some(log.to_owned()) }
}

fn detail(stage: Stage, ran: usize, hardware: &Hardware) -> String {
    let again = if ran == 0 { "already up to date" } else { "done" };
    if let (Stage::Hls, [_, ..]) = (stage, hardware.kernels.as_slice()) {
        let paths = hardware.kernels.iter().map(|k| {
            let hls = &k.hls;
            format!("{}: paths of {} ns at {} ns", k.model, hls.clock_estimated_ns, hls.clock_target_ns)
        });
        return format!("{again}; HLS expects {}", paths.collect::<Vec<_>>().join(", "));
    }
    match (stage, &hardware.hls, &hardware.timing) {
        (Stage::Hls, Some(hls), _) => {
            format!(
                "{again}; HLS expects paths of {} ns at {} ns",
                hls.clock_estimated_ns, hls.clock_target_ns
            )
        }
        (Stage::Bitstream, _, Some(timing)) => match timing.setup.worst_ns {
            Some(slack) => format!("{again}; timing is met with {slack} ns to spare"),
            None => again.to_owned(),
        },
        _ => again.to_owned(),
    }
}

fn stamp_of(project: &Project, step: &Step) -> PathBuf {
    project.dir.join(LOGS).join(format!("{}.done.json", step.name))
}

/// Hash of a step's command and inputs, and of all before it.
fn step_key(project: &Project, step: &Step, before: &str) -> Result<String, Error> {
    let mut text = format!("{before}\n{}\n{}\n", step.program.display(), step.line());
    for input in &step.inputs {
        let mut paths: Vec<PathBuf> = match input.strip_suffix('/') {
            Some(folder) => find::files(&project.dir, &format!("{folder}/**/*")),
            // What an earlier step makes is covered by that step's key.
            None => Some(project.dir.join(input)).filter(|p| p.is_file()).into_iter().collect(),
        };
        let made = |p: &PathBuf| !project.sources.contains_key(&relative(project, p));
        paths.retain(|p| !made(p));
        paths.sort();
        for path in paths {
            let bytes = std::fs::read(&path).map_err(|e| Error::io("read", &path, &e))?;
            text.push_str(&format!("{} {}\n", hash::of(&bytes), relative(project, &path)));
        }
    }
    Ok(hash::of(text.as_bytes()))
}

fn relative(project: &Project, path: &Path) -> String {
    path.strip_prefix(&project.dir).unwrap_or(path).to_string_lossy().into_owned()
}

/// Hashes of what a step writes; `None` when a file is missing.
fn outputs(project: &Project, step: &Step) -> Option<BTreeMap<String, String>> {
    step.outputs
        .iter()
        .map(|path| Some((path.clone(), hash::of(&std::fs::read(project.dir.join(path)).ok()?))))
        .collect()
}

fn run(project: &Project, plan: &Plan, step: &Step, tools: &Tools) -> Result<Result<Finished, Wrong>, Error> {
    let before = own_logs(project, plan);
    for output in &step.outputs {
        if let Some(folder) = project.dir.join(output).parent().filter(|_| output.starts_with("export/")) {
            std::fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, &e))?;
        }
    }
    let log = project.dir.join(&step.log);
    let mut tool = Tool::new(step.program.as_os_str())
        .args(&step.args)
        .dir(&project.dir)
        .env("PATH", &tools.path)
        .timeout(step.timeout)
        .log(&log);
    for (name, value) in &step.env {
        tool = tool.env(name, value);
    }
    for output in &step.outputs {
        tool = tool.makes(output);
    }
    let (status, unwritten) = match tool.run() {
        Ok(finished) => return Ok(Ok(finished)),
        Err(ToolError::Failed { status, .. }) => (Some(status), None),
        // A tool that ends well without its work says why in a log, too.
        Err(ToolError::Missing { path, .. } | ToolError::Stale { path, .. }) => (None, Some(path)),
        Err(e) => return Err(e.into()),
    };
    let mut texts = vec![tail_of(&log)];
    // Compared with themselves and not with a clock, as outputs are.
    let new = own_logs(project, plan).into_iter().filter(|(p, time)| before.get(p) != Some(time));
    texts.extend(new.take(LOG_FILES).map(|(p, _)| tail_of(&p)));
    let Found { cause, said } = causes::of(status, texts.iter().map(String::as_str));
    let what = match (cause, status, unwritten) {
        (Cause::Unknown, Some(status), _) => {
            format!("`{}` failed ({})", step.line(), crate::tool::status_text(status))
        }
        (Cause::Unknown, None, Some(path)) => {
            format!("`{}` ended well but did not write {}", step.line(), path.display())
        }
        _ => String::new(),
    };
    Ok(Err(wrong(cause, what, said, &log)))
}

/// Logs that the tools write besides, with their times.
fn own_logs(project: &Project, plan: &Plan) -> BTreeMap<PathBuf, Option<SystemTime>> {
    let time = |p: PathBuf| {
        let time = p.metadata().and_then(|m| m.modified()).ok();
        (p, time)
    };
    plan.logs.iter().flat_map(|pattern| find::files(&project.dir, pattern)).map(time).collect()
}

/// The end of a log; empty when there is none.
fn tail_of(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(LOG_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// Reads a stage's reports; those that cannot be read are noted.
fn gather(project: &Project, plan: &Plan, stage: Stage, hardware: &mut Hardware) {
    if stage == Stage::Hls {
        hardware.kernels.clear();
    }
    for Place { what, patterns, model, .. } in plan.reports.iter().filter(|p| p.stage == stage) {
        let files: Vec<PathBuf> = patterns
            .iter()
            .map(|p| find::files(&project.dir, p))
            .find(|found| !found.is_empty())
            .unwrap_or_default();
        let name = match model {
            Some(model) => format!("{} of {model}", what.name()),
            None => what.name().to_owned(),
        };
        hardware.unread.retain(|u| u.report != name);
        let Some(newest) = files.first() else {
            if *what != What::Registers {
                let why = format!("there is no {}", patterns.join(" or "));
                hardware.keep::<()>(&name, Err(why));
            }
            continue;
        };
        match what {
            What::Hls if model.is_some() => {
                let read = hardware.keep(&name, reports::read_as(newest, csynth::parse));
                let model = model.clone().unwrap_or_default();
                hardware.kernels.extend(read.map(|hls| reports::KernelHls { model, hls }));
            }
            What::Hls => hardware.hls = hardware.keep("hls", reports::read_as(newest, csynth::parse)),
            What::Registers => {}
            What::Utilization => {
                // A flat and a hierarchical one, together or apart.
                let mut all: Option<utilization::Utilization> = None;
                for file in &files {
                    let Some(found) =
                        hardware.keep("utilization", reports::read_as(file, utilization::parse))
                    else {
                        continue;
                    };
                    all = Some(match all {
                        None => found,
                        Some(first) => first.and(found),
                    });
                }
                hardware.utilization = all;
            }
            What::Timing => {
                let mut all: Option<timing::Timing> = None;
                let mut whole = true;
                for file in &files {
                    match hardware.keep("timing", reports::read_as(file, timing::parse)) {
                        Some(found) => {
                            all = Some(match all.take() {
                                None => found,
                                Some(other) => other.and(found),
                            });
                        }
                        None => whole = false,
                    }
                }
                hardware.timing = all.filter(|_| whole);
            }
            What::Power => hardware.power = hardware.keep("power", reports::read_as(newest, power::parse)),
            What::Clocks => {
                hardware.clocks =
                    hardware.keep("clocks", reports::read_as(newest, xclbin::parse)).unwrap_or_default();
            }
        }
    }
}

/// Reads the reports of a bitstream that lies there, whoever made it, and judges by them.
///
/// # Errors
/// Why it may not be used.
pub fn judge(project: &Project, plan: &Plan) -> Result<Hardware, Wrong> {
    let mut hardware = Hardware { project: project.name().to_owned(), ..Hardware::new(&project.manifest) };
    gather(project, plan, Stage::Bitstream, &mut hardware);
    verdict(project, plan, Stage::Bitstream, &mut hardware)?;
    Ok(hardware)
}

/// Whether a stage's work may be used.
fn verdict(project: &Project, plan: &Plan, stage: Stage, hardware: &mut Hardware) -> Result<(), Wrong> {
    let bad = |cause: Cause, what: String| Wrong { cause, what, said: String::new(), log: None };
    if stage == Stage::Hls {
        return check_registers(project, plan, hardware);
    }
    if project.kind == Kind::Alveo {
        // v++ lowers clocks until timing is met: that is the reason to name first.
        let Some(clock) = xclbin::kernel(&hardware.clocks) else {
            return Err(bad(Cause::Report, unread(hardware, "clocks")));
        };
        let asked = 1000.0 / project.manifest.clock_period_ns;
        // The report has whole MHz.
        if clock.mhz < asked.floor() * (1.0 - CLOCK_TOLERANCE) {
            let what = format!("{} runs at {} MHz, {asked:.1} MHz were asked for", clock.name, clock.mhz);
            return Err(bad(Cause::Clock, what));
        }
    }
    let Some(timing) = &hardware.timing else {
        return Err(bad(Cause::Report, unread(hardware, "timing")));
    };
    if !timing.met {
        let missed = timing.missed();
        let what = if missed.is_empty() { "its report names no setup slack".to_owned() } else { missed };
        return Err(bad(Cause::Timing, format!("the design misses its timing: {what}")));
    }
    if project.kind == Kind::Zynq {
        slower(timing, project.manifest.clock_period_ns).map_err(|what| bad(Cause::Clock, what))?;
    }
    Ok(())
}

fn unread(hardware: &Hardware, report: &str) -> String {
    let why =
        hardware.unread.iter().find(|u| u.report == report).map_or("it was not found", |u| u.why.as_str());
    format!("the {report} report cannot be read: {why}")
}

/// The clock that the processor gives to the kernel.
fn slower(timing: &timing::Timing, period_ns: f64) -> Result<(), String> {
    let Some(clock) =
        timing.clocks.iter().find(|c| c.name.starts_with("clk_fpga") || c.name.starts_with("clk_pl"))
    else {
        return Ok(());
    };
    if clock.period_ns > period_ns * (1.0 + CLOCK_TOLERANCE) {
        return Err(format!(
            "{} has a period of {} ns, {period_ns} ns were asked for",
            clock.name, clock.period_ns
        ));
    }
    Ok(())
}

fn check_registers(project: &Project, plan: &Plan, hardware: &mut Hardware) -> Result<(), Wrong> {
    let expected = &project.manifest.registers;
    let place = plan.reports.iter().find(|p| p.what == What::Registers);
    let header =
        place.and_then(|p| p.patterns.iter().find_map(|pattern| find::newest(&project.dir, pattern)));
    let bad = |cause: Cause, what: String| Wrong { cause, what, said: String::new(), log: None };
    let Some(header) = header else {
        return match (project.kind, expected.0.is_empty()) {
            (_, true) => {
                hardware.registers = Some("the kernel has none".into());
                Ok(())
            }
            (Kind::Zynq, false) => Err(bad(
                Cause::Report,
                "the kernel has registers, but the HLS tool left no x*_hw.h to compare them with".into(),
            )),
            // v++ packs it into the kernel's object.
            (Kind::Alveo | Kind::Coyote, false) => {
                hardware.registers = Some("not compared: the HLS tool left no x*_hw.h".into());
                Ok(())
            }
        };
    };
    let made = reports::read_as(&header, registers::parse).map_err(|why| bad(Cause::Report, why))?;
    let text = reports::read(&header).map_err(|why| bad(Cause::Report, why.to_string()))?;
    let mut lines = registers::differences(&made, expected);
    lines.extend(registers::window_differences(&text, &project.manifest));
    if lines.is_empty() {
        let windows = match &project.manifest.host {
            Host::AxiLite { windows, .. } => format!(", and so are {} windows", windows.len()),
            _ => String::new(),
        };
        hardware.registers = Some(format!("{} of HLS are those of the manifest{windows}", made.len()));
        Ok(())
    } else {
        Err(bad(Cause::Registers, format!("{}:\n    {}", Cause::Registers.what(), lines.join("\n    "))))
    }
}

/// Puts what the board gets into `export/`, and notes the hashes.
fn export(project: &Project, plan: &Plan, hardware: &mut Hardware) -> Result<(), Error> {
    for pair in &plan.exports {
        let (from, to) = (project.dir.join(&pair.0), project.dir.join(&pair.1));
        if !in_place(pair) {
            let folder = to.parent().unwrap_or(&project.dir);
            std::fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, &e))?;
            let bytes = std::fs::read(&from).map_err(|e| Error::io("read", &from, &e))?;
            reports::write_whole(&to, &bytes)?;
        }
        hardware.made(&project.dir, &pair.1)?;
    }
    if let Some(card) = &project.card {
        // The shell alone; whether there is one depends on how it was configured. Models' images are in the plan.
        for part in find::files(&project.dir, &format!("build/hw/bitstreams/shell_top.{}", card.partial)) {
            let Some(name) = part.file_name().and_then(|n| n.to_str()) else { continue };
            let bytes = std::fs::read(&part).map_err(|e| Error::io("read", &part, &e))?;
            let to = format!("export/{name}");
            reports::write_whole(&project.dir.join(&to), &bytes)?;
            hardware.made(&project.dir, &to)?;
        }
    }
    Ok(())
}

/// Removes exports: nothing stays that did not pass the checks.
fn discard(project: &Project, plan: &Plan) -> Result<(), Error> {
    let parts = match &project.card {
        Some(card) => find::files(&project.dir, &format!("export/*.{}", card.partial)),
        None => Vec::new(),
    };
    for path in plan.exports.iter().map(|(_, to)| project.dir.join(to)).chain(parts) {
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("remove", &path, &e)),
            _ => {}
        }
    }
    Ok(())
}
