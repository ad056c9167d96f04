//! Writes the generated files: `cargo xtask generate`.
//!
//! Beneath the folder in `OUT_ROOT` where it is set, so that they can be compared; beneath the repository's root otherwise.

use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = std::env::var_os("OUT_ROOT").map_or(here, PathBuf::from);
    for (name, content) in wingman_protocol::generate::generated_files() {
        let path = root.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == content) {
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, content)?;
        println!("wrote {name}");
    }
    Ok(())
}
