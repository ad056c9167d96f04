//! Connections that wait for their next request. Each belongs to one policy and one judged address.

use crate::exchange::Connection;
use crate::target::Target;
use crate::{Host, Policy, Scheme};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Connections that wait, of all policies together. The oldest makes room.
const MAX_IDLE: usize = 64;
/// How long a connection may take to finish its last exchange before it is given up.
const READY: Duration = Duration::from_millis(50);

/// What a connection may be used for again. Policies do not share them: some ways to log in hold for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    policy: u64,
    scheme: Scheme,
    host: Host,
    address: SocketAddr,
}

impl Key {
    pub(crate) fn new(policy: &Policy, target: &Target, address: SocketAddr) -> Self {
        Self { policy: policy.id, scheme: target.scheme, host: target.host.clone(), address }
    }
}

struct Idle {
    key: Key,
    connection: Connection,
    since: Instant,
}

/// Waiting connections, the oldest first.
pub(crate) struct Pool {
    /// A std lock: it is held for a scan of 64 entries and never across an await.
    idle: Mutex<VecDeque<Idle>>,
    idle_timeout: Duration,
}

impl Pool {
    pub(crate) fn new(idle_timeout: Duration) -> Self {
        Self { idle: Mutex::default(), idle_timeout }
    }

    /// A connection to one of these addresses, which were judged just now.
    pub(crate) async fn take(&self, policy: &Policy, target: &Target, addresses: &[SocketAddr]) -> Option<(Key, Connection)> {
        let keys: Vec<_> = addresses.iter().map(|address| Key::new(policy, target, *address)).collect();
        while let Some(Idle { key, mut connection, .. }) = self.newest(&keys) {
            if timeout(READY, connection.ready()).await.unwrap_or(false) {
                return Some((key, connection));
            }
        }
        None
    }

    /// Keeps a connection whose last answer was read to its end.
    pub(crate) fn put(&self, key: Key, connection: Connection) {
        let mut idle = self.lock();
        if idle.len() == MAX_IDLE {
            idle.pop_front();
        }
        idle.push_back(Idle { key, connection, since: Instant::now() });
    }

    fn newest(&self, keys: &[Key]) -> Option<Idle> {
        let mut idle = self.lock();
        idle.retain(|one| one.since.elapsed() < self.idle_timeout);
        let index = idle.iter().rposition(|one| keys.contains(&one.key))?;
        idle.remove(index)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Idle>> {
        // Nothing here panics half-way, so a poisoned list is a whole one.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
