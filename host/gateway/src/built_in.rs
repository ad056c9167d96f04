//! The plugins that are shipped inside this binary.

use std::borrow::Cow;
use wingman_plugin::BuiltIn;

/// Name, manifest and component of each, made by the build script.
const PLUGINS: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// All of them.
pub(crate) fn plugins() -> Vec<BuiltIn> {
    let built_in = |&(name, manifest, wasm): &(&'static str, &'static str, &'static [u8])| BuiltIn {
        name: Cow::Borrowed(name),
        manifest: Cow::Borrowed(manifest),
        wasm: Cow::Borrowed(wasm),
    };
    PLUGINS.iter().map(built_in).collect()
}
