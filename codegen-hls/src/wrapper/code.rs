//! The wrapper's functions as text: a process that reads and one that writes each tensor, and what lies between.

use crate::kernel::Kernel;
use crate::layout::{PortTensor, Side, Word};
use crate::stream;
use crate::wrapper::interface::{Beats, Bus, Closes, Element, Interface};
use netlathe_apfixed::{Class, FixedType};

/// Up to so many beats a sample a process is one pipeline, which unrolls its loops: samples follow each other without a gap.
const UNROLLED_BEATS: usize = 64;

/// Samples that a C/RTL cosimulation reserves memory for; the test bench uses as many.
pub(super) const COSIM_SAMPLES: usize = 16;

/// A tensor with all that its processes need to know.
pub(super) struct Tensor<'a> {
    pub(super) port: &'a PortTensor,
    /// The parameter of the outermost function.
    pub(super) ident: String,
    pub(super) packing: Beats,
    pub(super) size: usize,
    /// Beats of a sample.
    pub(super) beats: usize,
    /// In `io_parallel`: where its elements lie in the kernel's words.
    slots: Vec<Slot>,
    /// In `io_stream`: the kernel's parameter.
    stream: Option<&'a stream::Port>,
    is_input: bool,
}

/// Elements of one tensor in one word.
struct Slot {
    /// The stream that carries them between the processes.
    stream: String,
    /// Number of the word.
    word: usize,
    first: usize,
    count: usize,
    lsb: u32,
    bits: u32,
}

/// The kernel and its outside.
pub(super) struct Outside<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) interface: &'a Interface,
    pub(super) inputs: Vec<Tensor<'a>>,
    pub(super) outputs: Vec<Tensor<'a>>,
}

type Lines = Vec<String>;

/// The lines, so many levels deeper.
fn indent(lines: Lines) -> Lines {
    lines.into_iter().map(|line| if line.is_empty() { line } else { format!("    {line}") }).collect()
}

/// `head {`, the lines one level deeper, `}`.
fn block(head: impl Into<String>, lines: Lines) -> Lines {
    [vec![format!("{} {{", head.into())], indent(lines), vec!["}".to_owned()]].concat()
}

/// A function with one parameter a line.
fn function(title: &str, name: &str, parameters: &[String], body: Lines) -> String {
    let mut lines: Lines = title.lines().map(|line| format!("// {line}")).collect();
    lines.push(format!("static void {name}("));
    lines.push(indent(parameters.to_vec()).join(",\n"));
    lines.push(") {".into());
    lines.extend(indent(body));
    lines.push("}\n".into());
    lines.join("\n")
}

fn words_of(bits: u32) -> String {
    format!("hls::stream<ap_uint<{bits}> >")
}

/// The type of the same bits as `ty`, of the class of fixed-point types.
///
/// The constructor of `ap_int` makes 1 of small negative numbers such as -0.1. The fixed-point type of the same bits truncates
/// them to 0, as `docs/numerics.md` wants.
pub(super) fn converter(ty: FixedType) -> FixedType {
    match ty.class {
        Class::Fixed => ty,
        Class::Int if ty.signed => FixedType::fixed(ty.width, ty.integer),
        Class::Int => FixedType::ufixed(ty.width, ty.integer),
    }
    .with_modes(ty.effective_rounding(), ty.effective_overflow())
}

impl<'a> Tensor<'a> {
    pub(super) fn all(
        side: &'a Side,
        streams: Option<&'a [stream::Port]>,
        packings: &[Beats],
        is_input: bool,
    ) -> Vec<Self> {
        let stem = if is_input { "data_in" } else { "data_out" };
        let single = side.tensors.len() == 1;
        let tensor = |(number, (port, packing)): (usize, (&'a PortTensor, &Beats))| {
            let ident = if single { stem.to_owned() } else { format!("{stem}{number}") };
            let size = port.len();
            let mut slots: Vec<Slot> = side
                .words
                .iter()
                .enumerate()
                .flat_map(|(word, w)| w.slots.iter().map(move |slot| (word, slot)))
                .filter(|(_, slot)| slot.tensor == number)
                .map(|(word, slot)| Slot {
                    stream: format!("{ident}_words"),
                    word,
                    first: slot.first,
                    count: slot.count,
                    lsb: slot.lsb,
                    bits: slot.count as u32 * port.ty.width,
                })
                .collect();
            if slots.len() > 1 {
                slots.iter_mut().enumerate().for_each(|(n, slot)| slot.stream += &n.to_string());
            }
            Self {
                port,
                ident,
                packing: *packing,
                size,
                beats: size.div_ceil(packing.per_beat as usize),
                slots,
                stream: streams.and_then(|ports| ports.get(number)),
                is_input,
            }
        };
        side.tensors.iter().zip(packings).enumerate().map(tensor).collect()
    }

    /// Elements that the kernel's parameters have of it.
    pub(super) fn packed(&self) -> usize {
        match self.stream {
            Some(port) => port.channel.tokens * port.channel.len,
            None => self.slots.iter().map(|slot| slot.count).sum(),
        }
    }

    /// The struct that describes it.
    pub(super) fn name(&self) -> String {
        format!("{}_tensor", self.ident)
    }

    pub(super) fn lane(&self) -> String {
        match self.packing.element {
            Element::Float32 => "nnet::float32_lane".into(),
            Element::Float64 => "nnet::float64_lane".into(),
            Element::Fixed(ty) => format!("nnet::fixed_lane<{} >", converter(ty).cpp()),
        }
    }

    /// Elements of a token and of a word, in `io_stream`.
    pub(super) fn token(&self) -> Option<(usize, usize)> {
        self.stream.map(|port| (port.channel.len, port.channel.per_word))
    }

    fn raw(&self) -> String {
        format!("ap_uint<{}>", self.port.ty.width)
    }

    fn data(&self) -> String {
        format!("ap_uint<{}>", self.packing.beat_bits)
    }

    /// The streams that carry its elements between the processes, as (name, bits).
    fn carriers(&self) -> Vec<(String, u32)> {
        match self.stream {
            Some(port) => vec![(format!("{}_words", self.ident), port.channel.bits())],
            None => self.slots.iter().map(|slot| (slot.stream.clone(), slot.bits)).collect(),
        }
    }

    fn carrier_names(&self) -> impl Iterator<Item = String> {
        self.carriers().into_iter().map(|(name, _)| name)
    }

    fn carrier_parameters(&self) -> impl Iterator<Item = String> {
        self.carriers().into_iter().map(|(name, bits)| format!("{} &{name}", words_of(bits)))
    }

    /// The stream of marks: whether the sample closes a batch.
    fn marks(&self) -> String {
        format!("{}_marks", self.ident)
    }

    /// What its process reads beats from or writes them to, as a type.
    fn beat_stream(&self, bus: Bus) -> String {
        match bus {
            Bus::Stream(_) => format!("hls::stream<{}_beat>", self.ident),
            Bus::Memory { .. } | Bus::Lite => words_of(self.packing.beat_bits),
        }
    }

    /// Rounds of the gearbox for a sample, see `nnet_beats.h`.
    fn rounds(&self) -> usize {
        let Some(port) = self.stream else { return self.beats };
        let c = port.channel;
        let lanes = self.packing.per_beat as usize;
        let words = c.tokens * c.words();
        let word = |number: usize| c.per_word.min(c.len - number % c.words() * c.per_word);
        let beat = |number: usize| lanes.min(self.size - number * lanes);
        let (mut rounds, mut have, mut put, mut taken) = (0, 0, 0, 0);
        while taken < if self.is_input { words } else { self.beats } {
            let wanted = if self.is_input { word(taken) } else { beat(taken) };
            if have < wanted {
                // What is left of the last beat is no element, but takes up room.
                have += if self.is_input { lanes } else { word(put) };
                put += 1;
            }
            if have >= wanted {
                have -= wanted;
                taken += 1;
            }
            rounds += 1;
        }
        rounds
    }
}

impl Outside<'_> {
    fn bus(&self) -> Bus {
        self.interface.bus
    }

    /// Whether each sample carries a mark from the inputs to the outputs.
    fn has_marks(&self) -> bool {
        self.bus() == Bus::Stream(Closes::Batch)
    }

    /// `batch`, where there is one.
    fn batch<T: From<&'static str>>(&self, text: &'static str) -> Option<T> {
        matches!(self.bus(), Bus::Memory { .. }).then(|| text.into())
    }

    /// The lines for every sample of a start.
    fn every_sample(&self, lines: Lines) -> Lines {
        match self.bus() {
            Bus::Memory { .. } => block("for (unsigned sample = 0; sample < batch; ++sample)", lines),
            Bus::Stream(_) | Bus::Lite => lines,
        }
    }

    /// Whether the process of a tensor with so many rounds is one pipeline. One that may have to drop the rest of a packet first
    /// is none: nobody knows how long that takes.
    fn is_pipeline(&self, tensor: &Tensor<'_>) -> bool {
        let fits = tensor.rounds() <= UNROLLED_BEATS;
        match self.bus() {
            Bus::Stream(Closes::Batch) => fits,
            Bus::Stream(Closes::Sample) => fits && !tensor.is_input,
            Bus::Memory { .. } | Bus::Lite => false,
        }
    }

    /// All functions in front of the outermost one.
    pub(super) fn functions(&self) -> Vec<String> {
        let mut functions = Vec::new();
        let is_wired = matches!(self.bus(), Bus::Memory { .. } | Bus::Lite);
        functions.extend(self.inputs.iter().filter(|_| is_wired).map(|t| self.fetch(t)));
        functions.extend(self.inputs.iter().map(|t| self.read(t)));
        if self.kernel.streams.is_none() {
            functions.push(self.compute());
        } else if matches!(self.bus(), Bus::Memory { .. }) {
            functions.push(self.network());
        }
        if self.joins_marks() {
            functions.push(self.join_marks());
        }
        functions.extend(self.outputs.iter().map(|t| self.write(t)));
        functions.extend(self.outputs.iter().filter(|_| is_wired).map(|t| self.store(t)));
        functions
    }

    /// The first lines of a process, with its loop's pragma.
    fn process_lines(&self, tensor: &Tensor<'_>) -> (String, &'static str) {
        if self.is_pipeline(tensor) {
            return (format!("NNET_PIPELINE_FLUSH({})", tensor.rounds()), "NNET_UNROLL");
        }
        // A word must not wait inside for the beat that follows.
        let pragma =
            if tensor.stream.is_some() { "NNET_PIPELINE_TOKENS(1)" } else { "NNET_PIPELINE_LOOP(1)" };
        ("NNET_INLINE_OFF".into(), pragma)
    }

    /// Takes the beats of samples, and hands their elements on.
    fn read(&self, t: &Tensor<'_>) -> String {
        let name = t.name();
        let (first_line, pragma) = self.process_lines(t);
        let mut lines: Lines = vec![first_line];
        let drops = self.bus() == Bus::Stream(Closes::Sample);
        if drops {
            lines.extend([
                "// The packet before has not ended: what is left of it goes first. Set back together with the kernel.".into(),
                "static bool surplus = false;".into(),
                "NNET_RESET(surplus)".into(),
            ]);
            let drop = format!("surplus = !nnet::drop_beat<{name}>(port);");
            lines.extend(block("while (surplus)", vec!["NNET_PIPELINE_LOOP(1)".into(), drop]));
        }
        let marks = self.has_marks().then(|| format!("{}.write(ended);", t.marks()));
        let (declarations, body) = match t.stream {
            Some(_) => read_tokens(t, pragma, marks),
            None => read_words(t, pragma, marks),
        };
        lines.extend(declarations);
        lines.push("bool ended = false;".into());
        lines.extend(self.every_sample(body));
        if drops {
            lines.push("surplus = !ended;".into());
        }
        let mut parameters = vec![format!("{} &port", t.beat_stream(self.bus()))];
        parameters.extend(t.carrier_parameters());
        parameters.extend(self.has_marks().then(|| format!("{} &{}", words_of(1), t.marks())));
        parameters.extend(self.batch::<String>("unsigned batch"));
        let title = match self.bus() {
            Bus::Stream(Closes::Sample) => format!(
                "Takes the beats of a sample of {}. Between two samples it may rest for a few cycles: it looks first whether\n\
                 the packet before had ended.",
                t.ident
            ),
            Bus::Stream(Closes::Batch) => {
                format!("Takes the beats of a sample of {}, and tells whether it closed a batch.", t.ident)
            }
            Bus::Memory { .. } | Bus::Lite => format!("Takes the beats of the samples of {}.", t.ident),
        };
        function(&title, &format!("read_{}", t.ident), &parameters, lines)
    }

    /// Sends samples as beats.
    fn write(&self, t: &Tensor<'_>) -> String {
        let (first_line, pragma) = self.process_lines(t);
        let closes = match self.bus() {
            Bus::Stream(Closes::Batch) => Some(t.marks()),
            Bus::Stream(Closes::Sample) | Bus::Memory { .. } | Bus::Lite => None,
        };
        let (declarations, body) = match t.stream {
            Some(_) => write_tokens(t, pragma, closes),
            None => write_words(t, pragma, closes),
        };
        let lines = [vec![first_line], declarations, self.every_sample(body)].concat();
        let mut parameters: Lines = t.carrier_parameters().collect();
        parameters.extend(self.has_marks().then(|| format!("{} &{}", words_of(1), t.marks())));
        parameters.push(format!("{} &port", t.beat_stream(self.bus())));
        parameters.extend(self.batch::<String>("unsigned batch"));
        let title = format!("Sends {} as beats.", t.ident);
        function(&title, &format!("write_{}", t.ident), &parameters, lines)
    }

    /// Beats that `fetch` and `store` move, as an expression.
    fn total(&self, t: &Tensor<'_>) -> String {
        match self.bus() {
            Bus::Memory { .. } => format!("batch * {}u", t.beats),
            Bus::Stream(_) | Bus::Lite => format!("{}u", t.beats),
        }
    }

    /// The parameter of the outermost function.
    fn parameter(&self, t: &Tensor<'_>) -> String {
        let constant = if t.is_input { "const " } else { "" };
        match self.bus() {
            Bus::Stream(_) => format!("hls::stream<wrapper::{}_beat> &{}", t.ident, t.ident),
            Bus::Memory { .. } => format!("{constant}{} *{}", t.data(), t.ident),
            Bus::Lite => format!("{constant}{} {}[{}]", t.data(), t.ident, t.beats),
        }
    }

    /// Bursts from memory.
    fn fetch(&self, t: &Tensor<'_>) -> String {
        let head = format!("for (unsigned i = 0; i < {}; ++i)", self.total(t));
        let body = block(head, vec!["NNET_PIPELINE_LOOP(1)".into(), format!("beats.write({}[i]);", t.ident)]);
        let mut parameters = vec![self.parameter(t), format!("{} &beats", words_of(t.packing.beat_bits))];
        parameters.extend(self.batch::<String>("unsigned batch"));
        let lines = [vec!["NNET_INLINE_OFF".to_owned()], body].concat();
        let title = format!("Fetches the beats of {}, one a cycle.", t.ident);
        function(&title, &format!("fetch_{}", t.ident), &parameters, lines)
    }

    /// Bursts to memory.
    fn store(&self, t: &Tensor<'_>) -> String {
        let head = format!("for (unsigned i = 0; i < {}; ++i)", self.total(t));
        let body =
            block(head, vec!["NNET_PIPELINE_LOOP(1)".into(), format!("{}[i] = beats.read();", t.ident)]);
        let mut parameters = vec![format!("{} &beats", words_of(t.packing.beat_bits)), self.parameter(t)];
        parameters.extend(self.batch::<String>("unsigned batch"));
        let lines = [vec!["NNET_INLINE_OFF".to_owned()], body].concat();
        let title = format!("Stores the beats of {}, one a cycle.", t.ident);
        function(&title, &format!("store_{}", t.ident), &parameters, lines)
    }

    /// `io_parallel`: from the streams of slots to words, the network, and back.
    fn compute(&self) -> String {
        let ii = self.kernel.pipeline_ii;
        let (words_in, words_out) = (&self.kernel.inputs.words, &self.kernel.outputs.words);
        let mut body: Lines = Vec::new();
        if self.has_marks() {
            let marks: Vec<_> = self.inputs.iter().map(|t| format!("{}.read()", t.marks())).collect();
            body.push(format!("const ap_uint<1> mark = {};", marks.join(" | ")));
        }
        for (number, word) in words_in.iter().enumerate() {
            let slots = || self.inputs.iter().flat_map(|t| &t.slots).filter(|slot| slot.word == number);
            let whole = slots().count() == 1 && slots().all(|slot| slot.bits == word.bits);
            for slot in slots().filter(|_| whole) {
                body.push(format!("const ap_uint<{}> {} = {}.read();", word.bits, word.name, slot.stream));
            }
            if !whole {
                body.push(format!("ap_uint<{}> {} = 0;", word.bits, word.name));
                body.extend(slots().map(|slot| {
                    format!(
                        "{} |= ap_uint<{}>({}.read()) << {};",
                        word.name, word.bits, slot.stream, slot.lsb
                    )
                }));
            }
        }
        body.extend(words_out.iter().map(|word| format!("ap_uint<{}> {};", word.bits, word.name)));
        let arguments = |words: &[Word], sign: &str| -> Lines {
            words.iter().map(|word| format!("{sign}{}", word.name)).collect()
        };
        let arguments = [arguments(words_in, ""), arguments(words_out, "&")].concat().join(", ");
        body.push(format!("::{}({arguments});", self.kernel.top));
        for slot in self.outputs.iter().flat_map(|t| &t.slots) {
            let word = &words_out[slot.word].name;
            body.push(format!("{}.write(ap_uint<{}>({word} >> {}));", slot.stream, slot.bits, slot.lsb));
        }
        if self.has_marks() {
            body.extend(self.outputs.iter().map(|t| format!("{}.write(mark);", t.marks())));
        }
        let lines = match self.bus() {
            Bus::Memory { .. } => {
                let body = [vec![format!("NNET_PIPELINE_LOOP({ii})")], body].concat();
                [vec!["NNET_INLINE_OFF".to_owned()], self.every_sample(body)].concat()
            }
            Bus::Stream(_) | Bus::Lite => [vec![format!("NNET_PIPELINE_FLUSH({ii})")], body].concat(),
        };
        let marked = |t: &Tensor<'_>| self.has_marks().then(|| format!("{} &{}", words_of(1), t.marks()));
        let tensors = self.inputs.iter().chain(&self.outputs);
        let mut parameters: Lines =
            tensors.flat_map(|t| t.carrier_parameters().chain(marked(t)).collect::<Lines>()).collect();
        parameters.extend(self.batch::<String>("unsigned batch"));
        let title = "Computes one sample after the other. Drains without further input: the last one must not stay inside.";
        function(title, "compute", &parameters, lines)
    }

    /// `io_stream` with a number of samples a start: the network's processes run on into the next sample (UG1399, "Canonical
    /// Forms", of dataflow inside a loop).
    fn network(&self) -> String {
        let tensors = || self.inputs.iter().chain(&self.outputs);
        let arguments: Lines = tensors().flat_map(Tensor::carrier_names).collect();
        let call = format!("::{}({});", self.kernel.top, arguments.join(", "));
        let body = self.every_sample(vec!["NNET_DATAFLOW".into(), call]);
        let mut parameters: Lines = tensors().flat_map(Tensor::carrier_parameters).collect();
        parameters.extend(self.batch::<String>("unsigned batch"));
        let lines = [vec!["NNET_INLINE_OFF".to_owned()], body].concat();
        function("The network, for every sample of a start.", "network", &parameters, lines)
    }

    /// In `io_stream` marks go past the network. With one input and one output one stream does.
    fn joins_marks(&self) -> bool {
        self.has_marks() && self.kernel.streams.is_some() && self.inputs.len() + self.outputs.len() > 2
    }

    fn join_marks(&self) -> String {
        let reads: Lines = self.inputs.iter().map(|t| format!("{}.read()", t.marks())).collect();
        let mut lines =
            vec!["NNET_PIPELINE_FLUSH(1)".into(), format!("const ap_uint<1> mark = {};", reads.join(" | "))];
        lines.extend(self.outputs.iter().map(|t| format!("{}.write(mark);", t.marks())));
        let tensors = self.inputs.iter().chain(&self.outputs);
        let parameters: Lines = tensors.map(|t| format!("{} &{}", words_of(1), t.marks())).collect();
        function("A sample closes a batch if any of its inputs does.", "join_marks", &parameters, lines)
    }

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

/// `io_parallel`: beats into an array of elements, and that into slots with the last of them.
fn read_words(t: &Tensor<'_>, pragma: &str, marks: Option<String>) -> (Lines, Lines) {
    let name = t.name();
    let declarations =
        vec![format!("{} values[{name}::beats * {name}::lanes];", t.raw()), "NNET_PARTITION(values)".into()];
    let mut whole: Lines = Vec::new();
    for (n, slot) in t.slots.iter().enumerate() {
        whole.push(format!("ap_uint<{}> word{n} = 0;", slot.bits));
        let element = format!(
            "word{n} |= ap_uint<{}>(values[{} + k]) << ({} * k);",
            slot.bits, slot.first, t.port.ty.width
        );
        whole.extend(block(
            format!("for (int k = 0; k < {}; ++k)", slot.count),
            vec!["NNET_UNROLL".into(), element],
        ));
        whole.push(format!("{}.write(word{n});", slot.stream));
    }
    whole.extend(marks);
    let mut body =
        vec![pragma.to_owned(), format!("const {} data = nnet::next_beat<{name}>(port, ended);", t.data())];
    body.extend(block(
        format!("for (int lane = 0; lane < {name}::lanes; ++lane)"),
        vec![
            "NNET_UNROLL".into(),
            format!("values[i * {name}::lanes + lane] = nnet::from_lane<{name}>(data, lane);"),
        ],
    ));
    body.extend(block(format!("if (i == {name}::beats - 1)"), whole));
    (declarations, block(format!("for (int i = 0; i < {name}::beats; ++i)"), body))
}

/// `io_parallel`: slots into an array of elements with the first beat, and that into beats.
fn write_words(t: &Tensor<'_>, pragma: &str, marks: Option<String>) -> (Lines, Lines) {
    let name = t.name();
    let mut declarations =
        vec![format!("{} values[{name}::beats * {name}::lanes];", t.raw()), "NNET_PARTITION(values)".into()];
    let mut whole: Lines = Vec::new();
    for (n, slot) in t.slots.iter().enumerate() {
        whole.push(format!("const ap_uint<{}> word{n} = {}.read();", slot.bits, slot.stream));
        let element =
            format!("values[{} + k] = {}(word{n} >> ({} * k));", slot.first, t.raw(), t.port.ty.width);
        whole.extend(block(
            format!("for (int k = 0; k < {}; ++k)", slot.count),
            vec!["NNET_UNROLL".into(), element],
        ));
    }
    if t.beats * t.packing.per_beat as usize > t.size {
        whole.extend(block(
            format!("for (int k = {name}::size; k < {name}::beats * {name}::lanes; ++k)"),
            vec!["NNET_UNROLL".into(), "values[k] = 0;".into()],
        ));
    }
    let mut last = format!("i == {name}::beats - 1");
    if let Some(marks) = marks {
        declarations.push("bool closes = false;".into());
        whole.push(format!("closes = {marks}.read() != 0;"));
        last += " && closes";
    }
    let mut body = vec![pragma.to_owned()];
    body.extend(block("if (i == 0)", whole));
    body.push(format!("{} data = 0;", t.data()));
    body.extend(block(
        format!("for (int lane = 0; lane < {name}::lanes; ++lane)"),
        vec![
            "NNET_UNROLL".into(),
            format!("data |= nnet::to_lane<{name}>(values[i * {name}::lanes + lane], lane);"),
        ],
    ));
    body.push(format!("nnet::give<{name}>(port, data, {last});"));
    (declarations, block(format!("for (int i = 0; i < {name}::beats; ++i)"), body))
}

fn buffer(t: &Tensor<'_>) -> Lines {
    vec![
        format!("{} buffer[nnet::gearbox<{}>::room];", t.raw(), t.name()),
        "NNET_PARTITION(buffer)".into(),
        "int have = 0;".into(),
        "int first = 0;".into(),
    ]
}

/// `io_stream`: beats into words, see `nnet_beats.h`.
fn read_tokens(t: &Tensor<'_>, pragma: &str, marks: Option<String>) -> (Lines, Lines) {
    let rounds = t.rounds();
    let mut body = vec![pragma.to_owned()];
    body.extend(block("if (round == 0)", vec!["have = 0;".into()]));
    let words = format!("{}_words", t.ident);
    body.push(format!("nnet::read_round<{}>(port, {words}, buffer, have, first, ended);", t.name()));
    body.extend(
        marks.into_iter().flat_map(|marks| block(format!("if (round == {})", rounds - 1), vec![marks])),
    );
    (buffer(t), block(format!("for (int round = 0; round < {rounds}; ++round)"), body))
}

/// `io_stream`: words into beats. A mark is taken with the last beat, not before: it comes when its sample has come whole, and
/// beats may leave before that.
fn write_tokens(t: &Tensor<'_>, pragma: &str, marks: Option<String>) -> (Lines, Lines) {
    let name = t.name();
    let mut whole = vec![format!("bool last = beat == {name}::beats - 1;")];
    if let Some(marks) = marks {
        whole.push("// Not before the last beat: the mark comes when the sample has come whole, and beats may leave earlier.".into());
        whole.extend(block("if (last)", vec![format!("last = {marks}.read() != 0;")]));
    }
    whole.extend([format!("nnet::give<{name}>(port, data, last);"), "++beat;".into()]);
    let mut body = vec![pragma.to_owned()];
    body.extend(block("if (round == 0)", vec!["have = 0;".into(), "beat = 0;".into()]));
    body.push(format!("{} data = 0;", t.data()));
    let words = format!("{}_words", t.ident);
    body.extend(block(
        format!("if (nnet::write_round<{name}>({words}, buffer, have, first, beat, data))"),
        whole,
    ));
    let declarations = [buffer(t), vec!["int beat = 0;".to_owned()]].concat();
    (declarations, block(format!("for (int round = 0; round < {}; ++round)", t.rounds()), body))
}
