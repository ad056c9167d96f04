//! Builds the plugin crates in the folders given: `cargo run -p wingman-guest --example build_plugins -- OUT CRATE...`.

use std::{env, path::PathBuf, time::Instant};
use wingman_guest::{Allow, GuestCrate, GuestError, Toolchain, build_all};

fn main() -> Result<(), GuestError> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let Some(out_dir) = arguments.next() else {
        eprintln!("usage: build_plugins OUT CRATE...");
        return Ok(());
    };
    let guests: Vec<_> = arguments
        .filter_map(|manifest_dir| {
            let name = manifest_dir.file_name()?.to_str()?.to_owned();
            Some(GuestCrate { manifest_dir, name })
        })
        .collect();
    let started = Instant::now();
    let toolchain = Toolchain::find(Allow::Nothing)?;
    eprintln!("{:>8.2?}  {toolchain:?}", started.elapsed());
    for built in build_all(&toolchain, &guests, &out_dir)? {
        println!("{:>8} bytes  {}{}", built.size, built.dir.display(), if built.fresh { "  (fresh)" } else { "" });
    }
    eprintln!("{:>8.2?}  in all", started.elapsed());
    Ok(())
}
