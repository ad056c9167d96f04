//! Signatures as networks make them, for requests in tests. The host verifies before a plugin sees a request; a fixture that is
//! to pass the host needs a real one.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// HMAC-SHA256 (RFC 2104) over the parts, one after the other, in lower-case hex.
///
/// ```
/// use wingman_sdk::testing::sign;
///
/// // RFC 4231, test case 2.
/// let signature = sign::hmac_sha256_hex("Jefe", &[b"what do ya want ", b"for nothing?"]);
/// assert_eq!(signature, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
/// ```
pub fn hmac_sha256_hex(key: impl AsRef<[u8]>, parts: &[&[u8]]) -> String {
    hex::encode(hmac_sha256(key.as_ref(), parts))
}

/// The same in padded base64 (RFC 4648).
pub fn hmac_sha256_base64(key: impl AsRef<[u8]>, parts: &[&[u8]]) -> String {
    BASE64_STANDARD.encode(hmac_sha256(key.as_ref(), parts))
}

#[allow(clippy::expect_used, reason = "HMAC takes keys of any length; this is for tests")]
fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
