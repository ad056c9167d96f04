//! What the host does for a plugin, as ordinary Rust. A preset has none of it but the log.
//!
//! Natively these functions speak to the [`testing::Host`](crate::testing::Host) of the test; without one they panic and
//! say so.

pub mod blobs;
pub mod clock;
pub mod config;
pub mod http;
pub(crate) mod imports;
pub mod progress;
pub mod state;
