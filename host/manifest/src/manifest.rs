//! A manifest as the gateway uses it: everything checked, every default filled in.

use crate::asks::{HttpAsk, Secret, SettingsSchema, SocketAsk};
use crate::limits::Limits;
use crate::mistake::ManifestError;
use crate::raw;
use semver::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use wingman_message::{ChannelName, PluginName};
use wingman_verify::Rules;

/// The contract that manifests may name: major and minor version.
pub const CONTRACT: (u64, u64) = (0, 1);

/// A plugin's manifest.
#[derive(Debug, Clone)]
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
    /// The shape of its settings; none: it has no settings.
    pub settings: Option<SettingsSchema>,
    /// Its secrets, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Where it asks to call out to.
    pub http: Vec<HttpAsk>,
    /// Where it asks to keep a WebSocket to.
    pub sockets: Vec<SocketAsk>,
    /// How requests from outside prove themselves; none: a channel takes none, and a preset's webhook is known by its secret.
    pub verification: Option<Rules>,
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
    /// Offers tools to agents.
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

impl Manifest {
    /// Reads the text of a `plugin.toml`.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        raw::parse(text)
    }
}
