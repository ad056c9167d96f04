//! What a command sees of the gateway's environment: little. A variable that is not named here may be a key.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Handed on as they are. All of them say where things are and how text looks. `PATH` is handed on as well, cleaned.
const HANDED_ON: [&str; 12] =
    ["HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "CARGO_HOME", "RUSTUP_HOME", "JAVA_HOME", "GOPATH"];

/// Set for every command: nobody looks at a terminal.
const SET: [(&str, &str); 2] = [("TERM", "dumb"), ("NO_COLOR", "1")];

/// The part of the gateway's environment that commands see.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    variables: Vec<(&'static str, OsString)>,
    /// The folders of PATH that are absolute: the others mean the folder that a program runs in.
    search_path: Vec<PathBuf>,
}

impl Environment {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        let handed_on = HANDED_ON.iter().filter_map(|name| Some((*name, env::var_os(name)?)));
        let set = SET.iter().map(|(name, value)| (*name, OsString::from(value)));
        let search_path = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        Self { variables: handed_on.chain(set).collect(), search_path: absolute(&search_path) }
    }

    /// Variables other than PATH.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.variables.iter().map(|(name, value)| (*name, value))
    }

    /// Where programs are looked for when they are run for `folder`, which is canonical: nowhere inside it.
    pub(crate) fn search_path(&self, folder: &Path) -> Vec<&Path> {
        let outside = |path: &&PathBuf| !path.canonicalize().is_ok_and(|path| path.starts_with(folder));
        self.search_path.iter().filter(outside).map(PathBuf::as_path).collect()
    }
}

fn absolute(search_path: &std::ffi::OsStr) -> Vec<PathBuf> {
    env::split_paths(search_path).filter(|path| path.is_absolute()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_not_looked_for_in_the_working_folder() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let bin = folder.join("bin");
        std::fs::create_dir(&bin).unwrap();
        let search_path =
            env::join_paths([Path::new(""), Path::new("."), Path::new("bin"), &bin, Path::new("/usr/bin")]).unwrap();
        let environment = Environment { variables: vec![], search_path: absolute(&search_path) };
        assert_eq!(environment.search_path(&folder), [Path::new("/usr/bin")]);
        assert_eq!(environment.search_path(Path::new("/elsewhere")), [bin.as_path(), Path::new("/usr/bin")]);
    }
}
