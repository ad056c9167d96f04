//! A folder that somebody writes a plugin in: which language, which name, and the build that fits.

use crate::{Built, GuestCrate, GuestError, Kind, Language, Result, Toolchain, Tools, build, scripts, system};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A plugin's project: `plugin.toml`, and beside it `Cargo.toml`, `package.json` or `app.py`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The folder.
    pub dir: PathBuf,
    /// The plugin's name, as its manifest has it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it is written in.
    pub language: Language,
}

/// What a build must know of `plugin.toml`; whoever loads the plugin checks all of it.
#[derive(Deserialize)]
struct Manifest {
    name: String,
    kind: Kind,
}

impl Project {
    /// Looks at a folder.
    ///
    /// # Errors
    /// [`GuestError::Project`] when there is no manifest, no source, or source in several languages.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        let failed = |detail: String| GuestError::Project { dir: dir.clone(), detail };
        let path = dir.join("plugin.toml");
        if !path.is_file() {
            return Err(failed("there is no plugin.toml".to_owned()));
        }
        let manifest: Manifest = toml::from_str(&system::read_text(&path)?)
            .map_err(|source| GuestError::Manifest { path: path.clone(), source: Box::new(source) })?;
        // The name becomes a folder's name.
        if Path::new(&manifest.name).file_name().is_none_or(|name| name != manifest.name.as_str()) {
            return Err(failed(format!("plugin.toml has the name {:?}, which is no folder's name", manifest.name)));
        }
        let language = language(&dir).map_err(failed)?;
        Ok(Self { dir, name: manifest.name, kind: manifest.kind, language })
    }

    /// Builds it into `<out_dir>/<name>/{plugin.toml,plugin.wasm}`, unless nothing has changed since the last time.
    ///
    /// The first JavaScript or Python build on a machine fetches a compiler into the tools' cache; it takes about half a minute and
    /// needs a network. A build itself takes ten to twenty seconds.
    ///
    /// # Errors
    /// Whatever is missing on this machine, or wrong in the source, with the compiler's own words.
    pub fn build(&self, tools: &Tools, out_dir: &Path) -> Result<Built> {
        match self.language {
            Language::Rust => {
                let guest = GuestCrate { manifest_dir: self.dir.clone(), name: self.name.clone() };
                build(&Toolchain::find(tools.allow())?, &guest, out_dir)
            }
            Language::JavaScript => scripts::javascript(self, tools, out_dir),
            Language::Python => scripts::python(self, tools, out_dir),
        }
    }
}

fn language(dir: &Path) -> std::result::Result<Language, String> {
    let signs = [
        (Language::Rust, &["Cargo.toml"][..]),
        (Language::JavaScript, &["package.json"]),
        (Language::Python, &["pyproject.toml", "app.py"]),
    ];
    let has = |files: &&[&str]| files.iter().any(|file| dir.join(file).is_file());
    let found: Vec<_> = signs.iter().filter(|(_, files)| has(files)).map(|(language, _)| *language).collect();
    match found[..] {
        [language] => Ok(language),
        [] => Err("there is no Cargo.toml, package.json, pyproject.toml or app.py beside plugin.toml".to_owned()),
        _ => {
            let languages = found.iter().map(|language| language.as_str()).collect::<Vec<_>>().join(", ");
            Err(format!("it has sources in several languages: {languages}"))
        }
    }
}
