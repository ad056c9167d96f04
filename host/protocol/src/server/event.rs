//! `event:agent`: something happened in a session. Written once, sent to many.

use super::encode;
use crate::AgentEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wingman_message::{ClientId, RequestId};

/// An event of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AgentFrame {
    /// The id of the `req:agent` that the event belongs to, where a client made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub id: Option<RequestId>,
    /// The `instanceId` of the client that made the request; only that client gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub client_id: Option<ClientId>,
    /// Strictly rising within a session; gaps are allowed.
    pub seq: i64,
    /// What happened.
    pub payload: AgentEvent,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

/// An event whose payload is written already: the one who made the request and those who watch differ by a key of the frame.
#[derive(Debug, Clone)]
pub struct EncodedEvent {
    seq: i64,
    request: Option<RequestId>,
    timestamp: i64,
    payload: Box<RawValue>,
}

/// [`AgentFrame`] in the order of its keys, with a payload that is written already.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a ClientId>,
    seq: i64,
    payload: &'a RawValue,
    timestamp: i64,
}

impl EncodedEvent {
    /// Writes the payload of the event `seq`, which belongs to `request` where a client made one.
    #[must_use]
    pub fn new(seq: i64, request: Option<RequestId>, event: &AgentEvent) -> Self {
        // What serde_json has written is JSON; like `encode`, the fallback cannot be reached.
        let payload = serde_json::value::to_raw_value(event).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { seq, request, timestamp: event.timestamp, payload }
    }

    /// The frame for those who watch.
    #[must_use]
    pub fn for_watcher(&self) -> String {
        self.write(None)
    }

    /// The frame for the client that made the request.
    #[must_use]
    pub fn for_requester(&self, client: &ClientId) -> String {
        self.write(Some(client))
    }

    fn write(&self, client_id: Option<&ClientId>) -> String {
        let Self { seq, request, timestamp, payload } = self;
        encode(&Written { r#type: "event:agent", id: request.as_ref(), client_id, seq: *seq, payload, timestamp: *timestamp })
    }
}
