//! Builds the plugin projects in the folders given, whatever their language:
//! `cargo run -p wingman-guest --example build_plugins -- OUT PROJECT...`.

use std::{env, path::PathBuf, time::Instant};
use wingman_guest::{Allow, GuestError, Project, Tools};

fn main() -> Result<(), GuestError> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let Some(out_dir) = arguments.next() else {
        eprintln!("usage: build_plugins OUT PROJECT...");
        return Ok(());
    };
    let tools = Tools::new("target/guest-tools", Allow::Nothing);
    for dir in arguments {
        let started = Instant::now();
        let built = Project::open(dir)?.build(&tools, &out_dir)?;
        let fresh = if built.fresh { "  (fresh)" } else { "" };
        println!("{:>9} bytes  {:>8.2?}  {}{fresh}", built.size, started.elapsed(), built.dir.display());
    }
    Ok(())
}
