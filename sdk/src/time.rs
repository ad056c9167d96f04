//! Reading the two ways in which networks write a moment. Small on purpose: a time library would be half of a plugin's size.

/// Milliseconds since the Unix epoch of a date as mail headers write it (RFC 2822): `Tue, 06 Jan 2026 09:05:00 +0100 (CET)`. The day's
/// name and the seconds may be left out. None for anything else, and for moments before 1970.
pub fn parse_rfc2822(text: &str) -> Option<u64> {
    let text = text.split('(').next()?.trim();
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day = number(words.next()?, 1..=2)?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    let year = number(words.next()?, 4..=4)?;
    let clock = words.next()?;
    let zone = words.next()?;
    if words.next().is_some() {
        return None;
    }
    let date = Date { year, month: i64::try_from(month).ok()? + 1, day };
    moment(&date, seconds_of_day(clock)?, 0, zone_offset(zone)?)
}

/// Milliseconds since the Unix epoch of a date as APIs write it (RFC 3339): `2026-01-06T09:05:00.250+01:00`. None for anything else, and
/// for moments before 1970.
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let (date, rest) = text.trim().split_once(['T', 't', ' '])?;
    let mut parts = date.split('-');
    let date =
        Date { year: number(parts.next()?, 4..=4)?, month: number(parts.next()?, 2..=2)?, day: number(parts.next()?, 2..=2)? };
    if parts.next().is_some() {
        return None;
    }
    let end = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(end);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    number(fraction, 1..=18)?;
    let millis = number(&format!("{fraction:0<3}")[..3], 3..=3)?;
    if clock.len() != 8 {
        return None;
    }
    let offset = match zone.strip_prefix(['+', '-']) {
        Some(hours) => zone_offset(&format!("{}{}", &zone[..1], without_colon(hours)?))?,
        None if zone.len() == 1 => 0,
        None => return None,
    };
    moment(&date, seconds_of_day(clock)?, millis, offset)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// A run of this many digits and nothing else.
fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let fits = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn without_colon(text: &str) -> Option<String> {
    let (hours, minutes) = text.split_once(':')?;
    Some(format!("{hours}{minutes}"))
}

fn seconds_of_day(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':');
    let hours = number(parts.next()?, 2..=2)?;
    let minutes = number(parts.next()?, 2..=2)?;
    let seconds = parts.next().map_or(Some(0), |seconds| number(seconds, 2..=2))?;
    // A leap second counts as the second before it.
    let in_range = hours < 24 && minutes < 60 && seconds <= 60 && parts.next().is_none();
    in_range.then_some(hours * 3600 + minutes * 60 + seconds.min(59))
}

/// Seconds east of Greenwich: `+0530`, or one of the old names.
fn zone_offset(zone: &str) -> Option<i64> {
    let named = |hours: i64| Some(hours * 3600);
    match zone.to_ascii_uppercase().as_str() {
        "UT" | "UTC" | "GMT" | "Z" => return Some(0),
        "EDT" => return named(-4),
        "EST" | "CDT" => return named(-5),
        "CST" | "MDT" => return named(-6),
        "MST" | "PDT" => return named(-7),
        "PST" => return named(-8),
        _ => {}
    }
    let digits = number(zone.strip_prefix(['+', '-'])?, 4..=4)?;
    let (hours, minutes) = (digits / 100, digits % 100);
    let east = hours * 3600 + minutes * 60;
    (hours < 24 && minutes < 60).then_some(if zone.starts_with('-') { -east } else { east })
}

fn moment(date: &Date, seconds: i64, millis: i64, offset: i64) -> Option<u64> {
    let leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    let length = match date.month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&date.day) {
        return None;
    }
    // Years that begin in March put the leap day last, and the months before any date have a closed form.
    let year = date.year - i64::from(date.month <= 2);
    let month = (date.month + 9) % 12;
    let days =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + date.day - 1;
    let since_epoch = days - 719_468;
    u64::try_from((since_epoch * 86_400 + seconds - offset) * 1000 + millis).ok()
}
