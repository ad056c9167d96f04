//! wingman-client
