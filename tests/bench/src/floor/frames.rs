//! The few frames that the floor reads and writes; nothing is copied that need not be.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

/// What every frame has.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    /// Any number.
    #[expect(dead_code, reason = "read because the protocol demands it")]
    timestamp: f64,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// The payload of `register`.
#[derive(Deserialize)]
pub(super) struct Register<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

/// The payload of `join_group`.
#[derive(Deserialize)]
pub(super) struct Join<'a> {
    #[serde(borrow, rename = "groupName")]
    pub(super) name: Cow<'a, str>,
}

/// The payload of `broadcast`.
#[derive(Deserialize)]
pub(super) struct Broadcast<'a> {
    #[serde(borrow, rename = "groupId")]
    pub(super) group: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) message: &'a RawValue,
}

impl<'a> Envelope<'a> {
    /// Reads a frame, or says what to answer.
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|_| error("null", "INVALID_MESSAGE"))
    }

    /// Reads the payload, or says what to answer.
    pub(super) fn payload<T: Deserialize<'a>>(&self) -> Result<T, String> {
        let payload = self.payload.map_or("null", RawValue::get);
        serde_json::from_str(payload).map_err(|_| self.refuse("INVALID_REQUEST"))
    }

    pub(super) fn refuse(&self, code: &str) -> String {
        error(self.id(), code)
    }

    pub(super) fn ready(&self) -> String {
        format!(r#"{{"type":"res","id":{},"ok":true,"payload":"gateway-ready","timestamp":{}}}"#, self.id(), now())
    }

    pub(super) fn pong(&self) -> String {
        format!(r#"{{"type":"pong","id":{},"timestamp":{}}}"#, self.id(), now())
    }

    pub(super) fn registered(&self, node: &str, name: &str) -> String {
        let (id, now) = (self.id(), now());
        let name = serde_json::Value::from(name);
        format!(r#"{{"type":"ack","id":{id},"nodeId":"{node}","payload":{{"nodeId":"{node}","name":{name}}},"timestamp":{now}}}"#)
    }

    pub(super) fn joined(&self, node: &str, group: &str, name: &str) -> String {
        let (id, now) = (self.id(), now());
        let name = serde_json::Value::from(name);
        format!(
            r#"{{"type":"ack","id":{id},"nodeId":"{node}","groupId":"{group}","payload":{{"groupId":"{group}","groupName":{name}}},"timestamp":{now}}}"#
        )
    }

    fn id(&self) -> &str {
        self.id.map_or("null", RawValue::get)
    }
}

/// What the members of `group` see of `message` by `node`.
pub(super) fn broadcast(node: &str, group: &str, message: &RawValue) -> String {
    let (message, now) = (message.get(), now());
    format!(r#"{{"type":"broadcast","nodeId":"{node}","groupId":"{group}","payload":{message},"timestamp":{now}}}"#)
}

fn error(id: &str, code: &str) -> String {
    format!(
        r#"{{"type":"error","id":{id},"payload":{{"code":"{code}","message":"the floor does not take this"}},"timestamp":{}}}"#,
        now()
    )
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis())
}
