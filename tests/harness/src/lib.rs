//! A real gateway for tests: the real binary, real files, real sockets, in a folder of its own.
//!
//! [`Home`] is the folder and its configuration; it outlives any number of gateways started in it, killed or stopped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "the names say it; this crate serves tests alone")]

mod gateway;
mod home;
pub mod model_server;
pub mod parlor;

pub use gateway::{Answer, Gateway, said};
pub use home::{Home, TOKEN};

use std::path::PathBuf;

/// The built `wingman`: the one that `WINGMAN_BIN` names, or the one beside the test's own binary.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn wingman() -> PathBuf {
    let binary = std::env::var_os("WINGMAN_BIN").map_or_else(beside_the_test, PathBuf::from);
    assert!(binary.is_file(), "{} is missing: run `cargo build -p wingman-gateway` first", binary.display());
    binary
}

fn beside_the_test() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a file");
    test.ancestors().nth(2).expect("target/<profile>/deps").join("wingman")
}
