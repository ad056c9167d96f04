//! `wingman plugin probe`, `register` and `unregister`: what a channel's operator asks of the network.

use super::next;
use crate::cli::runtime;
use crate::{compose, logs, settings, show};
use anyhow::{Result, bail};
use std::path::Path;
use wingman_config::Overrides;
use wingman_message::{AccountName, ChannelName};
use wingman_plugin::PluginHost;

#[derive(clap::Args)]
pub(crate) struct ProbeArgs {
    /// The channel
    channel: ChannelName,
    /// Which account, where there are several
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
}

#[derive(clap::Args)]
pub(crate) struct RegisterArgs {
    #[command(flatten)]
    at: ProbeArgs,
    /// The public address that the network shall call, such as https://chat.example.com/channels/NAME
    #[arg(long)]
    url: String,
}

pub(super) fn probe(args: &ProbeArgs, config: Option<&Path>) -> Result<()> {
    let ProbeArgs { channel, account } = args;
    let health = with_plugins(config, async |plugins| Ok(plugins.probe(channel, account.as_ref()).await?))?;
    let who = health.account.map(|account| format!(" as {account}")).unwrap_or_default();
    if !health.ok {
        bail!("{channel} refuses{who}: {}", health.detail);
    }
    anstream::println!("{}  {channel}{who}: {}", show::good("well"), health.detail);
    next("wingman plugin list");
    Ok(())
}

impl RegisterArgs {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let (Self { at: ProbeArgs { channel, account }, url }, config) = (self, config);
        with_plugins(config, async |plugins| Ok(plugins.register(&channel, account.as_ref(), Some(&url)).await?))?;
        anstream::println!("{}  {channel} will call {url}", show::good("registered"));
        next(&format!("wingman plugin probe {channel}"));
        Ok(())
    }
}

pub(super) fn unregister(args: &ProbeArgs, config: Option<&Path>) -> Result<()> {
    let ProbeArgs { channel, account } = args;
    with_plugins(config, async |plugins| Ok(plugins.register(channel, account.as_ref(), None).await?))?;
    anstream::println!("{}  {channel} will call no more", show::good("unregistered"));
    Ok(())
}

fn with_plugins<R>(config: Option<&Path>, ask: impl AsyncFnOnce(PluginHost) -> Result<R>) -> Result<R> {
    let config = settings::load(config, &Overrides::default())?;
    logs::quiet();
    let spinner = show::spinner("asking");
    let asked = runtime()?.block_on(async { ask(compose::plugins(&config).await?).await });
    spinner.finish_and_clear();
    asked
}
