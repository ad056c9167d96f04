//! wingman-protocol
