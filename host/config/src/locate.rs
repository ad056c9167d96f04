//! Which file it is.

use std::path::{Path, PathBuf};

use crate::load::ConfigError;

/// Name of the file.
pub const CONFIG_FILE: &str = "wingman.config.json";

/// The file to read: `explicit` (the option `--config`), else the first that exists of `./.wingman/`, `./` and
/// `~/.wingman/`. The result is absolute if `cwd` and `home` are.
///
/// # Errors
/// [`ConfigError::NotFound`] with the places that were looked at.
pub fn locate(explicit: Option<&Path>, cwd: &Path, home: &Path) -> Result<PathBuf, ConfigError> {
    let looked = match explicit {
        Some(file) => vec![cwd.join(file)],
        None => vec![cwd.join(".wingman").join(CONFIG_FILE), cwd.join(CONFIG_FILE), home.join(".wingman").join(CONFIG_FILE)],
    };
    // Whatever exists is taken, a folder or an unreadable file too: reading it then says what is wrong with it, which
    // is better than to use another file in silence.
    match looked.iter().position(|file| file.symlink_metadata().is_ok()) {
        Some(index) => Ok(looked[index].clone()),
        None => Err(ConfigError::NotFound { looked }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Look;

    #[test]
    fn the_nearest_file_wins_and_an_explicit_one_before_all() {
        let machine = tempfile::tempdir().unwrap();
        let (cwd, home) = (machine.path().join("work"), machine.path().join("home"));
        let write = |folder: PathBuf| {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(CONFIG_FILE), "{}").unwrap();
            folder.join(CONFIG_FILE)
        };
        let found = || locate(None, &cwd, &home).unwrap();

        let in_home = write(home.join(".wingman"));
        assert_eq!(found(), in_home);
        let here = write(cwd.clone());
        assert_eq!(found(), here);
        let hidden = write(cwd.join(".wingman"));
        assert_eq!(found(), hidden);
        assert_eq!(locate(Some(Path::new(CONFIG_FILE)), &cwd, &home).unwrap(), here);
    }

    #[test]
    fn a_search_without_luck_says_where_it_looked_and_what_to_do() {
        let error = locate(None, Path::new("/nowhere/cwd"), Path::new("/nowhere/home")).unwrap_err();
        assert!(error.render(Look::Plain).ends_with("home/.wingman/wingman.config.json\nRun `wingman init` to write one.\n"));
        assert_eq!(
            error.to_string(),
            "no configuration found; looked for /nowhere/cwd/.wingman/wingman.config.json, \
             /nowhere/cwd/wingman.config.json, /nowhere/home/.wingman/wingman.config.json; \
             run `wingman init` to write one"
        );
        let text = locate(Some(Path::new("my.json")), Path::new("/nowhere"), Path::new("/")).unwrap_err().to_string();
        assert!(text.contains("looked for /nowhere/my.json;"), "{text}");
    }
}
