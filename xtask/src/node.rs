//! npm: packages installed when the lock file says something new, scripts run.

use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A copy of the lock file that `node_modules` was made from. npm empties that folder first, so it cannot outlive its truth.
const STAMP: &str = "node_modules/.installed-lock.json";

/// Brings `node_modules` up to the lock file.
pub(crate) fn install(dir: &Path) -> Result<()> {
    let lock_file = dir.join("package-lock.json");
    let lock = fs::read(&lock_file).with_context(|| format!("cannot read {}", lock_file.display()))?;
    let stamp = dir.join(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    shell::run(npm(dir).args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

/// `npm` in a folder.
pub(crate) fn npm(dir: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(dir);
    command
}
