//! wingman-store
