//! The stages of a build, as they begin and end.

use crate::error::Error;
use crate::report::{Next, Stage, StageReport, State};
use std::time::Instant;

/// Something to tell while it goes on.
pub enum Event<'a> {
    /// A stage begins.
    Begins(Stage),
    /// A stage ended.
    Ended(&'a StageReport),
}

/// The stages' ends as they come.
pub(crate) struct Stages<'a> {
    pub(crate) reports: Vec<StageReport>,
    pub(crate) tell: &'a mut dyn FnMut(Event<'_>),
    pub(crate) until: Option<Stage>,
}

impl Stages<'_> {
    pub(crate) fn wants(&self, stage: Stage) -> bool {
        self.until.is_none_or(|until| stage <= until)
    }

    pub(crate) fn run<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce() -> Result<(T, String), Error>,
    ) -> Result<T, Error> {
        self.begin(stage);
        let begun = Instant::now();
        let (value, detail) = work()?;
        self.end(StageReport { stage, state: State::Done, seconds: begun.elapsed().as_secs_f64(), detail });
        Ok(value)
    }

    pub(crate) fn begin(&mut self, stage: Stage) {
        (self.tell)(Event::Begins(stage));
    }

    pub(crate) fn end(&mut self, report: StageReport) {
        (self.tell)(Event::Ended(&report));
        self.reports.push(report);
    }

    /// A stage whose tool is missing.
    pub(crate) fn missing(&mut self, stage: Stage, why: &str) {
        let detail = why.trim_start_matches("error: ").to_owned();
        self.end(StageReport { stage, state: State::NotReached, seconds: 0.0, detail });
    }

    /// The stages that were not run.
    pub(crate) fn rest(&mut self, next: &Next) {
        for stage in [Stage::Write, Stage::Csim, Stage::Hls, Stage::Bitstream, Stage::Package] {
            if self.reports.iter().any(|r| r.stage == stage) {
                continue;
            }
            let (state, detail) = if self.until.is_none() && stage >= Stage::Hls {
                let how =
                    format!("it runs when asked for, --until {}; it needs {}", stage.name(), next.needs);
                (State::NotReached, how)
            } else if self.wants(stage) {
                (State::NotReached, "the stage before it was not reached".to_owned())
            } else {
                (State::NotAsked, "not asked for".to_owned())
            };
            self.reports.push(StageReport { stage, state, seconds: 0.0, detail });
        }
    }
}
