//! Summaries: what stands for the older part of a conversation that has become too long for a model.

use crate::{Entry, Usage, UserEntry};

/// How an entry that is a summary begins.
const HEAD: &str = "[Summary of the earlier conversation, made by the model when it became too long. It reports what was said; \
                    the messages after it are the conversation itself.]\n\n";

/// A summary of the older part of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The text.
    pub text: String,
    /// Strangers wrote part of what it sums up, so that it is shown as they are: as data, not as instructions.
    pub untrusted: bool,
}

impl Summary {
    /// The summary as the first entry of a conversation, marked as what it is.
    #[must_use]
    pub fn entry(&self) -> Entry {
        Entry::User(UserEntry { text: format!("{HEAD}{}", self.text), attachments: Vec::new(), untrusted: self.untrusted })
    }

    /// Whether `entry`, the first of a conversation, is a summary.
    #[must_use]
    pub fn is(entry: &Entry) -> bool {
        matches!(entry, Entry::User(user) if user.text.starts_with(HEAD))
    }
}

/// What came of summarising.
#[derive(Debug, Clone, PartialEq)]
pub struct Compaction {
    /// How many entries of the history, from its beginning, the summary covers; at least one.
    pub covers: usize,
    /// The summary.
    pub summary: Summary,
    /// What it cost.
    pub usage: Usage,
}
