//! Cursors: where a page ends and the next begins. They stay valid whatever is written between two pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use wingman_message::{AgentId, SessionKey};

/// Why a text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor: use the one that came with the page before, unchanged")]
pub struct CursorError;

/// A place in the list of sessions. Cursors are ordered as the list is, the newest greatest; as text they are opaque.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionCursor {
    pub(crate) updated_at: i64,
    pub(crate) key: SessionKey,
}

/// A place in a session's messages; opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageCursor {
    /// The page ends before this sequence number.
    pub(crate) before: i64,
}

/// A place in what a search found, over some agents: before which place of each agent the page goes on. As text it is opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchCursor(BTreeMap<AgentId, i64>);

impl SearchCursor {
    /// The places, by agent.
    #[must_use]
    pub fn new(places: impl IntoIterator<Item = (AgentId, i64)>) -> Self {
        Self(places.into_iter().collect())
    }

    /// Before which place the agent's hits go on. An agent that was not there when the search began has none.
    #[must_use]
    pub fn before(&self, agent: &AgentId) -> i64 {
        self.0.get(agent).copied().unwrap_or(i64::MIN)
    }
}

impl fmt::Display for SearchCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<String> = self.0.iter().map(|(agent, before)| format!("{agent} {before}")).collect();
        f.write_str(&URL_SAFE_NO_PAD.encode(places.join("\n")))
    }
}

impl FromStr for SearchCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let place = |line: &str| {
            let (agent, before) = line.split_once(' ').ok_or(CursorError)?;
            Ok((AgentId::new(agent).map_err(|_| CursorError)?, before.parse().map_err(|_| CursorError)?))
        };
        decode(text)?.lines().map(place).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for SessionCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{} {}", self.updated_at, self.key)))
    }
}

impl FromStr for SessionCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let text = decode(text)?;
        let (updated_at, key) = text.split_once(' ').ok_or(CursorError)?;
        Ok(Self { updated_at: updated_at.parse().map_err(|_| CursorError)?, key: key.parse().map_err(|_| CursorError)? })
    }
}

impl fmt::Display for MessageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.before.to_string()))
    }
}

impl FromStr for MessageCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        Ok(Self { before: decode(text)?.parse().map_err(|_| CursorError)? })
    }
}

fn decode(text: &str) -> Result<String, CursorError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
    String::from_utf8(bytes).map_err(|_| CursorError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_text_and_nothing_else_is_taken_for_one() {
        let session = SessionCursor { updated_at: -7, key: "agent:main:a b%3A\u{e9}".parse().unwrap() };
        assert_eq!(session.to_string().parse::<SessionCursor>().unwrap(), session);
        let message = MessageCursor { before: 1 << 52 };
        assert_eq!(message.to_string().parse::<MessageCursor>().unwrap(), message);
        let search = SearchCursor::new([(AgentId::new("main").unwrap(), 7), (AgentId::new("b.c-d").unwrap(), i64::MIN)]);
        assert_eq!(search.to_string().parse::<SearchCursor>().unwrap(), search);
        assert!(message.to_string().parse::<SearchCursor>().is_err());
        for bad in ["", "7", "\u{e9}", "====", &message.to_string()] {
            assert!(bad.parse::<SessionCursor>().is_err(), "{bad:?}");
        }
        assert!(session.to_string().parse::<MessageCursor>().is_err());
    }
}
