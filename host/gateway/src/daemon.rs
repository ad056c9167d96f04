//! A gateway in the background: the PID file, its lock, and signals.
//!
//! `<stateDir>/gateway.pid` holds the process id and the addresses as JSON. The process that runs the gateway keeps the file locked as
//! long as it lives, so that a file left behind by a killed process is told from a running gateway, and no stranger who was given
//! the same process id is ever signalled.

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often a file is looked at while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long a lock that looks taken is tried.
const LOOK_FOR: Duration = Duration::from_millis(500);

/// What a running gateway says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Running {
    pub(crate) pid: i32,
    /// Where clients connect, such as `http://127.0.0.1:18789`.
    pub(crate) url: String,
    /// Where the page is, if it is served.
    pub(crate) control_ui: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub(crate) started_at: i64,
}

/// Takes the exclusive lock. Whoever asks [`PidFile::running`] holds a shared one for a moment, so that one refusal says little.
fn lock(file: &File) -> bool {
    let deadline = Instant::now() + LOOK_FOR;
    loop {
        if flock(file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The PID file of a state folder.
pub(crate) struct PidFile(PathBuf);

/// The lock of a running gateway; the file is emptied when it is dropped.
pub(crate) struct Held(File);

impl PidFile {
    pub(crate) fn of(state_dir: &Path) -> Self {
        Self(state_dir.join("gateway.pid"))
    }

    /// Takes the lock, for as long as the returned value lives.
    pub(crate) fn hold(&self) -> Result<Held> {
        let path = self.0.display();
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let file = self.open().with_context(|| format!("cannot write {path}"))?;
        if !lock(&file) {
            let who = self.running()?.map(|running| format!(" (process {}, {})", running.pid, running.url)).unwrap_or_default();
            bail!("a gateway is running already{who}; `wingman gateway stop` ends it");
        }
        Ok(Held(file))
    }

    /// The gateway that holds the lock, if one does and has said where it listens.
    pub(crate) fn running(&self) -> Result<Option<Running>> {
        let failed = || format!("cannot read {}", self.0.display());
        let mut file = match File::open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(failed),
        };
        if flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
            // Nobody holds it: what it says is history.
            return Ok(None);
        }
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(failed)?;
        Ok(serde_json::from_str(&text).ok())
    }

    /// Asks the gateway to end and waits until it has; false when none was running.
    pub(crate) fn stop(&self, patience: Duration) -> Result<bool> {
        let Some(running) = self.running()? else { return Ok(false) };
        let pid = Pid::from_raw(running.pid).context("the PID file holds no process id")?;
        kill_process(pid, Signal::TERM).with_context(|| format!("cannot signal process {}", running.pid))?;
        let deadline = Instant::now() + patience;
        while self.running()?.is_some_and(|still| still.pid == running.pid) {
            if Instant::now() > deadline {
                bail!("process {} has not ended after {} s; its log says what it waits for", running.pid, patience.as_secs());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(true)
    }

    /// Waits until the gateway that `child` runs has said where it listens; an error when the child ends first.
    pub(crate) fn wait_for(&self, child: &mut std::process::Child, patience: Duration) -> Result<Running> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(running) = self.running()? {
                return Ok(running);
            }
            if let Some(status) = child.try_wait()? {
                bail!("it ended at once, with {status}");
            }
            if Instant::now() > deadline {
                bail!("it is not ready after {} s", patience.as_secs());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn open(&self) -> std::io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&self.0)
    }
}

impl Held {
    /// Says where the gateway listens: from now on it counts as running.
    pub(crate) fn announce(&mut self, running: &Running) -> Result<()> {
        self.0.set_len(0)?;
        self.0.seek(SeekFrom::Start(0))?;
        self.0.write_all(serde_json::to_string(running)?.as_bytes()).context("cannot write the PID file")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The lock goes with the file; what it says should not outlive it, but does no harm.
        let _ = self.0.set_len(0);
    }
}
