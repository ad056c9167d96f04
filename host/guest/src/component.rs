//! From a core module to a component. Pure: bytes in, bytes out.

use crate::{GuestError, Result};
use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// Encodes a core module that carries its component types (every module made with the SDK does), and validates the outcome.
pub fn encode(core: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(core)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| GuestError::Component { detail: format!("{error:#}") })
}

/// Encodes a bare core module as a component of `world` of the WIT package in `wit_dir`: for modules written by hand or made
/// by a compiler that knows nothing of components.
///
/// The module exports `memory`, `cabi_realloc` and the world's functions by their canonical names, such as
/// `wingman:plugin/preset@0.1.0#normalize`.
pub fn componentize(core: &[u8], wit_dir: &Path, world: &str) -> Result<Vec<u8>> {
    let wit = |detail: String| GuestError::Wit { dir: wit_dir.to_path_buf(), detail };
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(wit_dir).map_err(|error| wit(format!("{error:#}")))?;
    let world = resolve.select_world(&[package], Some(world)).map_err(|error| wit(format!("{error:#}")))?;
    let mut module = core.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .map_err(|error| GuestError::Component { detail: format!("{error:#}") })?;
    encode(&module)
}
