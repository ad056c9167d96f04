//! `wingman plugin install`, `rollback` and `remove`. A running gateway follows by itself.

use super::next;
use crate::cli::runtime;
use crate::{settings, show};
use anyhow::{Context, Result};
use clap::ArgAction;
use secrecy::SecretString;
use serde_json::json;
use std::path::Path;
use wingman_config::{Config, Overrides};
use wingman_manifest::Manifest;
use wingman_message::{Clock as _, PluginName, SystemClock};
use wingman_package::{Credentials, Installed, Options, Outcome, Plugins, Source, Trust};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A file, https://..., or oci://registry/repository:tag
    source: String,
    /// The plugin that has to be in it
    #[arg(long, value_name = "NAME")]
    name: Option<PluginName>,
    /// Take it although nobody has signed it
    #[arg(long, action = ArgAction::SetTrue)]
    allow_unsigned: bool,
    /// Take it although a version's content or the signer has changed
    #[arg(long)]
    accept_changed: bool,
    /// Take a version that is older than the installed one
    #[arg(long, alias = "downgrade")]
    allow_downgrade: bool,
    /// Replace a folder that was put there or changed by hand; it is kept beside it, hidden
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    registry: Registry,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How an OCI registry knows us.
#[derive(clap::Args)]
struct Registry {
    /// The user at the OCI registry
    #[arg(long, env = "WINGMAN_REGISTRY_USER", requires = "registry_password", value_name = "USER")]
    registry_user: Option<String>,
    /// The user's password or access token
    #[arg(long, env = "WINGMAN_REGISTRY_PASSWORD", hide_env_values = true, requires = "registry_user", value_name = "PASSWORD")]
    registry_password: Option<SecretString>,
    /// A bearer token for the registry
    #[arg(long, env = "WINGMAN_REGISTRY_TOKEN", hide_env_values = true, conflicts_with = "registry_user", value_name = "TOKEN")]
    registry_token: Option<SecretString>,
}

#[derive(clap::Args)]
pub(crate) struct NameArgs {
    /// The plugin
    name: PluginName,
}

impl Registry {
    fn credentials(self) -> Credentials {
        match (self.registry_user, self.registry_password, self.registry_token) {
            (_, _, Some(token)) => Credentials::Token(token),
            (Some(user), Some(password), None) => Credentials::Password { user, password },
            _ => Credentials::Anonymous,
        }
    }
}

impl Args {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let config = settings::load(config, &Overrides::default())?;
        let source = Source::parse(&self.source)?;
        let credentials = self.registry.credentials();
        let spinner = show::spinner("fetching");
        let fetched = runtime()?.block_on(wingman_package::fetch(&source, &credentials));
        spinner.finish_and_clear();
        let bytes = fetched?;
        let trust = if self.allow_unsigned || config.plugins.allow_unsigned { Trust::AllowUnsigned } else { Trust::Required };
        let options = Options {
            expected: self.name,
            trust,
            accept_changed: self.accept_changed,
            allow_downgrade: self.allow_downgrade,
            force: self.force,
        };
        let installed = plugins(&config)?.install(&bytes, &source.to_string(), &options, SystemClock.now_ms())?;
        if self.json {
            return show::json(&as_json(&installed));
        }
        print(&installed);
        let package = wingman_package::read(&bytes)?;
        advise(package.manifest());
        Ok(())
    }
}

/// The installed plugins of a configuration.
pub(super) fn plugins(config: &Config) -> Result<Plugins> {
    Ok(Plugins::open(&config.plugins.dir, &config.gateway.state_dir)?)
}

pub(super) fn roll_back(args: &NameArgs, config: Option<&Path>) -> Result<()> {
    let config = settings::load(config, &Overrides::default())?;
    let pin = plugins(&config)?.rollback(&args.name)?;
    anstream::println!("{}  {} {}; a second rollback undoes this one", show::good("back at"), pin.name, pin.version);
    next("wingman plugin list");
    Ok(())
}

pub(super) fn remove(args: &NameArgs, config: Option<&Path>) -> Result<()> {
    let config = settings::load(config, &Overrides::default())?;
    plugins(&config)?.remove(&args.name).with_context(|| format!("`{}` stays", args.name))?;
    anstream::println!("{}  {}; what it kept in the gateway's state is still there", show::good("removed"), args.name);
    next("wingman plugin list");
    Ok(())
}

fn print(Installed { pin, outcome }: &Installed) {
    let how = match outcome {
        Outcome::New => "installed".to_owned(),
        Outcome::Replaced(before) => format!("in place of {before}, which `wingman plugin rollback {}` brings back", pin.name),
        Outcome::Unchanged => "installed already".to_owned(),
    };
    let signer = pin.signer.map_or_else(|| show::bad("unsigned"), |key| format!("signed by {key}"));
    anstream::println!("{}  {} {}, {signer}, {how}", show::good("well"), pin.name, pin.version);
}

/// A plugin that asks for something is of no use before it has it.
fn advise(manifest: &Manifest) {
    let secrets: Vec<_> = manifest.secrets.iter().filter(|(_, secret)| !secret.optional).map(|(name, _)| name.as_str()).collect();
    if !secrets.is_empty() {
        anstream::println!("It needs secrets: put {} under `plugins.use` in the configuration.", secrets.join(", "));
    }
    if manifest.http.is_empty() && manifest.sockets.is_empty() {
        next("wingman plugin list");
    } else {
        next(&format!("wingman plugin inspect {}", manifest.name));
    }
}

fn as_json(Installed { pin, outcome }: &Installed) -> serde_json::Value {
    let (outcome, replaced) = match outcome {
        Outcome::New => ("new", None),
        Outcome::Replaced(before) => ("replaced", Some(before.to_string())),
        Outcome::Unchanged => ("unchanged", None),
    };
    json!({
        "name": pin.name,
        "version": pin.version.to_string(),
        "outcome": outcome,
        "replaced": replaced,
        "signer": pin.signer.map(|key| key.to_string()),
        "digest": pin.package.to_string(),
    })
}
