//! The files that a package may hold, and how large each may be. There are no others.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The largest package that is read at all, in bytes: the largest members with their headers and padding.
pub const MAX_PACKAGE: usize = 131 * MIB;

/// A file in a package. The order is the order in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The licence's text.
    License,
    /// What people read first.
    Readme,
    /// The signature over all other members, as minisign writes it.
    Signature,
    /// The manifest.
    Manifest,
    /// The WebAssembly component.
    Component,
}

impl Member {
    /// All of them, in the order of the archive, which is that of their names.
    pub const ALL: [Self; 5] = [Self::License, Self::Readme, Self::Signature, Self::Manifest, Self::Component];

    /// Its file name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::License => "LICENSE",
            Self::Readme => "README.md",
            Self::Signature => "plugin.minisig",
            Self::Manifest => "plugin.toml",
            Self::Component => "plugin.wasm",
        }
    }

    /// The member with this file name.
    #[must_use]
    pub fn of_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|member| member.name().as_bytes() == name)
    }

    /// Its largest size in bytes.
    #[must_use]
    pub fn max_size(self) -> usize {
        match self {
            Self::License | Self::Readme => MIB,
            Self::Signature => KIB,
            Self::Manifest => 64 * KIB,
            Self::Component => 128 * MIB,
        }
    }

    /// Whether a package without it is none.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(self, Self::Manifest | Self::Component)
    }
}
