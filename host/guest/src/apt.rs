//! Debian's packages, installed only where the caller allows it.

use crate::{Allow, system};
use std::process::Command;

/// `apt-get install`, after an update if need be. The error says why there is nothing.
pub(crate) fn install(packages: &[&str], allow: Allow) -> Result<(), String> {
    if allow == Allow::Nothing {
        return Err("installing Debian's packages was not allowed".to_owned());
    }
    let apt = system::in_path(&["apt-get"]).ok_or("this is no Debian: there is no apt-get")?;
    let run = |arguments: &[&str]| {
        Command::new(&apt).args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status().is_ok_and(|status| status.success())
    };
    tracing::info!(?packages, "installing what compiles plugins");
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    if run(&install) || (run(&["update"]) && run(&install)) {
        return Ok(());
    }
    Err(format!("`apt-get install {}` failed; it needs root", packages.join(" ")))
}
