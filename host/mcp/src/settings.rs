//! Which servers there are, how each is reached, and what is allowed to them.

use crate::error::{LookupError, SettingsError};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The longest name, in bytes: half of what a tool's name may have.
const MAX_NAME: usize = 32;

/// One server.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Its name: 1 to 32 of `[a-z0-9-]`, unique. The names of its tools begin with it, and it is their family.
    pub name: String,
    /// How it is reached.
    pub endpoint: Endpoint,
    /// The longest call of one of its tools, where it should be shorter than the caller's own limit.
    pub call_time: Option<Duration>,
}

/// How a server is reached.
#[derive(Debug, Clone)]
pub enum Endpoint {
    /// A program that is started, in a process group of its own, and spoken to over its standard input and output. No shell reads
    /// the command. Of the gateway's environment it gets `PATH`, `HOME`, `LANG` and `TMPDIR`.
    Process {
        /// The program: a path, or a name that is looked for in `PATH`.
        command: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// Further variables of its environment.
        variables: Secrets,
        /// The folder it runs in; the gateway's own if there is none.
        folder: Option<PathBuf>,
    },
    /// An address that speaks streamable HTTP. Redirects to other origins are not followed.
    Http {
        /// The address, `http` or `https`.
        url: Url,
        /// Further headers of each request.
        headers: Secrets,
    },
}

/// Variables or headers by name, looked up with each attempt to connect: a secret that was changed or set later is taken.
#[derive(Clone)]
pub struct Secrets(Arc<dyn Fn() -> Result<BTreeMap<String, SecretString>, LookupError> + Send + Sync>);

impl Secrets {
    /// Looks them up with `lookup`, which may block.
    pub fn new(lookup: impl Fn() -> Result<BTreeMap<String, SecretString>, LookupError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|| Ok(BTreeMap::new()))
    }

    /// Looks them up, off the threads that must not block.
    pub(crate) async fn read(&self) -> Result<BTreeMap<String, SecretString>, LookupError> {
        let lookup = Arc::clone(&self.0);
        let looked_up = tokio::task::spawn_blocking(move || lookup()).await;
        looked_up.unwrap_or_else(|error| Err(LookupError(format!("the secrets could not be looked up: {error}"))))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

/// What servers may do, and when they are given up and tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start of an attempt to connect until the tools are listed. Generous: a package runner may download first.
    pub start_time: Duration,
    /// The longest message, in bytes.
    pub message_bytes: usize,
    /// Messages a second that nobody asked for; ten times as many may come at once.
    pub messages_per_second: u32,
    /// How long a message may wait until the server reads it.
    pub write_time: Duration,
    /// The pause before the second attempt to connect; it doubles with each that follows.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// A connection that lasted so long was a good one: when it is lost, the next attempt comes at once.
    pub good_connection: Duration,
    /// How often an idle HTTP server is asked whether it is still there.
    pub ping_every: Duration,
    /// How long the answer to that may take.
    pub ping_time: Duration,
    /// The pause between two lists of a server that keeps saying that its tools changed.
    pub relist_pause: Duration,
    /// How long a process may take to end once its input is closed, and again once it is told to.
    pub exit_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start_time: Duration::from_secs(60),
            message_bytes: 16 << 20,
            messages_per_second: 500,
            write_time: Duration::from_secs(30),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(300),
            good_connection: Duration::from_secs(10),
            ping_every: Duration::from_secs(30),
            ping_time: Duration::from_secs(10),
            relist_pause: Duration::from_secs(1),
            exit_time: Duration::from_secs(2),
        }
    }
}

/// Checks what the types cannot say.
pub(crate) fn check(servers: &[ServerSettings]) -> Result<(), SettingsError> {
    let mut seen = std::collections::BTreeSet::new();
    for ServerSettings { name, .. } in servers {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(SettingsError::Name(name.chars().take(80).collect()));
        }
        if !seen.insert(name) {
            return Err(SettingsError::Duplicate(name.clone()));
        }
    }
    Ok(())
}
