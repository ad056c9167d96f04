//! `plugin.toml`: what a plugin says about itself, parsed once into types. A mistake is shown with line and column, and with
//! what would be right.

use crate::limits::Limits;
use crate::v0_1;
use semver::Version;
use serde::Deserialize;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use wingman_message::{ChannelName, PluginName};

const MAX_DESCRIPTION: usize = 500;
const MAX_AUTHORS: usize = 50;

/// A plugin's manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its name; its folder has the same one.
    pub name: PluginName,
    /// Its version.
    pub version: Version,
    /// The version of the contract that it was made for.
    pub contract: Version,
    /// What it is.
    pub kind: Kind,
    /// What people are told about it.
    pub about: About,
    /// What one call may use; the defaults where it asks for nothing.
    pub limits: Limits,
    /// The channel that it speaks for: for a plugin of kind channel `[channel] name`, or else its own name.
    pub channel: Option<ChannelName>,
}

/// What a manifest tells people. Nothing in the gateway depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// One or two sentences.
    pub description: Option<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Its licence as an SPDX expression, such as `MIT OR Apache-2.0`.
    pub license: Option<String>,
}

/// What a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Turns webhook deliveries into messages.
    Preset,
    /// Speaks for a chat network.
    Channel,
    /// Offers tools to agents. It is loaded and listed; agents cannot call it yet.
    Tool,
}

impl Kind {
    /// The word in manifests, and the interface that a component of the kind exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preset => "preset",
            Self::Channel => "channel",
            Self::Tool => "tool",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with a manifest, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plugin.toml:{line}:{column}: {message}")]
pub struct ManifestError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

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
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct RawLimits {
    memory_mib: Option<Spanned<u64>>,
    deadline_ms: Option<Spanned<u64>>,
    output_kib: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawChannel {
    name: Spanned<String>,
}

/// Where a mistake is and what to say about it; becomes a [`ManifestError`] once the text is at hand.
type Mistake = (Range<usize>, String);

impl Manifest {
    /// Reads the text of a `plugin.toml`.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            // A missing field is missing in no place; the first line has to do.
            locate(text, error.span().map_or(0, |span| span.start), suggest(error.message()))
        })?;
        raw.check().map_err(|(span, message)| locate(text, span.start, message))
    }
}

impl Raw {
    fn check(self) -> Result<Manifest, Mistake> {
        let name = PluginName::new(self.name.get_ref()).map_err(|error| (self.name.span(), error.to_string()))?;
        let version = parse_version(&self.version)?;
        let contract = parse_version(&self.contract)?;
        if (contract.major, contract.minor) != v0_1::SPOKEN || !contract.pre.is_empty() {
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
        Ok(Manifest { name, version, contract, kind: self.kind, about, limits, channel })
    }
}

impl RawLimits {
    fn check(self) -> Result<Limits, Mistake> {
        let (ours, most) = (Limits::default(), Limits::MAX);
        Ok(Limits {
            memory_mib: within(self.memory_mib, "memory-mib", ours.memory_mib, most.memory_mib)?,
            deadline_ms: within(self.deadline_ms, "deadline-ms", ours.deadline_ms, most.deadline_ms)?,
            output_kib: within(self.output_kib, "output-kib", ours.output_kib, most.output_kib)?,
        })
    }
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
    let (major, minor) = v0_1::SPOKEN;
    let advice = if (asked.major, asked.minor) > v0_1::SPOKEN {
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
    let readable =
        |text: &str| !text.trim().is_empty() && text.chars().count() <= MAX_DESCRIPTION && !text.chars().any(char::is_control);
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

fn locate(text: &str, offset: usize, message: String) -> ManifestError {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    ManifestError { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1, message }
}

/// Adds the nearest known word to serde's list of them: "unknown field `nmae`, expected one of `name`, `version`".
fn suggest(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let (true, Some(unknown)) = (message.starts_with("unknown "), words.next()) else { return message.to_owned() };
    let near = words.map(|known| (strsim::damerau_levenshtein(unknown, known), known)).min();
    match near {
        Some((distance, known)) if distance <= 1 + known.len() / 3 => format!("{message}; did you mean `{known}`?"),
        _ => message.to_owned(),
    }
}
