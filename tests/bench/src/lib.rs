//! Measuring a gateway over its protocol, beside the floor: what the same machine does with nothing but a WebSocket library.
//!
//! | module | what |
//! |---|---|
//! | [`modes`] | the load generator: each mode is a function from options to a [`Report`] |
//! | [`floor`] | the bare server that no gateway on this stack beats |
//! | [`compare`] | the gateway beside the floor, goal by goal |
//! | [`model`] | a scripted model server, for streams of a known length |
//!
//! Nothing here knows the gateway's code, so that whatever speaks the protocol can be measured. What plugins cost is measured by
//! `tests/plugin-bench`, inside the process.

mod clock;
pub mod compare;
mod cost;
mod drive;
mod error;
mod files;
pub mod floor;
mod http;
mod link;
mod message;
pub mod model;
pub mod modes;
mod pace;
mod recorder;
mod report;
mod setup;
mod socket;
mod target;
mod timer;

pub use cost::{Cost, ServerCost};
pub use error::BenchError;
pub use files::raise_file_limit;
pub use recorder::Latency;
pub use report::Report;
pub use setup::{First, Setup};
pub use target::Target;
