//! The shapes in which mail arrives: gog's own, and those of older versions and relays. A field may be missing; one of the wrong type is
//! an error that names it.

use std::borrow::Cow;
use wingman_sdk::serde_json::{Map, Value};
use wingman_sdk::{PluginError, Result};

/// One mail, with what the payload around it says.
#[derive(Debug, Default)]
pub(crate) struct Mail<'a> {
    pub(crate) account: Option<Cow<'a, str>>,
    pub(crate) history_id: Option<Cow<'a, str>>,
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) thread: Option<Cow<'a, str>>,
    pub(crate) from: Option<Cow<'a, str>>,
    pub(crate) to: Option<Cow<'a, str>>,
    pub(crate) subject: Option<Cow<'a, str>>,
    pub(crate) date: Option<Cow<'a, str>>,
    pub(crate) snippet: Option<Cow<'a, str>>,
    /// Plain text; HTML has been turned into it.
    pub(crate) body: Option<Cow<'a, str>>,
    pub(crate) body_truncated: bool,
    pub(crate) labels: Vec<Cow<'a, str>>,
}

/// The mails in a payload. None at all is fine when the payload says what else happened.
pub(crate) fn mails(payload: &Value) -> Result<Vec<Mail<'_>>> {
    let top = object(payload, "the body")?;
    let inner = present(top, "data").map(|data| object(data, "`data`")).transpose()?;
    // What is said about the account may stand beside the mails or around them.
    let layers: Vec<_> = inner.into_iter().chain([top]).collect();
    let around = Fields { layers: layers.clone(), path: String::new() };
    let account = around.text(&["account", "emailAddress"])?;
    let history_id = around.text(&["historyId"])?;

    let Some((path, found)) = layers.iter().find_map(|layer| find(layer)) else {
        if layers.iter().any(|layer| present(layer, "deletedMessageIds").is_some()) {
            return Ok(Vec::new());
        }
        return Err(invalid("the body has no mail: expected `messages` (an array), `message`, `email` or `data`".to_owned()));
    };
    let entries = match found {
        Value::Array(entries) => entries.iter().enumerate().map(|(index, entry)| (format!("{path}[{index}]"), entry)).collect(),
        single => vec![(path.to_owned(), single)],
    };
    entries
        .into_iter()
        .map(|(path, entry)| {
            let mail = Mail { account: account.clone(), history_id: history_id.clone(), ..mail(entry, path)? };
            Ok(mail)
        })
        .collect()
}

/// Where the mails are. A list that is empty beside other news is still the answer.
fn find(layer: &Map<String, Value>) -> Option<(&'static str, &Value)> {
    ["messages", "message", "email"].into_iter().find_map(|name| present(layer, name).map(|value| (name, value)))
}

fn mail(entry: &Value, path: String) -> Result<Mail<'_>> {
    let map = object(entry, &format!("`{path}`"))?;
    let fields = Fields { layers: vec![map], path };
    let headers = headers(map, &fields.path)?;
    let header =
        |name: &str| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| Cow::Borrowed(*value));
    let plain = fields.text(&["body", "text"])?;
    let body = match (plain, fields.text(&["html"])?) {
        (Some(plain), _) if !plain.trim().is_empty() => Some(plain),
        (plain, None) => plain,
        (_, Some(html)) => Some(Cow::Owned(wingman_sdk::html::to_text(&html))),
    };
    Ok(Mail {
        id: fields.text(&["id", "messageId"])?,
        thread: fields.text(&["threadId"])?,
        from: fields.text(&["from"])?.or_else(|| header("from")),
        to: fields.text(&["to"])?.or_else(|| header("to")),
        subject: fields.text(&["subject"])?.or_else(|| header("subject")),
        date: fields.text(&["date"])?.or_else(|| header("date")),
        // Gmail escapes its snippets as HTML.
        snippet: fields.text(&["snippet", "preview"])?.map(|snippet| Cow::Owned(wingman_sdk::html::unescape(&snippet))),
        body,
        body_truncated: fields.flag("bodyTruncated")?,
        labels: fields.texts("labels")?,
        ..Mail::default()
    })
}

/// Headers as an object (`{"subject": "..."}`) or as a list (`[{"name": "Subject", "value": "..."}]`).
fn headers<'a>(map: &'a Map<String, Value>, path: &str) -> Result<Vec<(&'a str, &'a str)>> {
    match present(map, "headers") {
        None => Ok(Vec::new()),
        Some(Value::Object(headers)) => {
            Ok(headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect())
        }
        Some(Value::Array(list)) => {
            Ok(list.iter().filter_map(|entry| Some((entry["name"].as_str()?, entry["value"].as_str()?))).collect())
        }
        Some(_) => Err(invalid(format!("`{path}.headers` is neither an object nor an array"))),
    }
}

/// Fields of one object, or of one object inside another; the first that has a field wins.
struct Fields<'a> {
    layers: Vec<&'a Map<String, Value>>,
    path: String,
}

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.layers.iter().find_map(|layer| present(layer, name))
    }

    /// The first of these that is there, as text. Numbers are ids that somebody forgot to quote; a list is a list of addresses.
    fn text(&self, names: &[&str]) -> Result<Option<Cow<'a, str>>> {
        let Some((name, value)) = names.iter().find_map(|name| self.get(name).map(|value| (name, value))) else {
            return Ok(None);
        };
        match value {
            Value::String(text) => Ok(Some(Cow::Borrowed(text))),
            Value::Number(number) => Ok(Some(Cow::Owned(number.to_string()))),
            Value::Array(_) => self.texts(name).map(|texts| Some(Cow::Owned(texts.join(", ")))),
            _ => Err(self.wrong(name, "a string")),
        }
    }

    fn texts(&self, name: &str) -> Result<Vec<Cow<'a, str>>> {
        let text = |value: &'a Value| value.as_str().map(Cow::Borrowed).ok_or_else(|| self.wrong(name, "an array of strings"));
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values.iter().map(text).collect(),
            Some(_) => Err(self.wrong(name, "an array of strings")),
        }
    }

    fn flag(&self, name: &str) -> Result<bool> {
        self.get(name).map_or(Ok(false), |value| value.as_bool().ok_or_else(|| self.wrong(name, "true or false")))
    }

    fn wrong(&self, name: &str, expected: &str) -> PluginError {
        let dot = if self.path.is_empty() { "" } else { "." };
        invalid(format!("`{}{dot}{name}` is not {expected}", self.path))
    }
}

/// A field that is there; `null` is not.
fn present<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>> {
    value.as_object().ok_or_else(|| invalid(format!("{what} is not a JSON object")))
}

fn invalid(reason: String) -> PluginError {
    PluginError::invalid_input(reason)
}
