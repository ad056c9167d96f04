//! From a secret, as an operator pastes it, to the key's bytes. Not here: who keeps secrets, and what a key is used for.

use crate::Encoding;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// How a key's bytes are written in a secret.
#[derive(Debug)]
pub(crate) struct Derivation {
    /// Vendors show some secrets with a prefix that says what they are; senders' libraries take them with and without it.
    pub(crate) prefix: String,
    pub(crate) written: Written,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Written {
    /// The text's own bytes.
    Text,
    Encoded(Encoding),
    /// 32 bytes in hex or in base 64. Their lengths differ, so that no text is both.
    PublicKey,
}

impl Derivation {
    /// The key's bytes, at least one. Otherwise what is wrong with the secret, in words that do not repeat it.
    pub(crate) fn key(&self, secret: &SecretString) -> Result<SecretSlice<u8>, &'static str> {
        let secret = secret.expose_secret();
        let text = secret.strip_prefix(self.prefix.as_str()).unwrap_or(secret);
        let bytes = match self.written {
            Written::Text => Some(text.as_bytes().to_vec()),
            Written::Encoded(encoding) => encoding.decode(text),
            Written::PublicKey => {
                let either = [Encoding::Hex, Encoding::Base64].into_iter().filter_map(|encoding| encoding.decode(text));
                either.into_iter().find(|bytes| bytes.len() == ed25519_dalek::PUBLIC_KEY_LENGTH)
            }
        };
        let bytes = bytes.ok_or("it is not written in the encoding that the rule asks for")?;
        if bytes.is_empty() {
            return Err("nothing is left of it as a key");
        }
        Ok(bytes.into())
    }
}
