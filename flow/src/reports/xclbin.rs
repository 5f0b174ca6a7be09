//! The text that v++ writes beside an xclbin (`<name>.xclbin.info`, as `xclbinutil --info` prints it): its clocks.

use super::number;
use serde::Serialize;

/// A clock of the platform as it runs with this xclbin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelClock {
    /// `DATA_CLK`, `KERNEL_CLK`, ...
    pub name: String,
    /// `DATA`, `KERNEL` or `SYSTEM`.
    pub kind: String,
    pub mhz: f64,
}

/// The clocks, in the report's order.
///
/// # Errors
/// There is none.
pub fn parse(text: &str) -> Result<Vec<KernelClock>, String> {
    let mut found: Vec<KernelClock> = Vec::new();
    let (mut name, mut kind) = (None, None);
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key.trim() {
            "Name" => (name, kind) = (Some(value.to_owned()), None),
            "Type" => kind = Some(value.to_owned()),
            "Frequency" => {
                let mhz = value.strip_suffix("MHz").and_then(|v| number(v.trim()));
                if let (Some(name), Some(mhz)) = (name.take(), mhz) {
                    found.push(KernelClock { name, kind: kind.take().unwrap_or_default(), mhz });
                }
            }
            _ => {}
        }
        if found.len() > 100 {
            break;
        }
    }
    if found.is_empty() { Err("it names no clock".into()) } else { Ok(found) }
}

/// The clock that kernels run at: `DATA_CLK` (v++'s `--kernel_frequency 0:..`), else the first that is not the system's.
pub fn kernel(clocks: &[KernelClock]) -> Option<&KernelClock> {
    clocks.iter().find(|c| c.name == "DATA_CLK").or_else(|| clocks.iter().find(|c| c.kind != "SYSTEM"))
}
