//! The limiter that wasmtime asks on each growth of memory or tables.

use wasmtime::{Error, ResourceLimiter, Result};
use wingman_manifest::Limits;

/// Elements of one table; real plugins have a few hundred, interpreters some ten thousand.
pub(crate) const TABLE_ELEMENTS: usize = 65_536;
/// Tables of one instance.
pub(crate) const TABLES: u32 = 8;
/// Linear memories of one instance.
pub(crate) const MEMORIES: u32 = 2;
/// Core instances that one component may consist of; interpreters split into dynamic libraries have about thirty.
pub(crate) const CORE_INSTANCES: u32 = 64;

/// Grants growth within the limits, and remembers that it had to refuse: by the trap alone nobody can tell an allocator
/// that gave up from any other crash.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_limit: usize,
    memory_used: usize,
    refused_memory: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory_limit: limits.memory_bytes(), memory_used: 0, refused_memory: false }
    }

    /// The guest asked for more memory than it may have, at least once.
    pub(crate) fn refused_memory(&self) -> bool {
        self.refused_memory
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let wanted = self.memory_used.saturating_add(desired.saturating_sub(current));
        if wanted > self.memory_limit {
            self.refused_memory = true;
            return Ok(false);
        }
        self.memory_used = wanted;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: Error) -> Result<()> {
        self.refused_memory = true;
        Ok(())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn memories_are_counted_together_and_a_refusal_is_remembered() {
        let mut limiter = Limiter::new(&Limits { memory_mib: 2, ..Limits::default() });
        assert!(limiter.memory_growing(0, MIB, None).unwrap());
        assert!(limiter.memory_growing(0, MIB, None).unwrap());
        assert!(!limiter.refused_memory());
        assert!(!limiter.memory_growing(MIB, MIB + 1, None).unwrap());
        assert!(limiter.refused_memory());
    }

    #[test]
    fn tables_have_a_limit_of_their_own() {
        let mut limiter = Limiter::new(&Limits::default());
        assert!(limiter.table_growing(0, TABLE_ELEMENTS, None).unwrap());
        assert!(!limiter.table_growing(0, TABLE_ELEMENTS + 1, None).unwrap());
    }
}
