//! A model asks for the time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use wingman_sdk::testing::Host;
use wingman_sdk::{Invocation, PluginError, Result, Tool};
use wingman_time::Time;

fn call(tool: &str, input: &Value) -> Result<String> {
    Time::call(Invocation::for_test(tool, input)).map(|output| output.text)
}

#[test]
fn the_time_now_is_the_hosts() {
    let host = Host::install();
    host.set_clock(1_767_690_300_000);
    assert_eq!(call("time_now", &json!({})).unwrap(), "Tuesday, 6 January 2026, 09:05:00 (UTC, UTC+00:00)");
    let tokyo = Time::call(Invocation::for_test("time_now", &json!({ "zone": "Asia/Tokyo" }))).unwrap();
    let data: Value = serde_json::from_str(&tokyo.data.unwrap()).unwrap();
    assert_eq!((data["iso"].as_str(), data["epoch_ms"].as_u64()), (Some("2026-01-06T18:05:00+09:00"), Some(1_767_690_300_000)));
}

#[test]
fn summer_time_is_known() {
    let convert =
        |time: &str| call("time_convert", &json!({ "time": time, "from": "Europe/Berlin", "to": "America/New_York" })).unwrap();
    assert_eq!(convert("2026-01-06T09:05"), "Tuesday, 6 January 2026, 03:05:00 (America/New_York, UTC-05:00)");
    // Between the two changes in March the difference is five hours.
    assert_eq!(convert("2026-03-16T09:00:00"), "Monday, 16 March 2026, 04:00:00 (America/New_York, UTC-04:00)");
    assert_eq!(convert("2026-01-06T09:05:00Z"), "Tuesday, 6 January 2026, 04:05:00 (America/New_York, UTC-05:00)");
}

#[test]
fn what_is_wrong_is_named() {
    for (input, named) in [
        (json!({ "time": "2026-01-06T09:05", "to": "Mars/Olympus" }), "Mars/Olympus"),
        (json!({ "time": "tomorrow", "to": "UTC" }), "`time`"),
        (json!({ "time": "2026-02-30T00:00", "to": "UTC" }), "`time`"),
        (json!({ "time": "2026-01-06T09:05" }), "`to`"),
    ] {
        let Err(PluginError::InvalidInput(reason)) = call("time_convert", &input) else { panic!("{input} was taken") };
        assert!(reason.contains(named), "{reason}");
    }
    assert!(matches!(call("time_travel", &json!({})), Err(PluginError::Unsupported(_))));
}
