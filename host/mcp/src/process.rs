//! A server that is a program: started without a shell, in a process group of its own, and ended with all that it started.

use crate::lines;
use crate::settings::Limits;
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// The variables of the gateway's own environment that a server gets. Others may hold secrets.
const KEPT: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];
/// The longest line of a server's standard error that is logged, in bytes.
const MAX_LOG_LINE: usize = 2 << 10;
/// The longest part of its last line that a status shows, in bytes.
const MAX_LAST_WORDS: usize = 200;

/// What to start.
pub(crate) struct Program<'a> {
    pub(crate) server: &'a str,
    pub(crate) command: &'a str,
    pub(crate) arguments: &'a [String],
    pub(crate) variables: BTreeMap<String, SecretString>,
    pub(crate) folder: Option<&'a Path>,
}

/// A running program. Dropping it kills it and what it started.
pub(crate) struct Process {
    child: Child,
    group: Option<Pid>,
    /// The last line of its standard error.
    last_words: watch::Receiver<String>,
    stderr: AbortOnDropHandle<()>,
}

impl Process {
    /// Starts a program; its input and output are the caller's.
    pub(crate) fn start(program: &Program<'_>) -> Result<(Self, ChildStdout, ChildStdin), String> {
        let mut command = Command::new(program.command);
        command.args(program.arguments).env_clear().envs(kept());
        command.envs(program.variables.iter().map(|(name, value)| (name, value.expose_secret())));
        if let Some(folder) = program.folder {
            command.current_dir(folder);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| cannot_start(program, &error))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (Some(stdout), Some(stdin), Some(stderr)) = (child.stdout.take(), child.stdin.take(), child.stderr.take()) else {
            return Err(format!("`{}` was started without pipes", program.command));
        };
        let (said, last_words) = watch::channel(String::new());
        let server = program.server.to_owned();
        let log = lines::each(stderr, MAX_LOG_LINE, move |line| {
            tracing::debug!(server, line, "an MCP server writes");
            said.send_replace(line[..line.floor_char_boundary(MAX_LAST_WORDS)].to_owned());
        });
        Ok((Self { child, group, last_words, stderr: AbortOnDropHandle::new(tokio::spawn(log)) }, stdout, stdin))
    }

    /// Waits until the program ends by itself, and says how.
    pub(crate) async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        // What it said last may still be on its way; what it started may hold the pipe open for good.
        if !self.stderr.is_finished() {
            let _ = tokio::time::timeout(std::time::Duration::from_millis(200), &mut self.stderr).await;
        }
        let how = status.map_or_else(|error| format!("it ended ({error})"), how);
        let last_words = self.last_words.borrow();
        if last_words.is_empty() { how } else { format!("{how}; its last words: {}", *last_words) }
    }

    /// Ends the program, whose input is closed already: waits, asks, kills. And so with all that it started.
    pub(crate) async fn end(mut self, limits: &Limits) {
        if tokio::time::timeout(limits.exit_time, self.child.wait()).await.is_err() {
            self.signal(Signal::TERM);
            let _ = tokio::time::timeout(limits.exit_time, self.child.wait()).await;
        }
        self.signal(Signal::KILL);
        // Killed, it ends; the bound is for a kernel that cannot.
        let _ = tokio::time::timeout(limits.exit_time, self.child.wait()).await;
    }

    /// To the whole group. Its number stays taken as long as one process of the group is left; when none is, the signal reaches
    /// nobody.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn kept() -> impl Iterator<Item = (&'static str, OsString)> {
    KEPT.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}

fn cannot_start(program: &Program<'_>, error: &std::io::Error) -> String {
    match (error.kind(), program.folder) {
        (std::io::ErrorKind::NotFound, Some(folder)) if !folder.is_dir() => {
            format!("its folder {} is not there; make it, or change `cwd`", folder.display())
        }
        (std::io::ErrorKind::NotFound, _) => {
            format!("there is no program `{}`; install it, or write its whole path", program.command)
        }
        _ => format!("`{}` cannot be started: {error}", program.command),
    }
}

fn how(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}
