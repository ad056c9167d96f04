//! wingman-dispatch
