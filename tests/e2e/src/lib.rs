//! wingman-e2e
