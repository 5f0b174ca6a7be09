//! Runs of the vendor's tools: HLS and bitstream.
//!
//! [`plan::plan`] says what would run; [`run::stage`] runs it, finds the [`causes`] of a failure, and reads the reports. A step that
//! ended well and whose inputs did not change is not run again.

pub mod causes;
pub mod plan;
pub mod project;
pub mod run;
pub mod tools;

pub use causes::Cause;
pub use plan::{Plan, Step, plan};
pub use project::{Kind, Project};
pub use tools::Tools;

use std::time::Duration;

/// How the vendor's tools are run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The tools; `None`: those on this program's `PATH`.
    pub tools: Option<Tools>,
    /// The longest that a step may take; `None`: a day.
    pub timeout: Option<Duration>,
}

impl Options {
    /// The plan of a project.
    ///
    /// # Errors
    /// The first tool that is missing for it.
    pub fn plan(
        &self,
        project: &Project,
        until: crate::report::Stage,
    ) -> Result<(Plan, Tools), plan::Missing> {
        let tools = self.tools.clone().unwrap_or_else(Tools::here);
        let plan = plan(project, &tools, until, self.timeout.unwrap_or(plan::TIMEOUT))?;
        Ok((plan, tools))
    }
}
