//! A network's generated C++ with its test bench: emitted, compiled, run.

use crate::csim::{Compiler, KERNEL_FILES, Program};
use crate::error::Error;
use crate::fs::{File, Tree};
use crate::hex;
use ndarray::{ArrayD, Axis};
use netlathe_apfixed::FixedType;
use netlathe_codegen_hls::{Kernel, Options, Side, SourceTree};
use netlathe_ir::Validated;
use std::path::Path;

/// A kernel and the bench around it.
#[derive(Clone, Debug)]
pub struct Emitted {
    pub kernel: Kernel,
    /// Both, in one folder.
    tree: Tree,
}

/// Emits a network's C++.
///
/// # Errors
/// [`Error::Refused`]: something in it has no C++ yet.
pub fn emit(network: &Validated, project: &str) -> Result<Emitted, Error> {
    let options = Options { project: project.into() };
    let kernel = netlathe_codegen_hls::emit(network, &options)
        .map_err(|e| Error::refused(Path::new(&network.graph().name), &e))?;
    let mut tree = files(&kernel.tree);
    tree.extend(files(&netlathe_codegen_hls::test_bench(&kernel)));
    Ok(Emitted { kernel, tree })
}

/// A generated tree as the flow writes it; shell scripts can be executed.
pub fn files(tree: &SourceTree) -> Tree {
    tree.iter()
        .map(|(path, bytes)| {
            let executable = bytes.starts_with(b"#!");
            (path.to_string(), File { bytes: bytes.to_vec(), executable })
        })
        .collect()
}

impl Emitted {
    /// The program to compile: all translation units of the folder. Streams are as deep as in hardware, but not with traces.
    pub fn program(&self, trace: bool) -> Program<'_> {
        let streams = self.kernel.streams.is_some();
        let mut includes = vec![String::new()];
        includes.extend(streams.then(|| "sim".to_owned()));
        let define = if trace { Some("NNET_TRACE") } else { streams.then_some("NNET_BOUNDED") };
        Program {
            tree: &self.tree,
            units: self.tree.keys().filter(|p| p.ends_with(".cpp")).cloned().collect(),
            includes,
            defines: define.map(str::to_owned).into_iter().collect(),
        }
    }

    /// Compiles the bench and runs it over integers; one array an output, batch first.
    ///
    /// # Errors
    /// A tool failed, or the bench's answer cannot be read.
    pub fn run(&self, compiler: &Compiler, x: &[ArrayD<i128>]) -> Result<Vec<ArrayD<i128>>, Error> {
        let bench = compiler.compile(&self.program(false))?;
        let answer = compiler.run(&bench, KERNEL_FILES, &self.inputs(x), None, None)?;
        let y = self.results(&answer.results).map_err(Error::Internal)?;
        let samples = |a: &[ArrayD<i128>]| a.first().map(|t| t.len_of(Axis(0)));
        if samples(&y) != samples(x) {
            return Err(Error::Internal(format!(
                "the test bench answered {:?} samples of {:?}",
                samples(&y),
                samples(x)
            )));
        }
        Ok(y)
    }

    /// Every layer's output in the C++, by hls4ml's name for it.
    ///
    /// # Errors
    /// A tool failed, or a trace cannot be read.
    pub fn trace(
        &self,
        compiler: &Compiler,
        x: &[ArrayD<i128>],
    ) -> Result<Vec<(String, ArrayD<i128>)>, Error> {
        let bench = compiler.compile(&self.program(true))?;
        let place =
            tempfile::tempdir().map_err(|e| Error::io("make a folder in", &std::env::temp_dir(), &e))?;
        compiler.run(&bench, KERNEL_FILES, &self.inputs(x), None, Some(place.path()))?;
        self.kernel
            .traces
            .iter()
            .map(|t| {
                let path = place.path().join(format!("{}.hex", t.file));
                let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
                let mut arrays = hex::read(&text, &[(t.shape.clone(), t.ty)])
                    .map_err(|e| Error::Internal(format!("the trace of {}: {e}", t.layer)))?;
                Ok((t.layer.clone(), arrays.remove(0)))
            })
            .collect()
    }

    /// All files of kernel and bench, in one folder.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// One array an output, batch first, from the text of `results.hex`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn results(&self, text: &str) -> Result<Vec<ArrayD<i128>>, String> {
        hex::read(text, &tensors(&self.kernel.outputs))
            .map_err(|e| format!("the test bench's results.hex: {e}"))
    }

    /// The files of the bench alone.
    pub fn bench(&self) -> Tree {
        files(&netlathe_codegen_hls::test_bench(&self.kernel))
    }

    /// The text of `inputs.hex`.
    pub fn inputs(&self, x: &[ArrayD<i128>]) -> String {
        text(&self.kernel.inputs, x)
    }

    /// The text of `outputs.hex`.
    pub fn outputs(&self, y: &[ArrayD<i128>]) -> String {
        text(&self.kernel.outputs, y)
    }
}

fn tensors(side: &Side) -> Vec<(Vec<usize>, FixedType)> {
    side.tensors.iter().map(|t| (t.shape.clone(), t.ty)).collect()
}

fn text(side: &Side, arrays: &[ArrayD<i128>]) -> String {
    let tensors: Vec<_> = arrays.iter().zip(&side.tensors).map(|(a, t)| (a.view(), t.ty)).collect();
    hex::write(&tensors)
}
