//! The plugin host: loads WebAssembly components and calls them, each call in a fresh instance under a deadline, a memory limit
//! and an output limit. It implements the port [`Components`](wingman_message::Components), and no other crate names wasmtime.
//!
//! The host calls `normalize` of presets and `receive` of channels. Plugins of kind tool are loaded and listed as ready, but
//! agents cannot call them yet. Plugins may import `log`, and channels and tools `clock` and `config` too; one that needs more
//! of the contract is refused with the name of what it needs.
//!
//! What is not here: routing, storage, HTTP, verification of webhooks, and how plugins are built.
//!
//! | file | what |
//! |---|---|
//! | `host` | open, list, the port |
//! | `load`, `manifest`, `contract`, `cache` | from a folder to a plugin |
//! | `plugin`, `breaker` | admission of a call, quarantine |
//! | `sandbox`, `limits`, `lane`, `engine`, `guest_log`, `wasi` | one call, and what bounds it |
//! | `v0_1`, `check` | the contract, and what its words become |

mod breaker;
mod cache;
mod check;
mod config;
mod contract;
mod engine;
mod error;
mod guest_log;
mod host;
mod lane;
mod limits;
mod load;
mod manifest;
mod plugin;
mod sandbox;
mod v0_1;
mod wasi;

pub use config::{BuiltIn, PluginHostConfig, Quarantine, Slots};
pub use error::OpenError;
pub use host::{LoadReport, PluginHost};
pub use limits::Limits;
pub use manifest::{About, Kind, Manifest, ManifestError};
