//! Brings a network onto a card that runs Coyote: program it, rescan PCIe, insert the driver, or reconfigure shell or application.
//!
//! [`prepare`] looks at the machine and gives a [`Plan`]: every step as data, and everything that is missing. [`execute`] does it.
//! Nothing is guessed: where several cards could be meant, that is missing, too.

mod machine;
mod plan;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use machine::{Function, Machine, is_pci_address};
pub use plan::{Action, Missing, Plan, Step};

use crate::error::Error;
use crate::tool::{Tool, ToolError};

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The board's name.
    pub board: String,
    /// The project's folder.
    pub project: PathBuf,
    /// The card, as in `/dev/coyote_fpga_<device>_v0`.
    pub device: u32,
    /// What is loaded.
    pub what: What,
    /// The card's PCI address, needed where there are several.
    pub pci: Option<String>,
    /// A pattern of the JTAG cable, needed where there are several cards of that kind.
    pub jtag: Option<String>,
    /// The number that HACC's tool has for the card; 1 is its first.
    pub hdev_device: Option<u32>,
    /// Huge pages that shall be free.
    pub huge_pages: u64,
    /// The driver's parameters for networking, eight and twelve hexadecimal digits.
    pub ip_address: Option<String>,
    pub mac_address: Option<String>,
    /// Coyote's sources; COYOTE_ROOT.
    pub coyote_root: Option<PathBuf>,
    /// What stands for `/`.
    pub root: PathBuf,
}

/// What is loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// The whole card; without an image the project's.
    Card { image: Option<PathBuf> },
    /// Another shell on the same static layer.
    Shell { image: PathBuf },
    /// Another application in one vFPGA.
    App { image: PathBuf, vfpga: u32 },
}

/// A request that makes sense.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    board: String,
    part: String,
    versal: bool,
    project: PathBuf,
    name: String,
    device: u32,
    what: What,
    pci: Option<String>,
    jtag: Option<String>,
    hdev_device: Option<u32>,
    huge_pages: u64,
    ip_address: Option<String>,
    mac_address: Option<String>,
    coyote_root: Option<PathBuf>,
    root: PathBuf,
}

/// Looks at the machine and makes the plan.
///
/// # Errors
/// [`Error::Usage`] for an unknown board, a folder that is no project, an address that is none.
pub fn prepare(request: &Request) -> Result<Plan, Error> {
    let options = check(request)?;
    let machine = Machine::look(&options.root);
    Ok(plan::plan(&options, machine))
}

fn check(request: &Request) -> Result<Options, Error> {
    let board = netlathe_backend_coyote::find(&request.board)
        .map_err(|why| Error::usage(why.to_string(), "give --board one of Coyote's boards"))?;
    let project =
        request.project.canonicalize().map_err(|e| Error::io("find the project", &request.project, &e))?;
    let hex = |text: &Option<String>, digits: usize, option: &str| match text {
        Some(t) if t.len() != digits || !t.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Err(Error::usage(format!("{option} is {t}"), format!("give {digits} hexadecimal digits")))
        }
        _ => Ok(text.clone()),
    };
    // A part of a path: nothing but a plain name.
    let plain = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let name = crate::reports::read(&project.join("manifest.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .and_then(|manifest| Some(manifest.get("project")?.as_str()?.to_owned()))
        .filter(plain)
        .unwrap_or_else(|| "myproject".into());
    let what = match &request.what {
        What::Card { image } => What::Card { image: image.as_deref().map(absolute).transpose()? },
        What::Shell { image } => What::Shell { image: absolute(image)? },
        What::App { image, vfpga } => What::App { image: absolute(image)?, vfpga: *vfpga },
    };
    Ok(Options {
        // The device without package and speed, as Vivado's PART property begins.
        part: board.part.split('-').next().unwrap_or_default().to_owned(),
        versal: board.family == netlathe_backend_coyote::Family::Versal,
        board: board.name,
        project,
        name,
        device: request.device,
        what,
        pci: request.pci.clone(),
        jtag: request.jtag.clone(),
        hdev_device: request.hdev_device,
        huge_pages: request.huge_pages,
        ip_address: hex(&request.ip_address, 8, "--ip-address")?,
        mac_address: hex(&request.mac_address, 12, "--mac-address")?,
        coyote_root: request.coyote_root.clone(),
        root: request.root.clone(),
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|e| Error::io("find", path, &e))
}

/// What happens while a plan is done.
pub enum Event<'a> {
    /// A step begins.
    Begins(&'a Step),
    /// It is done.
    Done(&'a Step),
}

/// Does the steps in order and stops at the first that fails.
///
/// # Errors
/// [`Error::Usage`] when something is missing, or a step needs root and we are not; [`Error::Tool`] when a step fails.
pub fn execute(plan: &Plan, event: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    if let Some(Missing { what, how }) = plan.missing.first() {
        let others = plan.missing.len() - 1;
        let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        return Err(Error::usage(format!("nothing was done: missing is {what}{more}"), how.clone()));
    }
    if !plan.machine.root && plan.steps.iter().any(Step::as_root) {
        return Err(Error::usage(
            "nothing was done: some steps need root",
            "run the steps above in a shell (they have sudo), or this program as root",
        ));
    }
    for step in &plan.steps {
        event(Event::Begins(step));
        perform(step)?;
        event(Event::Done(step));
    }
    Ok(())
}

fn perform(step: &Step) -> Result<(), Error> {
    match &step.action {
        Action::Command { program, arguments, folder, seconds, .. } => {
            let mut tool = Tool::new(program).args(arguments).timeout(Duration::from_secs(*seconds));
            tool.dir.clone_from(folder);
            tool.run()?;
        }
        Action::Sysfs { path, text } => {
            // Opened, not made: a path that the kernel does not have is an error, not a new file.
            let written = std::fs::OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
            written.map_err(|e| Error::io("write to", path, &e))?;
        }
        Action::File { path, text } => {
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(path, text))
                .map_err(|e| Error::io("write", path, &e))?;
        }
        Action::Appears { paths, seconds, otherwise } => {
            let until = Instant::now() + Duration::from_secs(*seconds);
            while !paths.iter().any(|path| path.exists()) {
                if Instant::now() > until {
                    let all: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
                    return Err(Error::Tool(ToolError::Wrong {
                        what: format!("{} has not appeared within {seconds} s", all.join(" or ")),
                        help: otherwise.clone(),
                    }));
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
    Ok(())
}
