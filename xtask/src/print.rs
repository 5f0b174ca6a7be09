//! What the user reads. The only place that prints.
#![allow(clippy::print_stdout, reason = "a command line answers on standard output")]

use netlathe_flow::boards::BoardLine;
use netlathe_flow::check::Summary;
use netlathe_flow::conformance::{CaseReport, Outcome};
use netlathe_flow::doctor::Item;
use netlathe_flow::fuzz::{self, Fault};
use netlathe_flow::predict::Predicted;
use netlathe_flow::program::{Missing, Plan};
use netlathe_flow::report::{Agreement, Counts, LayerReport, ModelReport, Report, Stage, StageReport, State};
use netlathe_flow::{Error, conformance};
use serde::Serialize;
use std::fmt::Display;
use std::path::Path;

/// `doctor --json`.
#[derive(Serialize)]
pub(crate) struct DoctorReport {
    pub(crate) schema_version: u32,
    pub(crate) items: Vec<Item>,
}

/// `boards --json`.
#[derive(Serialize)]
pub(crate) struct BoardsReport {
    pub(crate) schema_version: u32,
    pub(crate) boards: Vec<BoardLine>,
}

pub(crate) fn error(e: &Error) {
    eprintln!("{e}");
}

pub(crate) fn warning(text: &str) {
    eprintln!("warning: {text}");
}

pub(crate) fn notes(notes: &[impl Display]) {
    for note in notes {
        eprintln!("{note}");
    }
}

pub(crate) fn text(text: &str) {
    print!("{text}");
}

pub(crate) fn json(value: &impl Serialize) -> Result<(), Error> {
    println!("{}", to_json(value)?);
    Ok(())
}

pub(crate) fn json_file(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let text = to_json(value)? + "\n";
    std::fs::write(path, text).map_err(|e| Error::io("write", path, &e))
}

fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string_pretty(value).map_err(|e| Error::Internal(e.to_string()))
}

pub(crate) fn stage(stage: &StageReport) {
    let mark = match stage.state {
        State::Done => "done",
        State::Differs => "DIFFERS",
        State::NotReached | State::NotAsked => "not reached",
    };
    println!(
        "{:<8} {mark:<11} {:>7.2} s  {}",
        stage.stage.name(),
        stage.seconds,
        stage.detail.replace('\n', "\n  ")
    );
}

pub(crate) fn build(report: &Report) {
    for model in &report.models {
        for note in &model.notes {
            println!("{}", note.text);
        }
        println!();
        if report.models.len() > 1 {
            println!("{}", heading(model, report));
        }
        layers(&model.layers);
        println!("Overflows are those of {} vectors ({}).", model.vectors, model.vectors_from);
        agreement(&model.agreement);
        for line in &model.differences {
            println!("{line}");
        }
    }
    println!();
    match report.reached() {
        Some(stage) => println!("Reached: {} ({}, board {}).", stage.name(), report.project, report.board),
        None => println!("Reached: nothing."),
    }
    for stage in report.stages.iter().filter(|s| matches!(s.state, State::NotReached | State::Differs)) {
        println!("Not reached: {}: {}.", stage.stage.name(), stage.detail);
    }
    match report.state(Stage::Write) {
        State::Done if !report.stages.iter().any(|s| s.state == State::Differs) => next(report),
        State::Done => {
            println!("The project is in {}; do not build it before this is understood.", report.folder)
        }
        _ => println!("No project was written."),
    }
}

/// One of several models: what it is called, where it is from, and where it goes.
fn heading(model: &ModelReport, report: &Report) -> String {
    let exchanged = report.models.iter().any(|m| m.configuration.is_some_and(|c| c > 0));
    let place = match (model.vfpga, model.configuration, &model.manifest) {
        (Some(vfpga), Some(configuration), Some(manifest)) => {
            let of = if exchanged { format!(" of configuration {configuration}") } else { String::new() };
            format!(", vFPGA {vfpga}{of}, {manifest}")
        }
        _ => String::new(),
    };
    format!("{} ({}){place}:", model.name, model.file)
}

/// What the tools reported; then what is still to do, and the command.
fn next(report: &Report) {
    if let Some(hardware) = &report.hardware {
        print!("{}", netlathe_flow::reports::text::describe(hardware));
    }
    let done = |stage: Stage| report.state(stage) == State::Done;
    if done(Stage::Package) {
        return;
    }
    if done(Stage::Bitstream) {
        println!("To pack it for the board: netlathe package --project {}", report.folder);
        return;
    }
    if done(Stage::Hls) {
        println!("There is no bitstream yet: --until bitstream makes it.");
        return;
    }
    let here = if report.next.installed { "installed here" } else { "not installed here" };
    println!("There is no bitstream; latency and resources are not known before HLS has run.");
    println!("The bitstream needs {} ({here}). To go on:", report.next.needs);
    println!("  {}", report.next.command);
}

fn layers(layers: &[LayerReport]) {
    let header = ["layer", "class", "shape", "mult.", "overflows", "result", "inside"].map(str::to_owned);
    let mut rows = vec![header.to_vec()];
    for LayerReport { layer, overflows, inner_overflows } in layers {
        rows.push(vec![
            layer.name.clone(),
            layer.class.clone(),
            layer.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
            layer.multiplications.to_string(),
            counts(overflows, inner_overflows),
            short(&layer.result),
            layer.types.iter().map(|(n, t)| format!("{n} {}", short(t))).collect::<Vec<_>>().join(", "),
        ]);
    }
    let total: u64 = layers.iter().map(|l| l.layer.multiplications).sum();
    table(&rows);
    println!("{total} multiplications an inference.");
}

/// `ap_fixed<16,6,AP_RND_CONV,AP_SAT>` as `fixed<16,6,RND_CONV,SAT>`.
fn short(ty: &str) -> String {
    ty.replace("ap_", "").replace("AP_", "")
}

fn counts(output: &Counts, inner: &Counts) -> String {
    let mut parts = Vec::new();
    for (n, what) in [
        (output.wrapped, "wrapped"),
        (output.saturated, "saturated"),
        (inner.wrapped, "wrapped inside"),
        (inner.saturated, "saturated inside"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    if parts.is_empty() { "none".into() } else { parts.join(", ") }
}

pub(crate) fn table(rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|c| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0)).collect();
    for row in rows {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, &w)| format!("{cell:<w$}")).collect();
        println!("{}", line.join("  ").trim_end());
    }
}

fn agreement(agreement: &[Agreement]) {
    for a in agreement {
        let same = match a.same_argmax {
            Some(fraction) => {
                format!("same largest element in {:.2} % of {} samples, ", 100.0 * fraction, a.samples)
            }
            None => format!("{} samples, ", a.samples),
        };
        println!(
            "Agreement with Keras, {}: {same}largest difference {:.3e}.",
            a.output, a.max_abs_difference
        );
    }
}

pub(crate) fn predicted(p: &Predicted, chosen: bool) {
    for file in &p.files {
        println!("{} samples: {}", p.samples, file.display());
    }
    if chosen {
        eprintln!(
            "note: types were chosen by these inputs; `netlathe config` writes a configuration that keeps them"
        );
    }
}

/// A line (or a few) for a case that did not pass.
pub(crate) fn case(case: &CaseReport) {
    match &case.outcome {
        Outcome::Passed => {
            if let Some((samples, all)) = case.cpp_samples
                && samples < all
            {
                println!("{}: passed, the C++ on {samples} of {all} samples", case.name);
            }
        }
        Outcome::Skipped(why) => println!("{}: skipped: {why}", case.name),
        Outcome::Failed(lines) => println!("{}: FAILED: {}", case.name, lines.join("\n    ")),
    }
}

pub(crate) fn conformance(report: &conformance::Report) {
    let untraced: Vec<String> =
        report.cases.iter().flat_map(|c| c.untraced.iter().map(move |l| format!("{}/{l}", c.name))).collect();
    if !untraced.is_empty() {
        println!("{} traced layers are not in our networks: {}", untraced.len(), untraced.join(", "));
    }
    for file in &report.bad {
        if let Some(problem) = &file.problem {
            println!("bad/{}: FAILED: {problem}", file.name);
        }
    }
    if !report.bad.is_empty() {
        let failed = report.bad.iter().filter(|b| b.problem.is_some()).count();
        println!(
            "bad/: {} of {} files refused as they should be",
            report.bad.len() - failed,
            report.bad.len()
        );
    }
    let in_cpp = report.cases.iter().filter(|c| c.cpp_samples.is_some()).count();
    println!(
        "{} passed, {} failed, {} skipped; {in_cpp} of {} in C++, too",
        report.passed,
        report.failed,
        report.skipped,
        report.cases.len()
    );
}

pub(crate) fn fuzz_begins(seed: u64) {
    println!("seed {seed}");
}

pub(crate) fn fuzz_failed(seed: u64, fault: &Fault) {
    println!("seed {seed}: FAILED: {}: {}", fault.kind.name(), first_line(&fault.detail));
}

pub(crate) fn replayed(file: &Path, fault: Option<&Fault>) {
    match fault {
        Some(fault) => println!("{}: FAILED: {}: {}", file.display(), fault.kind.name(), fault.detail),
        None => println!("{}: C++ and emulator are equal", file.display()),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

pub(crate) fn fuzz(report: &fuzz::Report) {
    for failure in &report.failures {
        println!("\nseed {}: {}: {}", failure.seed, failure.fault.kind.name(), failure.fault.detail);
        match &failure.file {
            Some(file) => println!("kept as {}; run it by fuzz-cases --replay", file.display()),
            None => println!("as text, for fuzz-cases --replay:\n{}", failure.text),
        }
    }
    println!("\nnetworks with it: in io_parallel, in io_stream");
    let table = report.coverage.table();
    let rows: Vec<Vec<String>> =
        table.iter().map(|(name, p, s)| vec![name.clone(), p.to_string(), s.to_string()]).collect();
    if !rows.is_empty() {
        self::table(&rows);
    }
    println!("\ndraws refused for it:");
    for (reason, count) in &report.coverage.refused {
        println!("{count:>6}  {reason}");
    }
    let never: Vec<&str> =
        table.iter().filter(|(_, p, s)| p + s == 0).map(|(name, ..)| name.as_str()).collect();
    if !never.is_empty() {
        println!("\nnever met: {}", never.join(", "));
    }
    println!(
        "\nseed {}: {} networks compared, {} failed, {} draws refused, {:.0} s",
        report.seed,
        report.compared,
        report.failures.len(),
        report.refused,
        report.seconds
    );
}

pub(crate) fn boards(lines: &[BoardLine]) {
    let header = ["board", "flow", "part", "makes", "MHz (max.)", "interfaces"].map(str::to_owned);
    let mut rows = vec![header.to_vec()];
    for line in lines {
        rows.push(vec![
            line.name.clone(),
            line.flow.to_owned(),
            line.part.clone(),
            line.makes.to_owned(),
            format!("{:.0} ({:.0})", line.mhz.0, line.mhz.1),
            line.interfaces.join(", "),
        ]);
    }
    table(&rows);
    println!(
        "\nEvery board takes float, double and fixed-point elements of up to 64 bits, io_parallel and io_stream, and several inputs \
         and outputs; a board file of your own: --board-file."
    );
    let recorded: Vec<&BoardLine> = lines.iter().filter(|line| !line.runs_on_record.is_empty()).collect();
    for line in &recorded {
        println!("{}: on record: {}", line.name, line.runs_on_record.join("; "));
    }
    if recorded.len() < lines.len() {
        let without: Vec<&str> =
            lines.iter().filter(|l| l.runs_on_record.is_empty()).map(|l| l.name.as_str()).collect();
        println!(
            "No run of Vivado or Vitis, and none on a device, is on record for: {}.",
            without.join(", ")
        );
    }
}

pub(crate) fn doctor(items: &[Item]) {
    for item in items {
        match &item.found {
            Some(found) => println!("found    {:<17} {found}  [{}]", item.name, item.for_what),
            None => println!("missing  {:<17} needed for {}: {}", item.name, item.for_what, item.how),
        }
    }
}

pub(crate) fn plan(plan: &Plan) {
    for Missing { what, how } in &plan.missing {
        println!("missing  {what}\n           {how}");
    }
    println!("What is done, in this order:");
    for (number, step) in plan.steps.iter().enumerate() {
        println!("{:>2}. {}\n      {}", number + 1, step.what, step.line(plan.machine.root));
    }
    println!("By hand, where this does not work:");
    for line in &plan.by_hand {
        println!("  - {line}");
    }
}

/// Progress that is no answer.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Whether someone is there and says yes.
pub(crate) fn confirmed(question: &str) -> bool {
    use std::io::{BufRead, IsTerminal};
    if !std::io::stdin().is_terminal() {
        return false;
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

pub(crate) fn step(name: &str) {
    println!("== {name}");
}

pub(crate) fn summary(summary: &Summary) {
    println!("== summary");
    for line in &summary.skipped {
        println!("SKIPPED: {line}");
    }
    for line in &summary.failures {
        println!("FAILED: {line}");
    }
    println!(
        "total: {} passed, {} failed, {} skipped",
        summary.passed,
        summary.failed,
        summary.skipped.len()
    );
}
