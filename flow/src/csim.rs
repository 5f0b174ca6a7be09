//! C simulation: the generated C++ compiled with g++ and Xilinx's own types, and run over vectors.
//!
//! A compiled bench is kept under the hash of all that went into it, so an unchanged kernel is compiled once.

use crate::ap_types::{self, ApTypes};
use crate::cache::Cache;
use crate::error::Error;
use crate::fs::{self, Tree};
use crate::hash;
use crate::tool::{Tool, ToolError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How generated C++ is compiled. `-isystem` keeps the pedantry to our own code.
const FLAGS: [&str; 3] = ["-std=c++11", "-pedantic-errors", "-O1"];
/// Compiling the largest networks takes minutes.
const COMPILE_TIME: Duration = Duration::from_secs(1800);
/// Running 100 or a few hundred samples does not.
const RUN_TIME: Duration = Duration::from_secs(900);

/// A C++ compiler with the headers, ready to compile benches.
#[derive(Clone, Debug)]
pub struct Compiler {
    headers: ApTypes,
    headers_hash: String,
    version: String,
    cache: Cache,
}

/// A program to be made of generated sources.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// All its files.
    pub tree: &'a Tree,
    /// The translation units, paths in the tree.
    pub units: Vec<String>,
    /// Folders in the tree where includes are found; "" is the tree itself.
    pub includes: Vec<String>,
    /// `NNET_TRACE`, ...
    pub defines: Vec<String>,
}

/// What a bench answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The text of `tb_data/results.hex`.
    pub results: String,
    /// The bench's own verdict.
    pub equal: bool,
    /// Its last words.
    pub tail: String,
    pub seconds: f64,
}

impl Compiler {
    /// Looks at g++ and the headers.
    ///
    /// # Errors
    /// There is no g++, or a header cannot be read.
    pub fn new(headers: ApTypes, cache: &Cache) -> Result<Self, Error> {
        let version = Tool::new("g++").arg("--version").timeout(Duration::from_secs(20)).run().map_err(
            |e| match e {
                ToolError::NotFound { program, .. } => ToolError::NotFound {
                    program,
                    help: "install it: apt-get install g++, or dnf install gcc-c++".into(),
                },
                other => other,
            },
        )?;
        let headers_hash = ap_types::hash(&headers)?;
        Ok(Self { headers, headers_hash, version: version.output, cache: cache.clone() })
    }

    /// The headers in use.
    pub fn headers(&self) -> &ApTypes {
        &self.headers
    }

    /// The compiler's command line, its sources in the working folder.
    pub fn command(&self, program: &Program<'_>) -> Tool {
        let includes = program.includes.iter().map(|i| format!("-I{}", if i.is_empty() { "." } else { i }));
        Tool::new("g++")
            .args(FLAGS)
            .args(program.defines.iter().map(|d| format!("-D{d}")))
            .args(includes)
            .arg("-isystem")
            .arg(self.headers.dir.as_os_str())
            .args(&program.units)
            .args(["-o", "bench"])
            .timeout(COMPILE_TIME)
            .makes("bench")
    }

    /// The compiled program, from the cache when nothing changed.
    ///
    /// # Errors
    /// It does not compile, or the cache cannot be written.
    pub fn compile(&self, program: &Program<'_>) -> Result<PathBuf, Error> {
        let command = self.command(program);
        let key = hash::of(
            [&self.version, &self.headers_hash, &command.line(), &hash::of_tree(program.tree)]
                .map(String::as_str)
                .join("\n")
                .as_bytes(),
        );
        let kept = self.cache.folder("csim")?.join(&key[..32]);
        if kept.is_file() {
            return Ok(kept);
        }
        let place = self.cache.temporary()?;
        let io = |e: std::io::Error| Error::io("write", place.path(), &e);
        fs::write_files(place.path(), program.tree, "").map_err(io)?;
        // The log outlives the folder, since a failure's message points to it.
        let log = self.cache.folder("log")?.join(format!("g++-{}.log", &key[..16]));
        command.dir(place.path()).log(log).run()?;
        std::fs::rename(place.path().join("bench"), &kept).map_err(io)?;
        Ok(kept)
    }

    /// Runs a compiled bench over vectors in a folder of its own. With `expected` the bench compares, too.
    ///
    /// # Errors
    /// The bench could not read its vectors, crashed, or wrote no results.
    pub fn run(
        &self,
        bench: &Path,
        names: VectorFiles,
        inputs: &str,
        expected: Option<&str>,
        trace: Option<&Path>,
    ) -> Result<Answer, Error> {
        let place = self.cache.temporary()?;
        let data = place.path().join("tb_data");
        let io = |e: std::io::Error| Error::io("write", &data, &e);
        std::fs::create_dir(&data).map_err(io)?;
        std::fs::write(data.join(names.inputs), inputs).map_err(io)?;
        if let Some(expected) = expected {
            std::fs::write(data.join(names.outputs), expected).map_err(io)?;
        }
        let mut tool = Tool::new(bench.as_os_str()).dir(place.path()).timeout(RUN_TIME);
        if expected.is_none() {
            tool = tool.arg("--no-compare");
        }
        if let Some(folder) = trace {
            tool = tool.env("NNET_TRACE_DIR", folder.as_os_str());
        }
        let finished = tool.finish()?;
        let equal = match finished.status.code() {
            Some(0) => true,
            Some(1) => false,
            _ => {
                return Err(ToolError::Failed {
                    command: tool.line(),
                    status: finished.status,
                    tail: finished.tail,
                    log: None,
                }
                .into());
            }
        };
        let results = std::fs::read_to_string(data.join(names.results)).map_err(|_| ToolError::Missing {
            command: tool.line(),
            path: Path::new("tb_data").join(names.results),
            tail: finished.tail.clone(),
            log: None,
        })?;
        Ok(Answer { results, equal, tail: finished.tail, seconds: finished.seconds })
    }
}

/// The names of a bench's files in `tb_data`.
#[derive(Clone, Copy, Debug)]
pub struct VectorFiles {
    pub inputs: &'static str,
    pub outputs: &'static str,
    pub results: &'static str,
}

/// The files of the kernel's own bench.
pub const KERNEL_FILES: VectorFiles =
    VectorFiles { inputs: "inputs.hex", outputs: "outputs.hex", results: "results.hex" };
