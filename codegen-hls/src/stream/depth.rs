//! How many tokens each stream must take.
//!
//! # Enough
//!
//! The model of [`tokens`](super::tokens) is run with streams of any depth and a simple clock: a step takes its process's
//! interval, its tokens are there when it ends, and tokens from outside come evenly at the pace of the slowest process (any
//! faster, and they would pile up before it, however deep its streams). How full a stream gets is its depth: with it nothing
//! waits that would not wait with deeper ones.
//!
//! # Never stuck
//!
//! With streams of some depth, a step waits until every token that it takes is there and every stream that it writes has room. A
//! stream has one reader and one writer, and a process's next step is fixed, so a step that can happen stays possible whatever
//! else happens first: steps of different processes can change places. Hence either all orders in which the steps of a sample can
//! happen run to its end, or none does, and one run tells. If that run leaves every stream empty, all is as it was before it, so
//! any number of samples one after the other runs to the end, and by the same argument so does every order in which their steps
//! can overlap. [`prove`] makes that run.
//!
//! Hardware is allowed more than the model, never less: it reads before it writes instead of both at once, takes a token of several
//! words word by word, and its pipeline may begin a step before the one before it has written. Each of these only lets a step
//! happen earlier. It needs that a step that has begun ends without a later one: a pipeline that drains (`NNET_PIPELINE_TOKENS`).

use super::tokens::{Model, Process, Step};
use std::collections::VecDeque;

/// Who waits for what when nothing can happen any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stuck {
    /// Processes that have not ended.
    pub(crate) waiting: Vec<String>,
    /// Streams that hold tokens at the end.
    pub(crate) left: Vec<usize>,
}

/// Tokens that each stream holds at most when nothing waits for room.
pub(crate) fn peaks(model: &Model) -> Vec<usize> {
    // When each token was begun to be written, when it is there, when it was taken; in order.
    let mut begun: Vec<Vec<u64>> = vec![Vec::new(); model.streams];
    let mut there: Vec<Vec<u64>> = vec![Vec::new(); model.streams];
    let mut taken: Vec<Vec<u64>> = vec![Vec::new(); model.streams];
    let pace = model.interval();
    for &(stream, tokens) in &model.inputs {
        there[stream] = (0..tokens as u64).map(|i| i * pace / tokens as u64).collect();
        begun[stream].clone_from(&there[stream]);
    }
    for process in &model.processes {
        let mut free = 0;
        for step in process.script.steps() {
            let mut start = free;
            for &stream in process.read_by(step) {
                let next = taken[stream].len();
                // A token that never comes would be found by `prove`.
                start = start.max(there[stream].get(next).copied().unwrap_or(start));
            }
            for &stream in process.read_by(step) {
                taken[stream].push(start);
            }
            free = start + process.interval;
            for &stream in process.written_by(step) {
                begun[stream].push(start);
                there[stream].push(free);
            }
        }
    }
    begun.iter().zip(&taken).map(|(begun, taken)| fullest(begun, taken)).collect()
}

/// The most tokens at once; of what happens at one time, writes count first.
fn fullest(begun: &[u64], taken: &[u64]) -> usize {
    let mut most = 0;
    let mut gone = 0;
    for (i, &time) in begun.iter().enumerate() {
        while taken.get(gone).is_some_and(|&t| t < time) {
            gone += 1;
        }
        most = most.max(i + 1 - gone);
    }
    most
}

/// Runs one sample with streams of these depths, in tokens; what comes from outside and leaves is never waited for.
///
/// # Errors
/// Not every process ends, or tokens stay behind.
pub(crate) fn prove(model: &Model, depths: &[usize]) -> Result<(), Stuck> {
    let mut room = depths.to_vec();
    for &stream in &model.outputs {
        room[stream] = usize::MAX;
    }
    let mut held = vec![0usize; model.streams];
    for &(stream, tokens) in &model.inputs {
        held[stream] = tokens;
    }
    let mut runs: Vec<Cursor<'_>> = model.processes.iter().map(Cursor::new).collect();
    // Processes that may be able to go on. A step can only enable the processes at the other ends of its streams.
    let mut ends = vec![(usize::MAX, usize::MAX); model.streams];
    for (number, process) in model.processes.iter().enumerate() {
        process.writes.iter().for_each(|&s| ends[s].0 = number);
        process.reads.iter().for_each(|&s| ends[s].1 = number);
    }
    let mut ready: VecDeque<usize> = (0..runs.len()).collect();
    let mut queued = vec![true; runs.len()];
    while let Some(number) = ready.pop_front() {
        queued[number] = false;
        let process = &model.processes[number];
        let mut moved = false;
        while let Some(step) = runs[number].next() {
            let fits = process.read_by(step).iter().all(|&s| held[s] > 0)
                && process.written_by(step).iter().all(|&s| held[s] < room[s]);
            if !fits {
                break;
            }
            process.read_by(step).iter().for_each(|&s| held[s] -= 1);
            process.written_by(step).iter().for_each(|&s| held[s] += 1);
            runs[number].advance();
            moved = true;
        }
        if moved {
            let others = process.reads.iter().map(|&s| ends[s].0);
            for other in others.chain(process.writes.iter().map(|&s| ends[s].1)) {
                if other != usize::MAX && !queued[other] {
                    queued[other] = true;
                    ready.push_back(other);
                }
            }
        }
    }
    for &stream in &model.outputs {
        held[stream] = 0;
    }
    let waiting: Vec<String> = runs
        .iter()
        .zip(&model.processes)
        .filter(|(run, _)| run.next().is_some())
        .map(|(_, process)| process.name.clone())
        .collect();
    let left: Vec<usize> = (0..model.streams).filter(|&s| held[s] > 0).collect();
    if waiting.is_empty() && left.is_empty() { Ok(()) } else { Err(Stuck { waiting, left }) }
}

/// Where a process stands.
struct Cursor<'a> {
    runs: &'a [(Step, usize)],
    done: usize,
}

impl<'a> Cursor<'a> {
    fn new(process: &'a Process) -> Self {
        Self { runs: process.script.runs(), done: 0 }
    }

    fn next(&self) -> Option<Step> {
        self.runs.first().map(|(step, _)| *step)
    }

    fn advance(&mut self) {
        self.done += 1;
        if self.runs.first().is_some_and(|&(_, times)| self.done == times) {
            self.runs = &self.runs[1..];
            self.done = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::{MAP, Ports, READ, Script, WRITE};
    use super::*;

    fn process(name: &str, reads: &[usize], writes: &[usize], script: Script, interval: u64) -> Process {
        Process { name: name.into(), reads: reads.to_vec(), writes: writes.to_vec(), script, interval }
    }

    /// `x` is cloned; one copy goes through a process that gives its first token after `lag` tokens, then both are added.
    fn diamond(lag: usize, tokens: usize) -> Model {
        let mut late = Script::repeat(READ, lag);
        late.push(MAP, tokens - lag);
        late.push(WRITE, lag);
        Model {
            processes: vec![
                process("clone", &[0], &[1, 2], Script::repeat(MAP, tokens), 1),
                process("late", &[1], &[3], late, 1),
                process("add", &[3, 2], &[4], Script::repeat(MAP, tokens), 1),
            ],
            streams: 5,
            inputs: vec![(0, tokens)],
            outputs: vec![4],
        }
    }

    #[test]
    fn the_short_way_waits_for_the_long_one() {
        let model = diamond(5, 20);
        let peaks = peaks(&model);
        // While the long way takes 5 tokens and gives none, the short one fills; the sixth gives one and takes one.
        assert!((6..=8).contains(&peaks[2]), "{peaks:?}");
        assert_eq!(prove(&model, &peaks), Ok(()));
        assert_eq!(prove(&model, &[1, 1, 6, 1, 1]), Ok(()));
        let stuck = prove(&model, &[20, 20, 5, 20, 20]).unwrap_err();
        assert_eq!(stuck.waiting, ["clone", "late", "add"]);
        assert!(stuck.left.contains(&2));
    }

    #[test]
    fn a_slow_process_does_not_make_deep_streams() {
        let model = Model {
            processes: vec![
                process("quick", &[0], &[1], Script::repeat(MAP, 100), 1),
                process("slow", &[1], &[2], Script::repeat(MAP, 100), 9),
            ],
            streams: 3,
            inputs: vec![(0, 100)],
            outputs: vec![2],
        };
        assert_eq!(model.interval(), 900);
        assert_eq!(peaks(&model)[1], 1);
    }

    #[test]
    fn tokens_that_nobody_takes_are_seen() {
        let model = Model {
            processes: vec![process("half", &[0], &[1], Script::repeat(MAP, 2), 1)],
            streams: 2,
            inputs: vec![(0, 3)],
            outputs: vec![1],
        };
        assert_eq!(prove(&model, &[9, 9]), Err(Stuck { waiting: vec![], left: vec![0] }));
    }

    /// As many tokens as the largest networks of tiny boards have: 60 processes of 10,000 tokens.
    #[test]
    fn large_networks_take_no_time() {
        let count = 60;
        let processes = (0..count).map(|i| process("p", &[i], &[i + 1], Script::repeat(MAP, 10_000), 1));
        let model = Model {
            processes: processes.collect(),
            streams: count + 1,
            inputs: vec![(0, 10_000)],
            outputs: vec![count],
        };
        // With a step a token, not a step a pair of tokens: this ends at once.
        let peaks = peaks(&model);
        assert_eq!(prove(&model, &peaks), Ok(()));
    }

    #[test]
    fn reads_in_turn() {
        // All of the first operand, then all of the second, both from one clone: the second must hold all.
        let mut joined = Script::repeat(Step { reads: Ports::One(0), writes: Ports::All }, 4);
        joined.push(Step { reads: Ports::One(1), writes: Ports::All }, 4);
        let model = Model {
            processes: vec![
                process("clone", &[0], &[1, 2], Script::repeat(MAP, 4), 1),
                process("join", &[1, 2], &[3], joined, 1),
            ],
            streams: 4,
            inputs: vec![(0, 4)],
            outputs: vec![3],
        };
        assert_eq!(peaks(&model)[2], 4);
        assert!(prove(&model, &[1, 1, 4, 1]).is_ok());
        assert!(prove(&model, &[1, 1, 3, 1]).is_err());
    }
}
