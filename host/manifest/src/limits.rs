//! How much one call may use, and how much a plugin may keep.

use std::time::Duration;

/// The limits of one plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory, all linear memories of the instance together.
    pub memory_mib: u64,
    /// Wall-clock time of one call, in milliseconds.
    pub deadline_ms: u64,
    /// Bytes that one call may return, in KiB.
    pub output_kib: u64,
    /// Calls out through `http` that one call may make.
    pub http_calls: u64,
    /// What `state` holds for one account, in KiB.
    pub state_kib: u64,
    /// What `blobs` holds for one account, in MiB.
    pub blobs_mib: u64,
}

impl Limits {
    /// The most that a manifest may ask for.
    pub const MAX: Self = Self {
        memory_mib: 64,
        deadline_ms: 60_000,
        output_kib: 8 * 1024,
        http_calls: 100,
        state_kib: 64 * 1024,
        blobs_mib: 4096,
    };

    /// Wall-clock time of one call.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// Memory in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        usize::try_from(self.memory_mib * 1024 * 1024).unwrap_or(usize::MAX)
    }

    /// Output in bytes.
    #[must_use]
    pub fn output_bytes(&self) -> usize {
        usize::try_from(self.output_kib * 1024).unwrap_or(usize::MAX)
    }
}

impl Default for Limits {
    /// What a plugin gets that asks for nothing.
    fn default() -> Self {
        Self { memory_mib: 32, deadline_ms: 2_000, output_kib: 1024, http_calls: 16, state_kib: 1024, blobs_mib: 256 }
    }
}
