//! A client of the gateway's WebSocket protocol, for the command line, tests and the bench.
//!
//! ```no_run
//! # async fn example() -> Result<(), wingman_client::ClientError> {
//! use wingman_client::{Client, ConnectOptions};
//! use wingman_protocol::{AgentEventKind, AgentRequest};
//!
//! let client = Client::connect(ConnectOptions::new("ws://127.0.0.1:18789/ws", "my-laptop", "cli")).await?;
//! let mut run = client.request_agent(AgentRequest::new("hello")).await?;
//! while let Some(event) = run.next_event().await {
//!     if let AgentEventKind::AgentComplete { result } = event?.kind {
//!         println!("{}", result.response);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! One task owns the socket ([`Client`] is a handle to it). Every queue is bounded: who asks for events must read them, or the
//! whole connection waits. Nothing reconnects by itself; [`Client::reconnect`] does when it is told to. [`Socket`] is the layer
//! below, for those who want to see frames as they come. HTTP is not spoken here.

#![forbid(unsafe_code)]

mod client;
mod connection;
mod error;
mod options;
mod run;
mod socket;
mod watch;

pub use client::Client;
pub use error::ClientError;
pub use options::ConnectOptions;
pub use run::Run;
pub use socket::Socket;
pub use watch::Watch;
