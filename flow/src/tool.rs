//! The only place that starts processes.
//!
//! A [`Tool`] is a command as data: it prints as a line that can be pasted into a shell. [`Tool::run`] streams what it says
//! into a log file, ends it and all its descendants when it takes too long (or when NetLathe itself ends), and believes it only
//! when its exit status is 0 and every file that it should make is there and is not the one that lay there before.
//!
//! The process starts through `/bin/sh`, as the leader of a process group. A watcher in that group waits for the end of a pipe
//! that only NetLathe holds, and then kills the group: so no descendant survives, whatever way NetLathe ends.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};
use thiserror::Error;

/// Lines of output that an error message repeats.
const TAIL: usize = 15;
/// How long to wait for the last output after the process has ended.
const DRAIN: Duration = Duration::from_secs(5);
/// Bytes of output that are kept.
const MAX_OUTPUT: usize = 1 << 20;

/// A command to run.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Path, or a name to find on PATH.
    pub program: OsString,
    pub args: Vec<OsString>,
    /// Working folder; `None`: NetLathe's own.
    pub dir: Option<PathBuf>,
    /// Variables added to the environment.
    pub env: Vec<(String, OsString)>,
    pub timeout: Duration,
    /// Where its output goes; `None`: only the tail is kept.
    pub log: Option<PathBuf>,
    /// Files that must be there afterwards, relative to `dir`.
    pub makes: Vec<PathBuf>,
    /// Address space in KiB that the process may use.
    pub memory_kib: Option<u64>,
    /// Whether its output is passed on as it comes.
    pub show: bool,
}

/// A process that ran to its end.
#[derive(Clone, Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub seconds: f64,
    /// The last lines of its output.
    pub tail: String,
    /// Its output, both streams as they came; at most 1 MiB of it.
    pub output: String,
}

/// Why a tool's work does not count.
#[derive(Debug, Error)]
pub enum ToolError {
    /// Not on PATH.
    #[error("error: `{program}` was not found\n  help: {help}")]
    NotFound {
        /// Its name.
        program: String,
        /// How to get it.
        help: String,
    },
    /// The system would not start it.
    #[error("error: cannot start `{command}`: {source}\n  help: check that it can be executed")]
    Start {
        /// The command line.
        command: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It was ended because it took too long.
    #[error("error: `{command}` was ended after {seconds} s{}\n  help: give it more time, or a smaller network", tail_text(.tail, .log.as_deref()))]
    Timeout {
        /// The command line.
        command: String,
        /// The limit.
        seconds: f64,
        /// Its last words.
        tail: String,
        /// Its log.
        log: Option<PathBuf>,
    },
    /// It said that it failed, or was killed.
    #[error("error: `{command}` failed ({}){}", status_text(*.status), tail_text(.tail, .log.as_deref()))]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// Its last words.
        tail: String,
        /// Its log.
        log: Option<PathBuf>,
    },
    /// It said that it succeeded, but did not make a file.
    #[error("error: `{command}` ended well but did not make {}{}", .path.display(), tail_text(.tail, .log.as_deref()))]
    Missing {
        /// The command line.
        command: String,
        /// The file.
        path: PathBuf,
        /// Its last words.
        tail: String,
        /// Its log.
        log: Option<PathBuf>,
    },
    /// It said that it succeeded, but left a file as it lay there before.
    #[error("error: `{command}` ended well but did not write {} again{}", .path.display(), tail_text(.tail, .log.as_deref()))]
    Stale {
        /// The command line.
        command: String,
        /// The file.
        path: PathBuf,
        /// Its last words.
        tail: String,
        /// Its log.
        log: Option<PathBuf>,
    },
    /// A vendor's tool failed, and the reason is known.
    #[error("error: {step}: {what}{}\n  help: {help}{}", said_text(.said), log_text(.log.as_deref()))]
    Step {
        /// Which step of the build: `hls`, `bitstream`, ...
        step: String,
        /// What went wrong.
        what: String,
        /// The tool's own line that says so; may be empty.
        said: String,
        /// What to do.
        help: String,
        /// Its log.
        log: Option<PathBuf>,
    },
    /// Something that was fetched or made is not what it should be.
    #[error("error: {what}\n  help: {help}")]
    Wrong {
        /// What.
        what: String,
        /// What to do.
        help: String,
    },
}

fn log_text(log: Option<&Path>) -> String {
    log.map(|l| format!("\n  log: {}", l.display())).unwrap_or_default()
}

fn said_text(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("; the tool said:\n    {said}") }
}

fn tail_text(tail: &str, log: Option<&Path>) -> String {
    let log = log_text(log);
    if tail.is_empty() {
        log
    } else {
        format!("; it said:\n    {}{log}", tail.trim_end().replace('\n', "\n    "))
    }
}

pub(crate) fn status_text(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(9)) => "killed; when nobody did that, the machine ran out of memory".into(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

impl Tool {
    /// A command without arguments; ten minutes, no log.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            dir: None,
            env: Vec::new(),
            timeout: Duration::from_secs(600),
            log: None,
            makes: Vec::new(),
            memory_kib: None,
            show: false,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: Into<OsString>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Runs in this folder.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Ends it after this time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Streams its output into this file.
    #[must_use]
    pub fn log(mut self, log: impl Into<PathBuf>) -> Self {
        self.log = Some(log.into());
        self
    }

    /// Expects this file afterwards.
    #[must_use]
    pub fn makes(mut self, path: impl Into<PathBuf>) -> Self {
        self.makes.push(path.into());
        self
    }

    /// The command as a line for a shell.
    pub fn line(&self) -> String {
        let env = self.env.iter().map(|(k, v)| format!("{k}={}", quoted(&v.to_string_lossy())));
        let words = std::iter::once(&self.program).chain(&self.args).map(|w| quoted(&w.to_string_lossy()));
        let line = env.chain(words).collect::<Vec<_>>().join(" ");
        match &self.dir {
            Some(dir) => format!("cd {} && {line}", quoted(&dir.to_string_lossy())),
            None => line,
        }
    }

    /// Runs it; whatever its exit status is.
    ///
    /// # Errors
    /// [`ToolError::NotFound`], [`ToolError::Start`] and [`ToolError::Timeout`].
    pub fn finish(&self) -> Result<Finished, ToolError> {
        let start = |source| ToolError::Start { command: self.line(), source };
        let program = find(&self.program, self.dir.as_deref()).ok_or_else(|| ToolError::NotFound {
            program: self.program.to_string_lossy().into_owned(),
            help: "install it, or put its folder on PATH; `netlathe doctor` says how".into(),
        })?;
        let (output, write_end) = std::io::pipe().map_err(start)?;
        let (alive_read, alive) = std::io::pipe().map_err(start)?;
        let limit = self.memory_kib.map(|k| format!("ulimit -v {k}; ")).unwrap_or_default();
        // fd 3 is the pipe whose end means that NetLathe is done with the group.
        let script = format!(
            "exec 3<&0 </dev/null; {{ read -r x <&3; kill -KILL 0; }} >/dev/null 2>&1 & exec 3<&-; {limit}exec \"$0\" \"$@\""
        );
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(script)
            .arg(&program)
            .args(&self.args)
            .envs(self.env.iter().map(|(k, v)| (k, v)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command.stdin(Stdio::from(alive_read)).process_group(0);
        command.stdout(write_end.try_clone().map_err(start)?).stderr(write_end);
        let log = match &self.log {
            Some(path) => Some(File::create(path).map_err(start)?),
            None => None,
        };
        let begun = Instant::now();
        let mut child = command.spawn().map_err(start)?;
        drop(command); // holds our copies of the pipes' ends
        let said = listen(output, log, self.show);
        let mut alive = Some(alive);
        let mut pause = Duration::from_millis(1);
        let (status, in_time) = loop {
            if let Some(status) = child.try_wait().map_err(start)? {
                break (status, true);
            }
            if begun.elapsed() > self.timeout {
                alive = None; // closes the pipe: the group dies
                break (child.wait().map_err(start)?, false);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        };
        let seconds = begun.elapsed().as_secs_f64();
        drop(alive); // descendants that outlived it die now
        let Said { tail, all } = said.recv_timeout(DRAIN).unwrap_or_default();
        if !in_time {
            return Err(ToolError::Timeout {
                command: self.line(),
                seconds: self.timeout.as_secs_f64(),
                tail,
                log: self.log.clone(),
            });
        }
        Ok(Finished { status, seconds, tail, output: all })
    }

    /// Runs it and checks that it did its work.
    ///
    /// # Errors
    /// Any [`ToolError`].
    pub fn run(&self) -> Result<Finished, ToolError> {
        let base = self.dir.as_deref().unwrap_or(Path::new(""));
        // Compared with themselves and not with a clock: a copy keeps its time, and a file server has a clock of its own.
        let before: Vec<_> = self.makes.iter().map(|p| modified(&base.join(p))).collect();
        let finished = self.finish()?;
        if !finished.status.success() {
            return Err(ToolError::Failed {
                command: self.line(),
                status: finished.status,
                tail: finished.tail,
                log: self.log.clone(),
            });
        }
        if let Some(path) = self.makes.iter().find(|p| !base.join(p).exists()) {
            return Err(ToolError::Missing {
                command: self.line(),
                path: path.clone(),
                tail: finished.tail,
                log: self.log.clone(),
            });
        }
        let stale = |(p, before): &(&PathBuf, &Option<SystemTime>)| {
            before.is_some() && modified(&base.join(p)) == **before
        };
        if let Some((path, _)) = self.makes.iter().zip(&before).find(stale) {
            return Err(ToolError::Stale {
                command: self.line(),
                path: path.clone(),
                tail: finished.tail,
                log: self.log.clone(),
            });
        }
        Ok(finished)
    }
}

/// When a file was last written; `None` when there is none.
fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|m| m.modified()).ok()
}

/// What a process said.
#[derive(Default)]
struct Said {
    tail: String,
    all: String,
}

/// Reads to the end of the pipe on a thread: into the log, to the screen, and to the receiver.
fn listen(output: std::io::PipeReader, mut log: Option<File>, show: bool) -> mpsc::Receiver<Said> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let mut tail = VecDeque::new();
        let mut all = String::new();
        let mut line = Vec::new();
        while let Ok(1..) = reader.read_until(b'\n', &mut line) {
            if let Some(log) = &mut log {
                // A full disk must not stop the tool; what matters is in the tail, too.
                let _ = log.write_all(&line);
            }
            if show {
                let _ = std::io::stdout().write_all(&line);
            }
            let text = String::from_utf8_lossy(&line);
            if all.len() + text.len() <= MAX_OUTPUT {
                all.push_str(&text);
            }
            tail.push_back(text.trim_end().to_owned());
            if tail.len() > TAIL {
                tail.pop_front();
            }
            line.clear();
        }
        let _ = sender.send(Said { tail: Vec::from(tail).join("\n"), all });
    });
    receiver
}

/// The program's file: as given when it has a folder, else the first on PATH.
pub fn find(program: &std::ffi::OsStr, dir: Option<&Path>) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 {
        let found = dir.map_or_else(|| path.to_owned(), |d| d.join(path));
        return executable(&found).then(|| path.to_owned());
    }
    find_on(&std::env::var_os("PATH")?, program)
}

/// The first such program in the folders of a `PATH`.
pub fn find_on(path: &std::ffi::OsStr, program: impl AsRef<Path>) -> Option<PathBuf> {
    let found = std::env::split_paths(path).map(|d| d.join(program.as_ref())).find(|p| executable(p))?;
    // A tool runs in another folder than the one that PATH may be relative to.
    std::path::absolute(found).ok()
}

fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
