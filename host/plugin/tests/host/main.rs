//! The plugin host at its boundary: a plugins folder in, answers and a list of plugins out.
//!
//! One test binary, since each one links the whole engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bad_plugins;
mod cache;
mod calls;
mod contracts;
mod finished_plugins;
mod folders;
mod manifests;
mod neighbours;
mod reload;
mod support;
