//! The one place where a call leaves the plugin: to the host's functions in a component, to the test's host elsewhere.

#[cfg(target_arch = "wasm32")]
mod component {
    pub(crate) use crate::__bindings::tool::wingman::plugin::{blobs, clock, config, http, log, progress, state};
}

#[cfg(target_arch = "wasm32")]
pub(crate) use component::*;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::imports::*;
