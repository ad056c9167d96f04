//! wingman-server
