//! Chat networks, from a message to its answer, against a network in memory that keeps what it was sent.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod agents;
mod aside;
mod dead_letters;
mod delivering;
mod entering;
mod growing;
mod managing;
#[allow(dead_code, reason = "another group of tests uses the rest")]
mod network;
mod stage;
