//! Which languages a plugin may be written in, and which kinds of plugin there are: the words of the command line.

use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A cargo package.
    Rust,
    /// An ES module; `package.json` names it.
    JavaScript,
    /// `app.py`.
    Python,
}

/// What a plugin is; the word in its manifest and the name of the interface that it exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Turns webhook deliveries into messages.
    Preset,
    /// Speaks for a chat network.
    Channel,
    /// Offers tools to agents.
    Tool,
}

/// A word that is none of those that were expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is unknown; use {expected}")]
pub struct ParseError {
    word: String,
    expected: &'static str,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::JavaScript, Self::Python];

    /// The word for `--lang`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "js",
            Self::Python => "python",
        }
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Preset, Self::Channel, Self::Tool];

    /// The word for `--kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preset => "preset",
            Self::Channel => "channel",
            Self::Tool => "tool",
        }
    }
}

impl FromStr for Language {
    type Err = ParseError;

    /// Reads `rust`, `js` or `python`; `javascript` and `py` are understood.
    fn from_str(word: &str) -> Result<Self, ParseError> {
        match word {
            "rust" => Ok(Self::Rust),
            "js" | "javascript" => Ok(Self::JavaScript),
            "python" | "py" => Ok(Self::Python),
            _ => Err(ParseError { word: word.to_owned(), expected: "rust, js or python" }),
        }
    }
}

impl FromStr for Kind {
    type Err = ParseError;

    /// Reads `preset`, `channel` or `tool`.
    fn from_str(word: &str) -> Result<Self, ParseError> {
        let expected = "preset, channel or tool";
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or_else(|| ParseError { word: word.to_owned(), expected })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_command_line_are_read_and_others_refused_with_the_choice() {
        for language in Language::ALL {
            assert_eq!(language.to_string().parse(), Ok(language));
        }
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("cobol".parse::<Language>().unwrap_err().to_string(), "\"cobol\" is unknown; use rust, js or python");
        assert!("bot".parse::<Kind>().unwrap_err().to_string().contains("preset, channel or tool"));
    }
}
