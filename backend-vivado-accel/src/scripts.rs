//! The scripts of boards with a processing system, as templates.

use askama::Template;
use netlathe_codegen_hls::SourceTree;
use netlathe_codegen_hls::wrapper::{Fault, render};
use netlathe_overlay::{Host, Register};

use crate::board::{Family, InterfaceKind, Region, Zynq};
use crate::driver::DRIVER;

/// What the templates read.
pub(crate) struct View<'a> {
    pub project: &'a str,
    pub board: &'a str,
    pub title: &'a str,
    pub part: &'a str,
    pub family: Family,
    pub kind: InterfaceKind,
    /// For Vivado HLS instead of Vitis HLS.
    pub legacy: bool,
    /// Files of `firmware` to compile.
    pub sources: &'a [String],
    pub period_ns: f64,
    pub mhz: f64,
    pub uncertainty: f64,
    pub zynq: &'a Zynq,
    pub inputs: Vec<PortView<'a>>,
    pub outputs: Vec<PortView<'a>>,
    /// With `axi_stream`.
    pub dmas: Vec<DmaView>,
    /// The core's address range, without `axi_stream`.
    pub core_bytes: u64,
    pub host: &'a Host,
    pub registers: &'a [Register],
    /// The network's source.
    pub cpp: &'a str,
}

/// A tensor and its port.
pub(crate) struct PortView<'a> {
    pub layer: &'a str,
    pub ident: &'a str,
    pub shape: String,
    /// What the network computes in.
    pub ty: String,
    pub element: String,
    pub beat_bits: u32,
    pub per_beat: u32,
}

/// A DMA and the ports of the core at its two ends, `-` where there is none.
pub(crate) struct DmaView {
    pub base: u64,
    pub input_port: String,
    pub input_bits: u32,
    pub output_port: String,
    pub output_bits: u32,
}

impl View<'_> {
    fn is_stream(&self) -> bool {
        self.kind == InterfaceKind::AxiStream
    }

    fn is_master(&self) -> bool {
        self.kind == InterfaceKind::AxiMaster
    }

    fn uses_memory(&self) -> bool {
        self.kind != InterfaceKind::AxiLite
    }

    /// The core's ports, inputs first.
    fn idents(&self) -> String {
        self.inputs.iter().chain(&self.outputs).map(|port| port.ident).collect::<Vec<_>>().join(" ")
    }

    /// A word of Tcl.
    fn braced(&self, text: impl std::fmt::Display) -> String {
        format!("{{{text}}}")
    }

    fn properties(&self) -> String {
        let pairs = self.zynq.properties.iter().map(|(name, value)| format!("{name} {value}"));
        pairs.collect::<Vec<_>>().join(" ")
    }

    fn region_lines(&self) -> Vec<String> {
        let line = |r: &Region| format!("{} {} {}", r.segment, self.hex(&r.base), self.hex(&r.bytes));
        self.zynq.memory.regions.iter().map(line).collect()
    }

    fn dma_lines(&self) -> Vec<String> {
        let line = |dma: &DmaView| {
            let DmaView { base, input_port, input_bits, output_port, output_bits } = dma;
            format!("{} {input_port} {input_bits} {output_port} {output_bits}", self.hex(base))
        };
        self.dmas.iter().map(line).collect()
    }

    fn hex(&self, number: &u64) -> String {
        format!("{number:#010x}")
    }

    fn short_hex(&self, number: &u64) -> String {
        format!("{number:#x}")
    }

    /// The command that makes the IP core.
    fn hls_command(&self) -> &'static str {
        if self.legacy {
            "`vivado_hls -f build_hls.tcl`, with Vivado HLS 2019.2 or 2020.1"
        } else {
            "`vitis_hls -f build_hls.tcl`, or `vitis-run --mode hls --tcl build_hls.tcl` with newer tools"
        }
    }

    /// What each interrupt means, from bit 0 on.
    fn interrupts(&self) -> Vec<String> {
        if !self.is_stream() {
            return vec!["the core is done (turn on GIE and IER first)".to_owned()];
        }
        let mut all = Vec::new();
        for dma in &self.dmas {
            if dma.input_port != "-" {
                all.push(format!("`{}` was read", dma.input_port));
            }
            if dma.output_port != "-" {
                all.push(format!("`{}` was written", dma.output_port));
            }
        }
        all
    }
}

#[derive(Template)]
#[template(path = "project.tcl", escape = "none")]
struct ProjectTcl<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "build_hls.tcl", escape = "none")]
struct BuildHls<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "hls_config.cfg", escape = "none")]
struct HlsConfig<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "design.tcl", escape = "none")]
struct Design<'a> {
    v: &'a View<'a>,
}

#[derive(Template)]
#[template(path = "README.md", escape = "none")]
struct Readme<'a> {
    v: &'a View<'a>,
}

/// Adds all scripts and the page that tells how to run them.
pub(crate) fn add(tree: &mut SourceTree, v: &View<'_>) -> Result<(), Fault> {
    tree.insert("project.tcl", render(&ProjectTcl { v })?);
    tree.insert("build_hls.tcl", render(&BuildHls { v })?);
    if !v.legacy {
        tree.insert("hls_config.cfg", render(&HlsConfig { v })?);
    }
    tree.insert("design.tcl", render(&Design { v })?);
    // As hls4ml calls it, so that notebooks import the same name.
    tree.insert(format!("{}_driver.py", v.kind.name()), DRIVER);
    tree.insert("README.md", render(&Readme { v })?);
    Ok(())
}
