//! Which signatures were here before. Not here: whether they are right.

use crate::Refusal;
use crate::rule::Once;
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of a scope and a signature: signatures come in two lengths, scopes in any.
type Key = [u8; 32];

/// Remembers accepted signatures for as long as their timestamps would still be taken. Clones share one memory.
///
/// The memory is bounded: when it is full, the signatures that end soonest are forgotten first, and could then be replayed
/// until they end. Only requests that were signed with a webhook's key get in, so strangers cannot fill it; a scope that
/// signs very much can push out another's, and who minds gives each its own guard. It lives in the process: after a restart,
/// what was accepted in the last minutes is held back by the message's id alone.
#[derive(Debug, Clone)]
pub struct ReplayGuard(Arc<Mutex<Memory>>);

#[derive(Debug)]
struct Memory {
    capacity: usize,
    signatures: HashMap<Key, State>,
    /// The accepted ones, soonest end first; milliseconds since 1970.
    ends: BTreeSet<(u64, Key)>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    InFlight,
    Accepted,
}

/// A request that passed and is not yet safe. Commit it once what it brought is durable; drop it when that failed, and the
/// sender's next attempt is let through.
#[derive(Debug)]
#[must_use = "when it is dropped without `commit`, the same request may come again"]
pub struct Seen {
    guard: ReplayGuard,
    /// Empty when no rule had a timestamp: then there is nothing to remember.
    keys: Vec<(Key, u64)>,
}

impl ReplayGuard {
    /// A guard that remembers at most so many signatures, each in about 150 bytes. With no room at all, every request that has
    /// a timestamp is refused.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(Memory { capacity, signatures: HashMap::new(), ends: BTreeSet::new() })))
    }

    /// Admits all signatures of a request or none. `now_ms` counts since 1970.
    pub(crate) fn admit(&self, scope: &str, signatures: &[Once], now_ms: u64) -> Result<Seen, Refusal> {
        let mut keys: Vec<_> = signatures.iter().map(|once| (key(scope, &once.signature), once.until_ms)).collect();
        // Two rules may have read one signature; the longer window counts.
        keys.sort_unstable_by_key(|(key, until)| (*key, Reverse(*until)));
        keys.dedup_by_key(|(key, _)| *key);
        let mut memory = self.memory();
        memory.forget(now_ms);
        for (key, _) in &keys {
            match memory.signatures.get(key) {
                Some(State::Accepted) => return Err(Refusal::Replayed),
                Some(State::InFlight) => return Err(Refusal::InFlight),
                None => {}
            }
        }
        memory.make_room(keys.len())?;
        memory.signatures.extend(keys.iter().map(|(key, _)| (*key, State::InFlight)));
        drop(memory);
        Ok(Seen { guard: self.clone(), keys })
    }

    /// Held for a few map operations, never across an await: a std mutex is right. Nothing panics while it is held, and each
    /// operation leaves the memory whole.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(scope: &str, signature: &[u8]) -> Key {
    let scope = Sha256::digest(scope);
    Sha256::new().chain_update(scope).chain_update(signature).finalize().into()
}

impl Memory {
    /// Forgets what timestamps refuse by now.
    fn forget(&mut self, now_ms: u64) {
        while self.ends.first().is_some_and(|(until, _)| *until < now_ms) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.ends.pop_first() {
            self.signatures.remove(&key);
        }
    }

    /// What is in flight is never forgotten.
    fn make_room(&mut self, wanted: usize) -> Result<(), Refusal> {
        while self.signatures.len() + wanted > self.capacity {
            if self.ends.is_empty() {
                return Err(Refusal::InFlight);
            }
            self.forget_first();
        }
        Ok(())
    }
}

impl Seen {
    /// Remembers the request as accepted: from now on it is refused as [`Refusal::Replayed`].
    pub fn commit(mut self) {
        let keys = std::mem::take(&mut self.keys);
        let mut memory = self.guard.memory();
        for (key, until) in keys {
            memory.signatures.insert(key, State::Accepted);
            memory.ends.insert((until, key));
        }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        // After a commit there is nothing left to forget, and its caller may still hold the lock.
        if self.keys.is_empty() {
            return;
        }
        let mut memory = self.guard.memory();
        for (key, _) in &self.keys {
            memory.signatures.remove(key);
        }
    }
}
