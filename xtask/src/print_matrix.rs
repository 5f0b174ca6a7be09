//! The table of boards, interfaces, elements and I/O styles.
#![allow(clippy::print_stdout, reason = "a command line answers on standard output")]

use crate::print::table;
use netlathe_flow::matrix::{Check, Outcome, Report};

/// Failures that are told one by one.
const SHOWN: usize = 10;

/// A line for each board and interface, a column for each element and I/O style.
pub(crate) fn matrix(report: &Report) {
    let mut reasons: Vec<&str> = Vec::new();
    let mut columns: Vec<(&str, &str)> = Vec::new();
    let mut lines: Vec<(&str, &str)> = Vec::new();
    for row in &report.rows {
        let (column, line) =
            ((row.element.as_str(), row.io_type.as_str()), (row.board.as_str(), row.interface.as_str()));
        if !columns.contains(&column) {
            columns.push(column);
        }
        if !lines.contains(&line) {
            lines.push(line);
        }
        if let Outcome::Refused(why) = &row.outcome
            && !reasons.contains(&why.as_str())
        {
            reasons.push(why);
        }
    }
    let mut rows = vec![["board", "interface"].map(str::to_owned).to_vec()];
    rows[0].extend((1..=columns.len()).map(|n| format!("({n})")));
    for line in &lines {
        let mut cells = vec![line.0.to_owned(), line.1.to_owned()];
        for column in &columns {
            let of_cell = report.rows.iter().filter(|row| {
                (row.board.as_str(), row.interface.as_str()) == *line
                    && (row.element.as_str(), row.io_type.as_str()) == *column
            });
            cells.push(of_cell.map(|row| mark(&row.outcome, &reasons)).collect::<Vec<_>>().join(" "));
        }
        rows.push(cells);
    }
    table(&rows);
    println!(
        "\nIn each cell: one tensor each way, then two. G generated, C simulated in C++ and equal, S scripts run;"
    );
    println!("a dot: left out, a `!`: failed (see below), R1, R2, ..: refused. Columns:");
    for (number, (element, io)) in columns.iter().enumerate() {
        println!("  ({}) {element}, {io}", number + 1);
    }
    for (number, why) in reasons.iter().enumerate() {
        println!("  R{}: {why}", number + 1);
    }
    let failed: Vec<_> = report.failed().collect();
    for row in failed.iter().take(SHOWN) {
        println!(
            "FAILED: {} {} {} {} {}: {:?}",
            row.board, row.interface, row.element, row.io_type, row.tensors, row.outcome
        );
    }
    if failed.len() > SHOWN {
        println!("... and {} more", failed.len() - SHOWN);
    }
    let mut left_out: Vec<&str> = Vec::new();
    for row in &report.rows {
        let Outcome::Generated { csim, scripts } = &row.outcome else { continue };
        for check in [csim, scripts] {
            if let Check::NotRun(why) = check
                && !left_out.contains(&why.as_str())
            {
                left_out.push(why);
            }
        }
    }
    for why in left_out {
        println!("left out: {why}");
    }
    println!(
        "{} combinations, {} refused, {} failed; {} of {} distinct wrappers simulated, {} of {} distinct sets of scripts run; {:.0} s",
        report.rows.len(),
        report.rows.iter().filter(|row| matches!(row.outcome, Outcome::Refused(_))).count(),
        failed.len(),
        report.simulated,
        report.wrappers,
        report.scripts_run,
        report.scripts,
        report.seconds
    );
}

fn mark(outcome: &Outcome, reasons: &[&str]) -> String {
    match outcome {
        Outcome::Refused(why) => {
            format!("R{}", reasons.iter().position(|reason| reason == why).map_or(0, |at| at + 1))
        }
        Outcome::Generated { csim, scripts } => {
            let letter = |check: &Check, passed: &'static str| match check {
                Check::Passed => passed,
                Check::NotRun(_) => ".",
                Check::Failed(_) => "!",
            };
            format!("G{}{}", letter(csim, "C"), letter(scripts, "S"))
        }
    }
}
