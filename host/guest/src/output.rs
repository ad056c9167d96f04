//! Writes a plugin folder.

use crate::{GuestError, Result, system};
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

/// Puts manifest and component into `dir`, each under a temporary name first. The component goes last: a watcher that wakes up on it
/// finds the manifest that belongs to it.
///
/// The files are dated `as_of`, when the build began: a source that was saved while it ran counts as newer.
pub(crate) fn write(dir: &Path, manifest: &Path, component: &[u8], as_of: SystemTime) -> Result<()> {
    let manifest = system::read(manifest)?;
    std::fs::create_dir_all(dir).map_err(|source| GuestError::File { path: dir.to_path_buf(), source })?;
    replace(dir, "plugin.toml", &manifest, as_of)?;
    replace(dir, "plugin.wasm", component, as_of)
}

fn replace(dir: &Path, name: &str, bytes: &[u8], as_of: SystemTime) -> Result<()> {
    let path = dir.join(name);
    let failed = |source| GuestError::File { path: path.clone(), source };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".tmp");
    // A temporary file is private by default; a plugin is for whoever runs the gateway.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(dir).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().set_modified(as_of).map_err(failed)?;
    file.persist(&path).map(drop).map_err(|error| failed(error.error))
}
