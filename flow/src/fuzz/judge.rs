//! One case through the passes, the emulator and the code generator: what comes before any C++ is compiled.

use super::case::{self, Case};
use crate::error::Error;
use crate::kernel::{self, Emitted};
use ndarray::ArrayD;
use netlathe_emulator::Plan;
use netlathe_ir::config::IoType;
use netlathe_ir::passes::{self, Types};
use netlathe_ir::{Graph, Severity, Validated, text};
use std::cell::RefCell;
use std::sync::Once;

/// What is wrong with NetLathe.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Fault {
    pub kind: FaultKind,
    /// In words.
    pub detail: String,
}

/// How a fault shows. The order is that of the stages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// The text form does not read back.
    Text,
    /// A panic, or an answer that contradicts another of NetLathe's.
    Internal,
    /// The generated C++ does not compile.
    Compile,
    /// The generated C++ ended without an answer.
    Crash,
    /// The generated C++ and the emulator answer differently.
    Differs,
}

impl FaultKind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Text => "the text form does not read back",
            FaultKind::Internal => "NetLathe contradicts itself",
            FaultKind::Compile => "the C++ does not compile",
            FaultKind::Crash => "the C++ does not answer",
            FaultKind::Differs => "C++ and emulator differ",
        }
    }
}

/// A case ready to be compiled.
pub(super) struct Prepared {
    pub(super) network: Validated,
    pub(super) emitted: Emitted,
    /// The emulator's answers.
    pub(super) expected: Vec<ArrayD<i128>>,
}

/// Why there is nothing to compile.
pub(super) enum Stop {
    /// The case is refused: a line a reason, `CODE class io_type`.
    Refused(Vec<String>),
    Fault(Fault),
}

thread_local! {
    /// Whether this thread is in [`prepare`], and the panic that it met there.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics in [`prepare`] are kept instead of printed: there may be thousands, and each is reported with its case.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let kept = CAUGHT.with_borrow_mut(|caught| caught.as_mut().map(|c| *c = info.to_string()));
            if kept.is_none() {
                before(info);
            }
        }));
    });
}

/// Lowers, emulates and emits a case. A panic on the way is a fault.
pub(super) fn prepare(case: &Case, project: &str) -> Result<Prepared, Stop> {
    keep_panics();
    CAUGHT.set(Some(String::new()));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| attempt(case, project)));
    let detail = CAUGHT.take().unwrap_or_default().replace('\n', " ");
    result.unwrap_or(Err(Stop::Fault(Fault { kind: FaultKind::Internal, detail })))
}

fn attempt(case: &Case, project: &str) -> Result<Prepared, Stop> {
    let fault = |kind, detail: String| Stop::Fault(Fault { kind, detail });
    reads_back(&case.graph).map_err(|detail| fault(FaultKind::Text, detail))?;
    let config = case::config(&case.graph, case.style);
    let lowered = passes::run(case.graph.clone(), &config, &Types::Configured).map_err(|refused| {
        let errors = refused.0.iter().filter(|d| d.severity == Severity::Error);
        Stop::Refused(
            errors.map(|d| reason(&case.graph, d.code, d.layer.as_deref(), d.subject.as_deref())).collect(),
        )
    })?;
    let network = lowered.network;
    let io = network.graph().io_type;
    let plan = Plan::compile(&network).map_err(|e| match e {
        netlathe_emulator::Error::TooWide { layer, .. } => {
            Stop::Refused(vec![reason(&case.graph, "too wide", Some(&layer), None)])
        }
        other => fault(FaultKind::Internal, other.to_string()),
    })?;
    let emitted = kernel::emit(&network, project).map_err(|e| match e {
        Error::Refused { message, .. } => Stop::Refused(
            message.lines().filter(|l| l.starts_with("error[")).map(|l| emitters_reason(l, io)).collect(),
        ),
        other => fault(FaultKind::Internal, other.to_string()),
    })?;
    let views: Vec<_> = case.inputs.iter().map(|a| a.view()).collect();
    let internal = |e: netlathe_emulator::Error| fault(FaultKind::Internal, e.to_string());
    let expected = plan.predict_raw(&views).map_err(internal)?;
    let trace = plan.trace_raw(&views).map_err(internal)?;
    for (port, y) in plan.outputs().iter().zip(&expected) {
        if trace.layer(&port.name).is_some_and(|l| l.values != *y) {
            let detail = format!("the emulator's trace of `{}` is not its answer", port.name);
            return Err(fault(FaultKind::Internal, detail));
        }
    }
    Ok(Prepared { network, emitted, expected })
}

/// `CODE class io_type`, so that equal reasons add up.
fn reason(graph: &Graph, code: &str, layer: Option<&str>, subject: Option<&str>) -> String {
    let class = layer
        .and_then(|name| graph.find(name))
        .map_or("a layer that a pass made", |id| graph.node(id).op.class_name());
    let what = subject.unwrap_or(class);
    format!("{code} {what} {}", graph.io_type.name())
}

/// `error[CODE]: layer ...: message` without what differs from case to case.
fn emitters_reason(line: &str, io: IoType) -> String {
    let code = line.trim_start_matches("error[").split(']').next().unwrap_or("?");
    let words: String =
        line.split(": ").last().unwrap_or(line).chars().filter(|c| !c.is_ascii_digit()).collect();
    format!("{code} emitter: {words} {}", io.name())
}

/// Printing and parsing give the same network.
fn reads_back(graph: &Graph) -> Result<(), String> {
    let printed = text::print(graph);
    let again = text::parse(&printed).map_err(|e| e.to_string())?;
    if text::print(&again) != printed {
        return Err("the text of the network that its text gives is another".into());
    }
    for id in graph.order() {
        let node = graph.node(id);
        let same = again.find(&node.name).is_some_and(|other| {
            let other = again.node(other);
            other.op == node.op && other.result == node.result && other.shape == node.shape
        });
        if !same {
            return Err(format!("node `{}` ({}) reads back as another", node.name, node.op.class_name()));
        }
    }
    Ok(())
}
