//! Making packages: a folder into an archive, an archive into a signed one.

use crate::archive::{self, Members};
use crate::digest::Digest;
use crate::disk;
use crate::error::PackageError;
use crate::keys::SecretKey;
use crate::member::{MAX_PACKAGE, Member};
use crate::package::{self, Package};
use std::path::{Path, PathBuf};

/// A package that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Where it is.
    pub path: PathBuf,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: usize,
}

/// Packs `plugin.toml`, `plugin.wasm`, `LICENSE` and `README.md` of a plugin's folder into `<name>-<version>.wmpkg` in the
/// folder `out`. Nothing else of the folder is looked at. The same files give the same bytes, on every machine.
///
/// # Errors
/// A file is missing, too large or not what it should be, or cannot be read or written.
pub fn pack(dir: &Path, out: &Path) -> Result<Packed, PackageError> {
    let mut contents = Vec::new();
    for member in Member::ALL.into_iter().filter(|member| *member != Member::Signature) {
        let path = dir.join(member.name());
        if member.is_required() || path.exists() {
            let content = disk::read_capped(&path, member.max_size())?;
            contents
                .push((member, content.ok_or(PackageError::MemberTooLarge { name: member.name(), most: member.max_size() })?));
        }
    }
    let mut members = Members::default();
    for (member, content) in &contents {
        members.set(*member, Some(content));
    }
    let bytes = archive::write(&members);
    let package = package::read(&bytes)?;
    let path = out.join(package.file_name());
    disk::replace_file(&path, &bytes, disk::EVERYONE_READS)?;
    Ok(Packed { path, digest: package.digest(), size: bytes.len() })
}

/// The same package, signed. A signature that it had is replaced.
///
/// # Errors
/// These bytes are no package, or the key cannot sign.
pub fn sign(bytes: &[u8], key: &SecretKey) -> Result<Vec<u8>, PackageError> {
    let package = package::read(bytes)?;
    let signature = key.sign(&package.signed_text(), &package.file_name())?;
    let mut members = package.members();
    members.set(Member::Signature, Some(signature.as_bytes()));
    // Read back as a stranger would read it, so that a signature that nobody accepts is found by the one who makes it.
    Package::of(members, package.digest())?;
    Ok(archive::write(&members))
}

/// Signs a package in place. The file is replaced in one step.
///
/// # Errors
/// As [`sign`], or the file cannot be read or written.
pub fn sign_file(path: &Path, key: &SecretKey) -> Result<Packed, PackageError> {
    let bytes = disk::read_capped(path, MAX_PACKAGE)?.ok_or(PackageError::PackageTooLarge { most: MAX_PACKAGE })?;
    let signed = sign(&bytes, key)?;
    disk::replace_file(path, &signed, disk::EVERYONE_READS)?;
    Ok(Packed { path: path.to_owned(), digest: Digest::of(&signed), size: signed.len() })
}
