//! What a request does in a session that is busy.

use serde::{Deserialize, Serialize};

/// What a request does where its session is busy. In a session that is free, all of them are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueMode {
    /// It waits, and has a turn of its own.
    #[default]
    Queue,
    /// It joins the turn that runs, between a tool's result and the next request to the model. Where the run ends before that, it
    /// has a turn of its own.
    Steer,
    /// It waits, and shares one turn with those directly behind it that wait in this mode and come from the same sender.
    Collect,
    /// It stops the turn that runs, whose words so far are kept, and is next, before those that wait.
    Interrupt,
    /// It is refused, and nothing of it is kept.
    Reject,
}

impl QueueMode {
    /// The word used in configuration, on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Steer => "steer",
            Self::Collect => "collect",
            Self::Interrupt => "interrupt",
            Self::Reject => "reject",
        }
    }
}
