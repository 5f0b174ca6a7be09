//! What boards there are and what each supports, as a table.

use crate::error::Error;
use netlathe_backend_coyote as coyote;
use netlathe_backend_vivado_accel as vivado;
use serde::Serialize;

/// A board as a user chooses one.
#[derive(Clone, Debug, Serialize)]
pub struct BoardLine {
    pub name: String,
    /// `VivadoAccelerator` or `Coyote`.
    pub flow: &'static str,
    pub part: String,
    /// What `--interface` takes; the first is the usual one.
    pub interfaces: Vec<&'static str>,
    /// What is built: `bit`, `xclbin`, `shell`.
    pub makes: &'static str,
    /// The usual clock and the fastest one, in MHz.
    pub mhz: (f64, f64),
    /// Runs of the vendor's tools for it that are on record.
    pub runs_on_record: Vec<String>,
    pub notes: Vec<String>,
}

/// All of them, those of each flow in the order of their names.
///
/// # Errors
/// A board file in this program is malformed.
pub fn lines() -> Result<Vec<BoardLine>, Error> {
    let zynq = vivado::boards().map_err(|e| Error::Internal(e.to_string()))?;
    let cards = coyote::boards().map_err(|e| Error::Internal(e.to_string()))?;
    let zynq = zynq.into_iter().map(|board| BoardLine {
        flow: "VivadoAccelerator",
        interfaces: board.interfaces.iter().map(|kind| kind.name()).collect(),
        makes: match board.family {
            vivado::Family::Alveo => "xclbin",
            vivado::Family::Zynq7000 | vivado::Family::ZynqUltrascale => "bit",
        },
        mhz: (1000.0 / board.clock.default_period_ns, board.clock.max_mhz),
        name: board.name,
        part: board.part,
        runs_on_record: board.runs_on_record,
        notes: board.notes,
    });
    let cards = cards.into_iter().map(|board| BoardLine {
        flow: "Coyote",
        interfaces: vec!["host streams"],
        makes: "shell",
        mhz: (f64::from(board.clock.default_mhz), f64::from(board.clock.max_mhz)),
        name: board.name,
        part: board.part,
        runs_on_record: Vec::new(),
        notes: Vec::new(),
    });
    Ok(zynq.chain(cards).collect())
}
