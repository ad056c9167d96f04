//! What a Wingman plugin's author uses: a trait to implement, a macro that exports it, and the words of the contract as
//! Rust types.
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
//! The crate's type is `crate-type = ["cdylib", "rlib"]`: the first for the component, the second so that `cargo test`
//! runs the plugin as the plain Rust that it is. What a plugin may do beside computing is in [`host`] and [`log`]; it has
//! no files, no environment and no network of its own. A test puts a [`testing::Host`] in the host's place.
//!
//! | for | look at |
//! |---|---|
//! | a webhook preset | [`Preset`], [`export_preset!`] |
//! | a chat network | [`Channel`], [`export_channel!`], and [`Socket`], [`Poll`], [`Presence`], [`Media`], [`Lifecycle`] where it has them |
//! | tools for agents | [`Tool`], [`export_tool!`] |
//! | replies that grow and fit | [`Growing`], [`deliver_whole`], [`split`], [`markup`] |
//! | reading what networks send | [`html`], [`time`], [`id`], [`url`], [`page`] |
//!
//! The generated bindings are private, and so is everything whose name starts with two underscores.

// The generated code names its runtime by this crate's name, here and in the crates that use the export macros.
extern crate self as wingman_sdk;

mod arena;
mod build;
mod capability;
mod error;
mod export;
mod growing;
pub mod host;
pub mod html;
pub mod id;
mod json;
pub mod log;
pub mod markup;
pub mod page;
mod panic;
mod plugin;
mod secret;
mod socket;
pub mod split;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;
pub mod url;

#[doc(hidden)]
pub mod __bindings;

pub use __bindings::channel::exports::wingman::plugin::channel::{Outbound, Phase, Receipt, Received};
pub use __bindings::lifecycle::exports::wingman::plugin::lifecycle::Health;
pub use __bindings::poll::exports::wingman::plugin::poll::Polled;
pub use __bindings::preset::exports::wingman::plugin::preset::Delivery;
pub use __bindings::socket::exports::wingman::plugin::socket::{Action, Frame, Opening, SealedFrame};
pub use __bindings::tool::exports::wingman::plugin::tool::{Invocation, ToolOutput, ToolSpec};
pub use __bindings::tool::wingman::plugin::types::{
    Attachment, ContentSource, Header, HttpRequest, HttpResponse, Inbound, InboundKind, Peer, PeerKind, Place, PluginError,
    SecretPlace, SecretUse, Sender,
};
pub use capability::{Lifecycle, Media, Poll, Presence, Socket};
pub use growing::{Growing, Part, deliver_whole};
pub use plugin::{Channel, Preset, Tool};
pub use serde_json;

#[doc(hidden)]
pub use {
    export::{__is_channel, __is_lifecycle, __is_media, __is_poll, __is_presence, __is_preset, __is_socket, __is_tool},
    panic::enter as __enter,
};

/// What a plugin's functions return.
pub type Result<T> = std::result::Result<T, PluginError>;
