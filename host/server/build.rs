//! Embeds the Control UI. Where it has not been built, a page that says so takes its place: a developer of the gateway's Rust part
//! needs no Node.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=../ui/dist");
    println!("cargo::rerun-if-changed=missing-ui");
    let built = Path::new("../ui/dist/index.html").exists();
    memory_serve::load_directory(if built { "../ui/dist" } else { "./missing-ui" });
}
