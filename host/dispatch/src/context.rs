//! What a run knows of the conversation before it: the summary, where there is one, and what follows it; and how that becomes shorter.

use crate::parts;
use crate::turn::persist;
use tokio_util::sync::CancellationToken;
use wingman_message::{AgentRuntime, Entry, Message, RunContext, RunId, SessionKey, Usage};
use wingman_store::{AgentStore, StoreError};

/// How many messages behind the summary are read: a bound on memory. An agent summarises long before.
const MOST_MESSAGES: usize = 5_000;

/// The conversation before a run, as a model reads it.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) entries: Vec<Entry>,
    /// Where each message ends among the entries, and its sequence number; in order.
    ends: Vec<(usize, i64)>,
}

impl Past {
    /// What was said in `session` before `run`.
    pub(crate) async fn read(store: &AgentStore, session: &SessionKey, run: RunId) -> Result<Self, StoreError> {
        let summary = store.summary(session).await?;
        let covers = summary.as_ref().map_or(i64::MIN, |summary| summary.covers);
        let follows = store.history_after(session, covers, MOST_MESSAGES, run).await?;
        let mut past = Self::of(follows);
        if let Some(summary) = summary {
            past.put_in_front(summary.summary.entry());
        }
        Ok(past)
    }

    fn of(messages: Vec<(Message, Vec<Entry>)>) -> Self {
        let mut past = Self::default();
        for (message, journal) in messages {
            let seq = message.seq;
            past.entries.extend(parts::history(vec![(message, journal)]));
            past.ends.push((past.entries.len(), seq));
        }
        past
    }

    fn put_in_front(&mut self, entry: Entry) {
        self.entries.insert(0, entry);
        self.ends.iter_mut().for_each(|(end, _)| *end += 1);
    }

    /// The last message that `entries` entries hold whole: where it ends, and its number.
    fn message_within(&self, entries: usize) -> Option<(usize, i64)> {
        self.ends.iter().rev().find(|(end, _)| *end <= entries).copied()
    }

    /// Puts `summary` in the place of the first `end` entries, which are whole messages.
    fn replace(&mut self, end: usize, summary: Entry) {
        self.entries.drain(..end.min(self.entries.len()));
        self.ends.retain(|(message_end, _)| *message_end > end);
        self.ends.iter_mut().for_each(|(message_end, _)| *message_end -= end);
        self.put_in_front(summary);
    }
}

/// Has the agent sum up the older part of `past`, if it is time to, and keeps the summary for later runs. Returns what that cost. A
/// summary that cannot be stored serves this run alone.
pub(crate) async fn compact(
    agent: &dyn AgentRuntime,
    store: &AgentStore,
    abort: &CancellationToken,
    context: &RunContext,
    past: &mut Past,
    run: &[Entry],
) -> Usage {
    let Some(compaction) = agent.compact(context, &past.entries, run).await else { return Usage::default() };
    let Some((end, covers)) = past.message_within(compaction.covers) else { return compaction.usage };
    let summary = compaction.summary;
    let kept = persist(abort, || store.put_summary(&context.session, covers, summary.clone())).await;
    if kept.is_none() {
        tracing::warn!(session = %context.session, "a summary was not stored; it serves one run");
    }
    past.replace(end, summary.entry());
    compaction.usage
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wingman_message::{MessageId, MessageStatus, Role, Summary};

    fn message(role: Role, seq: i64) -> Message {
        Message {
            id: MessageId::new(1),
            role,
            content: format!("message {seq}"),
            created_at: 0,
            seq,
            request: None,
            run: None,
            sender: None,
            status: MessageStatus::Complete,
            error: None,
            parts: Vec::new(),
            attachments: Vec::new(),
            untrusted: false,
            overheard: false,
        }
    }

    fn summary() -> Entry {
        Summary { text: "so far".into(), untrusted: false }.entry()
    }

    proptest! {
        #[test]
        fn a_summary_covers_whole_messages_and_the_rest_stays_as_it_was(
            turns in prop::collection::vec(0_usize..4, 1..12), at in 0_usize..40, with_summary: bool,
        ) {
            let mut messages = Vec::new();
            for (turn, steps) in turns.into_iter().enumerate() {
                let seq = i64::try_from(turn).unwrap() * 10;
                let journal = (0..steps).map(|step| Entry::assistant(format!("step {step} of {seq}"), vec![])).collect();
                messages.push((message(Role::User, seq), vec![]));
                messages.push((message(Role::Assistant, seq + 1), journal));
            }
            let mut past = Past::of(messages);
            if with_summary {
                past.put_in_front(summary());
            }
            let before = past.entries.clone();
            if let Some((end, seq)) = past.message_within(at) {
                prop_assert!(end <= at);
                past.replace(end, summary());
                prop_assert_eq!(&past.entries[0], &summary());
                prop_assert_eq!(&past.entries[1..], &before[end..]);
                prop_assert!(past.ends.iter().all(|(_, later)| *later > seq));
                prop_assert_eq!(past.ends.last().map_or(1, |(end, _)| *end), past.entries.len());
            }
        }
    }
}
