//! `wingman plugin new`

use super::next;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use wingman_guest::{Kind, Language, SdkSource, scaffold};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The plugin's name: small letters, digits and `-`
    name: String,
    /// preset (reads webhooks), channel (speaks for a chat network) or tool (is called by agents)
    #[arg(long, default_value = "preset")]
    kind: Kind,
    /// rust, js or python
    #[arg(long, default_value = "rust")]
    lang: Language,
    /// The project's folder [default: the name]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Where a Rust project gets wingman-sdk from: a folder, a version or a git address [default: the clone that this program was
    /// built in, else this program's version]
    #[arg(long, value_name = "SOURCE", env = "WINGMAN_SDK")]
    sdk: Option<String>,
}

impl Args {
    pub(super) fn run(self) -> Result<()> {
        let sdk = self.sdk.as_deref().map_or_else(|| Ok(default_sdk()), parse_sdk)?;
        let dir = self.dir.unwrap_or_else(|| PathBuf::from(&self.name));
        let files = scaffold(&self.name, self.kind, self.lang, &sdk, &dir)?;
        anstream::println!("A {} in {}, in {}:", self.kind, self.lang, dir.display());
        for file in files {
            anstream::println!("  {}", file.display());
        }
        next(&format!("cd {} && wingman plugin test", dir.display()));
        Ok(())
    }
}

fn parse_sdk(text: &str) -> Result<SdkSource> {
    let is_address = text.contains("://") || text.starts_with("git@");
    if is_address {
        return Ok(SdkSource::Git(text.to_owned()));
    }
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(SdkSource::Version(text.to_owned()));
    }
    let path = std::path::absolute(text).context("`--sdk` names no folder")?;
    if !path.join("Cargo.toml").is_file() {
        bail!("`--sdk {text}`: there is no Cargo.toml; name the folder of wingman-sdk, a version such as 0.1, or a git address");
    }
    Ok(SdkSource::Path(path))
}

/// A program that lies in the target folder of a clone uses the clone's sdk: the two fit each other.
fn default_sdk() -> SdkSource {
    let program = std::env::current_exe().ok();
    let clone = program.iter().flat_map(|program| program.ancestors()).find(|folder| is_clone(folder));
    match clone {
        Some(clone) => SdkSource::Path(clone.join("sdk")),
        None => SdkSource::Version(concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR")).to_owned()),
    }
}

fn is_clone(folder: &Path) -> bool {
    folder.join("sdk/Cargo.toml").is_file() && folder.join("wit/worlds.wit").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_of_the_sdk_is_a_folder_a_version_or_an_address() {
        assert_eq!(parse_sdk("0.1").unwrap(), SdkSource::Version("0.1".into()));
        assert_eq!(
            parse_sdk("https://example.com/wingman.git").unwrap(),
            SdkSource::Git("https://example.com/wingman.git".into())
        );
        let here = env!("CARGO_MANIFEST_DIR");
        assert_eq!(parse_sdk(here).unwrap(), SdkSource::Path(here.into()));
        assert!(parse_sdk("nowhere").unwrap_err().to_string().contains("no Cargo.toml"));
    }
}
