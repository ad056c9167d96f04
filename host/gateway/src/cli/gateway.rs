//! `wingman gateway`: runs the gateway and looks after it.

mod health;
mod run;
mod start;
mod token;

pub(crate) use token::fresh as fresh_token;

use anyhow::Result;
use clap::{Args, Subcommand};
use secrecy::SecretString;
use std::path::Path;
use wingman_config::Overrides;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start the gateway in the background
    Start(RunArgs),
    /// Stop the gateway: runs may end, what has not ended is resumed at the next start
    Stop,
    /// Stop the gateway, if it runs, and start it
    Restart(RunArgs),
    /// Say whether the gateway runs, and where
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the gateway in the foreground
    Run(RunArgs),
    /// Make a token
    Token {
        /// Print a fresh token
        #[arg(long, required = true)]
        generate: bool,
    },
    /// Ask a gateway whether it is well
    Health(health::Args),
}

/// Options that stand above the configuration file.
#[derive(Args, Clone)]
pub(crate) struct RunArgs {
    /// Port [default: 18789]
    #[arg(long)]
    port: Option<u16>,
    /// Host [default: 127.0.0.1]
    #[arg(long)]
    host: Option<String>,
    /// token, password or none
    #[arg(long, value_name = "MODE")]
    auth_mode: Option<String>,
    /// The token clients must know; the variable WINGMAN_GATEWAY_TOKEN does the same and is not seen by other users
    #[arg(long)]
    token: Option<SecretString>,
    /// The password clients must know; the variable does the same and is not seen by other users
    #[arg(long, env = "WINGMAN_GATEWAY_PASSWORD", hide_env_values = true)]
    password: Option<SecretString>,
    /// The gateway's name
    #[arg(long)]
    name: Option<String>,
    /// Set by `start` in the process it starts.
    #[arg(long, hide = true)]
    background: bool,
}

impl RunArgs {
    fn overrides(&self) -> Overrides {
        let Self { port, host, auth_mode, token, password, name, background: _ } = self.clone();
        Overrides { host, port, auth_mode, token, password, name }
    }
}

impl Command {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        match self {
            Self::Start(args) => start::start(config, &args),
            Self::Stop => start::stop(config),
            Self::Restart(args) => start::restart(config, &args),
            Self::Status { json } => start::status(config, json),
            Self::Run(args) => run::run(config, &args),
            Self::Token { generate: _ } => token::generate(),
            Self::Health(args) => args.run(config),
        }
    }
}
