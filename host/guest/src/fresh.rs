//! Whether a plugin folder is newer than everything that went into it, so that a build that has nothing to do costs nothing.

use crate::{Toolchain, crates::Artifact, crates::Workspace};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file in the guests' target folder that says which compiler is used; it is as old as that choice.
const STAMP: &str = "toolchain.txt";

pub(crate) fn is_fresh(toolchain: &Toolchain, workspace: &Workspace, artifact: &Artifact, dir: &Path) -> bool {
    let made = modified(&dir.join("plugin.wasm")).min(modified(&dir.join("plugin.toml")));
    let Some(made) = made else { return false };
    let stamp = workspace.target_dir.join(STAMP);
    let Ok(chosen) = std::fs::read_to_string(&stamp) else { return false };
    let Ok(dep_info) = std::fs::read_to_string(artifact.dep_info()) else { return false };
    if chosen != toolchain.identity() {
        return false;
    }
    let mut inputs = sources(&dep_info);
    let manifests: BTreeSet<_> = inputs.iter().filter_map(|source| manifest_of(source)).collect();
    inputs.extend(manifests);
    inputs.push(artifact.manifest_dir.join("plugin.toml"));
    inputs.push(workspace.root.join("Cargo.toml"));
    inputs.push(workspace.root.join("Cargo.lock"));
    inputs.push(stamp);
    // A file that is gone counts as changed.
    inputs.iter().all(|input| modified(input).is_some_and(|changed| changed < made))
}

/// Notes which compiler is used, where it is another than before: every plugin made until now is then older than the note, in
/// whichever folder it lies. Failing to is harmless: the next build does the work again.
pub(crate) fn choose(toolchain: &Toolchain, workspace: &Workspace) {
    let stamp = workspace.target_dir.join(STAMP);
    if std::fs::read_to_string(&stamp).is_ok_and(|known| known == toolchain.identity()) {
        return;
    }
    let written = std::fs::create_dir_all(&workspace.target_dir).and_then(|()| std::fs::write(&stamp, toolchain.identity()));
    if let Err(error) = written {
        tracing::debug!(%error, "the guests' toolchain stamp was not written");
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The nearest `Cargo.toml` above a source file: features and dependencies change there without a source changing.
fn manifest_of(source: &Path) -> Option<PathBuf> {
    source.ancestors().skip(1).map(|dir| dir.join("Cargo.toml")).find(|manifest| manifest.is_file())
}

/// The right side of a make rule, `target: a b\ c`, where a backslash protects a space.
fn sources(dep_info: &str) -> Vec<PathBuf> {
    let Some((_, right)) = dep_info.lines().next().and_then(|rule| rule.split_once(": ")) else { return Vec::new() };
    right.replace("\\ ", "\0").split(' ').filter(|word| !word.is_empty()).map(|word| word.replace('\0', " ").into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_make_rule_gives_its_sources_spaces_and_all() {
        let rule = "/t/guest/a.wasm: /w/sdk/src/lib.rs /w/my\\ plugin/src/lib.rs /w/wit/types.wit\n";
        let expected: Vec<PathBuf> =
            ["/w/sdk/src/lib.rs", "/w/my plugin/src/lib.rs", "/w/wit/types.wit"].map(PathBuf::from).to_vec();
        assert_eq!(sources(rule), expected);
    }

    #[test]
    fn a_file_that_is_no_make_rule_has_no_sources() {
        assert!(sources("").is_empty());
        assert!(sources("nonsense").is_empty());
    }
}
