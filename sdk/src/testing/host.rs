//! A host in memory, for one test on one thread.

use super::blobs::Blobs;
use super::http::{Network, Reply, Sent};
use crate::PluginError;
use crate::log::Level;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

thread_local! {
    static INSTALLED: RefCell<Option<Rc<RefCell<World>>>> = const { RefCell::new(None) };
}

/// What the host knows.
#[derive(Default)]
pub(super) struct World {
    pub(super) account: Option<String>,
    pub(super) settings: Option<String>,
    pub(super) now: u64,
    pub(super) network: Network,
    pub(super) keeping: Keeping,
    pub(super) seen: Seen,
}

/// What the host keeps.
#[derive(Default)]
pub(super) struct Keeping {
    pub(super) state: BTreeMap<String, Vec<u8>>,
    pub(super) quota: Option<usize>,
    pub(super) blobs: Blobs,
}

/// What the plugin said along the way.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) log: Vec<LogLine>,
    pub(super) progress: Vec<String>,
}

/// A line that the plugin logged.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The message.
    pub message: String,
    /// The fields, as (name, value).
    pub fields: Vec<(String, String)>,
}

/// The host of this test. It is there until it is dropped, for this thread alone. When a test ends well, every
/// answer that was written down for one request must have been asked for: dropping panics otherwise.
#[must_use = "the host is gone when this is dropped"]
pub struct Host {
    world: Rc<RefCell<World>>,
}

impl Host {
    /// Puts a fresh host in place: no account, settings `{}`, the clock at 0.
    #[allow(clippy::panic, reason = "a mistake in a test's set-up fails the test")]
    pub fn install() -> Self {
        let world = Rc::new(RefCell::new(World::default()));
        INSTALLED.with_borrow_mut(|installed| {
            if installed.is_some() {
                panic!("a host is installed on this thread already: drop it first");
            }
            *installed = Some(Rc::clone(&world));
        });
        Self { world }
    }

    /// The account that calls are for.
    pub fn set_account(&self, account: &str) {
        self.world.borrow_mut().account = Some(account.to_owned());
    }

    /// The settings, as a JSON object.
    pub fn set_settings(&self, settings: &impl Serialize) {
        self.world.borrow_mut().settings = serde_json::to_string(settings).ok();
    }

    /// The clock, in milliseconds since the Unix epoch. It stands still.
    pub fn set_clock(&self, millis: u64) {
        self.world.borrow_mut().now = millis;
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.world.borrow_mut().now += u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    }

    /// Declares a secret, as the manifest does. A request that uses another is refused.
    pub fn secret(&self, name: &str) {
        self.world.borrow_mut().network.secrets.insert(name.to_owned());
    }

    /// Answers the next request with this method whose URL begins so. Answers for the same request are given in order.
    pub fn answer(&self, method: &str, url_prefix: &str, reply: Reply) {
        self.world.borrow_mut().network.expect(method, url_prefix, reply, false);
    }

    /// Answers every such request, or none.
    pub fn always_answer(&self, method: &str, url_prefix: &str, reply: Reply) {
        self.world.borrow_mut().network.expect(method, url_prefix, reply, true);
    }

    /// The requests so far, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.world.borrow().network.sent.clone()
    }

    /// The requests so far as `METHOD url`.
    pub fn sent_lines(&self) -> Vec<String> {
        self.sent().iter().map(Sent::line).collect()
    }

    /// What the plugin keeps under a key.
    pub fn state(&self, key: &str) -> Option<Vec<u8>> {
        self.world.borrow().keeping.state.get(key).cloned()
    }

    /// Keeps something for the plugin, as an earlier call would have.
    pub fn set_state(&self, key: &str, value: impl Into<Vec<u8>>) {
        self.world.borrow_mut().keeping.state.insert(key.to_owned(), value.into());
    }

    /// How much the plugin may keep, in bytes of keys and values; without this, anything.
    pub fn set_state_quota(&self, bytes: usize) {
        self.world.borrow_mut().keeping.quota = Some(bytes);
    }

    /// Keeps a file and returns its handle.
    pub fn add_blob(&self, media_type: &str, bytes: &[u8]) -> String {
        self.world.borrow_mut().keeping.blobs.write(media_type, bytes)
    }

    /// A file's bytes.
    pub fn blob(&self, handle: &str) -> Option<Vec<u8>> {
        self.world.borrow().keeping.blobs.bytes(handle)
    }

    /// What was logged.
    pub fn log(&self) -> Vec<LogLine> {
        self.world.borrow().seen.log.clone()
    }

    /// What a tool showed while it ran.
    pub fn progress(&self) -> Vec<String> {
        self.world.borrow().seen.progress.clone()
    }
}

impl Drop for Host {
    #[allow(clippy::panic, reason = "a test fails by panicking")]
    fn drop(&mut self) {
        INSTALLED.set(None);
        let unused = self.world.borrow().network.unused();
        if !unused.is_empty() && !std::thread::panicking() {
            panic!("nobody asked for these answers: {unused:?}");
        }
    }
}

/// Does something with the installed host; none when there is none.
pub(super) fn try_with<R>(action: impl FnOnce(&mut World) -> R) -> Option<R> {
    let world = INSTALLED.with_borrow(Clone::clone)?;
    let mut world = world.borrow_mut();
    Some(action(&mut world))
}

/// The same for what cannot do without.
#[allow(clippy::panic, reason = "outside of a component there is no host but the test's, and the author must learn that")]
pub(super) fn with<R>(function: &str, action: impl FnOnce(&mut World) -> R) -> R {
    try_with(action).unwrap_or_else(|| {
        panic!("`{function}` needs a host: in a test, keep `let host = wingman_sdk::testing::Host::install();` before calling the plugin")
    })
}

/// The answer to a request, or a failed test.
#[allow(clippy::panic, reason = "a request that a test does not expect fails the test")]
pub(super) fn send(request: &crate::host::http::Outgoing) -> Result<crate::HttpResponse, PluginError> {
    match with("http::send", |world| world.network.send(request)) {
        Ok(answer) => answer,
        Err(missing) => panic!("{missing}"),
    }
}
