//! Projects on disk, and their scripts under tclsh with the stubs in the place of the vendor's commands.

use std::fs;
use std::path::Path;
use std::process::Command;

use netlathe_backend_vivado_accel::{Family, InterfaceKind, Kernel, Options, Project, boards, emit};
use netlathe_codegen_hls::{PortTensor, Slot, Word};
use netlathe_ir::Validated;
use netlathe_overlay::{Host, port_names};

use crate::wrapper_tree::spec;

/// Exit code, what was recorded, standard error.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) log: String,
    pub(crate) said: String,
}

/// A network of one input and some outputs with a kernel that fits it, but for its C++.
pub(crate) fn with_outputs(count: usize) -> (Validated, Kernel) {
    let names: Vec<String> = (0..count).map(|i| format!("out_{i}")).collect();
    let network = spec().network_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut kernel = spec().kernel();
    let side = &mut kernel.outputs;
    let (tensor, word) = (side.tensors[0].clone(), side.words[0].clone());
    side.tensors.clear();
    side.words.clear();
    for (index, name) in names.into_iter().enumerate() {
        side.tensors.push(PortTensor { layer: name, ..tensor.clone() });
        let slots = word.slots.iter().map(|slot| Slot { tensor: index, ..slot.clone() }).collect();
        side.words.push(Word { name: format!("y{index}"), slots, ..word.clone() });
    }
    (network, kernel)
}

/// The project with these options, of a network with one output or of the one given.
pub(crate) fn project(options: &Options, network: Option<(Validated, Kernel)>) -> Project {
    let (network, kernel) = network.unwrap_or_else(|| (spec().network(), spec().kernel()));
    emit(&network, &kernel, options).unwrap()
}

/// A project on disk, with vectors and the folder of an exported kernel.
pub(crate) struct Place {
    root: tempfile::TempDir,
    core: String,
}

impl Place {
    /// `None`, said on standard error, where there is no tclsh.
    pub(crate) fn new(test: &str, project: &Project) -> Option<Self> {
        if Command::new("tclsh").arg("/dev/null").output().is_err() {
            eprintln!("SKIPPED {test}: there is no tclsh");
            return None;
        }
        let root = tempfile::tempdir().unwrap();
        for (path, content) in project.tree.iter() {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        fs::create_dir_all(root.path().join("tb_data")).unwrap();
        for name in ["wrapper_inputs.hex", "wrapper_outputs.hex"] {
            fs::write(root.path().join("tb_data").join(name), "").unwrap();
        }
        let name = &project.manifest.project;
        fs::create_dir_all(root.path().join(format!("{name}_hls"))).unwrap();
        Some(Self { root, core: core(project) })
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn run(&self, tool: &str, script: &str, environment: &[(&str, &str)]) -> Run {
        let stubs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stubs/main.tcl");
        let log = self.path().join("stub.log");
        let installed: Vec<String> = boards()
            .unwrap()
            .into_iter()
            .filter(|board| board.family != Family::Alveo)
            .flat_map(|board| board.zynq.unwrap().board_parts)
            .chain(["xilinx.com:zcu102:part0:3.3".to_owned()])
            .collect();
        let done = Command::new("tclsh")
            .arg(stubs)
            .arg(self.path().join(script))
            .env("STUB_LOG", &log)
            .env("STUB_TOOL", tool)
            .env("STUB_RELEASE", "2023.2")
            .env("STUB_BOARDS", installed.join(" "))
            .env("STUB_CORE", &self.core)
            .env_remove("NETLATHE_HLS_STEPS")
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        Run {
            code: done.status.code().unwrap(),
            log: fs::read_to_string(log).unwrap_or_default(),
            said: String::from_utf8(done.stderr).unwrap(),
        }
    }

    pub(crate) fn design(&self, fault: &str) -> Run {
        fs::remove_dir_all(self.path().join("demo_vivado_accelerator")).ok();
        self.run("vivado", "design.tcl", &[("STUB_FAULT", fault)])
    }
}

/// The core as the stubs want it: made from what the manifest says, not from what the scripts do.
fn core(project: &Project) -> String {
    let manifest = &project.manifest;
    let kind = match manifest.host {
        Host::AxiStream { .. } => InterfaceKind::AxiStream,
        Host::AxiMaster { .. } => InterfaceKind::AxiMaster,
        _ => InterfaceKind::AxiLite,
    };
    let side = |stem: &str, tensors: &[netlathe_overlay::Tensor]| -> String {
        let names = port_names(stem, tensors.len());
        let ports = names.iter().zip(tensors).map(|(n, t)| format!("{{{n} {}}}", t.packing.beat_bits));
        ports.collect::<Vec<_>>().join(" ")
    };
    let (inputs, outputs) = (side("data_in", &manifest.inputs), side("data_out", &manifest.outputs));
    format!("{}_axi {} {{{inputs}}} {{{outputs}}}", manifest.project, kind.name())
}

/// Lines that are only in `a`, marked `-`, and only in `b`, marked `+`, in their order.
pub(crate) fn difference(a: &str, b: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    // Longest common subsequence, from the ends.
    let mut longest = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i][j] = if a[i] == b[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            text += &format!("- {}\n", a[i]);
            i += 1;
        } else {
            text += &format!("+ {}\n", b[j]);
            j += 1;
        }
    }
    text
}
