//! Every file below a folder, in a fixed order. Links are not followed, so there are no loops and no way out; each folder is
//! opened beneath the working folder, so that one that is swapped for a link meanwhile leads nowhere.

use crate::call;
use crate::folder::{Folder, told};
use crate::ignores::Ignores;
use cap_std::fs::FileType;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;
use wingman_message::ToolError;

/// The most entries that one walk looks at.
const MAX_ENTRIES: usize = 200_000;
/// The deepest folder, counted from where the walk starts.
const MAX_DEPTH: usize = 64;

/// What a walk did not see.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    /// Folders that could not be opened, or lie too deep.
    pub(crate) folders: usize,
    /// There were more entries than one walk looks at.
    pub(crate) rest: bool,
}

impl Missed {
    /// A note in brackets, or nothing.
    pub(crate) fn note(&self) -> String {
        let mut note = String::new();
        if self.folders > 0 {
            note.push_str(&format!(
                "[not searched, because closed or too deep: {}]\n",
                crate::text::count(self.folders, "folder")
            ));
        }
        if self.rest {
            note.push_str(&format!("[stopped after {MAX_ENTRIES} entries; search in a folder further down]\n"));
        }
        note
    }
}

/// One walk.
pub(crate) struct Walk<'a> {
    pub(crate) folder: &'a Folder,
    /// Where it starts: canonical, relative to the working folder.
    pub(crate) start: &'a Path,
    /// Leave nothing out but the insides of `.git`.
    pub(crate) everything: bool,
    pub(crate) stop: &'a CancellationToken,
}

struct Pending {
    folder: PathBuf,
    ignores: Ignores,
    depth: usize,
}

impl Walk<'_> {
    /// Shows `visit` each entry that is no folder: its path relative to the working folder, and its kind.
    pub(crate) fn run(
        &self,
        mut visit: impl FnMut(&Path, FileType) -> Result<ControlFlow<()>, ToolError>,
    ) -> Result<Missed, ToolError> {
        let mut missed = Missed::default();
        let mut budget = MAX_ENTRIES;
        let mut pending = vec![Pending { folder: self.start.to_owned(), ignores: self.above()?, depth: 0 }];
        while let Some(Pending { folder, ignores, depth }) = pending.pop() {
            call::go_on(self.stop)?;
            let Ok(dir) = self.folder.dir.open_dir(or_dot(&folder)) else {
                missed.folders += 1;
                continue;
            };
            let ignores = if self.everything { ignores } else { ignores.below(&folder, &dir) };
            let Ok(entries) = dir.entries() else {
                missed.folders += 1;
                continue;
            };
            let mut names = Vec::new();
            for entry in entries.flatten() {
                call::go_on(self.stop)?;
                if budget == 0 {
                    missed.rest = true;
                    break;
                }
                budget -= 1;
                if let Ok(of) = entry.file_type() {
                    names.push((entry.file_name(), of));
                }
            }
            names.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            let mut folders = Vec::new();
            for (name, of) in names {
                let path = folder.join(&name);
                if name == ".git" || (!self.everything && ignores.ignored(&path, of.is_dir())) {
                    continue;
                }
                if !of.is_dir() {
                    if visit(&path, of)?.is_break() {
                        return Ok(missed);
                    }
                } else if depth < MAX_DEPTH {
                    folders.push(Pending { folder: path, ignores: ignores.clone(), depth: depth + 1 });
                } else {
                    missed.folders += 1;
                }
            }
            pending.extend(folders.into_iter().rev());
        }
        Ok(missed)
    }

    /// The rules from above the start.
    fn above(&self) -> Result<Ignores, ToolError> {
        let mut ignores = Ignores::default();
        if self.everything {
            return Ok(ignores);
        }
        let mut above: Vec<&Path> = self.start.ancestors().skip(1).collect();
        above.reverse();
        for folder in above {
            let dir = self.folder.dir.open_dir(or_dot(folder)).map_err(|error| told(folder, &error))?;
            ignores = ignores.below(folder, &dir);
        }
        Ok(ignores)
    }
}

fn or_dot(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}
