//! `list`: what is in one folder.

use crate::call;
use crate::file_tool::{FileTool, Job};
use crate::folder::{Folder, kind, told};
use crate::locks::Locks;
use crate::text::{count, shown};
use cap_std::fs::{DirEntry, MetadataExt};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use wingman_message::{ToolError, ToolSpec};

/// The most entries that are shown.
const MAX_SHOWN: usize = 1000;
/// The most entries that are looked at.
const MAX_ENTRIES: usize = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    path: Option<String>,
}

pub(crate) fn tool(locks: Arc<Locks>) -> FileTool {
    let spec = ToolSpec {
        name: "list".into(),
        description:
            "Lists one folder of the working folder, hidden names included: kind, size in bytes, time of the last change \
                      (UTC) and name of each entry."
                .into(),
        input_schema: json!({
            "type": "object",
            "properties": {
                "path": { "type": "string", "description": "The folder, relative to the working folder; left out, that itself." }
            },
            "additionalProperties": false
        }),
        idempotent: true,
    };
    FileTool { spec, locks, work }
}

fn work(input: Value, job: &Job<'_>) -> Result<String, ToolError> {
    let Input { path } = call::input(input)?;
    let folder = Folder::open(job.folder)?;
    let path = folder.path(path.as_deref().unwrap_or("."))?;
    let dir = folder.dir.open_dir(&path).map_err(|error| told(&path, &error))?;
    let mut entries: Vec<(OsString, DirEntry)> = Vec::new();
    let mut more = false;
    for entry in dir.entries().map_err(|error| told(&path, &error))? {
        call::go_on(job.stop)?;
        more = entries.len() >= MAX_ENTRIES;
        if more {
            break;
        }
        let entry = entry.map_err(|error| told(&path, &error))?;
        entries.push((entry.file_name(), entry));
    }
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let mut text = String::new();
    for (name, entry) in entries.iter().take(MAX_SHOWN) {
        call::go_on(job.stop)?;
        text.push_str(&line(&dir, name, entry));
    }
    if entries.is_empty() {
        text.push_str("[the folder is empty]\n");
    }
    if entries.len() > MAX_SHOWN {
        let than = if more { "more than " } else { "" };
        text.push_str(&format!("[the first {MAX_SHOWN} of {than}{}]\n", count(entries.len(), "name")));
    }
    Ok(text)
}

/// `kind`, size, time and name of an entry, which is not followed where it is a link.
fn line(dir: &cap_std::fs::Dir, name: &OsString, entry: &DirEntry) -> String {
    let path = Path::new(name);
    let mut label = shown(path);
    if name.to_str().is_none() {
        label.push_str(" [its name is not UTF-8: it cannot be opened here]");
    }
    // It may be gone by now.
    let Ok(metadata) = entry.metadata() else { return format!("gone\t-\t-\t{label}\n") };
    let of = metadata.file_type();
    let size = if of.is_file() { metadata.len().to_string() } else { "-".to_owned() };
    let modified = Timestamp::from_second(metadata.mtime()).map_or_else(|_| "-".to_owned(), |time| time.to_string());
    if of.is_dir() {
        label.push('/');
    }
    if of.is_symlink()
        && let Ok(target) = dir.read_link_contents(path)
    {
        label.push_str(&format!(" -> {}", shown(&target)));
    }
    format!("{}\t{size}\t{modified}\t{label}\n", kind(of))
}
