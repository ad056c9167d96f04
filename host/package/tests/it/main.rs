//! Stories about packages: hostile archives, signatures, installations, sources, a real registry. What a crash leaves is told
//! beside the code that mends it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod archives;
mod installing;
mod registry;
mod signing;
mod support;
mod web;
