//! A package that was read: its members are what they should be, its manifest is parsed, its signature has the right shape.
//! Whether the signature is right is another question: `trust`.

use crate::archive::{self, Members};
use crate::digest::Digest;
use crate::error::PackageError;
use crate::member::Member;
use crate::signature::Signature;
use std::fmt::Write as _;
use wingman_manifest::Manifest;

/// Longer versions make file names that no file system takes.
const MAX_VERSION: usize = 64;
/// What every WebAssembly component begins with: magic, version 13, layer 1 (component model, binary format, "Preamble").
const COMPONENT_PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";

/// A well-formed package, borrowed from its bytes.
#[derive(Debug, Clone)]
pub struct Package<'a> {
    manifest: Manifest,
    members: Members<'a>,
    signature: Option<Signature>,
    digest: Digest,
}

/// Reads a package. Takes any bytes; allocates no more than a manifest needs.
///
/// # Errors
/// What makes these bytes something else than a package.
pub fn read(bytes: &[u8]) -> Result<Package<'_>, PackageError> {
    Package::of(archive::read(bytes)?, Digest::of(bytes))
}

impl<'a> Package<'a> {
    /// Checks what is in the members.
    pub(crate) fn of(members: Members<'a>, digest: Digest) -> Result<Self, PackageError> {
        let text = |member: Member| {
            let content = members.get(member).map(str::from_utf8).transpose();
            content.map_err(|_| PackageError::NotText { name: member.name() })
        };
        let manifest = text(Member::Manifest)?.ok_or(PackageError::Missing { name: Member::Manifest.name() })?;
        let manifest = Manifest::parse(manifest)?;
        if manifest.version.to_string().len() > MAX_VERSION {
            return Err(PackageError::VersionTooLong { most: MAX_VERSION });
        }
        text(Member::License)?;
        text(Member::Readme)?;
        let signature = text(Member::Signature)?.map(Signature::parse).transpose()?;
        let package = Self { manifest, members, signature, digest };
        if !package.component().starts_with(COMPONENT_PREAMBLE) {
            return Err(PackageError::NotAComponent);
        }
        Ok(package)
    }

    /// What the plugin says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The SHA-256 digest of the whole package, signature included.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The WebAssembly component.
    #[must_use]
    pub fn component(&self) -> &'a [u8] {
        self.members.get(Member::Component).unwrap_or_default()
    }

    /// The licence's text.
    #[must_use]
    pub fn license(&self) -> Option<&'a str> {
        self.text(Member::License)
    }

    /// The text for people.
    #[must_use]
    pub fn readme(&self) -> Option<&'a str> {
        self.text(Member::Readme)
    }

    /// Each file and its content, in the order of the archive.
    pub fn files(&self) -> impl Iterator<Item = (Member, &'a [u8])> + '_ {
        self.members.iter()
    }

    /// The file name that a package of this name and version has.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}-{}.wmpkg", self.manifest.name, self.manifest.version)
    }

    /// What a signature signs: a first line that says what this is, so that a signature of something else never fits, and then
    /// digest and name of every member but the signature, as `sha256sum` writes them. `minisign -V` can check it by hand.
    #[must_use]
    pub fn signed_text(&self) -> String {
        let mut text = "wingman plugin package 1\n".to_owned();
        for (member, content) in self.members.iter().filter(|(member, _)| *member != Member::Signature) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}  {}", Digest::of(content), member.name());
        }
        text
    }

    pub(crate) fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    pub(crate) fn members(&self) -> Members<'a> {
        self.members
    }

    fn text(&self, member: Member) -> Option<&'a str> {
        self.members.get(member).and_then(|content| str::from_utf8(content).ok())
    }
}
