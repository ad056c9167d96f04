//! What all modes share: whom to load, with what right, for how long.

use crate::Target;
use crate::clock::Window;
use crate::error::{BenchError, Result};
use clap::{Args, ValueEnum};
use secrecy::SecretString;

/// Options of every mode.
#[derive(Debug, Clone, Args)]
pub struct Setup {
    /// The server, on this machine; modes over HTTP take host and port of it
    #[arg(long, global = true, default_value = "ws://127.0.0.1:18789/ws", value_name = "URL")]
    pub url: Target,
    /// The gateway's token
    #[arg(long, global = true, env = "WINGMAN_GATEWAY_TOKEN", hide_env_values = true, value_parser = secret)]
    pub token: Option<SecretString>,
    /// The first frame of each connection; fan-out always registers
    #[arg(long, global = true, value_enum, default_value_t = First::Connect)]
    pub first: First,
    /// How long to measure
    #[arg(long, global = true, default_value_t = 5.0, value_parser = seconds)]
    pub seconds: f64,
    /// How long to load before
    #[arg(long, global = true, default_value_t = 1.0, value_parser = seconds)]
    pub warmup: f64,
    /// The server's process: its processor time and memory are reported, too
    #[arg(long, global = true)]
    pub pid: Option<u32>,
}

/// With which frame a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum First {
    /// As a client.
    Connect,
    /// As a node.
    Register,
}

impl Setup {
    /// Five seconds against `url`, after one of warm-up, without a token.
    #[must_use]
    pub fn new(url: Target) -> Self {
        Self { url, token: None, first: First::Connect, seconds: 5.0, warmup: 1.0, pid: None }
    }

    /// The window that begins after the warm-up, from now.
    pub(crate) fn window(&self) -> Window {
        Window::after(self.warmup, self.seconds)
    }
}

fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}

/// A time that ends: at most an hour.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if (0.0..=3600.0).contains(&seconds) { Ok(seconds) } else { Err("expected 0 to 3600 seconds".to_owned()) }
}

/// For clap: operations a second.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number a second".to_owned())?;
    if rate > 0.0 && rate <= 10_000_000.0 { Ok(rate) } else { Err("expected more than 0, at most 10,000,000".to_owned()) }
}

/// For clap: how many connections; the number of ports of a machine bounds it.
pub(crate) fn clients(text: &str) -> Result<usize, String> {
    bounded(text, 1, 50_000)
}

/// For clap: a whole number in a range.
pub(crate) fn bounded(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.parse().map_err(|_| "expected a whole number".to_owned())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("expected {least} to {most}")) }
}

/// A rate that was given by code, not by clap.
pub(crate) fn check_rate(given: Option<f64>) -> Result<Option<f64>> {
    match given {
        Some(number) if !(number > 0.0 && number.is_finite()) => {
            Err(BenchError::InvalidOption(format!("{number} is no rate: expected more than 0 a second")))
        }
        given => Ok(given),
    }
}
