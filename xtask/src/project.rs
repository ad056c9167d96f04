//! Where things are in this repository.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The repository.
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Cargo says where this crate is; a checkout that was moved after the build is thus found as well.
    pub(crate) fn find() -> Result<Self> {
        let manifest_dir =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest_dir.parent().context("xtask has no folder above it")?;
        Ok(Self { root: root.to_path_buf() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A place relative to the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    pub(crate) fn ui(&self) -> PathBuf {
        self.path("host/ui")
    }

    pub(crate) fn browser_tests(&self) -> PathBuf {
        self.path("tests/browser")
    }

    /// MCP servers that tests talk to.
    pub(crate) fn mcp_servers(&self) -> PathBuf {
        self.path("tests/mcp-servers")
    }

    /// What the real model for tests is made from.
    pub(crate) fn real_model(&self) -> PathBuf {
        self.path("tests/real-model")
    }

    /// The real model for tests, and the server that it runs on.
    pub(crate) fn real_model_out(&self) -> PathBuf {
        self.path("target/real-model")
    }

    /// First-party plugins, as the gateway embeds them. Always here, wherever cargo's own target folder is.
    pub(crate) fn plugins_out(&self) -> PathBuf {
        self.path("target/plugins")
    }

    /// Plugins that are examples: built and tested, but not built in.
    pub(crate) fn example_plugins_out(&self) -> PathBuf {
        self.path("target/example-plugins")
    }

    /// The built example plugins that are no crates.
    pub(crate) fn script_plugins_out(&self) -> PathBuf {
        self.path("target/script-plugins")
    }

    /// The compilers of plugins in other languages.
    pub(crate) fn guest_tools(&self) -> PathBuf {
        self.path("target/guest-tools")
    }
}
