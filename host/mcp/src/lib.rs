//! Tools of MCP servers (Model Context Protocol), for agents to call.
//!
//! [`McpServers`] owns one task a server: it connects, lists the server's tools, passes calls on and connects again when the
//! server goes. A server that cannot be reached, or that misbehaves, fails alone and says why in [`McpServers::status`].
//!
//! The way of a call: `tool` (what an agent sees) -> `server` (the mailbox, which outlives connections) -> `connection` (one
//! connection, its calls and its list of tools) -> `guard` (what a server may send) -> `process` or `http`. `listing`, `names`
//! and `output` are pure: from what a server says to what a model reads.
//!
//! What does not live here: the protocol itself (`rmcp`, the official SDK), the configuration file, and which agent may call
//! what. The client offers servers nothing: no sampling, no roots, no elicitation.

#![forbid(unsafe_code)]

mod board;
mod call;
mod client;
mod connection;
mod error;
mod guard;
mod http;
mod lines;
mod listing;
mod names;
mod open;
mod output;
mod pause;
mod process;
mod server;
mod servers;
mod settings;
mod tool;

pub use error::{LookupError, SettingsError};
pub use servers::McpServers;
pub use settings::{Endpoint, Limits, Secrets, ServerSettings};
