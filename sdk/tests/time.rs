//! The small date readers agree with a time library.

use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};
use proptest::prelude::*;
use wingman_sdk::time::{parse_rfc2822, parse_rfc3339};

proptest! {
    #[test]
    fn mail_dates_agree(seconds in 0i64..253_000_000_000, zone in -12i8..=14) {
        let moment = Timestamp::from_second(seconds).unwrap();
        let zoned = moment.to_zoned(TimeZone::fixed(jiff::tz::offset(zone)));
        let text = rfc2822::to_string(&zoned).unwrap();
        prop_assert_eq!(parse_rfc2822(&text), Some(seconds as u64 * 1000), "{}", text);
    }

    #[test]
    fn api_dates_agree(millis in 0i64..253_000_000_000_000) {
        let text = Timestamp::from_millisecond(millis).unwrap().to_string();
        prop_assert_eq!(parse_rfc3339(&text), Some(millis as u64), "{}", text);
    }

    #[test]
    fn nothing_makes_them_panic(text in "\\PC{0,60}") {
        let _ = (parse_rfc2822(&text), parse_rfc3339(&text));
    }

    #[test]
    fn almost_dates_do_not_either(text in "[0-9TZ:.+\\-é ]{0,40}") {
        let _ = (parse_rfc2822(&text), parse_rfc3339(&text));
    }
}

#[test]
fn mail_dates_come_in_several_dresses() {
    let moment = Some(1_767_686_700_000);
    for text in [
        "Tue, 06 Jan 2026 09:05:00 +0100",
        "Tue, 6 Jan 2026 09:05 +0100",
        "6 jan 2026 08:05:00 GMT",
        "Tue,  6 Jan 2026 03:05:00 EST",
        " Tue, 06 Jan 2026 09:05:00 +0100 (CET) ",
    ] {
        assert_eq!(parse_rfc2822(text), moment, "{text}");
    }
    assert_eq!(parse_rfc3339("2026-01-06T09:05:00+01:00"), moment);
    assert_eq!(parse_rfc3339("2026-01-06 08:05:00.5Z"), Some(1_767_686_700_500));
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "yesterday",
        "Tue, 31 Feb 2026 09:05:00 +0100",
        "6 Jan 2026 24:05:00 GMT",
        "6 Jan 1969 00:00:00 GMT",
        "6 Jan 2026 09:05:00 +9999",
    ] {
        assert_eq!(parse_rfc2822(text), None, "{text}");
    }
    for text in ["2026-01-06", "2026-1-06T09:05:00Z", "2026-01-06T09:05:00", "2026-01-06T09:05:00+0100", "2026-13-06T09:05:00Z"] {
        assert_eq!(parse_rfc3339(text), None, "{text}");
    }
}
