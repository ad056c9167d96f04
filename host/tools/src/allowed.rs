//! The allow-list of commands: what an entry is, and which call it allows.

use std::fmt;
use std::str::FromStr;

/// Characters that only a shell gives a meaning to.
const SHELL: &[char] = &['|', '&', ';', '<', '>', '$', '`', '"', '\'', '\\', '(', ')', '{', '}', '*', '?', '[', ']', '#', '!'];

/// Why an entry cannot stand in an allow-list; the message says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCommand {
    /// Nothing is there.
    #[error("an allowed command is empty; write the name of a program, such as `git` or `git status`")]
    Empty,
    /// Something in it only a shell understands.
    #[error(
        "`{entry}`: `{character}` has no meaning here, because no shell runs; write a program and the arguments that must lead"
    )]
    ForAShell {
        /// The entry.
        entry: String,
        /// What is too much.
        character: char,
    },
    /// A control character.
    #[error("{entry:?} holds a control character; remove it")]
    Control {
        /// The entry.
        entry: String,
    },
    /// The program is a path that depends on the folder.
    #[error(
        "`{program}` depends on the folder that it runs in; write a name that is found in PATH, or an absolute path without `..`"
    )]
    RelativePath {
        /// The program as written.
        program: String,
    },
}

/// One entry of an allow-list: a program, and the arguments that a call must start with.
///
/// `git` allows git with any arguments, `git status` allows `git status --short` and not `git push`. A name is looked up in PATH; an
/// absolute path allows just that file, called by just that path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedCommand {
    words: Vec<String>,
}

impl AllowedCommand {
    /// Reads an entry: words, with white space between them.
    ///
    /// # Errors
    /// [`BadCommand`], where it does not name a program, or would mean something to a shell alone.
    pub fn parse(entry: &str) -> Result<Self, BadCommand> {
        if let Some(character) = entry.chars().find(|c| SHELL.contains(c)) {
            return Err(BadCommand::ForAShell { entry: entry.to_owned(), character });
        }
        if entry.chars().any(char::is_control) {
            return Err(BadCommand::Control { entry: entry.to_owned() });
        }
        let words: Vec<String> = entry.split_whitespace().map(str::to_owned).collect();
        let program = words.first().ok_or(BadCommand::Empty)?;
        let fixed = match program.strip_prefix('/') {
            Some(path) => path.split('/').all(|part| !matches!(part, "" | "." | "..")),
            None => !program.contains('/') && !matches!(program.as_str(), "." | "..") && !program.starts_with('~'),
        };
        if fixed { Ok(Self { words }) } else { Err(BadCommand::RelativePath { program: program.clone() }) }
    }

    /// Whether the call starts with it.
    #[must_use]
    pub fn allows(&self, argv: &[String]) -> bool {
        argv.starts_with(&self.words)
    }
}

impl FromStr for AllowedCommand {
    type Err = BadCommand;

    fn from_str(entry: &str) -> Result<Self, BadCommand> {
        Self::parse(entry)
    }
}

impl fmt::Display for AllowedCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn leading_words_must_be_the_same_whole_words() {
        let status = AllowedCommand::parse(" git  status ").unwrap();
        assert!(status.allows(&argv("git status")));
        assert!(status.allows(&argv("git status --short")));
        for other in ["git", "git push", "git statusx", "git -c x=y status", "/usr/bin/git status", "gi", "git  status"] {
            assert!(!status.allows(&argv(other)), "{other}");
        }
        assert!(!AllowedCommand::parse("git").unwrap().allows(&[]));
        assert!(AllowedCommand::parse("/usr/bin/git").unwrap().allows(&argv("/usr/bin/git push")));
    }

    #[test]
    fn what_only_a_shell_understands_is_refused() {
        for bad in [
            "",
            "  ",
            "git | cat",
            "*",
            "git *",
            "sh -c \"x\"",
            "a;b",
            "$HOME/x",
            "./x",
            "bin/x",
            "../x",
            "/a/../b",
            "/",
            "/a//b",
            "~/x",
            ".",
            "a\nb",
            "a\0",
        ] {
            assert!(AllowedCommand::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["git", "cargo test", "/usr/bin/env", "g++", "python3.12 -m pytest", "npm run build:all", "a=b", "x@y"] {
            assert!(AllowedCommand::parse(good).is_ok(), "{good}");
        }
    }
}
