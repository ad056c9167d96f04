//! `grep`: lines by a regular expression.

use crate::call::{self, Watched};
use crate::file_tool::{FileTool, Job};
use crate::folder::{Folder, told};
use crate::glob;
use crate::locks::Locks;
use crate::text::{line, shown};
use crate::walk::Walk;
use cap_std::fs::File;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, MmapChoice, Searcher, SearcherBuilder, Sink, SinkContext, SinkMatch};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use wingman_message::{ToolError, ToolSpec};

/// The largest file that is searched, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// The most text that one call gives back, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// The most of one line, in bytes.
const MAX_LINE: usize = 400;
/// Matching lines, if nothing is said.
const MATCHES: usize = 200;
/// The most memory for the lines that are looked at, in bytes: a longer one makes its file be skipped.
const MAX_HEAP: usize = 8 << 20;
/// The most memory for a compiled expression, in bytes.
const MAX_REGEX: usize = 10 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    pattern: String,
    path: Option<String>,
    glob: Option<String>,
    #[serde(default)]
    context: usize,
    #[serde(default)]
    ignore_case: bool,
    limit: Option<usize>,
    #[serde(default)]
    include_ignored: bool,
}

pub(crate) fn tool(locks: Arc<Locks>) -> FileTool {
    let spec = ToolSpec {
        name: "grep".into(),
        description:
            "Finds lines in the files of the working folder by a regular expression. A match is told as path:line:text, a \
                      line around it as path-line-text. Binary files, and what .gitignore files leave out, are not searched."
                .into(),
        input_schema: json!({
            "type": "object",
            "properties": {
                "pattern": { "type": "string", "minLength": 1, "maxLength": 4000, "description": "A regular expression (RE2-like: no look-around, no back-references), for one line." },
                "path": { "type": "string", "description": "The folder or the one file to search; left out, the working folder." },
                "glob": { "type": "string", "description": "Search only files whose path matches, such as `*.rs`." },
                "context": { "type": "integer", "minimum": 0, "maximum": 20, "description": "Lines to show before and after each match." },
                "ignoreCase": { "type": "boolean", "description": "Take upper and lower case for the same." },
                "limit": { "type": "integer", "minimum": 1, "maximum": 2000, "description": "The most matching lines to show, 200 if left out." },
                "includeIgnored": { "type": "boolean", "description": "Search what .gitignore files leave out, too." }
            },
            "required": ["pattern"],
            "additionalProperties": false
        }),
        idempotent: true,
    };
    FileTool { spec, locks, work }
}

fn work(input: Value, job: &Job<'_>) -> Result<String, ToolError> {
    let Input { pattern, path, glob, context, ignore_case, limit, include_ignored } = call::input(input)?;
    let mut builder = RegexMatcherBuilder::new();
    builder.case_insensitive(ignore_case).size_limit(MAX_REGEX).dfa_size_limit(MAX_REGEX).line_terminator(Some(b'\n'));
    let regex = builder
        .build(&pattern)
        .map_err(|error| ToolError::InvalidInput(format!("`pattern` is no regular expression: {error}")))?;
    let glob = glob.map(|glob| glob::matcher(&glob, "glob")).transpose()?;
    let folder = Folder::open(job.folder)?;
    let path = folder.path(path.as_deref().unwrap_or("."))?;
    let mut search = Search::new(regex, context.min(20), limit.unwrap_or(MATCHES), job.stop);

    let metadata = folder.dir.metadata(&path).map_err(|error| told(&path, &error))?;
    if !metadata.is_dir() {
        let (file, metadata) = folder.file(&path)?;
        search.file(&path, file, metadata.len())?;
        return Ok(search.told());
    }
    let start = folder.canonical(&path)?;
    let walk = Walk { folder: &folder, start: &start, everything: include_ignored, stop: job.stop };
    let missed = walk.run(|path, of| {
        let wanted = glob.as_ref().is_none_or(|glob| path.strip_prefix(&start).is_ok_and(|below| glob.is_match(below)));
        if of.is_file() && wanted {
            match folder.file(path) {
                Ok((file, metadata)) => search.file(path, file, metadata.len())?,
                Err(_) => search.skipped.closed += 1,
            }
        }
        Ok(if search.full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(search.told() + &missed.note())
}

/// Files that were not searched, by why.
#[derive(Default)]
struct Skipped {
    binary: usize,
    large: usize,
    closed: usize,
}

/// One search over many files.
struct Search<'a> {
    searcher: Searcher,
    regex: RegexMatcher,
    stop: &'a CancellationToken,
    left: usize,
    text: String,
    skipped: Skipped,
    full: bool,
}

impl<'a> Search<'a> {
    fn new(regex: RegexMatcher, context: usize, limit: usize, stop: &'a CancellationToken) -> Self {
        let searcher = SearcherBuilder::new()
            .line_number(true)
            .before_context(context)
            .after_context(context)
            .heap_limit(Some(MAX_HEAP))
            // A mapped file that shrinks meanwhile would end the process.
            .memory_map(MmapChoice::never())
            .binary_detection(BinaryDetection::quit(0))
            .build();
        Self { searcher, regex, stop, left: limit, text: String::new(), skipped: Skipped::default(), full: false }
    }

    fn file(&mut self, path: &Path, file: File, size: u64) -> Result<(), ToolError> {
        if size > MAX_FILE {
            self.skipped.large += 1;
            return Ok(());
        }
        let reader = Watched { reader: file, stop: self.stop };
        let mut lines =
            Lines { path: shown(path), text: &mut self.text, left: &mut self.left, binary: false, full: &mut self.full };
        let ended = self.searcher.search_reader(&self.regex, reader, &mut lines);
        self.skipped.binary += usize::from(lines.binary);
        call::go_on(self.stop)?;
        if ended.is_err() {
            self.skipped.closed += 1;
        }
        Ok(())
    }

    fn told(self) -> String {
        let Self { mut text, skipped: Skipped { binary, large, closed }, full, .. } = self;
        if text.is_empty() {
            text.push_str("[no line matches]\n");
        }
        if full {
            text.push_str("[stopped here: there may be more; use a narrower pattern, path or glob]\n");
        }
        let skipped: Vec<String> = [(binary, "binary file"), (large, "file too large"), (closed, "file that could not be read")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| if number == 1 { format!("1 {what}") } else { format!("{number} {}", plural(what)) })
            .collect();
        if !skipped.is_empty() {
            text.push_str(&format!("[not searched: {}]\n", skipped.join(", ")));
        }
        text
    }
}

fn plural(what: &str) -> String {
    what.replacen("file", "files", 1)
}

/// Takes the lines of one file.
struct Lines<'a> {
    path: String,
    text: &'a mut String,
    left: &'a mut usize,
    binary: bool,
    full: &'a mut bool,
}

impl Lines<'_> {
    /// Whether there is room for more.
    fn push(&mut self, number: Option<u64>, mark: char, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let text = line(text.trim_end_matches(['\n', '\r']), MAX_LINE);
        self.text.push_str(&format!("{}{mark}{}{mark}{text}\n", self.path, number.unwrap_or_default()));
        *self.full = self.text.len() >= MAX_TEXT;
        !*self.full
    }
}

impl Sink for Lines<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        if *self.left == 0 {
            *self.full = true;
            return Ok(false);
        }
        *self.left -= 1;
        Ok(self.push(found.line_number(), ':', found.bytes()))
    }

    fn context(&mut self, _: &Searcher, around: &SinkContext<'_>) -> io::Result<bool> {
        Ok(self.push(around.line_number(), '-', around.bytes()))
    }

    fn context_break(&mut self, _: &Searcher) -> io::Result<bool> {
        self.text.push_str("--\n");
        Ok(true)
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> io::Result<bool> {
        self.binary = true;
        Ok(true)
    }
}
