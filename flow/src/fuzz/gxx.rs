//! Many kernels in one program: most of g++'s time goes into the HLS types, which neighbours share.
//!
//! Layers have names of their own in every kernel, so kernels can stand side by side; each bench is included into a namespace of
//! its own. What both include themselves is included before, and most of that is compiled once for all programs.

use super::judge::{Fault, FaultKind, Prepared};
use crate::ap_types::ApTypes;
use crate::cache::Cache;
use crate::csim::KERNEL_FILES;
use crate::error::Error;
use crate::tool::{Tool, ToolError};
use ndarray::{ArrayD, Dimension};
use netlathe_codegen_hls::layout::MAX_WORD_BITS;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// A program of many kernels.
const COMPILE_TIME: Duration = Duration::from_secs(900);
/// A few samples of a small network; more is a deadlock.
const RUN_TIME: Duration = Duration::from_secs(30);
/// Every generated file in all folders is called so.
const GUARD: &str = "DEFINES_H_";

/// One kernel to be run.
pub(super) struct Job<'a> {
    /// The kernel's top function.
    pub(super) name: &'a str,
    pub(super) prepared: &'a Prepared,
    pub(super) inputs: &'a [ArrayD<i128>],
}

/// A folder with headers that are compiled already.
pub(super) struct Workshop {
    place: tempfile::TempDir,
    headers: ApTypes,
    /// Included by the precompiled header.
    ready: BTreeSet<String>,
}

/// A line of a generated file that includes one of ours or of the system's.
fn include(line: &str) -> Option<&str> {
    line.strip_prefix("#include ").map(str::trim)
}

/// What the files of these kernels include from outside their folder.
fn includes<'a>(jobs: impl Iterator<Item = &'a Prepared>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for prepared in jobs {
        for (path, file) in prepared.emitted.tree() {
            let text = String::from_utf8_lossy(&file.bytes);
            if path.starts_with("nnet_") && path != "nnet_trace.h" {
                all.insert(format!("\"{path}\""));
            }
            all.extend(text.lines().filter_map(include).filter(|i| i.starts_with('<')).map(str::to_owned));
        }
    }
    all
}

fn lines(includes: &BTreeSet<String>) -> String {
    includes.iter().map(|i| format!("#include {i}\n")).collect()
}

impl Workshop {
    /// Compiles the headers that these kernels use.
    pub(super) fn new(headers: &ApTypes, cache: &Cache, sample: &[&Prepared]) -> Result<Self, Error> {
        let place = cache.temporary()?;
        let ready = includes(sample.iter().copied());
        let workshop = Self { place, headers: headers.clone(), ready };
        for prepared in sample {
            workshop.library(prepared)?;
        }
        workshop.write("pre.h", &lines(&workshop.ready))?;
        workshop.gxx().args(["-x", "c++-header", "pre.h", "-o", "pre.h.gch"]).run()?;
        Ok(workshop)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.place.path().join(name);
        let write = || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, text)
        };
        write().map_err(|e| Error::io("write", &path, &e))
    }

    /// The headers of the library that a kernel brings.
    fn library(&self, prepared: &Prepared) -> Result<(), Error> {
        for (path, file) in prepared.emitted.tree() {
            let shared = path.starts_with("nnet_") || path.starts_with("sim/");
            if shared && !self.place.path().join(path).exists() {
                self.write(path, &String::from_utf8_lossy(&file.bytes))?;
            }
        }
        Ok(())
    }

    fn gxx(&self) -> Tool {
        Tool::new("g++")
            .args(["-std=c++11", "-pedantic-errors", "-O0", "-g0"])
            .arg(format!("-DAP_INT_MAX_W={MAX_WORD_BITS}"))
            .args(["-DNNET_BOUNDED", "-I.", "-Isim", "-isystem"])
            .arg(self.headers.dir.as_os_str())
            .dir(self.place.path())
            .timeout(COMPILE_TIME)
    }

    /// Compiles and runs kernels: what is wrong with each.
    ///
    /// # Errors
    /// The folder cannot be written, or there is no g++.
    pub(super) fn run(&self, number: usize, jobs: &[Job<'_>]) -> Result<Vec<Option<Fault>>, Error> {
        let folder = format!("batch{number}");
        let result = self.attempt(&folder, jobs);
        // Kernels fill the cache otherwise.
        let _ = std::fs::remove_dir_all(self.place.path().join(&folder));
        result
    }

    fn attempt(&self, folder: &str, jobs: &[Job<'_>]) -> Result<Vec<Option<Fault>>, Error> {
        let all: Vec<&Job<'_>> = jobs.iter().collect();
        for job in jobs {
            self.library(job.prepared)?;
            for (path, file) in job.prepared.emitted.tree() {
                if !path.starts_with("nnet_") && !path.starts_with("sim/") {
                    // The width is set for all kernels on the command line.
                    let text = String::from_utf8_lossy(&file.bytes)
                        .replace("#define AP_INT_MAX_W", "// #define AP_INT_MAX_W");
                    self.write(&format!("{folder}/{}/{path}", job.name), &text)?;
                }
            }
            let data = format!("{folder}/{}/tb_data", job.name);
            self.write(&format!("{data}/{}", KERNEL_FILES.inputs), &job.prepared.emitted.inputs(job.inputs))?;
        }
        if self.compile(folder, "all", &all)?.is_none() {
            return jobs.iter().map(|job| self.answer(folder, "all", job)).collect();
        }
        // Some do not compile: each for itself.
        jobs.iter()
            .map(|job| {
                let program = format!("only_{}", job.name);
                match self.compile(folder, &program, &[job])? {
                    None => self.answer(folder, &program, job),
                    Some(said) => Ok(Some(Fault { kind: FaultKind::Compile, detail: said })),
                }
            })
            .collect()
    }

    /// Makes `folder/program`; what g++ said when it would not.
    fn compile(&self, folder: &str, program: &str, jobs: &[&Job<'_>]) -> Result<Option<String>, Error> {
        let mut missing = includes(jobs.iter().map(|j| j.prepared));
        missing.retain(|i| !self.ready.contains(i));
        let mut text = lines(&missing);
        // Writing to a string does not fail.
        for Job { name, .. } in jobs {
            let _ = write!(
                text,
                "#include \"{name}/{name}.cpp\"\n#undef {GUARD}\nnamespace bench_{name} {{\n#include \"{name}/tb_{name}.cpp\"\n}}\n"
            );
        }
        text.push_str("int main(int argc, char **argv) {\n    const std::string name = argv[1];\n");
        for Job { name, .. } in jobs {
            let _ = writeln!(
                text,
                "    if (name == \"{name}\") {{ return bench_{name}::main(argc - 1, argv + 1); }}"
            );
        }
        text.push_str("    return 2;\n}\n");
        self.write(&format!("{folder}/{program}.cpp"), &text)?;
        let tool = self
            .gxx()
            .args(["-include", "pre.h"])
            .arg(format!("{folder}/{program}.cpp"))
            .arg("-o")
            .arg(format!("{folder}/{program}"));
        match tool.run() {
            Ok(_) => Ok(None),
            Err(ToolError::Failed { tail, .. } | ToolError::Timeout { tail, .. }) => Ok(Some(tail)),
            Err(other) => Err(other.into()),
        }
    }

    /// Runs one kernel of a program and compares.
    fn answer(&self, folder: &str, program: &str, job: &Job<'_>) -> Result<Option<Fault>, Error> {
        let data = format!("{folder}/{}/tb_data", job.name);
        let tool = Tool::new(self.place.path().join(folder).join(program).into_os_string())
            .args([job.name, &data, "--no-compare"])
            .dir(self.place.path())
            .timeout(RUN_TIME);
        let crash = |detail: String| Ok(Some(Fault { kind: FaultKind::Crash, detail }));
        let finished = match tool.finish() {
            Ok(finished) => finished,
            Err(ToolError::Timeout { seconds, tail, .. }) => {
                return crash(format!("no answer after {seconds} s\n{tail}"));
            }
            Err(other) => return Err(other.into()),
        };
        if !finished.status.success() {
            return crash(format!("{}\n{}", finished.status, finished.tail));
        }
        let path = self.place.path().join(&data).join(KERNEL_FILES.results);
        match results(&path, job) {
            Ok(differences) if differences.is_empty() => Ok(None),
            Ok(differences) => Ok(Some(Fault { kind: FaultKind::Differs, detail: differences.join("\n") })),
            Err(why) => crash(why),
        }
    }
}

/// What differs from the emulator, a line an output.
fn results(path: &Path, job: &Job<'_>) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let got = job.prepared.emitted.results(&text)?;
    let mut differences = Vec::new();
    for ((node, want), got) in job.prepared.network.outputs().zip(&job.prepared.expected).zip(&got) {
        if want.shape() != got.shape() {
            return Err(format!("{} samples of {}", got.shape()[0], want.shape()[0]));
        }
        let wrong = want.iter().zip(got).filter(|(a, b)| a != b).count();
        let first = want.indexed_iter().zip(got).find(|((_, a), b)| a != b);
        if let Some(((at, want), got)) = first {
            differences.push(format!(
                "output {} at {:?}: emulator {want}, C++ {got} ({}; {wrong} differ)",
                node.name,
                at.slice(),
                node.ty()
            ));
        }
    }
    Ok(differences)
}
