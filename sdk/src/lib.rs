//! What a Wingman plugin's author uses: a trait to implement, a macro that exports it, and the words of the contract as Rust types.
//!
//! A webhook preset, whole:
//!
//! ```
//! use serde::Deserialize;
//! use wingman_sdk::{Delivery, Inbound, Preset, Result};
//!
//! #[derive(Deserialize)]
//! struct Alarm {
//!     id: String,
//!     room: String,
//! }
//!
//! struct Alarms;
//!
//! impl Preset for Alarms {
//!     fn normalize(delivery: Delivery) -> Result<Vec<Inbound>> {
//!         let alarm: Alarm = delivery.json()?;
//!         Ok(vec![Inbound::new(alarm.id, format!("The alarm in {} went off.", alarm.room))])
//!     }
//! }
//!
//! wingman_sdk::export_preset!(Alarms);
//! # fn main() {
//! let messages = Alarms::normalize(Delivery::for_test(r#"{"id": "7", "room": "the cellar"}"#)).unwrap();
//! assert_eq!(messages[0].text, "The alarm in the cellar went off.");
//! # }
//! ```
//!
//! The crate's type is `crate-type = ["cdylib", "rlib"]`: the first for the component, the second so that `cargo test` runs the plugin
//! as the plain Rust that it is. What a plugin may do beside computing is in [`host`] and [`log`]; it has no files, no
//! environment and no network of its own.
//!
//! The generated bindings are private, and so is everything whose name starts with two underscores.

// The generated code names its runtime by this crate's name, here and in the crates that use the export macros.
extern crate self as wingman_sdk;

mod arena;
mod build;
mod error;
pub mod host;
pub mod id;
mod json;
pub mod log;
mod panic;
mod plugin;
pub mod time;

#[doc(hidden)]
pub mod __bindings;

pub use __bindings::channel::exports::wingman::plugin::channel::{Outbound, Phase, Receipt, Received};
pub use __bindings::preset::exports::wingman::plugin::preset::Delivery;
pub use __bindings::tool::exports::wingman::plugin::tool::{Invocation, ToolOutput, ToolSpec};
pub use __bindings::tool::wingman::plugin::types::{
    Attachment, ContentSource, Header, HttpRequest, HttpResponse, Inbound, InboundKind, Peer, PeerKind, Place, PluginError,
    SecretPlace, SecretUse, Sender,
};
pub use plugin::{Channel, Preset, Tool};
pub use serde_json;

#[doc(hidden)]
pub use {
    panic::enter as __enter,
    plugin::{__is_channel, __is_preset, __is_tool},
};

/// What a plugin's functions return.
pub type Result<T> = std::result::Result<T, PluginError>;
