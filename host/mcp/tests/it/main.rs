//! MCP servers as tool sources: against real servers, and against scripted ones with bad manners.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail it")]

mod calls;
mod everything;
mod http;
mod life;
mod manners;
mod support;
