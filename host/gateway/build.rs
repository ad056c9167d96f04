//! Embeds the first-party plugins: whatever `cargo xtask plugins` has put under `target/plugins`. Where nothing has been built, the
//! binary has none and says so when it starts; a developer of another part needs no WebAssembly toolchain.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let workspace = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    let built = workspace.join("target/plugins");
    println!("cargo::rerun-if-changed={}", built.display());
    let mut list = String::from("&[\n");
    for folder in folders(&built)? {
        let (manifest, wasm) = (folder.join("plugin.toml"), folder.join("plugin.wasm"));
        if let (Some(name), true, true) = (folder.file_name().and_then(|name| name.to_str()), manifest.is_file(), wasm.is_file())
        {
            println!("cargo::rerun-if-changed={}", manifest.display());
            println!("cargo::rerun-if-changed={}", wasm.display());
            let (manifest, wasm) = (manifest.canonicalize()?, wasm.canonicalize()?);
            list.push_str(&format!("    ({name:?}, include_str!({manifest:?}), include_bytes!({wasm:?})),\n"));
        }
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("built_in.rs"), list)
}

fn folders(dir: &Path) -> io::Result<Vec<PathBuf>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut folders = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}
