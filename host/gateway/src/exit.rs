//! Exit codes that a script can rely on, and how an error is shown.

use anyhow::Error;
use std::process::ExitCode;
use wingman_config::{ConfigError, Look};

/// A failure with an exit code of its own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// 3: the gateway cannot be reached, or is not running.
    #[error("{0}")]
    Unreachable(String),
    /// 4: the credentials are wrong or missing.
    #[error("{0}")]
    Refused(String),
    /// 5: the agent's run failed; it has been shown already.
    #[error("{0}")]
    RunFailed(String),
    /// 130: the user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Unreachable(_) => 3,
            Self::Refused(_) => 4,
            Self::RunFailed(_) => 5,
            Self::Interrupted => 130,
        }
    }
}

/// Exit code of a configuration that cannot be used.
const BAD_CONFIG: u8 = 78;
/// Exit code of everything else; 2 is clap's, for a command line that makes no sense.
const FAILED: u8 = 1;

/// Shows `error` on standard error and returns its exit code.
pub(crate) fn report(error: &Error) -> ExitCode {
    if let Some(error) = error.downcast_ref::<ConfigError>() {
        anstream::eprint!("{}", error.render(Look::Fancy));
        return ExitCode::from(BAD_CONFIG);
    }
    let code = error.downcast_ref::<Failure>().map_or(FAILED, Failure::code);
    if !matches!(error.downcast_ref::<Failure>(), Some(Failure::Interrupted)) {
        anstream::eprintln!("{} {error:#}", crate::show::bad("error:"));
    }
    ExitCode::from(code)
}
