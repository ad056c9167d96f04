//! The tool `http_fetch`: reads a text from the web. Which hosts it may reach is the operator's grant, which the host of the
//! plugin enforces; nothing here decides about it.

mod page;

use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use wingman_sdk::{Invocation, PluginError, Result, Tool, ToolOutput, ToolSpec, host::http};

/// What a model gets to read at most, in characters, when it does not say.
const DEFAULT_CHARS: usize = 20_000;
/// And at most, whatever it says.
const MAX_CHARS: usize = 100_000;
const TIMEOUT: Duration = Duration::from_secs(20);

/// The tool.
pub struct HttpFetch;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    url: String,
    method: Option<Method>,
    max_chars: Option<usize>,
    raw: Option<bool>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
enum Method {
    #[serde(rename = "GET")]
    Get,
    #[serde(rename = "HEAD")]
    Head,
}

impl Tool for HttpFetch {
    fn tools() -> Vec<ToolSpec> {
        let schema = json!({
            "type": "object",
            "properties": {
                "url": { "type": "string", "description": "An absolute http or https address." },
                "method": { "enum": ["GET", "HEAD"], "description": "GET unless only the headers matter." },
                "max_chars": {
                    "type": "integer", "minimum": 1, "maximum": MAX_CHARS,
                    "description": "How much text to return; 20000 when left out."
                },
                "raw": { "type": "boolean", "description": "True returns HTML as it is instead of its text." },
            },
            "required": ["url"],
            "additionalProperties": false,
        });
        let description = "Reads a text from the web: a page as readable text, JSON and other texts as they are. \
            Only hosts that the operator granted can be reached.";
        vec![ToolSpec::new("http_fetch", description, schema).read_only()]
    }

    fn call(invocation: Invocation) -> Result<ToolOutput> {
        let input: Input = invocation.parse_input()?;
        if !(input.url.starts_with("https://") || input.url.starts_with("http://")) {
            return Err(PluginError::invalid_input("`url` must be an absolute address that begins with https:// or http://"));
        }
        let method = input.method.unwrap_or(Method::Get);
        let request = match method {
            Method::Get => http::get(&input.url),
            Method::Head => http::request("HEAD", &input.url),
        };
        let accept = "text/html, application/json;q=0.9, text/*;q=0.8, */*;q=0.1";
        let response = request.header("accept", accept).timeout(TIMEOUT).send().map_err(told)?;
        let limit = input.max_chars.unwrap_or(DEFAULT_CHARS).min(MAX_CHARS);
        match method {
            Method::Head => Ok(ToolOutput::text(page::headers(&response))),
            Method::Get => page::read(&response, input.raw == Some(true), limit).map(ToolOutput::text),
        }
    }
}

/// A refusal by the host is something that the model can do something about: take another address.
fn told(error: PluginError) -> PluginError {
    match error {
        PluginError::Permanent(reason) => PluginError::invalid_input(reason),
        other => other,
    }
}

wingman_sdk::export_tool!(HttpFetch);
