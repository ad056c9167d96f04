//! The store at its boundary, on real files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod accepting;
mod aside;
mod copying;
mod crash;
mod fixture;
mod gateway;
mod joining;
mod large;
mod migrating;
mod model;
mod opening;
mod outbox;
mod plugin_state;
mod searching;
mod sessions;
mod summaries;
mod throughput;
mod turns;
