//! One thing that a rule found.

use std::fmt;

/// Where, which rule, and why it is one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    /// Counted from one.
    pub(crate) line: usize,
    /// A word to search for.
    pub(crate) rule: &'static str,
    /// What is wrong, and what would be right.
    pub(crate) why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, why } = self;
        write!(f, "{path}:{line}: [{rule}] {why}")
    }
}
