//! `plugin.toml`: what a plugin says about itself and asks for, parsed once into types. A mistake is shown with line and column,
//! and with what would be right.
//!
//! What a plugin is granted, and how it is loaded, is not here.

mod asks;
mod limits;
mod manifest;
mod mistake;
mod raw;

pub use asks::{ANY_HOST, HttpAsk, Secret, SettingsSchema, SocketAsk};
pub use limits::Limits;
pub use manifest::{About, CONTRACT, Kind, Manifest};
pub use mistake::ManifestError;
