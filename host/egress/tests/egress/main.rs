//! Calls out, seen from both ends: real sockets, scripted servers, scripted names. Nothing here leaves this machine.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod addresses;
mod encryption;
mod grants;
mod limits;
mod properties;
mod redirects;
mod requests;
mod secrets;
mod server;
mod sockets;
mod world;
