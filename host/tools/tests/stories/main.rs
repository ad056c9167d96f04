//! The tools as an agent calls them, on real folders and with real programs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod changing;
mod commands;
mod confinement;
mod ending;
mod reading;
mod searching;
mod support;
