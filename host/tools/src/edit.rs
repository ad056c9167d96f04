//! `edit_file`: one text in a file replaced by another, exactly.

use crate::call::{self, Watched};
use crate::file_tool::{FileTool, Job};
use crate::folder::{Folder, failed, told};
use crate::locks::Locks;
use crate::text::{self, count, shown};
use crate::write::{MAX_FILE, Spot};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Read;
use std::sync::Arc;
use wingman_message::{ToolError, ToolSpec};

/// How many lines are compared to find the nearest place.
const MAX_COMPARED: usize = 20_000;
/// How similar a line must be to be worth showing: 0 to 1.
const SIMILAR: f64 = 0.6;
/// How many lines of the nearest place are shown, and of how many replaced places the line is told.
const SHOWN: usize = 10;
/// The most of a shown line, in bytes.
const MAX_LINE: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    path: String,
    old_text: String,
    new_text: String,
    #[serde(default)]
    replace_all: bool,
}

pub(crate) fn tool(locks: Arc<Locks>) -> FileTool {
    let spec = ToolSpec {
        name: "edit_file".into(),
        description:
            "Replaces text in a file of the working folder. The old text must be in the file exactly as given, white space \
                      included, and once only; give enough lines around it, or say replaceAll."
                .into(),
        input_schema: json!({
            "type": "object",
            "properties": {
                "path": { "type": "string", "description": "The file, relative to the working folder." },
                "oldText": { "type": "string", "minLength": 1, "description": "The text to replace, without line numbers." },
                "newText": { "type": "string", "description": "What stands there afterwards." },
                "replaceAll": { "type": "boolean", "description": "Replace each place where the old text is." }
            },
            "required": ["path", "oldText", "newText"],
            "additionalProperties": false
        }),
        idempotent: false,
    };
    FileTool { spec, locks, work }
}

fn work(input: Value, job: &Job<'_>) -> Result<String, ToolError> {
    let Input { path, old_text, new_text, replace_all } = call::input(input)?;
    if old_text.is_empty() {
        return Err(ToolError::InvalidInput("`oldText` is empty; use write_file to write a whole file".into()));
    }
    if old_text == new_text {
        return Err(ToolError::InvalidInput("`oldText` and `newText` are the same: nothing would change".into()));
    }
    let folder = Folder::open(job.folder)?;
    let path = folder.path(&path)?;
    let spot = Spot::existing(&folder, &path)?;
    let name = shown(&path);
    let _alone = job.locks.of(spot.key()?);
    let (file, metadata) = spot.open()?;
    if metadata.len() > MAX_FILE as u64 {
        return Err(failed(format!("`{name}` is too large to edit: {} bytes, and {MAX_FILE} are the most", metadata.len())));
    }
    let mut bytes = Vec::new();
    // One more than allowed, in case it grows meanwhile.
    let mut reader = Watched { reader: file, stop: job.stop }.take(MAX_FILE as u64 + 1);
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| if job.stop.is_cancelled() { call::stopped() } else { told(&path, &error) })?;
    let content = String::from_utf8(bytes).map_err(|_| failed(format!("`{name}` is not UTF-8 text: it is not edited")))?;

    let Edit { text, lines } = Edit::of(&content, &old_text, &new_text, replace_all).map_err(|refused| refused.told(&name))?;
    spot.unchanged(&metadata)?;
    spot.replace(text.as_bytes(), Some(&metadata), job.stop)?;
    let at: Vec<String> = lines.iter().take(SHOWN).map(usize::to_string).collect();
    let more = if lines.len() > SHOWN { ", …" } else { "" };
    let lines_word = if lines.len() == 1 { "line" } else { "lines" };
    Ok(format!("replaced {} in `{name}`, at {lines_word} {}{more}", count(lines.len(), "place"), at.join(", ")))
}

/// A change that fits.
#[derive(Debug)]
struct Edit {
    /// The whole new content.
    text: String,
    /// The lines where something was replaced, in the old content, counted from 1.
    lines: Vec<usize>,
}

/// Why nothing is changed.
#[derive(Debug)]
enum Refused {
    /// The text is not there.
    Absent(Option<Nearest>),
    /// It is there more than once, at these lines.
    Several(Vec<usize>),
    /// The result would have so many bytes.
    TooLarge(usize),
}

/// What is most like the text that was looked for.
#[derive(Debug)]
struct Nearest {
    /// Line number, counted from 1.
    line: usize,
    /// Only white space differs.
    only_white_space: bool,
    /// The lines as they are in the file.
    excerpt: Vec<String>,
}

impl Edit {
    fn of(content: &str, old: &str, new: &str, all: bool) -> Result<Self, Refused> {
        let mut texts = (old.to_owned(), new.to_owned());
        if !content.contains(old) && content.contains("\r\n") && old.contains('\n') && !old.contains('\r') {
            // Models write line feeds; the file's own line ends stay.
            texts = (old.replace('\n', "\r\n"), new.replace("\r\n", "\n").replace('\n', "\r\n"));
        }
        let (old, new) = (texts.0.as_str(), texts.1.as_str());
        let lines = lines_of(content, old);
        match lines.len() {
            0 => return Err(Refused::Absent(nearest(content, old))),
            1 => {}
            _ if !all => return Err(Refused::Several(lines)),
            _ => {}
        }
        let size = content.len().saturating_sub(lines.len() * old.len()).saturating_add(lines.len().saturating_mul(new.len()));
        if size > MAX_FILE {
            return Err(Refused::TooLarge(size));
        }
        Ok(Self { text: content.replace(old, new), lines })
    }
}

/// The lines at which `old` begins.
fn lines_of(content: &str, old: &str) -> Vec<usize> {
    let (mut line, mut from, mut lines) = (1, 0, Vec::new());
    for (at, _) in content.match_indices(old) {
        line += content.get(from..at).map_or(0, |between| between.matches('\n').count());
        from = at;
        lines.push(line);
    }
    lines
}

/// The place where all lines fit but for white space, or else the line that is most like the first of `old` that says something.
fn nearest(content: &str, old: &str) -> Option<Nearest> {
    let lines: Vec<&str> = content.lines().take(MAX_COMPARED).collect();
    let wanted: Vec<String> = old.lines().map(squeezed).collect();
    let height = wanted.len().max(1);
    let excerpt = |at: usize, height: usize| {
        lines.iter().skip(at).take(height.min(SHOWN)).map(|line| text::line(line, MAX_LINE)).collect::<Vec<_>>()
    };
    // The text may begin and end within a line.
    let fits = |window: &[&str]| {
        window.iter().zip(&wanted).enumerate().all(|(at, (line, wanted))| match (squeezed(line), at == 0, at + 1 == height) {
            (line, true, true) => line.contains(wanted.as_str()),
            (line, true, false) => line.ends_with(wanted.as_str()),
            (line, false, true) => line.starts_with(wanted.as_str()),
            (line, false, false) => line == *wanted,
        })
    };
    let only_white_space = wanted.iter().any(|line| !line.is_empty());
    if only_white_space && let Some(at) = lines.windows(height).position(fits) {
        return Some(Nearest { line: at + 1, only_white_space, excerpt: excerpt(at, height) });
    }
    let (skipped, first) = old.lines().map(str::trim).enumerate().find(|(_, line)| !line.is_empty())?;
    let first = text::clipped(first, MAX_LINE);
    let scored =
        lines.iter().enumerate().map(|(at, line)| (at, strsim::sorensen_dice(text::clipped(line.trim(), MAX_LINE), first)));
    let (at, score) = scored.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let at = at.saturating_sub(skipped);
    (score >= SIMILAR).then(|| Nearest { line: at + 1, only_white_space: false, excerpt: excerpt(at, height) })
}

/// The line with each run of white space as one space, and none at the ends.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Refused {
    fn told(self, name: &str) -> ToolError {
        failed(match self {
            Self::TooLarge(size) => format!("`{name}` would have {size} bytes, and {MAX_FILE} are the most"),
            Self::Several(lines) => {
                let at: Vec<String> = lines.iter().take(SHOWN).map(usize::to_string).collect();
                let more = if lines.len() > SHOWN { ", …" } else { "" };
                format!(
                    "`oldText` is in `{name}` {} times, at lines {}{more}; give more of the lines around it, or say replaceAll",
                    lines.len(),
                    at.join(", ")
                )
            }
            Self::Absent(None) => format!("`oldText` is not in `{name}`, nor anything like it; read the file again"),
            Self::Absent(Some(Nearest { line, only_white_space, excerpt })) => {
                let how = if only_white_space { "only white space differs" } else { "the nearest place" };
                format!("`oldText` is not in `{name}`; {how} at line {line}:\n{}", excerpt.join("\n"))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_files_own_line_ends_stay() {
        let edit = Edit::of("a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz", false).unwrap();
        assert_eq!(edit.text, "x\r\ny\r\nz\r\nc\r\n");
    }

    #[test]
    fn a_place_that_differs_in_white_space_alone_is_found() {
        let Err(Refused::Absent(Some(nearest))) =
            Edit::of("fn a() {\n\tlet x = 1;\n}\n", "fn a() {\n    let x = 1;\n}", "", false)
        else {
            panic!("it is there but for the tab");
        };
        assert_eq!((nearest.line, nearest.only_white_space), (1, true));
        assert_eq!(nearest.excerpt, ["fn a() {", "\tlet x = 1;", "}"]);
    }

    #[test]
    fn a_result_that_would_not_fit_is_not_made() {
        let refused = Edit::of(&"a".repeat(1 << 20), "a", &"b".repeat(1 << 20), true).unwrap_err();
        assert!(matches!(refused, Refused::TooLarge(size) if size == 1 << 40));
    }

    proptest! {
        #[test]
        fn nothing_but_the_old_text_changes(before in "[ab\n]{0,12}", old in "[c-e\n]{1,4}", new in "[ab\n]{0,4}", after in "[ab\n]{0,12}") {
            let content = format!("{before}{old}{after}");
            match Edit::of(&content, &old, &new, false) {
                Ok(edit) => {
                    prop_assert_eq!(edit.text, content.replacen(&old, &new, 1));
                    prop_assert_eq!(content.matches(&old).count(), 1);
                }
                Err(Refused::Several(lines)) => prop_assert_eq!(lines.len(), content.matches(&old).count()),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
            let all = Edit::of(&content, &old, &new, true).unwrap();
            prop_assert_eq!(all.text, content.replace(&old, &new));
        }
    }
}
