//! For a plugin's own tests, natively: a host to talk to, requests as networks send them, signatures. Not part of a component.
//!
//! ```
//! use wingman_sdk::{host::{clock, state}, testing};
//!
//! let host = testing::Host::install();
//! host.set_clock(1_767_225_600_000);
//! state::set_json("seen", &clock::now()).unwrap();
//! assert_eq!(host.state("seen").unwrap(), b"1767225600000");
//! ```

mod blobs;
mod host;
mod http;
pub(crate) mod imports;
mod messages;
pub mod sign;

pub use host::{Host, LogLine};
pub use http::{Reply, Sent};
