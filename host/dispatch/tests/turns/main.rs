//! Turns: what waits and in which order, what a kill leaves behind, whom a run waits for. The agent is the real one, over a model
//! and tools that do what a request says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod agents;
mod chaos;
mod delegating;
mod journal;
mod modes;
#[path = "../channels/network.rs"]
#[allow(dead_code, reason = "another group of tests uses the rest")]
mod network;
mod questions;
mod reacting;
mod script;
mod world;
