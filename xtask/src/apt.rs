//! Debian's packages: installed when this user may, else the command to type is said.

use crate::shell::{self, probe};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// Mirrors fail for moments; three tries with pauses ride that out.
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(20)];

/// Installs packages, `purpose` being what they are for.
pub(crate) fn install(packages: &[&str], purpose: &str) -> Result<()> {
    let by_hand = format!("apt-get update && apt-get install --yes {}", packages.join(" "));
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("{purpose} is missing, and this is no Debian: install what the packages `{}` hold", packages.join(" "));
    }
    let Some(prefix) = privilege() else {
        bail!("{purpose} is missing, and installing it needs root. Run this as root, then try again:\n  {by_hand}");
    };
    let mut pauses = PAUSES.into_iter();
    loop {
        let Err(error) = attempt(prefix, packages) else { return Ok(()) };
        let Some(pause) = pauses.next() else {
            return Err(error).with_context(|| format!("{purpose} could not be installed; by hand: {by_hand}"));
        };
        eprintln!("{error:#}; trying again in {}", shell::human(pause));
        sleep(pause);
    }
}

fn attempt(prefix: &[&str], packages: &[&str]) -> Result<()> {
    shell::run(apt_get(prefix).args(["update", "--quiet"]))?;
    shell::run(apt_get(prefix).args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages))
}

/// What stands before `apt-get`: nothing for root, `sudo` where it asks no password. None when we may not install.
fn privilege() -> Option<&'static [&'static str]> {
    if probe("id", &["-u"]).as_deref() == Some("0") {
        return Some(&["env", "DEBIAN_FRONTEND=noninteractive"]);
    }
    probe("sudo", &["-n", "true"]).map(|_| ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"].as_slice())
}

fn apt_get(prefix: &[&str]) -> Command {
    // `privilege` never returns an empty prefix, so the fallback is never taken.
    let (program, rest) = prefix.split_first().map_or(("env", [].as_slice()), |(first, rest)| (*first, rest));
    let mut command = Command::new(program);
    command.args(rest).args(["apt-get", "-o", "Acquire::Retries=3"]);
    command
}
