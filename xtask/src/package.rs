//! `package`: the archive for a board.

use crate::print;
use clap::Args;
use netlathe_flow::{Error, package};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Package {
    /// The project's folder. Default: this one.
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// The archive. Default: package.tar.gz in the project's folder.
    #[arg(short = 'o', long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print what was packed as JSON instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(a: &Package) -> Result<u8, Error> {
    let packed = package::package(&a.project, a.out.as_deref())?;
    if a.json {
        print::json(&packed)?;
    } else {
        let mut text =
            format!("wrote {} ({} bytes, SHA-256 {}):\n", packed.path.display(), packed.bytes, packed.sha256);
        for file in &packed.files {
            text.push_str(&format!("  {file}\n"));
        }
        for note in &packed.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        print::text(&text);
    }
    Ok(0)
}
