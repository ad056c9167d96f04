//! One running command: its process group, its output, its end.
//!
//! A task of its own watches the command from start to end, so that dropping the call ends the command in order: SIGTERM to the
//! whole group, SIGKILL after a moment. Should that task itself be dropped, with the runtime, the group is killed at once.

use crate::kept::{Decoder, Kept};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use wingman_message::ToolProgress;

/// Between SIGTERM and SIGKILL.
pub(crate) const MERCY: Duration = Duration::from_secs(2);
/// How long output is waited for once the group is dead. It ends at once, unless a program that left the group holds it open.
const DRAIN: Duration = Duration::from_millis(500);
/// The most output that is shown while it comes, in bytes.
const MAX_STREAMED: usize = 256 * 1024;

/// How a command is watched.
pub(crate) struct Plan {
    pub(crate) stdin: Option<String>,
    /// How long it may run.
    pub(crate) time: Duration,
    /// How much of its output is kept.
    pub(crate) output_bytes: usize,
    /// Ends it when it fires.
    pub(crate) stop: CancellationToken,
    pub(crate) progress: ToolProgress,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Why it was ended, where it was.
    pub(crate) ended_by: Option<Cause>,
    pub(crate) output: String,
}

/// Why a command was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Cancelled,
    OutOfTime,
}

/// A command that runs.
pub(crate) struct Running {
    group: Group,
    output: pipe::Receiver,
    stdin: Option<ChildStdin>,
}

/// The process group of a command. Killed on drop.
struct Group {
    child: Child,
    /// The command's id, and the group's. Nobody else gets it while the command is not reaped.
    id: Pid,
    reaped: bool,
}

impl Running {
    /// Starts it in a process group of its own, with one pipe for both outputs, so that they keep their order.
    pub(crate) fn start(mut command: std::process::Command, with_stdin: bool) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let stdin = if with_stdin { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stderr(writer.try_clone()?).stdout(writer).process_group(0);
        let mut command = Command::from(command);
        let mut child = command.kill_on_drop(true).spawn()?;
        // It holds the writing ends of the pipe, which only the child should.
        drop(command);
        let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let id = id.ok_or_else(|| io::Error::other("the program has no process id"))?;
        let stdin = child.stdin.take();
        let group = Group { child, id, reaped: false };
        let output = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        Ok(Self { group, output, stdin })
    }

    /// Watches it until it and its group are gone.
    pub(crate) async fn watch(self, plan: Plan) -> io::Result<Ended> {
        let Self { mut group, mut output, stdin } = self;
        let Plan { stdin: text, time, output_bytes, stop, progress } = plan;
        let mut output_so_far = Output { decoder: Decoder::default(), kept: Kept::new(output_bytes), streamed: 0, progress };
        let mut buffer = vec![0; 16 * 1024];
        let (mut open, mut fed, mut ended_by, mut killed) = (true, false, None, false);
        let feeding = feed(stdin, text);
        tokio::pin!(feeding);
        let mut gone = tokio::task::spawn_blocking({
            let id = group.id;
            move || wait_for_end(id)
        });
        let mut due = Instant::now() + time;
        loop {
            tokio::select! {
                ended = &mut gone => {
                    ended.map_err(io::Error::other)??;
                    break;
                }
                read = output.read(&mut buffer), if open => match read? {
                    0 => open = false,
                    length => output_so_far.push(buffer.get(..length).unwrap_or_default()),
                },
                () = &mut feeding, if !fed => fed = true,
                () = stop.cancelled(), if ended_by.is_none() => {
                    ended_by = Some(Cause::Cancelled);
                    group.signal(Signal::TERM);
                    due = Instant::now() + MERCY;
                }
                () = sleep_until(due), if !killed => {
                    killed = ended_by.is_some();
                    ended_by.get_or_insert(Cause::OutOfTime);
                    group.signal(if killed { Signal::KILL } else { Signal::TERM });
                    due = Instant::now() + MERCY;
                }
            }
        }
        // What it left behind goes with it.
        group.signal(Signal::KILL);
        let drained = async {
            while open {
                match output.read(&mut buffer).await {
                    Ok(0) | Err(_) => open = false,
                    Ok(length) => output_so_far.push(buffer.get(..length).unwrap_or_default()),
                }
            }
        };
        let _ = timeout(DRAIN, drained).await;
        let status = group.reap().await?;
        Ok(Ended { status, ended_by, output: output_so_far.end() })
    }
}

/// Output as it comes.
struct Output {
    decoder: Decoder,
    kept: Kept,
    /// Bytes that were reported.
    streamed: usize,
    progress: ToolProgress,
}

impl Output {
    fn push(&mut self, bytes: &[u8]) {
        let text = self.decoder.push(bytes);
        self.kept.push(&text);
        if self.streamed > MAX_STREAMED || text.is_empty() {
            return;
        }
        self.streamed += text.len();
        self.progress.send(text);
        if self.streamed > MAX_STREAMED {
            self.progress.send("\n[more output is not shown while it comes]\n".into());
        }
    }

    fn end(mut self) -> String {
        let rest = self.decoder.end();
        self.kept.push(&rest);
        self.kept.told()
    }
}

/// Writes what the program reads, and closes it. A program need not read all of it.
async fn feed(stdin: Option<ChildStdin>, text: Option<String>) {
    if let (Some(mut stdin), Some(text)) = (stdin, text)
        && let Err(error) = stdin.write_all(text.as_bytes()).await
    {
        tracing::debug!(%error, "a program did not read all of its input");
    }
}

/// Waits until the process has ended, and leaves it unreaped: its id, and so its group's, is not given to others yet.
fn wait_for_end(id: Pid) -> io::Result<()> {
    loop {
        match waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
}

impl Group {
    fn signal(&self, signal: Signal) {
        if let Err(error) = kill_process_group(self.id, signal) {
            tracing::debug!(%error, "a process group was not signalled");
        }
    }

    async fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.reaped = true;
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            self.signal(Signal::KILL);
        }
    }
}
