//! What is said beside an answer: tools, thoughts, what a run has used. Everything in here is clean and fits its width.

use super::clean::one_line;
use crate::show;
use serde_json::Value;
use wingman_protocol::AgentResult;

/// How much of a tool's name is shown, in columns.
const NAME: usize = 40;

/// A tool that runs, on one row.
pub(crate) fn running(name: &str, input: &Value, tail: &str, elapsed_ms: i64, width: usize) -> String {
    let name = one_line(name, NAME);
    let tail = if tail.is_empty() { input_of(input) } else { tail.to_owned() };
    show::faint(&one_line(&format!("⋯ {name} {} {tail}", duration(elapsed_ms)), width))
}

/// A tool that begins, where rows cannot be drawn over later.
pub(crate) fn begun(name: &str, input: &Value, width: usize) -> String {
    show::faint(&one_line(&format!("→ {} {}", one_line(name, NAME), input_of(input)), width))
}

/// A tool that ended: what it was called with, how it went, how long it took, and the beginning of what came of it.
pub(crate) fn ended(
    name: &str,
    input: Option<&Value>,
    output: &str,
    is_error: bool,
    took_ms: Option<i64>,
    width: usize,
) -> Vec<String> {
    let name = one_line(name, NAME);
    let took = took_ms.map(|took| format!(" {}", duration(took))).unwrap_or_default();
    let state = if is_error { format!("failed{took}") } else { format!("done{took}") };
    let sign = if is_error { show::bad("✗") } else { show::good("✓") };
    // The sign, the spaces and the state stand beside the input.
    let rest = width.saturating_sub(4 + columns(&name) + columns(&state));
    let input = input.map(|input| one_line(&input_of(input), rest)).unwrap_or_default();
    let mut card = vec![format!("{sign} {name} {}", show::faint(&format!("{state} {input}")))];
    let lines = output.lines().filter(|line| !line.trim().is_empty()).count();
    if let Some(first) = output.lines().find(|line| !line.trim().is_empty()) {
        let more = if lines > 1 { format!(" (+{} lines)", lines - 1) } else { String::new() };
        let first = one_line(first, width.saturating_sub(4 + columns(&more)));
        card.push(show::faint(&format!("  └ {first}{more}")));
    }
    card
}

/// What the model thinks or thought, folded to one row.
pub(crate) fn thought(text: &str, took_ms: i64, width: usize) -> String {
    show::faint(&one_line(&format!("thought {}: {text}", duration(took_ms)), width))
}

/// What an answer took: model, tokens, cost, time.
pub(crate) fn used(result: &AgentResult, took_ms: i64) -> String {
    let mut words = Vec::new();
    words.extend(result.model.as_deref().map(|model| one_line(model, NAME)));
    if let Some(usage) = &result.usage {
        let cached = match usage.cached_input_tokens {
            0 => String::new(),
            cached => format!(" ({} cached)", count(cached)),
        };
        let reasoning = match usage.reasoning_tokens {
            0 => String::new(),
            reasoning => format!(" ({} reasoning)", count(reasoning)),
        };
        words.push(format!("{} tokens in{cached}, {} out{reasoning}", count(usage.input_tokens), count(usage.output_tokens)));
    }
    words.extend(result.cost.map(dollars));
    words.push(duration(took_ms));
    words.join(" · ")
}

/// A time in milliseconds, for people.
pub(crate) fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

fn input_of(input: &Value) -> String {
    match input {
        Value::Null => String::new(),
        Value::Object(map) if map.is_empty() => String::new(),
        // One argument needs no name.
        Value::Object(map) if map.len() == 1 && map.values().all(Value::is_string) => {
            map.values().filter_map(Value::as_str).collect()
        }
        other => other.to_string(),
    }
}

fn count(tokens: u64) -> String {
    match tokens {
        0..10_000 => tokens.to_string(),
        10_000..1_000_000 => format!("{}.{}k", tokens / 1000, tokens % 1000 / 100),
        _ => format!("{}.{}M", tokens / 1_000_000, tokens % 1_000_000 / 100_000),
    }
}

/// Millionths of a US dollar, with the digits that matter.
fn dollars(millionths: u64) -> String {
    let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000);
    if whole > 0 { format!("${whole}.{:02}", rest / 10_000) } else { format!("$0.{:04}", rest / 100) }
}

fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(rows: &[String]) -> String {
        anstream::adapter::strip_str(&rows.join("\n")).to_string()
    }

    #[test]
    fn a_card_says_what_was_called_how_it_went_and_what_came_of_it() {
        let card = ended("read_file", Some(&json!({"path": "notes.md"})), "first\n\nsecond\nthird", false, Some(1250), 60);
        assert_eq!(plain(&card), "✓ read_file done 1.2 s notes.md\n  └ first (+2 lines)");
        let card = ended("read_file", None, "no such file", true, None, 60);
        assert_eq!(plain(&card), "✗ read_file failed \n  └ no such file");
    }

    #[test]
    fn a_card_is_no_wider_than_the_terminal_and_holds_no_escape_sequences() {
        let long = "\x1b[31mx".repeat(500);
        for width in [0, 20, 80] {
            let card = ended("\x1b[1mtool", Some(&json!({"a": long, "b": 1})), &long, true, Some(75_000), width);
            for row in plain(&card).lines() {
                assert!(columns(row) <= width.max(40), "{width}: {row}");
            }
            assert!(!plain(&card).contains('\x1b'));
        }
    }

    #[test]
    fn what_was_used_is_told_in_one_line() {
        let result: AgentResult = serde_json::from_value(json!({
            "response": "", "messageId": "0190c8a0-5b7e-7a10-8000-0000000000c1", "model": "demo:echo", "cost": 1234,
            "usage": {"inputTokens": 12345, "outputTokens": 20, "cachedInputTokens": 300},
        }))
        .unwrap();
        assert_eq!(used(&result, 3450), "demo:echo · 12.3k tokens in (300 cached), 20 out · $0.0012 · 3.4 s");
    }
}
