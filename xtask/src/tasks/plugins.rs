//! `plugins`: every first-party component and every example, into `target/plugins` and `target/example-plugins`.

use crate::{project::Project, tools};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use wingman_guest::{Allow, Built, GuestCrate, Project as GuestProject, Toolchain, Tools, build_all};

pub(crate) fn perform(project: &Project) -> Result<()> {
    let toolchain = tools::guest_toolchain()?;
    build(&toolchain, &project.path("plugins"), &project.plugins_out())?;
    let examples = project.path("examples/plugins");
    build(&toolchain, &examples, &project.example_plugins_out())?;
    build_scripts(&examples, &project.script_plugins_out(), &Tools::new(project.guest_tools(), Allow::Nothing))
}

/// The crates among the plugins, all in one cargo call.
fn build(toolchain: &Toolchain, sources: &Path, out: &Path) -> Result<()> {
    let guests: Vec<GuestCrate> = guests(sources)?.into_iter().filter(is_crate).collect();
    forget_others(out, &guests)?;
    for built in build_all(toolchain, &guests, out)? {
        report(&built);
    }
    Ok(())
}

/// The others, one by one: each has a compiler of its own language. They lie apart, because a gateway that compiles one for the
/// first time needs seconds for it.
fn build_scripts(sources: &Path, out: &Path, tools: &Tools) -> Result<()> {
    let guests: Vec<GuestCrate> = guests(sources)?.into_iter().filter(|guest| !is_crate(guest)).collect();
    forget_others(out, &guests)?;
    for guest in guests {
        report(&GuestProject::open(guest.manifest_dir)?.build(tools, out)?);
    }
    Ok(())
}

/// The sources of the examples that are no crates.
pub(crate) fn scripts(project: &Project) -> Result<Vec<PathBuf>> {
    let examples = guests(&project.path("examples/plugins"))?;
    Ok(examples.into_iter().filter(|guest| !is_crate(guest)).map(|guest| guest.manifest_dir).collect())
}

fn is_crate(guest: &GuestCrate) -> bool {
    guest.manifest_dir.join("Cargo.toml").is_file()
}

fn report(built: &Built) {
    let state = if built.fresh { "fresh" } else { "built" };
    eprintln!("  {state}  {:<16}{:>5} KiB  {}", built.name, built.size / 1024, built.dir.display());
}

/// The projects below a folder that have a plugin manifest, in order of their names.
fn guests(sources: &Path) -> Result<Vec<GuestCrate>> {
    let entries = fs::read_dir(sources).with_context(|| format!("cannot read {}", sources.display()))?;
    let mut guests = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("plugin.toml").is_file() {
            guests.push(GuestCrate { manifest_dir: entry.path(), name: entry.file_name().to_string_lossy().into_owned() });
        }
    }
    guests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(guests)
}

/// Removes what is left of plugins whose source is gone: the gateway embeds whatever lies in the folder.
fn forget_others(out: &Path, guests: &[GuestCrate]) -> Result<()> {
    let Ok(entries) = fs::read_dir(out) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let is_known = path.file_name().is_some_and(|name| guests.iter().any(|guest| name == guest.name.as_str()));
        if !is_known && path.is_dir() {
            fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_a_folder_with_a_manifest_and_one_without_source_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let (sources, out) = (dir.path().join("plugins"), dir.path().join("out"));
        for name in ["webui", "apple"] {
            fs::create_dir_all(sources.join(name)).unwrap();
            fs::write(sources.join(name).join("plugin.toml"), "").unwrap();
        }
        fs::create_dir_all(sources.join("notes")).unwrap();
        fs::create_dir_all(out.join("webui")).unwrap();
        fs::create_dir_all(out.join("gone")).unwrap();

        let found = guests(&sources).unwrap();
        assert_eq!(found.iter().map(|guest| guest.name.as_str()).collect::<Vec<_>>(), ["apple", "webui"]);
        forget_others(&out, &found).unwrap();
        assert!(out.join("webui").exists() && !out.join("gone").exists());
    }
}
