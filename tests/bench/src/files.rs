//! File descriptors: ten thousand connections need as many.

use crate::BenchError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises this process' limit of open files as far as its owner may.
///
/// # Errors
/// The system refuses.
pub fn raise_file_limit() -> Result<(), BenchError> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .map_err(BenchError::system("raising the limit of open files"))
}
