//! A mistake as a value: what is wrong, where, and what would be right. Rendering is in `render`.

use std::{fmt, ops::Range};

use crate::source::Source;

/// What kind of mistake it is. Stable: scripts and tests may compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The text is not JSON with comments.
    Syntax,
    /// The file is not UTF-8 text.
    NotUtf8,
    /// A key stands twice in one group.
    DuplicateKey,
    /// A key that is no setting.
    UnknownKey,
    /// A value of the wrong type.
    WrongType,
    /// A required setting is not there.
    Missing,
    /// A value that its setting does not take.
    BadValue,
    /// A number outside its range.
    OutOfRange,
    /// Two agents or two webhooks with one id.
    DuplicateId,
    /// More than one agent is the default.
    SeveralDefaults,
    /// An agent id that no agent has.
    UnknownAgent,
    /// A model provider that is neither built in nor configured.
    UnknownProvider,
    /// Two agents share one folder of state.
    SharedAgentDir,
    /// Reachable from other machines without authentication.
    OpenToAll,
    /// The authentication mode lacks its token or password.
    NoCredentials,
    /// An option that the authentication mode does not use.
    UnusedOption,
    /// Warning: read and kept, without effect in this version.
    NotYet,
    /// Warning: there is no agent, or an agent without a model.
    NoModel,
    /// Warning: a binding that an earlier one always beats.
    ShadowedBinding,
    /// Warning: commands are allowed, and the tool that runs them is not.
    UnusedCommands,
    /// Warning: an agent's own file that is not used, because the configuration has an agent of that id.
    ShadowedAgent,
    /// Warning: an agent's own file that has mistakes; the agent is not there.
    BrokenAgent,
    /// Warning: a token, password or secret that is easy to guess.
    ShortSecret,
    /// Warning: other users of this machine can read the secrets in the file.
    ReadableByOthers,
}

impl Code {
    /// The code as printed, for example `unknown-key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::NotUtf8 => "not-utf8",
            Self::DuplicateKey => "duplicate-key",
            Self::UnknownKey => "unknown-key",
            Self::WrongType => "wrong-type",
            Self::Missing => "missing",
            Self::BadValue => "bad-value",
            Self::OutOfRange => "out-of-range",
            Self::DuplicateId => "duplicate-id",
            Self::SeveralDefaults => "several-defaults",
            Self::UnknownAgent => "unknown-agent",
            Self::UnknownProvider => "unknown-provider",
            Self::SharedAgentDir => "shared-agent-dir",
            Self::OpenToAll => "open-to-all",
            Self::NoCredentials => "no-credentials",
            Self::UnusedOption => "unused-option",
            Self::NotYet => "not-yet",
            Self::NoModel => "no-model",
            Self::ShadowedBinding => "shadowed-binding",
            Self::UnusedCommands => "unused-commands",
            Self::ShadowedAgent => "shadowed-agent",
            Self::BrokenAgent => "broken-agent",
            Self::ShortSecret => "short-secret",
            Self::ReadableByOthers => "readable-by-others",
        }
    }

    /// Whether the gateway starts in spite of it.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::NotYet
            | Self::NoModel
            | Self::ShadowedBinding
            | Self::UnusedCommands
            | Self::ShadowedAgent
            | Self::BrokenAgent
            | Self::ShortSecret
            | Self::ReadableByOthers => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// Whether a problem stops the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is taken; a person should know.
    Warning,
}

/// Where a mistake was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the file: a range of bytes that lies in the text.
    Span(Range<usize>),
    /// In the file as a whole.
    File,
    /// In an option of the command line, for example `--host`.
    Option(&'static str),
}

/// One mistake or warning. No secret is ever in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of mistake it is.
    pub code: Code,
    /// The setting, for example `agents.list[1].id`; empty where there is none.
    pub path: String,
    /// Where it was made.
    pub place: Place,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What stands at the place, in a few words; for the mark under the line.
    pub label: String,
    /// What would be right. May be empty.
    pub help: String,
}

impl Problem {
    pub(crate) fn new(code: Code, path: impl Into<String>, place: Place, message: impl Into<String>) -> Self {
        Self { code, path: path.into(), place, message: message.into(), label: String::new(), help: String::new() }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// All that is to be said about one file: problems in the order of the text, and the text to show them in.
#[derive(Debug, Clone)]
pub struct Report {
    source: Source,
    problems: Vec<Problem>,
    omitted: usize,
}

/// Problems that a report keeps. Nobody reads more, and a hostile file could hold a million.
const MAX_PROBLEMS: usize = 100;

impl Report {
    pub(crate) fn new(source: Source, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| match &problem.place {
            Place::Option(_) => (0, 0),
            Place::File => (1, 0),
            Place::Span(span) => (2, span.start),
        });
        let omitted = problems.len().saturating_sub(MAX_PROBLEMS);
        problems.truncate(MAX_PROBLEMS);
        Self { source, problems, omitted }
    }

    /// The problems: options first, then in the order of the text.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many further problems were found and are not kept.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Line and column of a problem, both from 1, the column in characters; `None` if it is not at a place in the file.
    #[must_use]
    pub fn line_column(&self, problem: &Problem) -> Option<(usize, usize)> {
        match &problem.place {
            Place::Span(span) => Some(self.source.line_column(span.start)),
            Place::File | Place::Option(_) => None,
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }
}

/// One line a problem, `file:line:column: message (help)`, for logs. People read [`Report::render`].
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match (&problem.place, self.line_column(problem)) {
                (Place::Option(option), _) => write!(f, "{option}: ")?,
                (_, Some((line, column))) => write!(f, "{}:{line}:{column}: ", self.source.name())?,
                (_, None) => write!(f, "{}: ", self.source.name())?,
            }
            f.write_str(&problem.message)?;
            if !problem.help.is_empty() {
                write!(f, " ({})", problem.help)?;
            }
        }
        Ok(())
    }
}
