//! What an instance holds while it waits for the network: the growth of the process over many that do.

use crate::figures::Table;
use anyhow::{Context, Result};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;
use wingman_egress::{EgressError, Policy, Request, Response};
use wingman_message::{AccountName, ChannelName, Inbound, Intake, IntakeError, PluginName};
use wingman_plugin::{Account, Exchange, Grants, HttpGrant, PluginHost, PluginHostConfig, PluginSettings};

/// Accounts that ask their network for news; below the host's slots for that.
const ACCOUNTS: u32 = 48;

pub(crate) async fn measure(examples: &Path, table: &mut Table) -> Result<()> {
    let one = growth(examples, 1).await?;
    let all = growth(examples, ACCOUNTS).await?;
    let each = all.saturating_sub(one) / u64::from(ACCOUNTS - 1);
    table.add(format!("memory of a waiting instance (`parlor`, {ACCOUNTS} accounts)"), format!("{} KiB", each / 1024), "");
    Ok(())
}

/// By how many bytes the process grows when so many accounts have asked and wait.
async fn growth(examples: &Path, accounts: u32) -> Result<u64> {
    let cache = tempfile::tempdir()?;
    let asked = Arc::new(Semaphore::new(0));
    let config = PluginHostConfig {
        operator: [(PluginName::new("parlor")?, settings(accounts)?)].into(),
        exchange: Some(Arc::new(Silent { asked: Arc::clone(&asked) })),
        ..PluginHostConfig::new(only_parlor(examples, cache.path())?, cache.path().join("cache"))
    };
    let host = PluginHost::open(config).await?;
    let before = resident()?;
    host.start(Arc::new(Nowhere)).await;
    asked.acquire_many(accounts).await?.forget();
    let after = resident()?;
    host.stop().await;
    Ok(after.saturating_sub(before))
}

/// A plugins folder with nothing else in it.
fn only_parlor(examples: &Path, state: &Path) -> Result<std::path::PathBuf> {
    let folder = state.join("plugins/parlor");
    std::fs::create_dir_all(&folder)?;
    for file in ["plugin.toml", "plugin.wasm"] {
        std::fs::copy(examples.join("parlor").join(file), folder.join(file)).context("`parlor` is not built")?;
    }
    Ok(state.join("plugins"))
}

fn settings(accounts: u32) -> Result<PluginSettings> {
    let account = || Account {
        settings: json!({ "base-url": "http://127.0.0.1:1" }),
        secrets: [("bot-token".to_owned(), SecretString::from("token")), ("signing-secret".to_owned(), "secret".into())].into(),
    };
    let named = |number| Ok((Some(AccountName::new(format!("account-{number}"))?), account()));
    let accounts = (0..accounts).map(named).collect::<Result<BTreeMap<_, _>>>()?;
    let grants = Grants { http: HttpGrant::AsAsked, ..Grants::default() };
    Ok(PluginSettings { grants, accounts, ..PluginSettings::default() })
}

/// The process's memory in bytes, as the kernel counts it.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("only Linux tells how much memory a process has")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024)
}

/// A network that takes a question and never answers.
struct Silent {
    asked: Arc<Semaphore>,
}

#[async_trait]
impl Exchange for Silent {
    async fn send(&self, _: &Policy, _: Request) -> Result<Response, EgressError> {
        self.asked.add_permits(1);
        std::future::pending().await
    }
}

/// No message ever comes.
struct Nowhere;

#[async_trait]
impl Intake for Nowhere {
    async fn take(&self, _: &ChannelName, _: Option<&AccountName>, _: Vec<Inbound>) -> Result<(), IntakeError> {
        Ok(())
    }
}
