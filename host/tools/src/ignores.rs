//! The rules of `.gitignore` and `.ignore` files, from the working folder down. What lies above the working folder has no say.

use crate::folder::open_file;
use cap_std::fs::Dir;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files that hold rules; the later one wins.
const FILES: [&str; 2] = [".gitignore", ".ignore"];
/// How much of such a file is read, in bytes.
const MAX_FILE: u64 = 256 * 1024;

/// The rules that hold in one folder.
#[derive(Clone, Default)]
pub(crate) struct Ignores(Option<Arc<Level>>);

struct Level {
    /// The folder that the rules stand in, relative to the working folder.
    folder: PathBuf,
    rules: Gitignore,
    above: Ignores,
}

impl Ignores {
    /// The rules in `folder`, which is open as `dir`, where these hold above it.
    pub(crate) fn below(&self, folder: &Path, dir: &Dir) -> Self {
        // Paths are matched relative to the folder.
        let mut builder = GitignoreBuilder::new(".");
        for name in FILES {
            let Ok((file, _)) = open_file(dir, Path::new(name)) else { continue };
            let mut text = Vec::new();
            if file.take(MAX_FILE).read_to_end(&mut text).is_ok() {
                for line in String::from_utf8_lossy(&text).lines() {
                    // A line that is no pattern ignores nothing.
                    let _ = builder.add_line(None, line);
                }
            }
        }
        match builder.build() {
            Ok(rules) if !rules.is_empty() => {
                Self(Some(Arc::new(Level { folder: folder.to_owned(), rules, above: self.clone() })))
            }
            _ => self.clone(),
        }
    }

    /// Whether `path`, relative to the working folder, is left out. The rules nearest to it decide.
    pub(crate) fn ignored(&self, path: &Path, is_dir: bool) -> bool {
        let mut level = self.0.as_deref();
        while let Some(Level { folder, rules, above }) = level {
            if let Ok(below) = path.strip_prefix(folder) {
                match rules.matched(below, is_dir) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
            level = above.0.as_deref();
        }
        false
    }
}
