//! The tools `time_now` and `time_convert`: models know neither the time nor daylight saving. The zones' rules are in the
//! component.

use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use serde::Deserialize;
use serde_json::json;
use wingman_sdk::{Invocation, PluginError, Result, Tool, ToolOutput, ToolSpec, host::clock};

/// The tools.
pub struct Time;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Now {
    zone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Convert {
    time: String,
    from: Option<String>,
    to: String,
}

impl Tool for Time {
    fn tools() -> Vec<ToolSpec> {
        let zone = |what: &str| json!({ "type": "string", "description": format!("{what}, such as Europe/Berlin or UTC.") });
        let now = json!({
            "type": "object",
            "properties": { "zone": zone("An IANA time zone; UTC when left out") },
            "additionalProperties": false,
        });
        let convert = json!({
            "type": "object",
            "properties": {
                "time": { "type": "string", "description": "A time as in 2026-01-06T09:05, with an offset (+01:00, Z) or without." },
                "from": zone("The IANA time zone of a time without an offset; UTC when left out"),
                "to": zone("The IANA time zone to tell it in"),
            },
            "required": ["time", "to"],
            "additionalProperties": false,
        });
        vec![
            ToolSpec::new("time_now", "Tells date, time and weekday now, in a time zone.", now).read_only(),
            ToolSpec::new("time_convert", "Tells a time in another time zone, daylight saving included.", convert).read_only(),
        ]
    }

    fn call(invocation: Invocation) -> Result<ToolOutput> {
        let told = match invocation.tool.as_str() {
            "time_now" => now(&invocation.parse_input()?)?,
            "time_convert" => convert(&invocation.parse_input()?)?,
            other => return Err(PluginError::unsupported(format!("there is no tool {other:?}"))),
        };
        let zone = told.time_zone().iana_name().unwrap_or("UTC");
        let offset = told.strftime("%:z");
        let text = told.strftime("%A, %-d %B %Y, %H:%M:%S");
        let data = json!({
            "iso": told.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            "zone": zone,
            "weekday": told.strftime("%A").to_string(),
            "epoch_ms": told.timestamp().as_millisecond(),
        });
        Ok(ToolOutput::text(format!("{text} ({zone}, UTC{offset})")).with_data(data))
    }
}

fn now(input: &Now) -> Result<Zoned> {
    let zone = time_zone(input.zone.as_deref())?;
    let millis = i64::try_from(clock::now()).unwrap_or(i64::MAX);
    let now = Timestamp::from_millisecond(millis)
        .map_err(|error| PluginError::permanent(format!("the host's clock is wrong: {error}")))?;
    Ok(now.to_zoned(zone))
}

fn convert(input: &Convert) -> Result<Zoned> {
    let to = time_zone(Some(&input.to))?;
    if let Ok(moment) = input.time.parse::<Timestamp>() {
        return Ok(moment.to_zoned(to));
    }
    let unreadable =
        |error| PluginError::invalid_input(format!("`time` is not understood, write it as 2026-01-06T09:05: {error}"));
    let local: DateTime = input.time.parse().map_err(unreadable)?;
    let from = time_zone(input.from.as_deref())?;
    // An hour that a change of clocks skips or repeats is read as calendars do it (RFC 5545).
    Ok(local.to_zoned(from).map_err(unreadable)?.with_time_zone(to))
}

fn time_zone(name: Option<&str>) -> Result<TimeZone> {
    let name = name.unwrap_or("UTC");
    TimeZone::get(name).map_err(|_| {
        PluginError::invalid_input(format!("there is no time zone {name:?}: use an IANA name such as America/New_York"))
    })
}

wingman_sdk::export_tool!(Time);
