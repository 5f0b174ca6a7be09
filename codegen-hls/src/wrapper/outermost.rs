//! The outermost function: its ports, the streams inside, and the processes.

use crate::wrapper::code::{Lines, Outside, indent};
use crate::wrapper::interface::Bus;
use crate::wrapper::tensor::{Tensor, words_of};

/// Samples that a C/RTL cosimulation reserves memory for; the test bench has buffers of as many.
pub(super) const COSIM_SAMPLES: usize = 16;

impl Outside<'_> {
    /// The outermost function's parameters.
    pub(super) fn parameters(&self) -> String {
        let tensors = self.inputs.iter().chain(&self.outputs);
        let mut parameters: Lines = tensors.map(|t| self.parameter(t)).collect();
        parameters.extend(self.batch::<String>("unsigned batch"));
        parameters.join(", ")
    }

    /// Whether the outermost function has C's linkage, which v++ looks for (UG1393, "Compiling C/C++ PL Kernels").
    pub(super) fn linkage(&self) -> &'static str {
        match self.bus() {
            Bus::Memory { chain: true } => "extern \"C\" ",
            Bus::Memory { chain: false } | Bus::Stream(_) | Bus::Lite => "",
        }
    }

    /// The outermost function's body.
    pub(super) fn body(&self) -> String {
        let tensors = || self.inputs.iter().chain(&self.outputs);
        let mut lines = self.pragmas();
        lines.push("NNET_DATAFLOW".into());
        let depth = self.marks_depth();
        for t in tensors() {
            if !matches!(self.bus(), Bus::Stream(_)) {
                declare(&mut lines, &format!("{}_beats", t.ident), t.packing.beat_bits, 2);
            }
            for (name, bits) in t.carriers() {
                declare(&mut lines, &name, bits, 2);
            }
            let single = self.kernel.streams.is_some() && !self.joins_marks();
            if self.has_marks() && (t.is_input || !single) {
                declare(&mut lines, &t.marks(), 1, depth);
            }
        }
        lines.push(String::new());
        let batch = || self.batch::<String>("batch");
        let call = |name: String, arguments: Lines| {
            format!(
                "NNET_PROCESS({name}({}))",
                arguments.into_iter().chain(batch()).collect::<Lines>().join(", ")
            )
        };
        let is_wired = !matches!(self.bus(), Bus::Stream(_));
        let port = |t: &Tensor<'_>| if is_wired { format!("{}_beats", t.ident) } else { t.ident.clone() };
        for t in self.inputs.iter().filter(|_| is_wired) {
            lines.push(call(format!("wrapper::fetch_{}", t.ident), vec![t.ident.clone(), port(t)]));
        }
        for t in &self.inputs {
            let marks = self.has_marks().then(|| t.marks());
            let arguments = [port(t)].into_iter().chain(t.carrier_names()).chain(marks).collect();
            lines.push(call(format!("wrapper::read_{}", t.ident), arguments));
        }
        let carriers: Lines = tensors().flat_map(Tensor::carrier_names).collect();
        match (self.kernel.streams.is_some(), self.bus()) {
            (true, Bus::Memory { .. }) => lines.push(call("wrapper::network".into(), carriers)),
            (true, Bus::Stream(_) | Bus::Lite) => {
                lines.push(call(format!("::{}", self.kernel.top), carriers))
            }
            (false, _) => {
                let marks = |t: &Tensor<'_>| self.has_marks().then(|| t.marks());
                let arguments = tensors().flat_map(|t| t.carrier_names().chain(marks(t)).collect::<Lines>());
                lines.push(call("wrapper::compute".into(), arguments.collect()));
            }
        }
        if self.joins_marks() {
            lines.push(call("wrapper::join_marks".into(), tensors().map(Tensor::marks).collect()));
        }
        for t in &self.outputs {
            let single = self.kernel.streams.is_some() && !self.joins_marks();
            let marks = self.has_marks().then(|| if single { self.inputs[0].marks() } else { t.marks() });
            let arguments = t.carrier_names().chain(marks).chain([port(t)]).collect();
            lines.push(call(format!("wrapper::write_{}", t.ident), arguments));
        }
        for t in self.outputs.iter().filter(|_| is_wired) {
            lines.push(call(format!("wrapper::store_{}", t.ident), vec![port(t), t.ident.clone()]));
        }
        lines.push("NNET_PROCESSES_END".into());
        indent(lines).join("\n")
    }

    /// What the ports are.
    fn pragmas(&self) -> Lines {
        let tensors = || self.inputs.iter().chain(&self.outputs);
        let control = |name: &str| format!("NNET_INTERFACE_CONTROL({name})");
        match self.bus() {
            Bus::Stream(_) => tensors()
                .map(|t| format!("NNET_INTERFACE_AXIS({})", t.ident))
                .chain(["NNET_INTERFACE_FREE".to_owned()])
                .collect(),
            Bus::Memory { chain } => {
                // A burst may not cross a boundary of 4 KiB, and has 256 words at most (AXI4, "Burst length").
                let burst = |t: &Tensor<'_>| (8 * 4096 / t.packing.beat_bits).min(256);
                let memory = |t: &Tensor<'_>| {
                    let words = t.beats * COSIM_SAMPLES;
                    format!("NNET_INTERFACE_MEMORY({}, {words}, {})", t.ident, burst(t))
                };
                let start = if chain { "NNET_INTERFACE_CHAIN" } else { "NNET_INTERFACE_START" };
                let mut lines: Lines = tensors().map(memory).collect();
                lines.extend(tensors().map(|t| control(&t.ident)));
                lines.extend([control("batch"), control("return"), start.into()]);
                lines
            }
            Bus::Lite => {
                let mut lines: Lines = tensors().map(|t| control(&t.ident)).collect();
                lines.extend([control("return"), "NNET_INTERFACE_START".into()]);
                lines
            }
        }
    }

    /// How many marks may wait while their samples are inside the network: more than it has room for need not be; beyond the
    /// cap the inputs wait a little earlier than they had to. In `io_parallel` marks go along with the words.
    fn marks_depth(&self) -> usize {
        let Some(streams) = &self.kernel.streams else { return 2 };
        let room: usize = streams.fifos.iter().map(|fifo| fifo.depth + 2).sum();
        (room + 4).min(512)
    }
}

/// A stream between processes that takes `depth` words.
fn declare(lines: &mut Lines, name: &str, bits: u32, depth: usize) {
    lines.push(format!("{} {name};", words_of(bits)));
    lines.push(format!("NNET_STREAM_DEPTH({name}, {depth})"));
}
