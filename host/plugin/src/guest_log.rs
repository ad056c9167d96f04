//! What a guest logs, on its way into the gateway's log: under the plugin's name, printable, and bounded in number and size.

use std::fmt::Write as _;
use wingman_message::PluginName;

/// Lines of one call that reach the log.
const MAX_LINES: u32 = 100;
/// Bytes of one call that reach the log.
const MAX_BYTES: usize = 64 * 1024;
const MAX_MESSAGE: usize = 2_000;
const MAX_FIELDS: usize = 16;
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 500;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// The log of one call.
#[derive(Debug)]
pub(crate) struct GuestLog {
    plugin: PluginName,
    lines: u32,
    bytes: usize,
    full: bool,
    last_error: Option<String>,
}

impl GuestLog {
    pub(crate) fn new(plugin: PluginName) -> Self {
        Self { plugin, lines: 0, bytes: 0, full: false, last_error: None }
    }

    /// The last line that the guest logged as an error: a panic's message, when it panicked.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Logs one line. Past the limits nothing is logged any more, and one line says so.
    pub(crate) fn write(&mut self, level: Level, message: &str, fields: &[(String, String)]) {
        if level == Level::Error {
            self.last_error = Some(printable(message, MAX_VALUE));
        }
        if self.full {
            return;
        }
        let message = printable(message, MAX_MESSAGE);
        let fields = join(fields);
        self.lines += 1;
        self.bytes += message.len() + fields.len();
        if self.lines > MAX_LINES || self.bytes > MAX_BYTES {
            self.full = true;
            tracing::warn!(target: "plugin", plugin = %self.plugin, "the plugin logs too much in one call; the rest of it is dropped");
            return;
        }
        let plugin = &self.plugin;
        match level {
            Level::Trace => tracing::trace!(target: "plugin", %plugin, fields, "{message}"),
            Level::Debug => tracing::debug!(target: "plugin", %plugin, fields, "{message}"),
            Level::Info => tracing::info!(target: "plugin", %plugin, fields, "{message}"),
            Level::Warn => tracing::warn!(target: "plugin", %plugin, fields, "{message}"),
            Level::Error => tracing::error!(target: "plugin", %plugin, fields, "{message}"),
        }
    }
}

/// `text` on one line, without anything that could forge another line or move a terminal's cursor, cut to about `max` bytes.
pub(crate) fn printable(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max));
    for character in text.chars() {
        if line.len() >= max {
            line.push('\u{2026}');
            break;
        }
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

fn join(fields: &[(String, String)]) -> String {
    let mut joined = String::new();
    for (name, value) in fields.iter().take(MAX_FIELDS) {
        let separator = if joined.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(joined, "{separator}{}={:?}", printable(name, MAX_NAME), &value[..value.floor_char_boundary(MAX_VALUE)]);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> GuestLog {
        GuestLog::new(PluginName::new("chatty").unwrap())
    }

    #[test]
    fn lines_and_bytes_of_a_call_are_bounded() {
        let mut many = log();
        (0..MAX_LINES).for_each(|_| many.write(Level::Info, "x", &[]));
        assert!(!many.full);
        many.write(Level::Info, "x", &[]);
        assert!(many.full);

        let mut large = log();
        let field = ("name".to_owned(), "v".repeat(10_000));
        (0..20).for_each(|_| large.write(Level::Info, &"x".repeat(10_000), &vec![field.clone(); 100]));
        assert!(large.full);
        assert!(large.bytes < MAX_BYTES + MAX_MESSAGE + MAX_FIELDS * (MAX_NAME + 2 * MAX_VALUE));
    }

    #[test]
    fn a_full_log_still_remembers_the_last_words() {
        let mut log = log();
        (0..200).for_each(|_| log.write(Level::Info, "x", &[]));
        log.write(Level::Error, "panicked at src/lib.rs:7", &[]);
        assert_eq!(log.last_error(), Some("panicked at src/lib.rs:7"));
    }

    #[test]
    fn a_line_cannot_forge_another_line() {
        assert_eq!(printable("ok\n2026-01-01 ERROR forged\u{1b}[2J", 100), "ok\\n2026-01-01 ERROR forged\\u{1b}[2J");
        assert_eq!(printable("aaaa", 2), "aa\u{2026}");
    }
}
