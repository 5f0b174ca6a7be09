//! Diagnostics: what is wrong, where, why, and what to do.

use std::fmt;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Worth knowing; the numbers are what the configuration says.
    Note,
    /// The user probably did not mean this, or something was corrected.
    Warning,
    /// The network is refused.
    Error,
}

/// One finding about a network or its configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable code, listed in `docs/configuration.md` (`NL101`).
    pub code: &'static str,
    /// The layer's name as the user knows it; `None` when the finding is about the whole network.
    pub layer: Option<String>,
    /// The layer's class, or the option, that is not supported ([`UNSUPPORTED_LAYER`]).
    pub subject: Option<String>,
    /// What is wrong and why.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Diagnostic {
    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity, code, layer: None, subject: None, message: message.into(), help: String::new() }
    }

    /// The network is refused for this.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// The user should look at this.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Worth knowing.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    /// Names the layer that the finding is about.
    #[must_use]
    pub fn layer(mut self, name: impl Into<String>) -> Self {
        self.layer = Some(name.into());
        self
    }

    /// Names the class or option that is not supported.
    #[must_use]
    pub fn subject(mut self, what: impl Into<String>) -> Self {
        self.subject = Some(what.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}[{}]: ", self.code)?;
        if let Some(layer) = &self.layer {
            write!(f, "layer `{layer}`: ")?;
        }
        write!(f, "{}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

/// A network or configuration that is refused, with every finding that was made before giving up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused(pub Vec<Diagnostic>);

impl Refused {
    /// What is not supported yet, each once, when that is the only reason for the refusal.
    pub fn unsupported(&self) -> Option<Vec<&str>> {
        let mut all: Vec<&str> = Vec::new();
        for d in self.0.iter().filter(|d| d.severity == Severity::Error) {
            if d.code != UNSUPPORTED_LAYER {
                return None;
            }
            let what = d.subject.as_deref().or(d.layer.as_deref()).unwrap_or("?");
            if !all.contains(&what) {
                all.push(what);
            }
        }
        if all.is_empty() { None } else { Some(all) }
    }
}

/// Code of "this layer, activation or option is not supported".
pub const UNSUPPORTED_LAYER: &str = "NL110";

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The same advice is given once.
        let mut given = std::collections::BTreeSet::new();
        for (i, d) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            if given.insert(&d.help) {
                write!(f, "{d}")?;
            } else {
                write!(f, "{}", d.clone().help(""))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

impl From<Diagnostic> for Refused {
    fn from(d: Diagnostic) -> Self {
        Self(vec![d])
    }
}
