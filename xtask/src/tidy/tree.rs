//! The files that rules look at: what git tracks or would track, as text, with the views of Rust source that rules need.

use super::{Finding, mask};
use crate::shell;
use anyhow::Result;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// All text files of the repository.
pub(crate) struct Tree {
    files: Vec<File>,
}

/// One text file.
pub(crate) struct File {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments, strings and characters blanked, line for line; for Rust source only.
    pub(crate) code: Option<String>,
    /// Lines that are only compiled for tests, counted from one.
    test_lines: HashSet<usize>,
}

impl Tree {
    /// Tracked files, and new ones that no ignore file names: a finding should come before the commit.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let names = shell::capture(Command::new("git").current_dir(root).args(listing))?;
        let files = names.split_terminator('\0').filter_map(|name| {
            // A file may be gone from the work tree, or be no text.
            let text = fs::read_to_string(root.join(name)).ok()?;
            Some(File::new(name, text))
        });
        Ok(Self { files: files.collect() })
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Rust source, with the code that is left of it without comments and strings.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&File, &str)> {
        self.files.iter().filter_map(|file| Some((file, file.code.as_deref()?)))
    }
}

impl File {
    fn new(path: &str, text: String) -> Self {
        let code = path.ends_with(".rs").then(|| mask::blank(&text));
        let test_lines = code.as_deref().map(mask::test_lines).unwrap_or_default();
        Self { path: path.to_owned(), text, code, test_lines }
    }

    /// Whether the whole file is a test, or help for one.
    pub(crate) fn is_test(&self) -> bool {
        let mut folders = self.path.split('/');
        let name = folders.next_back().unwrap_or_default();
        name == "tests.rs" || folders.any(|folder| folder == "tests" || folder == "benches")
    }

    /// Whether a line is only compiled for tests.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test() || self.test_lines.contains(&line)
    }

    pub(crate) fn finding(&self, line: usize, rule: &'static str, why: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, rule, why: why.into() }
    }

    /// The lines, counted from one.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.text)
    }
}

/// The lines of a text, counted from one.
pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
impl Tree {
    /// A tree for tests of rules.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| File::new(path, (*text).to_owned())).collect() }
    }
}

/// Runs a rule over one file and gives its findings as `line: word`.
#[cfg(test)]
pub(crate) fn found(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
    rule(&Tree::of(&[(path, text)])).iter().map(|finding| finding.line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_folder_its_file_or_its_module() {
        let tree = Tree::of(&[
            ("host/a/tests/story.rs", ""),
            ("tests/harness/src/lib.rs", ""),
            ("host/a/src/tests.rs", ""),
            ("host/a/src/lib.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n}\nfn b() {}\n"),
        ]);
        assert_eq!(tree.files().map(File::is_test).collect::<Vec<_>>(), [true, true, true, false]);
        let library = tree.files().last().unwrap();
        let lines: Vec<_> = (1..=5).map(|line| library.is_test_line(line)).collect();
        assert_eq!(lines, [false, true, true, true, false]);
    }

    #[test]
    fn the_tree_holds_what_git_tracks_or_would_track() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        shell::run(Command::new("git").current_dir(root).args(["init", "--quiet"])).unwrap();
        for (name, bytes) in
            [(".gitignore", b"/out\n".as_slice()), ("new.txt", b"hi"), ("out", b"no"), ("picture", &[0xff, 0xfe])]
        {
            fs::write(root.join(name), bytes).unwrap();
        }
        let tree = Tree::load(root).unwrap();
        assert_eq!(tree.files().map(|file| file.path.as_str()).collect::<Vec<_>>(), [".gitignore", "new.txt"]);
    }
}
