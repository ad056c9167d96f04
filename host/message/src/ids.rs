//! Ids as newtypes. Those that the gateway makes are UUIDv7 (they sort by time); those that come from outside are checked
//! once, where they enter.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Why a string cannot be the id it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {value:?} is not valid: {rule}")]
pub struct IdError {
    /// What the id was for, such as `agent id`.
    pub kind: &'static str,
    /// The offending value, shortened to 80 characters.
    pub value: String,
    /// The rule that a valid one keeps.
    pub rule: &'static str,
}

/// An id that is a checked, cheaply cloned string.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `value`.
            ///
            /// # Errors
            /// [`IdError`] names the rule that `value` breaks.
            pub fn new(value: impl AsRef<str>) -> Result<Self, IdError> {
                let value = value.as_ref();
                if $check(value) {
                    Ok(Self(value.into()))
                } else {
                    Err(IdError { kind: $kind, value: value.chars().take(80).collect(), rule: $rule })
                }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(value: String) -> Result<Self, IdError> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(value: &str) -> Result<Self, IdError> {
                Self::new(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

/// An id that the gateway makes: a UUIDv7.
macro_rules! made_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new id, stamped with `now_ms` (milliseconds since the Unix epoch).
            #[must_use]
            pub fn new(now_ms: i64) -> Self {
                let now_ms = u64::try_from(now_ms).unwrap_or(0);
                let nanos = u32::try_from(now_ms % 1000).unwrap_or(0) * 1_000_000;
                Self(uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, now_ms / 1000, nanos)))
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(value: &str) -> Result<Self, IdError> {
                uuid::Uuid::parse_str(value).map(Self).map_err(|_| IdError {
                    kind: $kind,
                    value: value.chars().take(80).collect(),
                    rule: "it must be a UUID",
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

/// An id that the gateway makes for what lives no longer than the process: 32 lower-case hexadecimal digits, random.
macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "uuid::serde::simple")] uuid::Uuid);

        impl $name {
            /// A new id.
            #[must_use]
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4())
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(value: &str) -> Result<Self, IdError> {
                let id = uuid::fmt::Simple::from_str(value).ok().filter(|_| value.len() == 32);
                id.map(|id| Self(id.into_uuid())).ok_or_else(|| IdError {
                    kind: $kind,
                    value: value.chars().take(80).collect(),
                    rule: "it must be 32 hexadecimal digits",
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_simple(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

const FOLDER_RULE: &str = "use 1 to 64 letters, digits, `.`, `_` or `-`, and do not begin with `.`";
const FOREIGN_RULE: &str = "use 1 to 200 characters, none of them a control character";

/// Ids that become folder names: nothing in them may climb out of a folder.
fn folder_safe(value: &str) -> bool {
    (1..=64).contains(&value.len())
        && !value.starts_with('.')
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Ids that others make: opaque, but bounded and printable.
fn foreign(value: &str) -> bool {
    !value.is_empty() && value.chars().count() <= 200 && !value.chars().any(char::is_control)
}

text_id!(
    /// An agent. Becomes a folder name under the state folder.
    AgentId, "agent id", folder_safe, FOLDER_RULE
);
text_id!(
    /// A plugin, as its manifest names it. Also the name of its folder.
    PluginName, "plugin name", folder_safe, FOLDER_RULE
);
text_id!(
    /// A webhook; the last part of its address.
    WebhookId, "webhook id", folder_safe, FOLDER_RULE
);
text_id!(
    /// The network that a message came from, such as `webui`.
    ChannelName, "channel name", foreign, FOREIGN_RULE
);
text_id!(
    /// One of the operator's accounts on a network (a bot, a mailbox, a number), as the operator calls it in the configuration.
    AccountName, "account name", folder_safe, FOLDER_RULE
);
text_id!(
    /// A client's own name for itself (`client.instanceId` on the wire).
    ClientId, "client id", foreign, FOREIGN_RULE
);
text_id!(
    /// A request, named by the client that makes it; unique for that client, for ever.
    RequestId, "request id", foreign, FOREIGN_RULE
);

made_id!(
    /// One accepted delivery: what came in together and is answered together.
    DeliveryId, "delivery id"
);
made_id!(
    /// One message of a conversation.
    MessageId, "message id"
);
made_id!(
    /// One run of an agent.
    RunId, "run id"
);
made_id!(
    /// One question that a run asks a person.
    QuestionId, "question id"
);

hex_id!(
    /// A node: a program that is registered for the messages of other nodes, for as long as its connection lasts.
    NodeId, "node id"
);
hex_id!(
    /// A group of nodes, for as long as it has members.
    GroupId, "group id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_ids_cannot_climb_out_of_their_folder() {
        for bad in ["", ".", "..", "../etc", "a/b", "a\\b", ".hidden", "a:b", "\u{e9}", &"x".repeat(65)] {
            assert!(AgentId::new(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(AgentId::new("main-2.b_c").unwrap().as_str(), "main-2.b_c");
    }

    #[test]
    fn made_ids_sort_by_time_and_survive_text() {
        let (early, late) = (RunId::new(1_000), RunId::new(2_000));
        assert!(early < late);
        assert_eq!(early.to_string().parse::<RunId>().unwrap(), early);
    }

    #[test]
    fn serde_checks_what_it_reads() {
        assert!(serde_json::from_str::<AgentId>("\"../x\"").is_err());
        assert_eq!(serde_json::to_string(&AgentId::new("main").unwrap()).unwrap(), "\"main\"");
    }
}
