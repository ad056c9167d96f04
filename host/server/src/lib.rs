//! The network's side of the gateway: WebSocket, HTTP API, webhooks, access, and the Control UI's files.
//!
//! Bytes become types here and types become bytes; what they mean is decided behind `wingman-dispatch`. Nothing of what fails here
//! (size, secret, origin) reaches a component.

mod api;
mod app;
mod assets;
mod auth;
mod channel;
mod health;
mod incoming;
mod info;
mod limit;
mod problem;
mod serve;
mod webhook;
mod ws;

pub use auth::{Auth, AuthMode, Credentials, SitePolicy};
pub use info::{GatewayInfo, ProviderInfo};
pub use serve::{Listeners, Server, ServerLimits};
