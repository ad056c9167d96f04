//! The load generator against servers of the test's own.
//!
//! | file | what |
//! |---|---|
//! | `floor` | every mode that the floor serves |
//! | `faults` | servers that do wrong |
//! | `agent` | the modes that ask an agent |
//! | `nats` | the fan-out through NATS, where it is installed |
//! | `support` | the floor in this process, and a proxy before it that does wrong on demand |

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod agent;
mod faults;
mod floor;
mod nats;
mod support;
