//! `ui`: the Control UI, from `host/ui` to `host/ui/dist`, when anything in it has changed.

use crate::{node, project::Project, shell, tools};
use anyhow::Result;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// What the page is made from.
const INPUTS: [&str; 8] =
    ["src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", "svelte.config.js", "tsconfig.json"];

pub(crate) fn perform(project: &Project) -> Result<()> {
    let dir = project.ui();
    if is_fresh(&dir) {
        eprintln!("  fresh  {}", dir.join("dist").display());
        return Ok(());
    }
    tools::node()?;
    node::install(&dir)?;
    shell::run(node::npm(&dir).args(["run", "build"]))
}

/// Types and unit tests.
pub(crate) fn test(project: &Project) -> Result<()> {
    let dir = project.ui();
    node::install(&dir)?;
    shell::run(node::npm(&dir).args(["run", "check"]))?;
    shell::run(node::npm(&dir).args(["test"]))
}

fn is_fresh(dir: &Path) -> bool {
    let made = fs::metadata(dir.join("dist/index.html")).and_then(|metadata| metadata.modified());
    let newest = INPUTS.iter().map(|input| newest(&dir.join(input))).max().flatten();
    made.is_ok_and(|made| newest.is_some_and(|newest| newest < made))
}

/// The newest change at or below a path. A folder counts too: it changes when a file in it is removed.
fn newest(path: &Path) -> Option<SystemTime> {
    let own = fs::symlink_metadata(path).and_then(|metadata| metadata.modified()).ok();
    let below = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| newest(&entry.path()));
    below.max().flatten().max(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn touch(path: &Path, at: SystemTime) {
        fs::File::open(path).unwrap().set_modified(at).unwrap();
    }

    #[test]
    fn the_page_is_stale_when_missing_and_when_any_source_is_newer_or_gone() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let (old, built) =
            (SystemTime::UNIX_EPOCH + Duration::from_secs(1000), SystemTime::UNIX_EPOCH + Duration::from_secs(2000));
        fs::create_dir_all(dir.join("src/lib")).unwrap();
        fs::write(dir.join("src/lib/a.ts"), "").unwrap();
        assert!(!is_fresh(dir), "there is no page yet");

        fs::create_dir_all(dir.join("dist")).unwrap();
        fs::write(dir.join("dist/index.html"), "").unwrap();
        touch(&dir.join("dist/index.html"), built);
        for input in ["src", "src/lib", "src/lib/a.ts"] {
            touch(&dir.join(input), old);
        }
        assert!(is_fresh(dir));

        touch(&dir.join("src/lib/a.ts"), built + Duration::from_secs(1));
        assert!(!is_fresh(dir), "a source is newer");
        fs::remove_file(dir.join("src/lib/a.ts")).unwrap();
        assert!(!is_fresh(dir), "a source is gone, so its folder is newer");
    }
}
