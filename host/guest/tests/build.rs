//! A plugin's way from source to folder, with a real compiler.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use wingman_guest::{Allow, GuestCrate, GuestError, Toolchain, build};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn a_plugin_is_built_once_and_again_when_it_changes() {
    let toolchain = Toolchain::find(Allow::Nothing).unwrap();
    let guest = GuestCrate { manifest_dir: workspace().join("examples/plugins/ci-alert"), name: "ci-alert".to_owned() };
    let out = tempfile::tempdir().unwrap();

    let first = build(&toolchain, &guest, out.path()).unwrap();
    assert!(!first.fresh && first.size > 1000);
    assert_eq!(first.dir, out.path().join("ci-alert"));
    let wasm = first.dir.join("plugin.wasm");
    assert_eq!(&std::fs::read(&wasm).unwrap()[..8], b"\0asm\x0d\0\x01\0", "a component, not a core module");
    let manifest = std::fs::read(guest.manifest_dir.join("plugin.toml")).unwrap();
    assert_eq!(std::fs::read(first.dir.join("plugin.toml")).unwrap(), manifest);

    assert!(build(&toolchain, &guest, out.path()).unwrap().fresh, "nothing changed");

    // To the build, a plugin older than its sources and one whose sources are newer are the same.
    File::options().write(true).open(&wasm).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert!(!build(&toolchain, &guest, out.path()).unwrap().fresh, "the sources are newer");

    let left: Vec<_> = std::fs::read_dir(&first.dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "no temporary file stays: {left:?}");
}

#[test]
fn a_folder_without_a_crate_is_refused_by_name() {
    let toolchain = Toolchain::find(Allow::Nothing).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let guest = GuestCrate { manifest_dir: empty.path().to_path_buf(), name: "nothing".to_owned() };
    let error = build(&toolchain, &guest, empty.path()).unwrap_err();
    assert!(matches!(error, GuestError::Workspace { .. }), "{error}");
    assert!(error.to_string().contains(&*empty.path().to_string_lossy()), "{error}");
}
