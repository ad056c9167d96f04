//! What is asked of a figure.

use std::fmt;

/// A goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// Ours, divided by theirs.
    RatioAtLeast(f64),
    /// Ours, divided by theirs.
    RatioAtMost(f64),
    /// In the row's unit.
    AtMost(f64),
    /// It is only told.
    None,
}

impl Goal {
    /// Whether `figure` (a ratio or a value, as the goal says) is as good as was asked.
    pub(super) fn is_met(self, figure: f64) -> bool {
        match self {
            Self::RatioAtLeast(least) => figure >= least,
            Self::RatioAtMost(most) | Self::AtMost(most) => figure <= most,
            Self::None => true,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RatioAtLeast(least) => write!(f, "at least {least}"),
            Self::RatioAtMost(most) => write!(f, "at most {most}"),
            Self::AtMost(most) => write!(f, "under {most}"),
            Self::None => Ok(()),
        }
    }
}
