//! The contract's WIT files, carried in this crate and written beside a plugin: its author may be far from this repository.

use crate::{GuestError, Kind, Result, system};
use serde::Deserialize;
use std::fmt::Write as _;
use std::path::Path;

/// The world that a script is compiled against.
pub(crate) const WORLD: &str = "this-plugin";
/// What the author says about the world, in `package.json` or `pyproject.toml`.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Choice {
    /// What it uses of the host beside the log. A script's component imports all of its world, used or not, so the world is made
    /// small. None: whatever the kind may have.
    imports: Option<Vec<String>>,
    /// The optional interfaces that a channel has.
    exports: Vec<String>,
}

/// What a channel may import, and a tool beside `progress`.
const IMPORTS: [&str; 6] = ["log", "clock", "config", "http", "state", "blobs"];
/// What a channel may export beside `channel`.
const CAPABILITIES: [&str; 5] = ["socket", "poll", "presence", "media", "lifecycle"];
/// The package, file by file.
const FILES: [(&str, &str); 6] = [
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("host.wit", include_str!("../../../wit/host.wit")),
    ("preset.wit", include_str!("../../../wit/preset.wit")),
    ("channel.wit", include_str!("../../../wit/channel.wit")),
    ("tool.wit", include_str!("../../../wit/tool.wit")),
    ("worlds.wit", include_str!("../../../wit/worlds.wit")),
];

/// Writes the contract into `dir`, with a world that has exactly what this plugin imports and exports.
pub(crate) fn write(project: &Path, dir: &Path, kind: Kind, choice: &Choice) -> Result<()> {
    let world = world(kind, choice).map_err(|detail| GuestError::Project { dir: project.to_path_buf(), detail })?;
    for (name, text) in FILES {
        system::write_if_changed(&dir.join(name), text.as_bytes())?;
    }
    system::write_if_changed(&dir.join("this-plugin.wit"), world.as_bytes())
}

fn world(kind: Kind, choice: &Choice) -> std::result::Result<String, String> {
    let offered: Vec<&str> = match kind {
        Kind::Preset => vec!["log"],
        Kind::Channel => IMPORTS.to_vec(),
        Kind::Tool => IMPORTS.into_iter().chain(["progress"]).collect(),
    };
    let capabilities: &[&str] = if kind == Kind::Channel { &CAPABILITIES } else { &[] };
    let mut imports = vec!["log"];
    match &choice.imports {
        Some(chosen) => imports.extend(known("imports", kind, chosen, &offered)?),
        None => imports.extend(offered),
    }
    imports.sort_unstable();
    imports.dedup();
    let mut world = format!("package wingman:plugin@0.1.0;\n\nworld {WORLD} {{\n");
    for import in imports {
        let _ = writeln!(world, "    import {import};");
    }
    let _ = writeln!(world, "    export {kind};");
    for capability in known("exports", kind, &choice.exports, capabilities)? {
        let _ = writeln!(world, "    export {capability};");
    }
    world.push_str("}\n");
    Ok(world)
}

/// The chosen names, if a plugin of this kind may have them all.
fn known<'a>(field: &str, kind: Kind, chosen: &'a [String], allowed: &[&str]) -> std::result::Result<Vec<&'a str>, String> {
    let unknown = chosen.iter().find(|name| !allowed.contains(&name.as_str()));
    match unknown {
        Some(name) if allowed.is_empty() => Err(format!("`{field}` has {name:?}, but a {kind} may have none")),
        Some(name) => Err(format!("`{field}` has {name:?}; a {kind} may have {}", allowed.join(", "))),
        None => Ok(chosen.iter().map(String::as_str).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(imports: Option<&[&str]>, exports: &[&str]) -> Choice {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Choice { imports: imports.map(owned), exports: owned(exports) }
    }

    /// How many interfaces the world of a choice imports and exports; the types that they share count as one import.
    fn sizes(kind: Kind, choice: &Choice) -> (usize, usize) {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), dir.path(), kind, choice).unwrap();
        let mut resolve = wit_parser::Resolve::default();
        let (package, _) = resolve.push_dir(dir.path()).unwrap();
        let world = resolve.select_world(&[package], Some(WORLD)).unwrap();
        (resolve.worlds[world].imports.len(), resolve.worlds[world].exports.len())
    }

    #[test]
    fn a_world_has_what_was_chosen_or_else_all_that_the_kind_may_import() {
        assert_eq!(sizes(Kind::Preset, &choice(None, &[])), (2, 1));
        assert_eq!(sizes(Kind::Tool, &choice(None, &[])), (8, 1));
        assert_eq!(sizes(Kind::Tool, &choice(Some(&[]), &[])), (2, 1));
        assert_eq!(sizes(Kind::Channel, &choice(Some(&["http", "log"]), &["poll"])), (3, 2));
        assert_eq!(sizes(Kind::Channel, &choice(None, &CAPABILITIES)), (7, 6));
    }

    #[test]
    fn no_file_of_the_contract_is_forgotten() {
        let wit = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
        let names = wit.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert_eq!(names.filter(|name| name.ends_with(".wit")).count(), FILES.len());
    }

    #[test]
    fn what_nobody_has_is_refused_with_the_choice() {
        let reason = world(Kind::Channel, &choice(None, &["telepathy"])).unwrap_err();
        assert!(reason.contains("telepathy") && reason.contains("presence"), "{reason}");
        assert_eq!(world(Kind::Tool, &choice(None, &["poll"])).unwrap_err(), "`exports` has \"poll\", but a tool may have none");
        assert!(world(Kind::Preset, &choice(Some(&["http"]), &[])).unwrap_err().contains("a preset may have log"));
    }
}
