//! The command line: `cargo xtask …` in a checkout, `netlathe …` where it is installed.
//!
//! Thin: it parses arguments, calls the flow, and prints what comes back. Exit codes: 0 done; 1 results differ or a stage that
//! was asked for was not reached; 2 usage; 3 model or configuration refused; 4 a tool failed.

mod cli;
mod commands;
mod package;
mod print;
mod print_matrix;
mod progress;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // clap ends the program itself on a wrong command line, with exit code 2.
    let arguments = cli::Arguments::parse();
    let result = std::panic::catch_unwind(|| commands::run(arguments));
    match result {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(e)) => {
            print::error(&e);
            ExitCode::from(e.exit_code())
        }
        // The panic's own message is on standard error already.
        Err(_) => ExitCode::from(4),
    }
}
