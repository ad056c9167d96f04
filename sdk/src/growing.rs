//! Delivering a reply: from the host's phases to the network's calls, split into as many messages as it takes.

use crate::{Outbound, Phase, PluginError, Receipt, Result, split, split::Limit};
use std::time::Duration;

/// One message's worth of a reply.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The text, in Markdown, within the limit.
    pub text: &'a str,
    /// Its place in the reply, from 0. Only the first one answers [`Outbound::reply_to`].
    pub index: usize,
    outbound: &'a Outbound,
}

impl Part<'_> {
    /// The message that this part answers: the first part answers, the others follow.
    pub fn reply_to(&self) -> Option<&str> {
        self.outbound.reply_to.as_deref().filter(|_| self.index == 0)
    }

    /// The same for every attempt to send this part: an idempotency key for networks that take one.
    pub fn nonce(&self) -> String {
        format!("{}-{}", self.outbound.id, self.index)
    }
}

/// Delivers to a network that can edit: the last message grows, and a new one begins when it is full.
///
/// ```
/// use wingman_sdk::{Growing, Outbound, Phase, Place, split::Limit};
///
/// let growing = Growing::new(Limit::chars(20));
/// let mut sent = Vec::new();
/// let start = Outbound::for_test(Place::default(), "Once upon").in_phase(Phase::Start, &[]);
/// let receipt = growing
///     .deliver(
///         &start,
///         |part| {
///             sent.push(part.text.to_owned());
///             Ok(format!("m{}", sent.len()))
///         },
///         |_, _| Ok(()),
///     )
///     .unwrap();
/// assert_eq!(receipt.ids, ["m1"]);
///
/// let next = Outbound::for_test(Place::default(), "Once upon a time there was").in_phase(Phase::Append, &["m1"]);
/// let mut edited = Vec::new();
/// let receipt = growing
///     .deliver(
///         &next,
///         |part| Ok(part.text.to_owned()),
///         |id, part| {
///             edited.push(format!("{id}: {}", part.text));
///             Ok(())
///         },
///     )
///     .unwrap();
/// assert_eq!(edited, ["m1: Once upon a time"]);
/// assert_eq!(receipt.ids, ["m1", "there was"]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Growing {
    limit: Limit,
    edit_after: Duration,
}

impl Growing {
    /// Messages within this limit, edited once a second at most.
    pub const fn new(limit: Limit) -> Self {
        Self { limit, edit_after: Duration::from_secs(1) }
    }

    /// How long the host waits before the next edit.
    pub const fn edit_every(mut self, interval: Duration) -> Self {
        self.edit_after = interval;
        self
    }

    /// Edits the last message that stands and sends what does not fit into it. `send` returns the network's id.
    ///
    /// The messages before the last are final: [`split`](crate::split::split) cuts a text the same way however much
    /// follows. When a part fails after others were sent, the receipt says which ones, and the host's next call goes on
    /// after them.
    pub fn deliver(
        &self,
        outbound: &Outbound,
        send: impl FnMut(Part<'_>) -> Result<String>,
        mut edit: impl FnMut(&str, Part<'_>) -> Result<()>,
    ) -> Result<Receipt> {
        let parts = split::split(&outbound.markdown, self.limit);
        // A text that became shorter leaves messages over; the last one that it still fills is set right.
        let last = outbound.previous.len().min(parts.len()).checked_sub(1);
        if let Some((index, text)) = last.and_then(|index| parts.get(index).map(|text| (index, text))) {
            edit(&outbound.previous[index], Part { text, index, outbound })?;
        }
        let edit_after_ms = u32::try_from(self.edit_after.as_millis()).unwrap_or(u32::MAX);
        send_rest(outbound, &parts, Some(edit_after_ms), send)
    }
}

/// Delivers to a network that cannot edit: the whole text at the end, in as many messages as it takes. The phases before are
/// answered with `unsupported`, as the contract asks. `send` returns the network's id.
pub fn deliver_whole(outbound: &Outbound, limit: Limit, send: impl FnMut(Part<'_>) -> Result<String>) -> Result<Receipt> {
    if outbound.phase != Phase::Finish {
        return Err(PluginError::unsupported("this network cannot edit messages"));
    }
    send_rest(outbound, &split::split(&outbound.markdown, limit), None, send)
}

fn send_rest(
    outbound: &Outbound,
    parts: &[String],
    edit_after_ms: Option<u32>,
    mut send: impl FnMut(Part<'_>) -> Result<String>,
) -> Result<Receipt> {
    let mut ids = outbound.previous.clone();
    let known = ids.len();
    for (index, text) in parts.iter().enumerate().skip(known) {
        match send(Part { text, index, outbound }) {
            Ok(id) => ids.push(id),
            // Nothing new stands: an error says it all, and the host still knows the ids from before.
            Err(error) if ids.len() == known => return Err(error),
            Err(error) => return Ok(Receipt { ids, edit_after_ms, unfinished: Some(error) }),
        }
    }
    Ok(Receipt { ids, edit_after_ms, unfinished: None })
}
