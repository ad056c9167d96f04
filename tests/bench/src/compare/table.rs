//! The result: a Markdown table that can be pasted into a document.

use super::goals::Goal;
use std::fmt;

/// All rows.
#[derive(Debug, Default)]
pub struct Table {
    /// In the order of measuring.
    pub rows: Vec<Row>,
    /// Rows for which a server is not installed.
    pub left_out: Vec<&'static str>,
}

/// One figure, with what it is compared with.
#[derive(Debug)]
pub struct Row {
    what: &'static str,
    ours: String,
    theirs: String,
    /// The ratio, or the value itself.
    figure: f64,
    has_ratio: bool,
    goal: Goal,
    note: String,
}

impl Row {
    pub(super) fn ratio(what: &'static str, unit: &str, ours: &[f64], theirs: &[f64], goal: Goal) -> Self {
        let (ours, theirs) = (median(ours), median(theirs));
        let figure = ours / theirs;
        let text = |value| format!("{}{unit}", grouped(value));
        Self { what, ours: text(ours), theirs: text(theirs), figure, has_ratio: true, goal, note: String::new() }
    }

    pub(super) fn single(what: &'static str, unit: &str, value: f64, goal: Goal) -> Self {
        let ours = format!("{} {unit}", grouped(value));
        Self { what, ours, theirs: String::new(), figure: value, has_ratio: false, goal, note: String::new() }
    }

    pub(super) fn with_note(self, note: String) -> Self {
        Self { note, ..self }
    }

    /// Whether it is as good as was asked.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.goal.is_met(self.figure)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, ours, theirs, figure, has_ratio, goal, note } = self;
        let ratio = if *has_ratio { format!("{figure:.2}") } else { String::new() };
        let missed = if self.is_met() { "" } else { " **missed**" };
        let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
        write!(f, "| {what}{note} | {ours} | {theirs} | {ratio} | {goal}{missed} |")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | gateway | floor or NATS | ratio | goal |\n|---|---|---|---|---|")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))?;
        self.left_out.iter().try_for_each(|what| writeln!(f, "| {what} | | not installed | | |"))
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (count, half) if count % 2 == 1 => sorted[half],
        (_, half) => f64::midpoint(sorted[half - 1], sorted[half]),
    }
}

/// With thousands grouped, and no more digits than say something.
fn grouped(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let digits = if value.abs() < 10.0 {
        2
    } else if value.abs() < 100.0 {
        1
    } else {
        0
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        let read = [0.346, 12.34, 999.6, 1_234_567.0, f64::NAN].map(grouped);
        assert_eq!(read, ["0.35", "12.3", "1,000", "1,234,567", "-"]);
    }

    #[test]
    fn a_row_says_when_its_goal_is_missed() {
        let goal = Goal::RatioAtLeast(0.8);
        let good = Row::ratio("pings", "/s", &[90.0, 70.0, 80.0], &[100.0, 100.0, 100.0], goal);
        assert_eq!(good.to_string(), "| pings | 80.0/s | 100/s | 0.80 | at least 0.8 |");
        let bad = Row::ratio("pings", "/s", &[70.0], &[100.0], goal);
        assert!(!bad.is_met() && bad.to_string().contains("**missed**"));
        assert!(!Row::single("start", "ms", 200.0, Goal::AtMost(150.0)).is_met());
        assert!(!Row::single("lost", "ms", f64::NAN, Goal::AtMost(150.0)).is_met(), "what was not measured meets no goal");
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
