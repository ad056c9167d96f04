//! Two changes of one file, one after the other: a model may call several tools at once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A fixed number of locks, each for the files that fall to it. Std locks: they are held on blocking threads only, for one read
/// and one write of a file.
#[derive(Default)]
pub(crate) struct Locks([Mutex<()>; 32]);

impl Locks {
    /// Waits until nobody else changes the file that `key` stands for.
    pub(crate) fn of(&self, key: impl Hash) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % 32).unwrap_or_default();
        self.0[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
