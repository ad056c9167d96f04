//! The built-in tool that tells the time: models do not know it.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};
use std::sync::Arc;
use wingman_message::{Clock, Tool, ToolError, ToolInvocation, ToolOutput, ToolSpec};

/// `current_time`: the time in UTC (RFC 3339 and Unix milliseconds), and on request in a time zone.
pub struct CurrentTime {
    spec: ToolSpec,
    clock: Arc<dyn Clock>,
}

impl CurrentTime {
    /// The tool, reading `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let spec = ToolSpec {
            name: "current_time".into(),
            description: "Tells the current date and time. Use it whenever an answer depends on now.".into(),
            input_schema: json!({
                "type": "object",
                "properties": {
                    "timezone": {
                        "type": "string",
                        "description": "Also tell the local time there: an offset such as +02:00, or a name such as Europe/Berlin."
                    }
                },
                "additionalProperties": false
            }),
            idempotent: true,
        };
        Self { spec, clock }
    }
}

#[async_trait]
impl Tool for CurrentTime {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError> {
        let zone = match invocation.input.get("timezone") {
            None | Some(Value::Null) => None,
            Some(Value::String(zone)) => Some(zone.as_str()),
            Some(_) => return Err(ToolError::InvalidInput("`timezone` must be a string".into())),
        };
        let unix_ms = self.clock.now_ms();
        let now = Timestamp::from_millisecond(unix_ms)
            .map_err(|_| ToolError::Failed("the clock of this machine is out of range".into()))?;
        let mut told = json!({ "utc": now.to_string(), "unixMs": unix_ms });
        if let Some(zone) = zone {
            let local = now.to_zoned(time_zone(zone)?);
            let local = local.strftime("%Y-%m-%dT%H:%M:%S%:z, %A").to_string();
            told["local"] = json!(local);
        }
        Ok(ToolOutput { text: told.to_string() })
    }
}

fn time_zone(zone: &str) -> Result<TimeZone, ToolError> {
    if let Some(offset) = offset(zone) {
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(zone).map_err(|_| {
        ToolError::InvalidInput("`timezone` must be an offset such as +02:00 or a name such as Europe/Berlin".into())
    })
}

/// Reads `+02:00`, `-0530` or `+2`.
fn offset(zone: &str) -> Option<Offset> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}
