//! The host's clock.

use super::imports;

/// Milliseconds since the Unix epoch.
pub fn now() -> u64 {
    imports::clock::now()
}
