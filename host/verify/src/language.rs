//! `[[verification]]` as it is written: plain data, not yet checked. What it means stands at the crate's head; what is
//! refused, and how, in `parse`.

use crate::Encoding;
use serde::Deserialize;

/// One rule, as an author writes it. [`Rules::new`](crate::Rules::new) checks it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawRule {
    /// How the sender proves itself.
    pub scheme: Scheme,
    /// Name of the secret that is the key; none: the webhook's own secret.
    pub secret: Option<String>,
    /// How the key's bytes are written in the secret; none: they are its text.
    pub key: Option<RawKey>,
    /// HTTP methods that the rule is for, in capitals; none: all.
    pub methods: Option<Vec<String>>,
    /// Header with the signature or the shared secret, in lower case. Either this or `query`.
    pub header: Option<String>,
    /// Query parameter with the signature or the shared secret. Either this or `header`.
    pub query: Option<String>,
    /// What parts a list of signatures; none: it is one value.
    pub separator: Option<String>,
    /// What a signature begins with, such as `sha256=`. Parts of a list that begin otherwise do not count.
    pub prefix: Option<String>,
    /// How a signature's bytes are written; none: hex.
    pub encoding: Option<Encoding>,
    /// Template of what is signed; none: `{body}`.
    pub message: Option<String>,
    /// When the request was signed.
    pub timestamp: Option<RawTimestamp>,
    /// The sender's id of the message.
    pub id: Option<RawId>,
}

/// How a sender proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// The request carries the secret itself.
    SharedSecret,
    /// The request carries an HMAC (RFC 2104) with SHA-256 of the message.
    HmacSha256,
    /// The request carries an Ed25519 signature (RFC 8032) of the message.
    Ed25519,
}

/// How a key's bytes are written in a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawKey {
    /// Taken off the secret if it begins so, such as `whsec_`.
    pub prefix: Option<String>,
    /// How the rest is written; none: for `hmac-sha256` the text's own bytes, for `ed25519` hex or base64.
    pub encoding: Option<Encoding>,
}

/// Where the time of signing stands, and how far off it may be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawTimestamp {
    /// Header, in lower case. Either this or `query`.
    pub header: Option<String>,
    /// Query parameter. Either this or `header`.
    pub query: Option<String>,
    /// As for the signature.
    pub separator: Option<String>,
    /// As for the signature.
    pub prefix: Option<String>,
    /// What the number counts.
    #[serde(default)]
    pub unit: Unit,
    /// How many seconds it may be behind or ahead of the host's clock: 1 to 86,400.
    #[serde(default = "five_minutes")]
    pub tolerance_s: u64,
}

/// The tolerance that Standard Webhooks and most vendors recommend.
fn five_minutes() -> u64 {
    300
}

/// What a timestamp counts since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Seconds.
    #[default]
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
}

/// Where the sender's id of the message stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RawId {
    /// Header, in lower case. Either this or `query`.
    pub header: Option<String>,
    /// Query parameter. Either this or `header`.
    pub query: Option<String>,
    /// As for the signature.
    pub separator: Option<String>,
    /// As for the signature.
    pub prefix: Option<String>,
}
