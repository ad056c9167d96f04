//! Compiled components on disk: `<sha256 of the wasm>-<engine compatibility>.cwasm`.
//!
//! The files hold native code that is run without further checks. So the folder belongs to its owner alone, each file carries
//! a digest over its content and over the component that it was made from, and what does not match is thrown away and
//! compiled again. Compiled code from anywhere else is never taken.

use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use wasmtime::Engine;
use wasmtime::component::Component;

const MAGIC: &[u8; 8] = b"WINGMAN1";
const DIGEST_LEN: usize = 32;

/// The folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
    compatibility: String,
}

/// A component that is ready to be linked.
pub(crate) struct Compiled {
    pub(crate) component: Component,
    /// It came from the cache.
    pub(crate) cached: bool,
    /// Where it is kept, if it is.
    pub(crate) entry: Option<PathBuf>,
}

impl Cache {
    /// Opens the folder, makes it where it is missing, and takes everyone's rights but the owner's from it.
    pub(crate) fn open(dir: &Path, compatibility: String) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self { dir: dir.to_path_buf(), compatibility })
    }

    fn path(&self, wasm: &[u8; DIGEST_LEN]) -> PathBuf {
        self.dir.join(format!("{}-{}.cwasm", hex::encode(wasm), self.compatibility))
    }

    /// The component from an intact entry; a broken one is removed.
    fn get(&self, engine: &Engine, wasm: &[u8; DIGEST_LEN]) -> Option<Component> {
        let path = self.path(wasm);
        let content = fs::read(&path).ok()?;
        let Some(code) = intact(&content, wasm) else {
            tracing::warn!(entry = %path.display(), "a cache entry is corrupt; compiling the plugin again");
            remove(&path);
            return None;
        };
        // SAFETY: `deserialize` runs whatever native code it is given, so the bytes must be what `serialize` made. They are:
        // the file lies in a folder that only this user can write, and its digest, which covers every byte of the code and
        // the component it belongs to, was written by `put` and has just been verified over this very buffer.
        #[allow(unsafe_code, reason = "loading compiled code is what a cache is for; see SAFETY")]
        let loaded = unsafe { Component::deserialize(engine, code) };
        loaded
            .inspect_err(|error| {
                tracing::warn!(entry = %path.display(), %error, "a cache entry does not load; compiling the plugin again");
                remove(&path);
            })
            .ok()
    }

    /// Keeps compiled code. Written under a temporary name and renamed, so that nobody ever reads half an entry.
    fn put(&self, wasm: &[u8; DIGEST_LEN], code: &[u8]) -> io::Result<PathBuf> {
        let path = self.path(wasm);
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut content = Vec::with_capacity(MAGIC.len() + DIGEST_LEN + code.len());
        content.extend_from_slice(MAGIC);
        content.extend_from_slice(&digest(wasm, code));
        content.extend_from_slice(code);
        fs::write(&temporary, &content).and_then(|()| fs::rename(&temporary, &path)).inspect_err(|_| remove(&temporary))?;
        Ok(path)
    }

    /// Removes what no loaded plugin uses: code of old versions and old engines.
    pub(crate) fn prune(&self, used: &HashSet<PathBuf>) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "cwasm") && !used.contains(&path) {
                remove(&path);
            }
        }
    }
}

/// Takes the component from the cache, or compiles it once `compiling` is free. Blocks, for up to seconds: not for async threads.
pub(crate) fn compile(engine: &Engine, cache: Option<&Cache>, wasm: &[u8], compiling: &Mutex<()>) -> wasmtime::Result<Compiled> {
    let wasm_digest: [u8; DIGEST_LEN] = Sha256::digest(wasm).into();
    if let Some(cache) = cache
        && let Some(component) = cache.get(engine, &wasm_digest)
    {
        return Ok(Compiled { component, cached: true, entry: Some(cache.path(&wasm_digest)) });
    }
    let permit = compiling.lock().unwrap_or_else(PoisonError::into_inner);
    let component = Component::from_binary(engine, wasm)?;
    drop(permit);
    let entry = cache.and_then(|cache| {
        let stored = component.serialize().map_err(io::Error::other).and_then(|code| cache.put(&wasm_digest, &code));
        stored.inspect_err(|error| tracing::warn!(%error, "compiled code cannot be kept; the next start compiles again")).ok()
    });
    Ok(Compiled { component, cached: false, entry })
}

fn intact<'a>(content: &'a [u8], wasm: &[u8; DIGEST_LEN]) -> Option<&'a [u8]> {
    let (expected, code) = content.strip_prefix(MAGIC)?.split_at_checked(DIGEST_LEN)?;
    (digest(wasm, code) == expected).then_some(code)
}

fn digest(wasm: &[u8; DIGEST_LEN], code: &[u8]) -> [u8; DIGEST_LEN] {
    Sha256::new().chain_update(wasm).chain_update(code).finalize().into()
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "cannot remove a file from the cache of compiled plugins");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_intact_only_whole_and_for_its_own_component() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), "engine".to_owned()).unwrap();
        let (mine, other) = ([1; DIGEST_LEN], [2; DIGEST_LEN]);
        let path = cache.put(&mine, b"native code").unwrap();
        let content = fs::read(path).unwrap();
        assert_eq!(intact(&content, &mine), Some(&b"native code"[..]));
        assert_eq!(intact(&content, &other), None);
        for position in 0..content.len() {
            let mut flipped = content.clone();
            flipped[position] ^= 1;
            assert_eq!(intact(&flipped, &mine), None, "a flipped bit at {position} went unnoticed");
            assert_eq!(intact(&content[..position], &mine), None, "an entry cut at {position} was taken");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_belongs_to_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("deep/cache");
        fs::create_dir_all(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
        Cache::open(&dir, "engine".to_owned()).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
