//! The file as it is written, and its checks.

use crate::asks::{ANY_HOST, Secret, SettingsSchema};
use crate::limits::Limits;
use crate::manifest::{About, CONTRACT, Kind, Manifest};
use crate::mistake::{ManifestError, Mistake, locate, suggest};
use semver::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use wingman_egress::{Grant, GrantSpec, HostPattern, Scheme};
use wingman_message::{ChannelName, PluginName};
use wingman_verify::{RawRule, Rules};

const MAX_DESCRIPTION: usize = 500;
const MAX_AUTHORS: usize = 50;
const MAX_ASKS: usize = 50;
const MAX_SECRET_NAME: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    name: Spanned<String>,
    version: Spanned<String>,
    kind: Kind,
    contract: Spanned<String>,
    description: Option<Spanned<String>>,
    authors: Option<Spanned<Vec<String>>>,
    license: Option<Spanned<String>>,
    #[serde(default)]
    limits: RawLimits,
    channel: Option<Spanned<RawChannel>>,
    settings: Option<Spanned<toml::Table>>,
    #[serde(default)]
    secrets: BTreeMap<Spanned<String>, Spanned<RawSecret>>,
    #[serde(default)]
    http: Vec<Spanned<GrantSpec>>,
    #[serde(default)]
    socket: Vec<Spanned<GrantSpec>>,
    #[serde(default)]
    verification: Vec<Spanned<RawRule>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct RawLimits {
    memory_mib: Option<Spanned<u64>>,
    deadline_ms: Option<Spanned<u64>>,
    output_kib: Option<Spanned<u64>>,
    http_calls: Option<Spanned<u64>>,
    state_kib: Option<Spanned<u64>>,
    blobs_mib: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawChannel {
    name: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawSecret {
    prompt: String,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    hosts: Vec<String>,
}

pub(crate) fn parse(text: &str) -> Result<Manifest, ManifestError> {
    let raw: Raw = toml::from_str(text).map_err(|error| {
        // A missing field is missing in no place; the first line has to do.
        locate(text, error.span().map_or(0, |span| span.start), suggest(error.message()))
    })?;
    raw.check().map_err(|(span, message)| locate(text, span.start, message))
}

impl Raw {
    fn check(self) -> Result<Manifest, Mistake> {
        let name = PluginName::new(self.name.get_ref()).map_err(|error| (self.name.span(), error.to_string()))?;
        let version = parse_version(&self.version)?;
        let contract = parse_version(&self.contract)?;
        if (contract.major, contract.minor) != CONTRACT || !contract.pre.is_empty() {
            return Err((self.contract.span(), unknown_contract(&contract)));
        }
        let channel = match (self.kind, self.channel) {
            (Kind::Channel, Some(table)) => Some(checked_channel(table.get_ref().name.span(), &table.get_ref().name)?),
            (Kind::Channel, None) => Some(checked_channel(self.name.span(), &self.name)?),
            (_, None) => None,
            (kind, Some(table)) => return Err((table.span(), format!("a plugin of kind {kind} has no [channel]"))),
        };
        let about = about(self.description, self.authors, self.license)?;
        let limits = self.limits.check()?;
        let secrets = secrets(self.secrets)?;
        let http = grants(self.http, self.kind, "http", &[Kind::Channel, Kind::Tool])?;
        let sockets = grants(self.socket, self.kind, "socket", &[Kind::Channel])?;
        let verification = rules(self.verification, self.kind, &secrets)?;
        let settings = self.settings.map(settings).transpose()?;
        let kind = self.kind;
        Ok(Manifest { name, version, contract, kind, about, limits, channel, settings, secrets, http, sockets, verification })
    }
}

impl RawLimits {
    fn check(self) -> Result<Limits, Mistake> {
        let (ours, most) = (Limits::default(), Limits::MAX);
        Ok(Limits {
            memory_mib: within(self.memory_mib, "memory-mib", ours.memory_mib, most.memory_mib)?,
            deadline_ms: within(self.deadline_ms, "deadline-ms", ours.deadline_ms, most.deadline_ms)?,
            output_kib: within(self.output_kib, "output-kib", ours.output_kib, most.output_kib)?,
            http_calls: within(self.http_calls, "http-calls", ours.http_calls, most.http_calls)?,
            state_kib: within(self.state_kib, "state-kib", ours.state_kib, most.state_kib)?,
            blobs_mib: within(self.blobs_mib, "blobs-mib", ours.blobs_mib, most.blobs_mib)?,
        })
    }
}

fn secrets(raw: BTreeMap<Spanned<String>, Spanned<RawSecret>>) -> Result<BTreeMap<String, Secret>, Mistake> {
    let mut secrets = BTreeMap::new();
    for (name, secret) in raw {
        let (name_span, name) = (name.span(), name.into_inner());
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > MAX_SECRET_NAME || !name.bytes().all(legal) {
            let rule = format!("{name:?} is no name of a secret: 1 to {MAX_SECRET_NAME} lower-case letters, digits and `-`");
            return Err((name_span, rule));
        }
        let (span, RawSecret { prompt, optional, hosts }) = (secret.span(), secret.into_inner());
        if !readable(&prompt) {
            return Err((span, format!("prompt: write one line of 1 to {MAX_DESCRIPTION} characters")));
        }
        if hosts.iter().any(|host| host == ANY_HOST) {
            return Err((span, "hosts: name the hosts that may be sent the secret; `*` would be whoever is called".to_owned()));
        }
        for host in &hosts {
            host.parse::<HostPattern>().map_err(|error| (span.clone(), format!("hosts: {error}")))?;
        }
        secrets.insert(name, Secret { prompt, optional, hosts });
    }
    Ok(secrets)
}

fn grants(asked: Vec<Spanned<GrantSpec>>, kind: Kind, table: &str, may: &[Kind]) -> Result<Vec<GrantSpec>, Mistake> {
    let mut specs = Vec::with_capacity(asked.len());
    for one in asked {
        let (span, spec) = (one.span(), one.into_inner());
        if !may.contains(&kind) {
            return Err((span, format!("a plugin of kind {kind} has no [[{table}]]")));
        }
        if specs.len() == MAX_ASKS {
            return Err((span, format!("more than {MAX_ASKS} [[{table}]]")));
        }
        let spec = GrantSpec { scheme: scheme(table, spec.scheme, &span)?, ..spec };
        let host = if spec.host == ANY_HOST { "example.com" } else { &spec.host };
        Grant::new(&GrantSpec { host: host.to_owned(), ..spec.clone() }).map_err(|error| (span, error.to_string()))?;
        specs.push(spec);
    }
    Ok(specs)
}

/// `[[socket]]` without a scheme means `wss`, as `[[http]]` means `https`.
fn scheme(table: &str, scheme: Scheme, span: &Range<usize>) -> Result<Scheme, Mistake> {
    match (table, scheme) {
        ("socket", Scheme::Https) => Ok(Scheme::Wss),
        ("socket", Scheme::Wss | Scheme::Ws) | ("http", Scheme::Https | Scheme::Http) => Ok(scheme),
        _ => Err((span.clone(), format!("[[{table}]] cannot have the scheme {scheme}"))),
    }
}

fn rules(raw: Vec<Spanned<RawRule>>, kind: Kind, secrets: &BTreeMap<String, Secret>) -> Result<Option<Rules>, Mistake> {
    let Some(first) = raw.first() else { return Ok(None) };
    let span = first.span();
    if kind == Kind::Tool {
        return Err((span, "a plugin of kind tool takes no requests, so it has no [[verification]]".to_owned()));
    }
    for rule in &raw {
        match (&rule.get_ref().secret, kind) {
            (Some(secret), Kind::Channel) if !secrets.contains_key(secret) => {
                return Err((rule.span(), format!("secret = {secret:?}: declare it as [secrets.{secret}]")));
            }
            (None, Kind::Channel) => return Err((rule.span(), "name the `secret` that is the key".to_owned())),
            (Some(_), Kind::Preset) => {
                let why = "a preset has no secrets of its own: leave `secret` out, and the webhook's secret is the key";
                return Err((rule.span(), why.to_owned()));
            }
            _ => {}
        }
    }
    // One by one first: a mistake is shown where it is.
    for rule in &raw {
        Rules::new(vec![rule.get_ref().clone()]).map_err(|error| (rule.span(), error))?;
    }
    Rules::new(raw.into_iter().map(Spanned::into_inner).collect()).map(Some).map_err(|error| (span, error))
}

/// The table is a JSON Schema. What the schema means is checked where it is compiled; here it must be one for an object.
fn settings(table: Spanned<toml::Table>) -> Result<SettingsSchema, Mistake> {
    let span = table.span();
    let json = serde_json::to_value(table.into_inner()).map_err(|error| (span.clone(), format!("[settings]: {error}")))?;
    if json.get("type").and_then(serde_json::Value::as_str) != Some("object") {
        return Err((span, "[settings] is the JSON Schema of the settings: begin it with type = \"object\"".to_owned()));
    }
    Ok(SettingsSchema(json))
}

fn readable(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MAX_DESCRIPTION && !text.chars().any(char::is_control)
}

fn within(asked: Option<Spanned<u64>>, field: &str, default: u64, most: u64) -> Result<u64, Mistake> {
    let Some(asked) = asked else { return Ok(default) };
    if (1..=most).contains(asked.get_ref()) {
        Ok(*asked.get_ref())
    } else {
        Err((asked.span(), format!("{field} = {} is outside of what the gateway grants: write 1 to {most}", asked.get_ref())))
    }
}

fn parse_version(text: &Spanned<String>) -> Result<Version, Mistake> {
    Version::parse(text.get_ref())
        .map_err(|error| (text.span(), format!("{:?} is not a version such as \"1.2.3\": {error}", text.get_ref())))
}

fn unknown_contract(asked: &Version) -> String {
    let (major, minor) = CONTRACT;
    let advice = if (asked.major, asked.minor) > CONTRACT {
        "update the gateway, or build the plugin against its wit"
    } else {
        "build the plugin against this gateway's wit"
    };
    format!("the plugin is made for contract {asked}, and this gateway speaks {major}.{minor}: {advice}")
}

fn checked_channel(span: Range<usize>, name: &Spanned<String>) -> Result<ChannelName, Mistake> {
    ChannelName::new(name.get_ref()).map_err(|error| (span, error.to_string()))
}

fn about(
    description: Option<Spanned<String>>,
    authors: Option<Spanned<Vec<String>>>,
    license: Option<Spanned<String>>,
) -> Result<About, Mistake> {
    let rule = || format!("write one line of 1 to {MAX_DESCRIPTION} characters");
    if let Some(text) = &description
        && !readable(text.get_ref())
    {
        return Err((text.span(), format!("description: {}", rule())));
    }
    if let Some(list) = &authors
        && (list.get_ref().len() > MAX_AUTHORS || !list.get_ref().iter().all(|author| readable(author)))
    {
        return Err((list.span(), format!("authors: at most {MAX_AUTHORS}, and for each {}", rule())));
    }
    let expression = |text: &str| readable(text) && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-+ ():".contains(c));
    if let Some(text) = &license
        && !expression(text.get_ref())
    {
        return Err((text.span(), "license: write an SPDX expression such as \"MIT OR Apache-2.0\"".to_owned()));
    }
    Ok(About {
        description: description.map(Spanned::into_inner),
        authors: authors.map(Spanned::into_inner).unwrap_or_default(),
        license: license.map(Spanned::into_inner),
    })
}
