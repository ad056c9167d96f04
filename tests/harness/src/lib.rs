//! wingman-harness
