//! The plugin host: loads WebAssembly components and calls them, each call in a fresh instance under a deadline, a memory limit
//! and an output limit; keeps the sockets and polls of channels; offers the tools of plugins; follows the plugins folder. It
//! implements the ports [`Components`](wingman_message::Components) and [`ToolSource`](wingman_message::ToolSource), and no other
//! crate names wasmtime.
//!
//! What is not here: routing, storage, the network itself (`wingman-egress`), the rules of verification (`wingman-verify`), the
//! manifest's language (`wingman-manifest`), and how plugins are built.
//!
//! | file | what |
//! |---|---|
//! | `host` | open, start, reload, the ports |
//! | `shelf`, `watch`, `load`, `contract`, `cache` | from a folder to a plugin, and to its next version |
//! | `operator`, `access`, `verification` | what a plugin may reach, and who may reach it |
//! | `plugin`, `breaker` | admission of a call, quarantine |
//! | `sandbox`, `limits`, `lane`, `engine`, `guest_log`, `wasi`, `services` | one call, and what bounds it |
//! | `actor` | sockets and polls |
//! | `tools` | tools for agents |
//! | `v0_1`, `check` | the contract, and what its words become |

mod access;
mod actor;
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
mod memory_store;
mod operator;
mod plugin;
mod sandbox;
mod services;
mod shelf;
mod tools;
mod v0_1;
mod verification;
mod wasi;
mod watch;

pub use config::{BuiltIn, PluginHostConfig, Quarantine, Slots};
pub use error::OpenError;
pub use host::{Fetched, Health, PluginHost};
pub use memory_store::MemoryStore;
pub use operator::{Account, Grants, HttpGrant, Operator, PluginSettings};
pub use services::Exchange;
pub use shelf::LoadReport;
