//! `read_file`: text, by lines.

use crate::call::{self, Watched};
use crate::file_tool::{FileTool, Job};
use crate::folder::{Folder, failed, told};
use crate::locks::Locks;
use crate::text;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader};
use std::sync::Arc;
use wingman_message::{ToolError, ToolSpec};

/// The largest file that is read through, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// The most text that one call gives back, in bytes.
const MAX_TEXT: usize = 100 * 1024;
/// The most of one line, in bytes.
const MAX_LINE: usize = 8 * 1024;
/// Lines, if nothing is said.
const LINES: usize = 2000;
/// How much of a file's start tells whether it is text.
const LOOKED_AT: usize = 8 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    path: String,
    offset: Option<u64>,
    limit: Option<usize>,
    #[serde(default)]
    line_numbers: bool,
}

pub(crate) fn tool(locks: Arc<Locks>) -> FileTool {
    let spec = ToolSpec {
        name: "read_file".into(),
        description:
            "Reads a text file of the working folder, by default its first 2000 lines. What is left out is said at the end, \
                      in brackets, and is read with a higher offset."
                .into(),
        input_schema: json!({
            "type": "object",
            "properties": {
                "path": { "type": "string", "description": "The file, relative to the working folder." },
                "offset": { "type": "integer", "minimum": 1, "description": "First line to read, counted from 1." },
                "limit": { "type": "integer", "minimum": 1, "maximum": 100_000, "description": "The most lines to read." },
                "lineNumbers": { "type": "boolean", "description": "Put each line's number and a tab before it." }
            },
            "required": ["path"],
            "additionalProperties": false
        }),
        idempotent: true,
    };
    FileTool { spec, locks, work }
}

fn work(input: Value, job: &Job<'_>) -> Result<String, ToolError> {
    let Input { path, offset, limit, line_numbers } = call::input(input)?;
    let folder = Folder::open(job.folder)?;
    let path = folder.path(&path)?;
    let (file, metadata) = folder.file(&path)?;
    let size = metadata.len();
    let name = text::shown(&path);
    if size > MAX_FILE {
        return Err(failed(format!("`{name}` is too large to read: {size} bytes, and {MAX_FILE} are the most")));
    }
    let mut reader = BufReader::with_capacity(64 * 1024, Watched { reader: file, stop: job.stop });
    let range = Range { first: offset.unwrap_or(1).max(1), limit: limit.unwrap_or(LINES), line_numbers };
    let page =
        range.read(&mut reader).map_err(|error| if job.stop.is_cancelled() { call::stopped() } else { told(&path, &error) })?;
    page.map(|page| page.told(&range)).ok_or_else(|| failed(format!("`{name}` is binary ({size} bytes): only text is read")))
}

struct Range {
    first: u64,
    limit: usize,
    line_numbers: bool,
}

/// What was read.
#[derive(Default)]
struct Page {
    text: String,
    /// Lines in `text`.
    shown: u64,
    /// Lines in the file.
    lines: u64,
    /// Some byte was not UTF-8.
    foreign: bool,
    /// The range holds more than fits.
    full: bool,
}

impl Range {
    /// None where it is not text.
    fn read(&self, reader: &mut impl BufRead) -> io::Result<Option<Page>> {
        let start = reader.fill_buf()?;
        if start.iter().take(LOOKED_AT).any(|byte| *byte == 0) {
            return Ok(None);
        }
        let mut page = Page::default();
        let mut line = Line::default();
        while line.next(reader)? {
            page.lines += 1;
            if page.lines >= self.first && !page.full {
                self.take(&line, &mut page);
            }
        }
        Ok(Some(page))
    }

    fn take(&self, line: &Line, page: &mut Page) {
        if page.shown >= self.limit as u64 || page.text.len() >= MAX_TEXT {
            page.full = true;
            return;
        }
        if self.line_numbers {
            page.text.push_str(&format!("{:>6}\t", page.lines));
        }
        // A character that the cut went through is left out with the rest.
        let cut = line.length > line.kept.len();
        let whole = if cut { whole_characters(&line.kept) } else { &line.kept };
        page.foreign |= std::str::from_utf8(whole).is_err();
        page.text.push_str(&String::from_utf8_lossy(whole));
        if cut {
            page.text.push_str(&format!("… [line of {} bytes cut]", line.length));
        }
        page.text.push('\n');
        page.shown += 1;
    }
}

/// Without the incomplete character at the end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let start = bytes.len() - bytes.iter().rev().take(4).position(|byte| byte & 0xc0 != 0x80).map_or(0, |back| back + 1);
    match bytes.get(start..).map(std::str::from_utf8) {
        Some(Err(error)) if error.error_len().is_none() => bytes.get(..start).unwrap_or(bytes),
        _ => bytes,
    }
}

impl Page {
    fn told(mut self, range: &Range) -> String {
        let last = range.first + self.shown.saturating_sub(1);
        let mut note = |note: String| {
            self.text.push_str(&format!("[{note}]\n"));
        };
        if self.lines == 0 {
            note("the file is empty".into());
        } else if self.shown == 0 {
            note(format!("the file ends before line {}: it has {}", range.first, text::count(self.lines as usize, "line")));
        } else if last < self.lines {
            note(format!("lines {} to {last} of {}; go on with offset {}", range.first, self.lines, last + 1));
        }
        if self.foreign {
            note("some bytes are not UTF-8; U+FFFD stands for them".into());
        }
        self.text
    }
}

/// One line at a time, however long it is.
#[derive(Default)]
struct Line {
    /// Its start.
    kept: Vec<u8>,
    /// Its whole length in bytes, without the line end.
    length: usize,
}

impl Line {
    /// Whether there was one.
    fn next(&mut self, reader: &mut impl BufRead) -> io::Result<bool> {
        self.kept.clear();
        self.length = 0;
        let mut any = false;
        loop {
            let buffer = reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            self.length += part.len();
            self.kept.extend(part.iter().take(MAX_LINE - self.kept.len()));
            let used = part.len() + usize::from(end.is_some());
            reader.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}
