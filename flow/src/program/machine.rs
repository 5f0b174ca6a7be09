//! What the machine with the card looks like: read from `/sys`, `/dev` and PATH, nothing is changed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::tool;

/// The vendor's PCI identifier.
const VENDOR: u32 = 0x10ee;
/// The devices that Coyote's driver takes (its `PCI_DEVICE` tables in pci_xdma.c and pci_qdma.c).
const COYOTE: [u32; 8] = [0x9011, 0x9012, 0x9014, 0x9018, 0xb03f, 0xb13f, 0xb23f, 0xb33f];

/// A PCI function of the vendor.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Function {
    /// `0000:c1:00.0`.
    pub address: String,
    /// Its device number.
    pub device: u32,
}

impl Function {
    /// Whether Coyote's driver takes it.
    pub fn is_coyote(&self) -> bool {
        COYOTE.contains(&self.device)
    }

    /// The address without the function: a card's.
    pub fn slot(&self) -> &str {
        self.address.rsplit_once('.').map_or(&self.address, |(slot, _)| slot)
    }
}

/// What is there.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Machine {
    /// The vendor's PCI functions, in the order of their addresses.
    pub functions: Vec<Function>,
    /// Kernel modules that matter here and are loaded.
    pub modules: Vec<String>,
    /// `coyote_fpga_0_v0`, `coyote_fpga_0_reconfig`, ...
    pub nodes: Vec<String>,
    /// Huge pages of 2 MB: all, and the free ones.
    pub huge_pages: Option<(u64, u64)>,
    /// Vivado.
    pub vivado: Option<PathBuf>,
    /// HACC's tool.
    pub hdev: Option<PathBuf>,
    /// Whether commands run as root.
    pub root: bool,
}

impl Machine {
    /// Looks at the machine whose file system is at `root`: `/`, or a folder that stands for it.
    pub fn look(root: &Path) -> Self {
        let number = |path: PathBuf| {
            let text = std::fs::read_to_string(path).ok()?;
            u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
        };
        let pci = root.join("sys/bus/pci/devices");
        let functions = names(&pci).into_iter().filter(|name| is_pci_address(name)).filter_map(|address| {
            let folder = pci.join(&address);
            let device = number(folder.join("device"))?;
            (number(folder.join("vendor")) == Some(VENDOR)).then_some(Function { address, device })
        });
        let modules = ["coyote_driver", "ami"].map(str::to_owned);
        let pages = root.join("sys/kernel/mm/hugepages/hugepages-2048kB");
        let decimal = |name: &str| std::fs::read_to_string(pages.join(name)).ok()?.trim().parse::<u64>().ok();
        // Where /opt/hdev is, as Coyote's util/program_hacc_local.sh has it.
        let hdev = Some(root.join("opt/hdev/cli/hdev")).filter(|path| path.is_file());
        Self {
            functions: functions.collect(),
            modules: modules.into_iter().filter(|m| root.join("sys/module").join(m).is_dir()).collect(),
            nodes: names(&root.join("dev")).into_iter().filter(|n| n.starts_with("coyote_fpga_")).collect(),
            huge_pages: decimal("nr_hugepages").zip(decimal("free_hugepages")),
            vivado: tool::find(OsStr::new("vivado"), None),
            hdev: tool::find(OsStr::new("hdev"), None).or(hdev),
            root: root != Path::new("/") || is_root(),
        }
    }

    /// The cards of the vendor: slots, each once.
    pub fn slots(&self) -> Vec<&str> {
        self.functions.iter().map(Function::slot).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether the module is loaded.
    pub fn has_module(&self, name: &str) -> bool {
        self.modules.iter().any(|module| module == name)
    }
}

/// Whether it is a PCI address with its domain; what is no such thing never becomes part of a path.
pub fn is_pci_address(text: &str) -> bool {
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
    };
    let Some((slot, function)) = text.split_once('.') else { return false };
    let parts: Vec<&str> = slot.split(':').collect();
    let [domain, bus, device] = parts[..] else { return false };
    hex(domain, 4) && hex(bus, 2) && hex(device, 2) && function.len() == 1 && ("0"..="7").contains(&function)
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut all: Vec<String> = entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    all.sort_unstable();
    all
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of a process' own folder is who it runs as.
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}
