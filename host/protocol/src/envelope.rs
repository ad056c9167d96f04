//! What every frame has in common, before its type is known.

use crate::{ClientInfo, ErrorCode, FrameError};
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One frame of either side, as a reader sees it before it looks at `type`. Keys that are not listed are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Envelope {
    /// What the frame is; `payload` depends on it.
    pub r#type: String,
    /// Milliseconds since the Unix epoch. Any number is taken.
    pub timestamp: f64,
    /// Ties a reply to its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Only on `res`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<bool>,
    /// Only on `event:agent`: strictly rising within a session, gaps allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// Only on events for the client that made the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// On what a node hears, and on acks to a node: which node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// On `broadcast`, and on acks of `join_group` and `leave_group`: which group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// Only on `direct`: the node that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_node_id: Option<String>,
    /// Only on `connect`: who connects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ClientInfo>")]
    pub client: Option<ClientInfo>,
    /// What the frame says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "unknown", optional)]
    pub payload: Option<serde_json::Value>,
}

/// The keys of a client's frame that the gateway reads, unparsed. The last of repeated keys counts.
#[derive(Default)]
pub(crate) struct RawEnvelope<'a> {
    kind: Option<&'a RawValue>,
    timestamp: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    client: Option<&'a RawValue>,
    auth: Option<&'a RawValue>,
    payload: Option<&'a RawValue>,
    /// Keys that only need to be of the right type.
    others: Vec<(&'static str, &'a RawValue)>,
}

/// Keys of the envelope that other message types use, and what they must be.
const OTHER_TEXTS: [&str; 6] = ["clientId", "nodeId", "groupId", "roomId", "targetNodeId", "messageId"];

impl<'a> RawEnvelope<'a> {
    /// Reads the envelope and checks the types of its keys.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let mut envelope = Self::default();
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let read = ReadInto(&mut envelope).deserialize(&mut json).and_then(|()| json.end());
        if let Err(error) = read {
            let what = match error.classify() {
                serde_json::error::Category::Data => "a frame is one JSON object".to_owned(),
                _ => format!("this is not JSON: byte {} of line {} makes no sense", error.column(), error.line()),
            };
            return Err(envelope.refuse(ErrorCode::InvalidMessage, what));
        }
        envelope.check()?;
        Ok(envelope)
    }

    /// The message's type.
    pub(crate) fn kind(&self) -> Result<Cow<'a, str>, FrameError> {
        let kind = self.kind.ok_or_else(|| self.refuse(ErrorCode::InvalidMessage, "`type` is missing"))?;
        text(kind).ok_or_else(|| self.refuse(ErrorCode::InvalidMessage, "`type`: expected a string"))
    }

    /// The frame's id, also where it is a number.
    pub(crate) fn id(&self) -> Option<String> {
        let raw = self.id?;
        match serde_json::from_str(raw.get()).ok()? {
            serde_json::Value::String(id) => Some(id),
            serde_json::Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    pub(crate) fn raw_payload(&self) -> Option<&'a RawValue> {
        self.payload
    }

    /// `client`, typed.
    pub(crate) fn client<T: DeserializeOwned>(&self) -> Result<Option<T>, FrameError> {
        self.section("client", self.client, ErrorCode::InvalidMessage)
    }

    /// `auth`, typed.
    pub(crate) fn auth<T: DeserializeOwned>(&self) -> Result<Option<T>, FrameError> {
        self.section("auth", self.auth, ErrorCode::InvalidMessage)
    }

    /// `payload`, typed; it must be there.
    pub(crate) fn payload<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        self.section("payload", self.payload, ErrorCode::InvalidRequest)?
            .ok_or_else(|| self.refuse(ErrorCode::InvalidRequest, "`payload` is missing"))
    }

    /// `payload`, typed; it may be absent.
    pub(crate) fn optional_payload<T: DeserializeOwned>(&self) -> Result<Option<T>, FrameError> {
        self.section("payload", self.payload, ErrorCode::InvalidRequest)
    }

    /// One of the keys that hold an id.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.others.iter().rev().find(|(other, _)| *other == key).and_then(|(_, raw)| text(raw))
    }

    /// The error that answers this frame.
    pub(crate) fn refuse(&self, code: ErrorCode, message: impl Into<String>) -> FrameError {
        FrameError { code, message: message.into(), id: self.id() }
    }

    fn check(&self) -> Result<(), FrameError> {
        let wrong = |key: &str, expected: &str| self.refuse(ErrorCode::InvalidMessage, format!("`{key}`: expected {expected}"));
        self.kind()?;
        match self.timestamp {
            None => return Err(self.refuse(ErrorCode::InvalidMessage, "`timestamp` is missing")),
            Some(raw) if !is_number(raw) => return Err(wrong("timestamp", "a number")),
            Some(_) => {}
        }
        if self.id.is_some_and(|raw| !is_text(raw)) {
            return Err(wrong("id", "a string"));
        }
        for (key, raw) in &self.others {
            match *key {
                "ok" if !matches!(raw.get(), "true" | "false") => return Err(wrong(key, "a boolean")),
                "ok" => {}
                _ if !is_text(raw) => return Err(wrong(key, "a string")),
                _ => {}
            }
        }
        Ok(())
    }

    fn section<T: DeserializeOwned>(&self, key: &str, raw: Option<&RawValue>, code: ErrorCode) -> Result<Option<T>, FrameError> {
        let Some(raw) = raw else { return Ok(None) };
        if !raw.get().starts_with('{') {
            return Err(self.refuse(code, format!("`{key}`: expected an object")));
        }
        if let Ok(section) = serde_json::from_str(raw.get()) {
            return Ok(Some(section));
        }
        // Read again, slowly, to say where the mistake is.
        let mut json = serde_json::Deserializer::from_str(raw.get());
        serde_path_to_error::deserialize(&mut json)
            .map(Some)
            .map_err(|error| self.refuse(code, explain(key, &error.path().to_string(), &error.inner().to_string())))
    }
}

/// Says what serde found wrong below `key` without repeating the sender's values, which may be secrets.
fn explain(key: &str, path: &str, error: &str) -> String {
    let place = if path == "." { key.to_owned() } else { format!("{key}.{path}") };
    let error = error.rsplit_once(" at line ").map_or(error, |(error, _)| error);
    if let Some(field) = error.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return format!("`{place}.{field}` is missing");
    }
    // The ids of the vocabulary say their rule behind the value.
    let rule = || error.rsplit_once(" is not valid: ").or_else(|| error.rsplit_once(" is not a session key: "));
    match error.rsplit_once(", expected ").filter(|_| error.starts_with("invalid ") || error.starts_with("unknown ")) {
        Some((_, expected)) => format!("`{place}`: expected {expected}"),
        None => rule().map_or_else(|| format!("`{place}` cannot be read"), |(_, rule)| format!("`{place}`: {rule}")),
    }
}

fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    // A plain string borrows; one with escapes is copied.
    serde_json::from_str::<&str>(raw.get())
        .map(Cow::Borrowed)
        .or_else(|_| serde_json::from_str::<String>(raw.get()).map(Cow::Owned))
        .ok()
}

fn is_text(raw: &RawValue) -> bool {
    text(raw).is_some()
}

fn is_number(raw: &RawValue) -> bool {
    raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// A key, borrowed unless it is written with escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads into an envelope that outlives the reading, so that what was read before an error is still there.
struct ReadInto<'e, 'a>(&'e mut RawEnvelope<'a>);

impl<'a> DeserializeSeed<'a> for ReadInto<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for ReadInto<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let envelope = self.0;
        while let Some(Key(key)) = map.next_key()? {
            match key.as_ref() {
                "type" => envelope.kind = map.next_value()?,
                "timestamp" => envelope.timestamp = map.next_value()?,
                "id" => envelope.id = map.next_value()?,
                "client" => envelope.client = map.next_value()?,
                "auth" => envelope.auth = map.next_value()?,
                "payload" => envelope.payload = map.next_value()?,
                other => match OTHER_TEXTS.iter().copied().chain(["ok"]).find(|known| *known == other) {
                    Some(known) => envelope.others.extend(map.next_value::<Option<&RawValue>>()?.map(|raw| (known, raw))),
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                },
            }
        }
        Ok(())
    }
}
