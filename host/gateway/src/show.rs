//! How things are shown on a terminal: colours, tables, spinners, JSON.

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::OwoColorize;
use serde::Serialize;
use std::io::IsTerminal;
use std::time::Duration;

/// Something that is wrong.
pub(crate) fn bad(text: &str) -> String {
    text.red().bold().to_string()
}

/// Something that is well.
pub(crate) fn good(text: &str) -> String {
    text.green().bold().to_string()
}

/// Something that matters less.
pub(crate) fn faint(text: &str) -> String {
    text.dimmed().to_string()
}

/// A value as pretty JSON, with a final newline.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    anstream::println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A table that fits the terminal.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    anstream::println!("{table}");
}

/// A spinner for a wait that may be long; nothing where standard error is no terminal.
pub(crate) fn spinner(message: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message(message.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
