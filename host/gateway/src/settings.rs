//! From the process's surroundings to a configuration.

use anyhow::{Context, Result};
use secrecy::SecretString;
use std::env;
use std::path::{Path, PathBuf};
use wingman_config::{Config, Environment, Look, Overrides};

/// What the process is surrounded by.
pub(crate) fn environment() -> Result<Environment> {
    let home = env::home_dir().filter(|home| home.is_absolute()).context("there is no home folder: set the variable HOME")?;
    Ok(Environment {
        home,
        cwd: env::current_dir().context("the current folder is gone")?,
        gateway_token: env::var("WINGMAN_GATEWAY_TOKEN").ok().map(SecretString::from),
        model_providers: wingman_agent::providers().iter().map(|provider| provider.name.to_owned()).collect(),
    })
}

/// The configuration file: the one that was named, or the first that is there.
pub(crate) fn locate(explicit: Option<&Path>) -> Result<PathBuf> {
    let environment = environment()?;
    Ok(wingman_config::locate(explicit, &environment.cwd, &environment.home)?)
}

/// Reads and checks the configuration; warnings go to standard error.
pub(crate) fn load(explicit: Option<&Path>, overrides: &Overrides) -> Result<Config> {
    let environment = environment()?;
    let file = wingman_config::locate(explicit, &environment.cwd, &environment.home)?;
    let loaded = wingman_config::load(&file, &environment, overrides)?;
    if !loaded.warnings.is_empty() {
        anstream::eprint!("{}", loaded.warnings.render(Look::Fancy));
    }
    Ok(loaded.config)
}
