//! `plugin.minisig`: the four lines of a minisign signature, in their one accepted spelling, and the ids of keys.
//!
//! The first line of a minisign signature is signed by nobody, so it is fixed here: else a package could be changed without
//! breaking its signature. The format is minisign's, of its manual's section "Signature format".

use crate::error::PackageError;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The comment that every signature of a package has: `minisign -S -c` takes it, for whoever signs by hand.
pub(crate) const UNTRUSTED_COMMENT: &str = "signature of a wingman plugin package";
const ALGORITHM_LEN: usize = 2;
const KEY_ID_LEN: usize = 8;
const SIGNATURE_LEN: usize = 64;

/// The id of a key pair: eight random bytes that minisign puts into both keys and every signature. It says where to look and
/// proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(u64);

impl KeyId {
    /// The id in a decoded minisign key or signature, behind the two bytes of the algorithm.
    pub(crate) fn within(decoded: &[u8]) -> Option<Self> {
        let id = decoded.get(ALGORITHM_LEN..ALGORITHM_LEN + KEY_ID_LEN)?;
        id.try_into().ok().map(u64::from_le_bytes).map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for KeyId {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

/// A signature that has the right shape. It may still be anybody's, or wrong.
#[derive(Clone)]
pub(crate) struct Signature {
    pub(crate) key: KeyId,
    pub(crate) decoded: minisign_verify::Signature,
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signature").field(&self.key).finish()
    }
}

impl Signature {
    pub(crate) fn parse(text: &str) -> Result<Self, PackageError> {
        let wrong = |why: &'static str| PackageError::SignatureMalformed { why };
        let lines: Vec<&str> = text.split('\n').collect();
        let [untrusted, signature, trusted, global, ""] = lines[..] else { return Err(wrong("it is not four lines")) };
        if untrusted.strip_prefix("untrusted comment: ") != Some(UNTRUSTED_COMMENT) {
            return Err(wrong("its first line is not the one that package signatures have"));
        }
        let comment = trusted.strip_prefix("trusted comment: ");
        if comment.is_none_or(|comment| comment.chars().any(char::is_control)) {
            return Err(wrong("its third line is not a trusted comment"));
        }
        // Decoded here as well, strictly: the verifier's decoder is not asked how tolerant it is.
        let exact = |line: &str, len: usize| BASE64_STANDARD.decode(line).ok().filter(|bytes| bytes.len() == len);
        let blob = exact(signature, ALGORITHM_LEN + KEY_ID_LEN + SIGNATURE_LEN).ok_or(wrong("its second line is broken"))?;
        exact(global, SIGNATURE_LEN).ok_or(wrong("its fourth line is broken"))?;
        let key = KeyId::within(&blob).ok_or(wrong("its second line is broken"))?;
        let decoded = minisign_verify::Signature::decode(text).map_err(|_| wrong("minisign does not know its algorithm"))?;
        Ok(Self { key, decoded })
    }
}
