//! A network of processes, reduced to who reads and writes which stream, in which order.
//!
//! A process is a fixed sequence of steps; a step takes one token from some of its streams and puts one into some others. What
//! the tokens hold never decides about the order, so the sequence is known beforehand. Each stream has one writer and one
//! reader.

/// Ports that a step uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ports {
    None,
    /// The port of that number.
    One(usize),
    All,
}

impl Ports {
    fn range(self, count: usize) -> std::ops::Range<usize> {
        match self {
            Ports::None => 0..0,
            Ports::One(port) => port..port + 1,
            Ports::All => 0..count,
        }
    }
}

/// What happens at once: every read has a token, every write has room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Step {
    pub(crate) reads: Ports,
    pub(crate) writes: Ports,
}

/// Takes a token of every operand, gives one of the result.
pub(crate) const MAP: Step = Step { reads: Ports::All, writes: Ports::All };
/// Takes a token of every operand.
pub(crate) const READ: Step = Step { reads: Ports::All, writes: Ports::None };
/// Gives a token.
pub(crate) const WRITE: Step = Step { reads: Ports::None, writes: Ports::All };

/// A sequence of steps, equal neighbours counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Script {
    runs: Vec<(Step, usize)>,
}

impl Script {
    /// The same step so many times.
    pub(crate) fn repeat(step: Step, times: usize) -> Self {
        let mut script = Self::default();
        script.push(step, times);
        script
    }

    /// Appends a step so many times.
    pub(crate) fn push(&mut self, step: Step, times: usize) {
        match self.runs.last_mut() {
            _ if times == 0 => {}
            Some((last, count)) if *last == step => *count += times,
            _ => self.runs.push((step, times)),
        }
    }

    /// The steps in order.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step> {
        self.runs.iter().flat_map(|&(step, times)| std::iter::repeat_n(step, times))
    }

    /// The runs of equal steps.
    pub(crate) fn runs(&self) -> &[(Step, usize)] {
        &self.runs
    }

    /// Number of steps.
    pub(crate) fn len(&self) -> usize {
        self.runs.iter().map(|(_, times)| times).sum()
    }
}

/// A process of the network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    /// Streams, by number.
    pub(crate) reads: Vec<usize>,
    pub(crate) writes: Vec<usize>,
    pub(crate) script: Script,
    /// Clock cycles of a step.
    pub(crate) interval: u64,
}

impl Process {
    /// The streams that a step reads.
    pub(crate) fn read_by(&self, step: Step) -> &[usize] {
        &self.reads[step.reads.range(self.reads.len())]
    }

    /// The streams that a step writes.
    pub(crate) fn written_by(&self, step: Step) -> &[usize] {
        &self.writes[step.writes.range(self.writes.len())]
    }

    /// Clock cycles of a sample.
    pub(crate) fn cycles(&self) -> u64 {
        self.script.len() as u64 * self.interval
    }
}

/// Processes, writers before readers, and the number of streams between and around them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Model {
    pub(crate) processes: Vec<Process>,
    pub(crate) streams: usize,
    /// Streams that come from outside, with the tokens of a sample.
    pub(crate) inputs: Vec<(usize, usize)>,
    /// Streams that leave.
    pub(crate) outputs: Vec<usize>,
}

impl Model {
    /// Clock cycles between two samples: of the slowest process.
    pub(crate) fn interval(&self) -> u64 {
        self.processes.iter().map(Process::cycles).max().unwrap_or(1).max(1)
    }
}
