//! Who signed a package, and whether that is enough.

use crate::error::PackageError;
use crate::keys::TrustedKeys;
use crate::package::Package;
use crate::signature::KeyId;

/// What the operator asks of a package's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// One of the trusted keys has signed it.
    #[default]
    Required,
    /// It may be unsigned: the operator said so, for this package. A signature that is there is checked all the same.
    AllowUnsigned,
}

/// What a package's signature is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signed {
    /// A trusted key signed exactly this.
    By {
        /// The key.
        key: KeyId,
        /// What the operator calls it.
        name: String,
    },
    /// There is no signature.
    Unsigned,
    /// There is a signature of a key that is not trusted here, so it cannot be checked.
    Unknown {
        /// The key that it names.
        key: KeyId,
    },
    /// The signature names a trusted key, and that key did not sign this.
    Wrong {
        /// The key that it names.
        key: KeyId,
    },
}

/// What the package's signature is worth, given these keys. Judges nothing; [`verify`] does.
#[must_use]
pub fn inspect(package: &Package<'_>, keys: &TrustedKeys) -> Signed {
    let Some(signature) = package.signature() else { return Signed::Unsigned };
    let text = package.signed_text();
    let mut known = false;
    // Ids are no proof of anything, so two keys may have the same one.
    for key in keys.with_id(signature.key) {
        known = true;
        if key.public.verify(text.as_bytes(), &signature.decoded, false).is_ok() {
            return Signed::By { key: signature.key, name: key.name.clone() };
        }
    }
    if known { Signed::Wrong { key: signature.key } } else { Signed::Unknown { key: signature.key } }
}

/// Checks a package's signature. Returns who signed it; `None` only for an unsigned one, where that is allowed.
///
/// # Errors
/// There is none and one is required, or there is one that is wrong or that no trusted key can check.
pub fn verify(package: &Package<'_>, keys: &TrustedKeys, trust: Trust) -> Result<Option<KeyId>, PackageError> {
    match (inspect(package, keys), trust) {
        (Signed::By { key, .. }, _) => Ok(Some(key)),
        (Signed::Unsigned, Trust::AllowUnsigned) => Ok(None),
        (Signed::Unsigned, Trust::Required) => Err(PackageError::Unsigned),
        (Signed::Unknown { key }, _) => Err(PackageError::UnknownSigner { key }),
        (Signed::Wrong { key }, _) => Err(PackageError::WrongSignature { key }),
    }
}
