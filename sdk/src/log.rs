//! The host's log. In a plugin's own tests the lines are in [`testing::Host::log`](crate::testing::Host::log), or on
//! standard error where there is no such host.
//!
//! Message bodies belong to [`trace`] alone: operators keep logs, and people write secrets.

use crate::host::imports;

pub use crate::__bindings::tool::wingman::plugin::log::Level;

/// For following every step.
pub fn trace(message: &str, fields: &[(&str, &str)]) {
    write(Level::Trace, message, fields);
}

/// For finding a defect.
pub fn debug(message: &str, fields: &[(&str, &str)]) {
    write(Level::Debug, message, fields);
}

/// For knowing that it works.
pub fn info(message: &str, fields: &[(&str, &str)]) {
    write(Level::Info, message, fields);
}

/// Something is odd, and it went on.
pub fn warn(message: &str, fields: &[(&str, &str)]) {
    write(Level::Warn, message, fields);
}

/// Something failed.
pub fn error(message: &str, fields: &[(&str, &str)]) {
    write(Level::Error, message, fields);
}

fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    imports::log::write(level, message, &fields);
}
