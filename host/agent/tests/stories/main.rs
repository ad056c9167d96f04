//! Stories at the crate's boundary: an agent or a model on one side, a scripted provider on raw TCP on the other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

#[path = "../../../../tests/harness/src/model_server.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests, which use more of it")]
mod model_server;

mod agent;
mod anthropic;
mod attachments;
mod broken;
mod connect;
mod context;
mod demo;
mod keys;
mod openai;
mod others;
mod planning;
mod properties;
mod reasoning;
mod resilience;
mod support;
mod tools;
mod usage;
