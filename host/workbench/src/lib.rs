//! The plugin author's workbench: one plugin on the real plugin host, called with what fixtures hold, its calls out answered by
//! a script; and the conformance kit and the replay that are made of such calls.
//!
//! What is not here: building plugins (`wingman-guest`), running them for real (`wingman-plugin`), and any printing (the command
//! line).
//!
//! | file | what |
//! |---|---|
//! | `fixture` | a case as it is written down, parsed strictly |
//! | `words` | the contract's words as JSON, both ways |
//! | `bench`, `setup`, `script`, `store`, `log`, `failure` | one plugin, one call at a time, and all that can be seen of it |
//! | `expected`, `difference` | what should come out, and how it differs |
//! | `conformance` | the kit |
//! | `replay` | recorded deliveries, on two versions |

#![forbid(unsafe_code)]

mod bench;
mod conformance;
mod difference;
mod error;
mod expected;
mod failure;
mod fixture;
mod log;
mod replay;
mod script;
mod setup;
mod store;
mod words;

pub use bench::{Bench, Outcome};
pub use conformance::{Check, Report, Snapshots, Verdict, conformance};
pub use difference::Difference;
pub use error::WorkbenchError;
pub use fixture::Fixture;
pub use log::LogLine;
pub use replay::{Replayed, recording, replay};
pub use script::HttpCall;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, WorkbenchError>;
