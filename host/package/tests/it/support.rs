//! What the stories share: a plugin's folder, a package of it, keys, a home with the gateway's folders.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wingman_message::PluginName;
use wingman_package::{Installed, Options, PackageError, Plugins, SecretKey, Trust, TrustedKeys, keygen, pack, sign};

/// The shortest beginning of a component: what follows is nobody's business here.
pub(crate) const PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";

pub(crate) fn manifest(name: &str, version: &str) -> String {
    format!("name = \"{name}\"\nversion = \"{version}\"\nkind = \"preset\"\ncontract = \"0.1.0\"\n")
}

/// A plugin's folder as its author has it.
pub(crate) fn author_folder(dir: &Path, name: &str, version: &str, code: &str) {
    fs::create_dir_all(dir.join("src")).unwrap();
    fs::write(dir.join("src/lib.rs"), "// not packed").unwrap();
    fs::write(dir.join("plugin.toml"), manifest(name, version)).unwrap();
    fs::write(dir.join("plugin.wasm"), [PREAMBLE, code.as_bytes()].concat()).unwrap();
    fs::write(dir.join("LICENSE"), "Do what you like.\n").unwrap();
}

/// An unsigned package.
pub(crate) fn package(name: &str, version: &str, code: &str) -> Vec<u8> {
    let dir = TempDir::new().unwrap();
    author_folder(dir.path(), name, version, code);
    fs::read(pack(dir.path(), dir.path()).unwrap().path).unwrap()
}

/// An author with a key pair.
pub(crate) struct Author {
    dir: TempDir,
    key: SecretKey,
}

impl Author {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        keygen(&dir.path().join("key"), None).unwrap();
        let key = SecretKey::load(&dir.path().join("key"), None).unwrap();
        Self { dir, key }
    }

    pub(crate) fn public_key(&self) -> PathBuf {
        self.dir.path().join("key.pub")
    }

    pub(crate) fn sign(&self, package: &[u8]) -> Vec<u8> {
        sign(package, &self.key).unwrap()
    }
}

/// The folders of a gateway.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn plugins_dir(&self) -> PathBuf {
        self.root().join("plugins")
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.root().join("state")
    }

    pub(crate) fn plugin(&self, name: &str) -> PathBuf {
        self.plugins_dir().join(name)
    }

    pub(crate) fn open(&self) -> Plugins {
        Plugins::open(&self.plugins_dir(), &self.state_dir()).unwrap()
    }

    pub(crate) fn trust(&self, author: &Author, name: &str) {
        TrustedKeys::open(&self.state_dir()).unwrap().add(name, &author.public_key()).unwrap();
    }

    pub(crate) fn install(&self, package: &[u8], options: &Options) -> Result<Installed, PackageError> {
        self.open().install(package, "./mail.wmpkg", options, 1_800_000_000_000)
    }
}

pub(crate) fn unsigned() -> Options {
    Options { trust: Trust::AllowUnsigned, ..Options::default() }
}

pub(crate) fn mail() -> PluginName {
    PluginName::new("mail").unwrap()
}

/// Every file and folder below a folder, with its content.
pub(crate) fn snapshot(dir: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        }
        let content = fs::read(&path).ok();
        found.push((path, content));
    }
    found.sort();
    found
}
