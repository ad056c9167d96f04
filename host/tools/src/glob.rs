//! `glob`: files by the pattern of their path.

use crate::call;
use crate::file_tool::{FileTool, Job};
use crate::folder::{Folder, told};
use crate::locks::Locks;
use crate::text::shown;
use crate::walk::Walk;
use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::sync::Arc;
use wingman_message::{ToolError, ToolSpec};

/// The most paths that are told.
const MAX_PATHS: usize = 1000;
/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    pattern: String,
    path: Option<String>,
    #[serde(default)]
    include_ignored: bool,
}

pub(crate) fn tool(locks: Arc<Locks>) -> FileTool {
    let spec = ToolSpec {
        name: "glob".into(),
        description:
            "Finds files of the working folder by the pattern of their path, such as `src/**/*.rs`; a pattern without `/` is \
                      for the name alone, in any folder. What .gitignore files leave out is left out."
                .into(),
        input_schema: json!({
            "type": "object",
            "properties": {
                "pattern": { "type": "string", "minLength": 1, "description": "`*`, `?`, `[a-z]`, `{a,b}`, and `**` for any folders." },
                "path": { "type": "string", "description": "The folder to search, which the pattern is relative to; left out, the working folder." },
                "includeIgnored": { "type": "boolean", "description": "Find what .gitignore files leave out, too." }
            },
            "required": ["pattern"],
            "additionalProperties": false
        }),
        idempotent: true,
    };
    FileTool { spec, locks, work }
}

fn work(input: Value, job: &Job<'_>) -> Result<String, ToolError> {
    let Input { pattern, path, include_ignored } = call::input(input)?;
    let matcher = matcher(&pattern, "pattern")?;
    let folder = Folder::open(job.folder)?;
    let path = folder.path(path.as_deref().unwrap_or("."))?;
    let start = folder.canonical(&path)?;
    // Says what is wrong with it, where the walk would say that a folder was missed.
    folder.dir.read_dir(&path).map_err(|error| told(&path, &error))?;
    let walk = Walk { folder: &folder, start: &start, everything: include_ignored, stop: job.stop };
    let (mut text, mut found, mut more) = (String::new(), 0, false);
    let missed = walk.run(|path, _| {
        if path.strip_prefix(&start).is_ok_and(|below| matcher.is_match(below)) {
            more = found == MAX_PATHS;
            if more {
                return Ok(ControlFlow::Break(()));
            }
            found += 1;
            text.push_str(&shown(path));
            text.push('\n');
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if found == 0 {
        text.push_str("[no file matches]\n");
    }
    if more {
        text.push_str(&format!("[stopped after {MAX_PATHS} files; use a narrower pattern]\n"));
    }
    text.push_str(&missed.note());
    Ok(text)
}

/// Reads a pattern. `field` is the input that it stands in.
pub(crate) fn matcher(pattern: &str, field: &str) -> Result<GlobMatcher, ToolError> {
    let invalid = |why: String| ToolError::InvalidInput(format!("`{field}` {why}"));
    if pattern.len() > MAX_PATTERN {
        return Err(invalid(format!("is longer than {MAX_PATTERN} bytes")));
    }
    if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
        return Err(invalid("is relative to `path`: it neither starts with `/` nor holds `..`".into()));
    }
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let anywhere = if pattern.contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
    let glob = GlobBuilder::new(&anywhere).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| invalid(format!("is no pattern: {}", error.kind())))
}
