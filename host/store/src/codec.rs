//! Between values of the vocabulary and columns.

use crate::error::{Failure, Outcome};
use rusqlite::Row;
use serde::{Serialize, de::DeserializeOwned};
use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use wingman_message::{MessageStatus, Origin, QueueMode, Role, SessionSource, WebhookId};

pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Outcome<String> {
    Ok(serde_json::to_string(value)?)
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Outcome<T> {
    Ok(serde_json::from_str(text)?)
}

/// Reads back what has a textual form, such as an id.
pub(crate) fn parse<T: FromStr<Err: Display>>(text: &str) -> Outcome<T> {
    text.parse().map_err(|error: T::Err| Failure::Unreadable(error.to_string()))
}

/// Like [`parse`], of a column that may be null.
pub(crate) fn parse_some<T: FromStr<Err: Display>>(text: Option<&str>) -> Outcome<Option<T>> {
    text.map(parse).transpose()
}

/// A vocabulary of words that stand for the values of a type, for columns that people read.
macro_rules! words {
    ($to:ident, $from:ident, $type:ty, $($value:path => $word:literal),+ $(,)?) => {
        pub(crate) fn $to(value: $type) -> &'static str {
            match value { $($value => $word),+ }
        }

        pub(crate) fn $from(word: &str) -> Outcome<$type> {
            match word {
                $($word => Ok($value),)+
                _ => Err(Failure::Unreadable(format!(concat!("{:?} is no ", stringify!($type)), word))),
            }
        }
    };
}

words!(role_word, role, Role, Role::User => "user", Role::Assistant => "assistant");
words!(
    status_word, status, MessageStatus,
    MessageStatus::Complete => "complete",
    MessageStatus::Truncated => "truncated",
    MessageStatus::Cancelled => "cancelled",
    MessageStatus::Error => "error",
);
words!(
    source_word, source, SessionSource,
    SessionSource::Client => "client",
    SessionSource::Webhook => "webhook",
    SessionSource::Channel => "channel",
    SessionSource::Delegate => "delegate",
);
words!(
    mode_word, mode, QueueMode,
    QueueMode::Queue => "queue",
    QueueMode::Steer => "steer",
    QueueMode::Collect => "collect",
    QueueMode::Interrupt => "interrupt",
    QueueMode::Reject => "reject",
);
words!(
    state_word, state, crate::DeliveryState,
    crate::DeliveryState::Pending => "pending",
    crate::DeliveryState::Running => "running",
    crate::DeliveryState::Done => "done",
    crate::DeliveryState::Failed => "failed",
    crate::DeliveryState::Cancelled => "cancelled",
);

/// Stands in the column of clients for a run that hands a task over. No client has this name: it holds a control character.
const DELEGATE: &str = "\u{1f}delegate";

/// An origin as its columns: client, request, webhook, channel, account, and the parent as JSON.
pub(crate) fn origin_columns(origin: &Origin) -> Outcome<[Option<Cow<'_, str>>; 6]> {
    let some = |text| Some(Cow::Borrowed(text));
    Ok(match origin {
        Origin::Client { client, request } => [some(client.as_str()), some(request.as_str()), None, None, None, None],
        Origin::Webhook { webhook } => [None, None, some(webhook.as_str()), None, None, None],
        Origin::Channel { channel, account } => {
            [None, None, None, some(channel.as_str()), account.as_ref().map(|account| Cow::Borrowed(account.as_str())), None]
        }
        Origin::Delegate { parent } => {
            let call = format!("{}:{}", parent.run, parent.call_id);
            [some(DELEGATE), Some(call.into()), None, None, None, Some(to_json(parent)?.into())]
        }
    })
}

/// The columns of an origin, in a query over `deliveries d`, as [`origin`] reads them.
macro_rules! origin_of_d {
    () => {
        "d.client, d.request, d.webhook, d.channel, d.account, d.parent_json"
    };
}
pub(crate) use origin_of_d;

/// An origin from its columns, which stand side by side from the column `first` on.
pub(crate) fn origin(row: &Row<'_>, first: usize) -> Outcome<Origin> {
    let column = |offset| text_at(row, first + offset);
    if let Some(parent) = column(5)? {
        return Ok(Origin::Delegate { parent: from_json(parent)? });
    }
    match (column(0)?, column(1)?, column(2)?, column(3)?) {
        (Some(client), Some(request), None, None) => Ok(Origin::Client { client: parse(client)?, request: parse(request)? }),
        (None, None, Some(webhook), None) => Ok(Origin::Webhook { webhook: parse::<WebhookId>(webhook)? }),
        (None, None, None, Some(channel)) => Ok(Origin::Channel { channel: parse(channel)?, account: parse_some(column(4)?)? }),
        _ => Err(Failure::Unreadable("a delivery without an origin".to_owned())),
    }
}

/// A column of text that may be null, without a copy.
pub(crate) fn text_at<'a>(row: &'a Row<'_>, column: usize) -> Outcome<Option<&'a str>> {
    Ok(row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?)
}

/// A limit as SQL takes it.
pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
