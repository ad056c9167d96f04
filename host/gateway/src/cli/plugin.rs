//! `wingman plugin`: everything about plugins, from a new project to an installed package. One file a command, or a few that belong
//! together.

mod build;
mod connect;
mod dev;
mod grant;
mod inspect;
mod install;
mod list;
mod new;
mod pack;
mod project;
mod replay;
mod run;
mod sign;
mod test;
mod trust;

use crate::show;
use anyhow::Result;
use clap::Subcommand;
use std::path::Path;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Begin a plugin: a project whose test passes
    New(new::Args),
    /// Build the plugin in a folder
    Build(build::Args),
    /// Build the plugin and see whether it bears what every plugin must, and whether its fixtures give what is expected
    Test(test::Args),
    /// Build the plugin and call it once, with a fixture
    Run(run::Args),
    /// Rebuild the plugin with each change and load it into the running gateway
    Dev(dev::Args),
    /// See what the plugin would do otherwise than the installed version, with recorded deliveries
    Replay(replay::Args),
    /// Build the plugin and pack it into one file
    Pack(pack::Args),
    /// Make a key pair to sign packages with
    Keygen(sign::KeygenArgs),
    /// Sign a package
    Sign(sign::SignArgs),
    /// Install or upgrade a plugin from a file, an HTTPS address or an OCI registry
    Install(install::Args),
    /// Go back to the version that was replaced last
    Rollback(install::NameArgs),
    /// Remove an installed plugin
    Remove(install::NameArgs),
    /// List the plugins: what they are, where they come from, what they may use, whether they work
    List(list::Args),
    /// Show all that a plugin or a package says of itself
    Inspect(inspect::Args),
    /// The keys whose signatures are trusted
    #[command(subcommand)]
    Trust(trust::Command),
    /// Grant what a plugin asks for
    Grant(grant::GrantArgs),
    /// Take all grants from a plugin
    Revoke(grant::RevokeArgs),
    /// Ask a channel's network whether the account's credentials work
    Probe(connect::ProbeArgs),
    /// Tell a channel's network where to send its messages
    Register(connect::RegisterArgs),
    /// Tell a channel's network to send no more
    Unregister(connect::ProbeArgs),
}

impl Command {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        match self {
            Self::New(args) => args.run(),
            Self::Build(args) => args.run(),
            Self::Test(args) => args.run(),
            Self::Run(args) => args.run(),
            Self::Dev(args) => args.run(config),
            Self::Replay(args) => args.run(config),
            Self::Pack(args) => args.run(),
            Self::Keygen(args) => args.run(),
            Self::Sign(args) => args.run(),
            Self::Install(args) => args.run(config),
            Self::Rollback(args) => install::roll_back(&args, config),
            Self::Remove(args) => install::remove(&args, config),
            Self::List(args) => args.run(config),
            Self::Inspect(args) => args.run(config),
            Self::Trust(command) => command.run(config),
            Self::Grant(args) => args.run(config),
            Self::Revoke(args) => args.run(config),
            Self::Probe(args) => connect::probe(&args, config),
            Self::Register(args) => args.run(config),
            Self::Unregister(args) => connect::unregister(&args, config),
        }
    }
}

/// Says what the user most likely does next.
fn next(command: &str) {
    anstream::println!("Now: {}", show::good(command));
}
