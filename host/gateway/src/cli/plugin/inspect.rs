//! `wingman plugin inspect`: what a plugin or a package says of itself, before or after it is installed.

use super::{install, next};
use crate::{built_in, settings, show};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use wingman_config::{Config, Overrides};
use wingman_manifest::{HttpAsk, Manifest};
use wingman_package::{Pin, Signed, Standing, TrustedKeys};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A plugin's name, or the file of a package
    plugin: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A manifest, and what is known of where it comes from.
struct Found {
    manifest: Manifest,
    /// Name and value, for people and for programs.
    origin: Vec<(&'static str, String)>,
    is_package: bool,
}

impl Args {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let config = settings::load(config, &Overrides::default())?;
        let file = Path::new(&self.plugin);
        let found = if file.is_file() { package(file, &config)? } else { plugin(&self.plugin, &config)? };
        let facts = facts(&found.manifest, &found.origin);
        if self.json {
            let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            return show::json(&Value::Object(facts.collect()));
        }
        for (name, value) in &facts {
            match value {
                Value::Null => {}
                Value::Array(lines) if lines.is_empty() => {}
                Value::Array(lines) => lines.iter().for_each(|line| anstream::println!("{} {}", label(name), plain(line))),
                value => anstream::println!("{} {}", label(name), plain(value)),
            }
        }
        if found.is_package {
            next(&format!("wingman plugin install {}", self.plugin));
        } else if found.manifest.http.is_empty() && found.manifest.sockets.is_empty() {
            next("wingman plugin list");
        } else {
            next(&format!("wingman plugin grant {}", self.plugin));
        }
        Ok(())
    }
}

fn label(name: &str) -> String {
    show::faint(&format!("{name:12}"))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn package(file: &Path, config: &Config) -> Result<Found> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let package = wingman_package::read(&bytes)?;
    let signature = match wingman_package::inspect(&package, &TrustedKeys::open(&config.gateway.state_dir)?) {
        Signed::By { key, name } => format!("by {name}, key {key}, which is trusted"),
        Signed::Unsigned => "none".to_owned(),
        Signed::Unknown { key } => format!("by key {key}, which is not trusted here, so it cannot be checked"),
        Signed::Wrong { key } => format!("WRONG: it names the trusted key {key}, which did not sign this"),
    };
    let files: Vec<_> = package.files().map(|(member, content)| format!("{} ({} bytes)", member.name(), content.len())).collect();
    let origin = vec![("digest", format!("sha256:{}", package.digest())), ("signature", signature), ("files", files.join(", "))];
    Ok(Found { manifest: package.manifest().clone(), origin, is_package: true })
}

fn plugin(name: &str, config: &Config) -> Result<Found> {
    let listed = install::plugins(config)?.list()?.into_iter().find(|listed| listed.name.as_str() == name);
    let folder = config.plugins.dir.join(name);
    let Some(listed) = listed else {
        let built_in = built_in::plugins().into_iter().find(|built_in| built_in.name == name);
        let Some(built_in) = built_in else {
            bail!("there is no plugin `{name}` and no such file; `wingman plugin list` shows the plugins");
        };
        let origin = vec![("from", "built in".to_owned())];
        return Ok(Found { manifest: Manifest::parse(&built_in.manifest)?, origin, is_package: false });
    };
    let toml = folder.join("plugin.toml");
    let text = fs::read_to_string(&toml).with_context(|| format!("cannot read {}", toml.display()))?;
    let mut origin = vec![("from", folder.display().to_string())];
    if let Standing::Installed(Pin { source, package, signer, .. }) = &listed.standing {
        origin.push(("source", source.clone()));
        origin.push(("digest", format!("sha256:{package}")));
        origin.push(("signature", signer.map_or_else(|| "none".to_owned(), |key| format!("by key {key}"))));
    }
    if !listed.kept.is_empty() {
        let kept: Vec<_> = listed.kept.iter().map(ToString::to_string).collect();
        origin.push(("kept", kept.join(", ")));
    }
    Ok(Found { manifest: Manifest::parse(&text)?, origin, is_package: false })
}

/// The manifest of a plugin that is there.
pub(super) fn manifest(name: &str, config: &Config) -> Result<Manifest> {
    Ok(plugin(name, config)?.manifest)
}

/// All that the manifest says, in the order in which people ask.
fn facts(manifest: &Manifest, origin: &[(&'static str, String)]) -> Vec<(&'static str, Value)> {
    let Manifest { name, version, kind, contract, about, limits, channel, settings, secrets, http, sockets, verification } =
        manifest;
    let secret = |(name, secret): (&String, &wingman_manifest::Secret)| {
        let optional = if secret.optional { ", optional" } else { "" };
        let hosts = if secret.hosts.is_empty() { "this gateway alone".to_owned() } else { secret.hosts.join(", ") };
        format!("{name}: {} (goes to {hosts}{optional})", secret.prompt)
    };
    let mut facts = vec![
        ("name", json!(name)),
        ("version", json!(version.to_string())),
        ("kind", json!(kind.as_str())),
        ("contract", json!(contract.to_string())),
        ("description", json!(about.description)),
        ("authors", json!(about.authors)),
        ("license", json!(about.license)),
        ("channel", json!(channel)),
        ("calls", json!(http.iter().map(asked).collect::<Vec<_>>())),
        ("sockets", json!(sockets.iter().map(asked).collect::<Vec<_>>())),
        ("secrets", json!(secrets.iter().map(secret).collect::<Vec<_>>())),
        ("settings", json!(settings.as_ref().map(wingman_manifest::SettingsSchema::json))),
        ("verifies", json!(verification.is_some())),
        ("memory", json!(format!("{} MiB", limits.memory_mib))),
        ("deadline", json!(format!("{} ms", limits.deadline_ms))),
        ("output", json!(format!("{} KiB", limits.output_kib))),
        ("http-calls", json!(limits.http_calls)),
        ("state", json!(format!("{} KiB", limits.state_kib))),
        ("blobs", json!(format!("{} MiB", limits.blobs_mib))),
    ];
    facts.extend(origin.iter().map(|(name, value)| (*name, json!(value))));
    facts
}

fn asked(ask: &HttpAsk) -> String {
    let port = ask.port.map(|port| format!(":{port}")).unwrap_or_default();
    let paths = if ask.paths.is_empty() { "/".to_owned() } else { ask.paths.join(" ") };
    format!("{} {}://{}{port} {paths}", ask.methods.join(","), ask.scheme, ask.host).trim_start().to_owned()
}
