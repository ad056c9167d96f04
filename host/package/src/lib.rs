//! Plugin packages: made, signed, fetched, checked, installed, rolled back.
//!
//! A package is one file, `<name>-<version>.wmpkg`: a plain tar archive of `plugin.toml`, `plugin.wasm`, and where the author
//! has them `LICENSE`, `README.md` and `plugin.minisig`. There is exactly one byte sequence for a given content, so every
//! trick that a tar archive knows is refused by comparison and not by a list of tricks.
//!
//! Nothing in a package is ever executed here, and a package has no place for an install script. What is not here: running or
//! compiling a component (`wingman-plugin`), the meaning of `plugin.toml` (`wingman-manifest`), and any printing or asking.

mod archive;
mod digest;
mod disk;
mod error;
mod install;
mod keys;
mod member;
mod pack;
mod package;
mod signature;
mod source;
mod trust;

pub use digest::Digest;
pub use error::PackageError;
pub use install::{Drift, DriftKind, Installed, Listed, Options, Outcome, Pin, Plugins, Standing};
pub use keys::{SecretKey, TrustedKey, TrustedKeys, keygen};
pub use member::{MAX_PACKAGE, Member};
pub use pack::{Packed, pack, sign, sign_file};
pub use package::{Package, read};
pub use signature::KeyId;
pub use source::{Credentials, MEDIA_TYPE, Source, fetch, push};
pub use trust::{Signed, Trust, inspect, verify};
