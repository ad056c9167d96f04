//! What the host does for a plugin, as the contract names it. A preset has none of it.
//!
//! These functions exist inside a component only: in a native test they panic. Keep what needs them apart from what
//! translates, and test the translation.

pub use crate::__bindings::tool::wingman::plugin::{blobs, clock, config, http, progress, state};
