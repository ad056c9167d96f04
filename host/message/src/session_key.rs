//! Session keys: `agent:<agentId>:...`, one for each conversation of one agent.
//!
//! Ids from outside are escaped (`%` and `:` become `%25` and `%3A`, control characters too), so no id can forge another
//! key. The forms cannot collide either, whatever a channel is called: behind the agent, `main` has one segment, a webhook
//! two, a task that another agent handed over four, and a channel's key an odd number from three on.

use crate::{AgentId, PeerKind, Place, RunId, WebhookId};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// The key of a session.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionKey {
    key: Arc<str>,
    agent: AgentId,
}

/// Why a string is not a session key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a session key: write `agent:<agentId>:<name>`, at most 1000 characters, none a control character")]
pub struct SessionKeyError {
    /// The offending value, shortened to 80 characters.
    pub value: String,
}

/// Whether direct messages share the agent's main session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DmScope {
    /// All direct messages of an agent are one conversation: `agent:<id>:main`.
    #[default]
    Main,
    /// Each person has a conversation of their own.
    PerPeer,
}

impl SessionKey {
    /// The longest key that is taken, in bytes.
    pub const MAX_LEN: usize = 1000;

    /// The agent's main session.
    #[must_use]
    pub fn main(agent: &AgentId) -> Self {
        Self::build(agent, &["main"])
    }

    /// The session of a webhook.
    #[must_use]
    pub fn webhook(agent: &AgentId, webhook: &WebhookId) -> Self {
        Self::build(agent, &["webhook", webhook.as_str()])
    }

    /// A thread of a channel that nobody shares, such as a chat opened on the Control UI.
    #[must_use]
    pub fn thread(agent: &AgentId, channel: &str, thread: &str) -> Self {
        Self::build(agent, &[channel, "thread", thread])
    }

    /// The session of a task that another agent's run hands over: `number` tells apart those of one run.
    #[must_use]
    pub fn delegate(agent: &AgentId, parent: &AgentId, run: RunId, number: u32) -> Self {
        Self::build(agent, &["delegate", parent.as_str(), &run.to_string(), &number.to_string()])
    }

    /// It is the session of a task that another agent handed over, by its form.
    #[must_use]
    pub fn is_delegate(&self) -> bool {
        let mut segments = self.key.split(':').skip(2);
        segments.next() == Some("delegate") && segments.count() == 3
    }

    /// The session of a conversation at `place`.
    #[must_use]
    pub fn for_place(agent: &AgentId, place: &Place, dm_scope: DmScope) -> Self {
        let mut pairs: Vec<&str> = Vec::new();
        if let Some(account) = &place.account {
            pairs.extend(["account", account]);
        }
        match &place.peer {
            Some(peer) if peer.kind == PeerKind::Dm && dm_scope == DmScope::Main => {
                // A thread below a direct message is a conversation of its own, apart from the main one.
                if place.thread.is_some() {
                    pairs.extend([peer.kind.as_str(), &peer.id]);
                }
            }
            Some(peer) => pairs.extend([peer.kind.as_str(), &peer.id]),
            None => {
                if let Some(guild) = &place.guild {
                    pairs.extend(["guild", guild]);
                }
                if let Some(team) = &place.team {
                    pairs.extend(["team", team]);
                }
            }
        }
        if let Some(thread) = &place.thread {
            pairs.extend(["thread", thread]);
        }
        let is_main = place.thread.is_none()
            && match &place.peer {
                Some(peer) => peer.kind == PeerKind::Dm && dm_scope == DmScope::Main,
                None => place.guild.is_none() && place.team.is_none(),
            };
        if is_main {
            return Self::main(agent);
        }
        let mut segments = vec![place.channel.as_str()];
        segments.extend(pairs);
        Self::build(agent, &segments)
    }

    /// The agent whose session this is.
    #[must_use]
    pub fn agent(&self) -> &AgentId {
        &self.agent
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.key
    }

    fn build(agent: &AgentId, segments: &[&str]) -> Self {
        let mut key = format!("agent:{agent}");
        for segment in segments {
            key.push(':');
            escape_into(&mut key, segment);
        }
        Self { key: key.into(), agent: agent.clone() }
    }
}

fn escape_into(key: &mut String, segment: &str) {
    for character in segment.chars() {
        if matches!(character, ':' | '%') || character.is_control() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(key, "%{byte:02X}");
            }
        } else {
            key.push(character);
        }
    }
}

impl std::str::FromStr for SessionKey {
    type Err = SessionKeyError;

    fn from_str(value: &str) -> Result<Self, SessionKeyError> {
        let refused = || SessionKeyError { value: value.chars().take(80).collect() };
        if value.len() > Self::MAX_LEN || value.chars().any(char::is_control) {
            return Err(refused());
        }
        let (agent, rest) = value.strip_prefix("agent:").and_then(|rest| rest.split_once(':')).ok_or_else(refused)?;
        if rest.is_empty() {
            return Err(refused());
        }
        let agent = AgentId::new(agent).map_err(|_| refused())?;
        Ok(Self { key: value.into(), agent })
    }
}

impl TryFrom<String> for SessionKey {
    type Error = SessionKeyError;
    fn try_from(value: String) -> Result<Self, SessionKeyError> {
        value.parse()
    }
}

impl From<SessionKey> for String {
    fn from(key: SessionKey) -> String {
        key.key.as_ref().to_owned()
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.key, f)
    }
}
