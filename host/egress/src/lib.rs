//! Guarded calls out of the gateway, on behalf of code that is not trusted: HTTP requests and WebSockets.
//!
//! A [`Policy`] says what one plugin may call: [`Grant`]s by scheme, host, port, path and method, and the networks beside the
//! public internet that the operator opened. [`Egress::send`] and [`Egress::connect_ws`] do what the policy allows, in this
//! order: the URL is parsed strictly and matched; the host is looked up once; every address is judged; the connection is
//! dialled to a judged address; secrets are filled in; head, body and time are capped. Each redirect is a new hop that goes
//! through all of it again.
//!
//! What is not here: who holds secrets and which plugin has which grants (callers pass both in), retries, rate limits, files.
//! No proxy is taken from the environment, no cookie is kept, nothing is decompressed. HTTP is 1.1.

mod address;
mod body;
mod config;
mod connect;
mod error;
mod exchange;
mod frame;
mod grant;
mod headers;
mod hop;
mod host;
mod json_place;
mod path;
mod policy;
mod pool;
mod request;
mod resolve;
mod secret;
mod send;
mod socket;
mod target;

pub use body::{Body, Part};
pub use config::{EgressConfig, roots_from_pem};
pub use error::EgressError;
pub use frame::Frame;
pub use grant::{Grant, GrantSpec, Scheme};
pub use host::{Host, HostPattern};
pub use policy::Policy;
pub use request::{Request, Response};
pub use resolve::{Resolve, SystemResolver};
pub use secret::{Injection, Place, fill_frame};
pub use send::Egress;
pub use socket::{Opening, Socket};

/// What every fallible function here returns.
pub type Result<T> = std::result::Result<T, EgressError>;
